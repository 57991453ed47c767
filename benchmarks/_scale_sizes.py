"""What docs/scaling.md is computed from: bytes of a tile in storage, of a row in PostgreSQL.

Tiles are cut by the product's own ingest from a painted (synthetic) product with sensor noise, as
heavy as real ones (see benchmarks.ingest). Rows are copies of those it made, as many as ROWS of
each kind; a row's bytes are the table's with its indexes and TOAST, over the rows.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks._figures import figure
from benchmarks.queue import SERVER, scratch_database

ROWS, FEW = 100_000, 5_000
SIZE = 2_196
"""Pixels along the product's side: it has whole tiles of 512², and edges that are left out."""
SIDE, BANDS = 512, 13


def sizes(*, quick: bool) -> None:
    given = os.environ.get("DATABASE_URL", "")
    server = given if given.startswith("postgres") else SERVER
    with scratch_database(server) as database, tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATABASE_URL": database,
            "WORKBENCH_VAR": folder,
            "STORAGE_URL": f"file://{folder}/blobs",
            "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
        }
        measured(Path(folder), rows=FEW if quick else ROWS)


def measured(folder: Path, *, rows: int) -> None:
    import django

    django.setup()
    from django.db import connection

    try:
        for name, each in stored(folder).items():
            figure(f"scale.bytes_{name}", each, unit="bytes/tile", note=f"{SIDE}² × {BANDS}")
        for name, each in kept(rows).items():
            figure(f"scale.row_{name}", each, unit="bytes/row", note=f"{rows} rows, PostgreSQL")
    finally:
        connection.close()


def stored(folder: Path) -> dict[str, float]:
    """Bytes of a whole tile's files, means over the whole tiles of a product."""
    from django.core.management import call_command

    from labelling import clock
    from labelling.adapters.blobs import store
    from labelling.models import Tile
    from labelling.workflow.founding import found_campaign
    from labelling.workflow.ingest.products import ingest_folder

    call_command("migrate", verbosity=0)
    campaign = found_campaign(slug="scale", name="Sizes (synthetic)", now=clock.now())
    product(folder / "products")
    blobs = store()
    told = ingest_folder(folder / "products", campaign=campaign, now=clock.now(), blobs=blobs)
    if told.refused:
        sys.exit(told.refused[0].line())
    sizes = dict(blobs.sizes())
    whole = Tile.objects.filter(valid_share=1)
    raw = SIDE * SIDE
    return {
        "raw": 2.0 * BANDS * raw,
        "raster": statistics.mean(sizes[tile.raster] for tile in whole),
        "thumbnail": statistics.mean(sizes[tile.thumbnail] for tile in whole),
        "label": statistics.mean(labels(folder)),
        "chips": 2.0 * BANDS * raw + raw + 2 * 128,
    }


def product(folder: Path) -> None:
    from labelling.imagery.painter.safe import write_safe
    from labelling.imagery.painter.safe_bands import digital_numbers
    from labelling.imagery.painter.safe_header import SafeHeader
    from labelling.imagery.painter.safe_mosaic import paint_mosaic

    taken = datetime(2026, 6, 1, 9, 50, 31, tzinfo=UTC)
    header = SafeHeader(mgrs="35VLF", taken=taken, size=SIZE, baseline="05.11")
    folder.mkdir()
    write_safe(folder, header, digital_numbers(paint_mosaic(header, seed=0), offset=header.offset))


def labels(folder: Path) -> Iterator[int]:
    """Bytes of labels (code and provenance) as an annotator would have drawn them."""
    import numpy as np

    from labelling.imagery.painter.products import paint_products
    from labelling.imagery.tilefile import write_label

    for number, scene in enumerate(paint_products(products=8, places=8, size=SIDE, seed=0)):
        path = folder / f"label-{number}.tif"
        provenance = np.where(scene.annotator == 255, 0, 1).astype(np.uint8)
        write_label(path, scene.annotator, provenance, place=None)
        yield path.stat().st_size


def kept(rows: int) -> dict[str, float]:
    """Bytes of a row of each kind that grows with the tiles, indexes and TOAST included."""
    from django.db import connection

    from labelling.models import (
        Acquisition,
        Annotation,
        CampaignTile,
        Event,
        Layer,
        Place,
        Score,
        Task,
        TaskRank,
        Tile,
        TileFigures,
    )

    kinds = (
        Place, Acquisition, Tile, TileFigures, CampaignTile, Score, Task, TaskRank, Annotation,
        Event, Layer,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no foreign keys to ask
        first = pattern()
        for kind in kinds:
            fill(cursor, kind, first.get(kind, {}), rows)
        cursor.execute("SET session_replication_role = DEFAULT")
        found = {}
        for kind in kinds:
            table = kind._meta.db_table
            cursor.execute(f"VACUUM FULL {table}")
            cursor.execute("SELECT pg_total_relation_size(%s)", [table])
            found[table.removeprefix("labelling_")] = cursor.fetchone()[0] / kind.objects.count()
    return found


def pattern() -> Mapping[Any, Mapping[str, str]]:
    """What rows differ in, as SQL over n; the rest is copied from one that the ingest made."""
    from labelling.models import (
        Acquisition,
        Annotation,
        CampaignTile,
        Event,
        Layer,
        Place,
        Score,
        Task,
        TaskRank,
        Tile,
        TileFigures,
    )

    key = "'35VLF/512/' || n / 100 || '/' || n % 100"
    taken = "'2026-06-01T09:50:31Z'::timestamptz + n * interval '1 minute'"
    name = f"{key} || '/20260601T095031-L1C-05.11-' || substr(md5(n::text), 1, 8)"
    sha = "md5(n::text) || md5((n + 1)::text)"
    fractions = "jsonb_build_object('0', 0.5 + n * 1e-7, '1', 0.25, '2', 0.15, '3', 0.1)"
    return {
        Place: {"key": f"'x' || {key}", "square": "'6933/' || n / 1000"},
        Acquisition: {"place_id": "1000000 + n", "taken": taken},
        Tile: {
            "acquisition_id": "1000000 + n", "raster": f"'tiles/' || {name} || '.tif'",
            "thumbnail": f"'thumbs/' || {name} || '.png'", "sha256": sha,
        },
        TileFigures: {"tile_id": "1000000 + n"},
        CampaignTile: {"tile_id": "1000000 + n"},
        Score: {
            "round_id": "1", "tile_id": "1000000 + n", "score": "random()",
            "fractions": fractions, "picked": "NULL",
        },
        Task: {
            "campaign_id": "1", "acquisition_id": "1000000 + n", "tile_id": "1000000 + n",
            "lane": "'active'", "round_no": "1", "state": "'open'",
        },
        TaskRank: {
            "ranking_id": "1", "task_id": "1000000 + n", "rank": "n", "lane": "'active'",
            "waiting": "true",
        },
        Annotation: {
            "acquisition_id": "1000000 + n", "schema_id": "1", "n": "1", "tool": "'brush'",
            "source": "'campaign'", "raster": f"'labels/' || {key} || '/1-' || left({sha}, 16)",
            "sha256": sha, "labelled_share": "1",
            "pixels": "jsonb_build_object('0', 200000 + n, '1', 40000, '3', 22144)",
        },
        Event: {"verb": "'submitted'", "kind": "'annotation'", "object_id": "n", "after": sha},
        Layer: {
            "tile_id": "1000000 + n", "source": "'scl'", "version": "'05.11'", "sha256": sha,
            "raster": f"'layers/' || {key} || '/20260601T095031-L1C/scl-05.11.tif'",
        },
    }  # fmt: skip


def fill(cursor: Any, kind: Any, told: Mapping[str, str], rows: int) -> None:
    """Insert that many rows: columns that `told` doesn't name are those of the first row there is,
    else what the model says."""
    from benchmarks._queue_rows import _default

    own = {"id": "1000000 + n", "uuid": "gen_random_uuid()", **told}
    columns = [each for each in kind._meta.concrete_fields if not each.generated]
    names = {each.column for each in columns}
    table = kind._meta.db_table
    there = kind.objects.exists()
    values = [
        own.get(each.column) or (f'old."{each.column}"' if there else _default(each))
        for each in columns
    ]
    assert set(told) <= names, f"{table} has no {set(told) - names}"
    source = f"generate_series(1, {rows}) AS n"
    if there:
        source += f" CROSS JOIN (SELECT * FROM {table} ORDER BY id LIMIT 1) AS old"
    listed = ", ".join(f'"{each.column}"' for each in columns)
    cursor.execute(f"INSERT INTO {table} ({listed}) SELECT {', '.join(values)} FROM {source}")
