"""Export of labels: how many tiles a second, in each format.

    python -m benchmarks.export [--quick]

A frozen snapshot of painted (synthetic) labels of 512² as an annotator would have drawn them, no
two alike, is exported by the product's own code into an empty folder: chips read and compared with
their hashes, files written and hashed, the shard's and the export's lists. Each format runs in a
process of its own, on all cores; the slower of PNG and GeoTIFF decides.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._figures import figure, peak_mib
from benchmarks._phases import phase as phase_of

SEED = int(os.environ.get("BENCH_SEED", "0"))
TILES, QUICK = 1200, 128
SIZE = 512
PAINTED = 16
"""Different scenes; each is turned and mirrored eight ways and shifted."""
REPEATS = 3
DECIDING = ("png", "geotiff")
FORMS = (*DECIDING, "coco", "stac")
"""NetCDF comes with its bands: no export of labels alone."""

phase = partial(phase_of, "benchmarks.export")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} tiles, once")
    parser.add_argument("--phase", choices=["freeze", *FORMS], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.phase:
        facts = carry_out(options.phase, options.folder, quick=options.quick)
        sys.stdout.write(json.dumps({**facts, "peak_mib": peak_mib()}) + "\n")
        return
    with tempfile.TemporaryDirectory() as scratch:
        report(Path(scratch), quick=options.quick)


def report(folder: Path, *, quick: bool) -> None:
    tiles = phase("freeze", folder, quick=quick)["tiles"]
    repeats = 1 if quick else REPEATS
    # Formats take turns, so that a machine that slows down is not held against one of them.
    runs = [{form: phase(form, folder, quick=quick) for form in FORMS} for _ in range(repeats)]
    note = f"{tiles} painted (synthetic) labels of {SIZE}², {os.cpu_count()} cores, {{}}"
    slowest = min(DECIDING, key=lambda form: rate(runs, form))
    for form in FORMS:
        what = " (decides)" if form == slowest else ""
        figure(
            "export.tiles_per_s", rate(runs, form), unit="tiles/s",
            bar=">= 200" if form in DECIDING and not quick else "",
            note=note.format(f"{form}{what}, median of {repeats}"),
            format=form, runs=[round(each[form]["rate"], 1) for each in runs],
            mib=round(runs[0][form]["bytes"] / 2**20, 1), peak_mib=runs[0][form]["peak_mib"],
        )  # fmt: skip


def rate(runs: list[dict[str, Any]], form: str) -> float:
    return statistics.median(each[form]["rate"] for each in runs)


def carry_out(name: str, folder: Path, *, quick: bool) -> dict[str, Any]:
    import django

    django.setup()
    if name == "freeze":
        return freeze(QUICK if quick else TILES)
    return export_as(name, folder)


def freeze(tiles: int) -> dict[str, Any]:
    """A snapshot's manifest and label chips, as a freeze leaves them. Bands aren't asked for."""
    from django.core.management import call_command

    from labelling import clock
    from labelling.adapters.blobs import store
    from labelling.models import Snapshot
    from labelling.workflow.founding import found_campaign

    call_command("migrate", verbosity=0)
    campaign = found_campaign(slug="bench", name="Benchmark (synthetic)", now=clock.now())
    blobs = store()
    samples = [
        {
            "key": f"35VLF/{SIZE}/{number // 20}/{number % 20}/20260601T094041-L1C-05.11",
            "group": f"painted-{number}",
            "place": f"35VLF/{SIZE}/{number // 20}/{number % 20}",
            "split": "pool",
            "bands": "",
            "label": keep(blobs, label),
            "source": "synthetic",
            "licence": "",
            "trust": 1.0,
            "sun_azimuth": None,
            "sun_zenith": None,
        }
        for number, label in enumerate(labels(tiles))
    ]
    manifest = {
        "format": "cloudmask-snapshot/1", "campaign": campaign.slug, "tile_size": SIZE,
        "bands": campaign.bands, "synthetic": True, "chips": "../../chips",
        "classes": [{"code": c["code"], "name": c["name"]} for c in campaign.schema.classes],
        "rule": {"schema": campaign.schema.version}, "samples": samples,
        "sources": [{"name": "synthetic", "licence": "", "trust": 1.0}],
    }  # fmt: skip
    content = json.dumps(manifest, sort_keys=True).encode()
    digest = hashlib.sha256(content).hexdigest()
    blobs.write(f"snapshots/{digest}/manifest.json", content)
    Snapshot.objects.create(
        hash=digest, campaign=campaign, rule=manifest["rule"], folder=f"snapshots/{digest}",
        counts={}, created=clock.now(),
    )  # fmt: skip
    return {"tiles": tiles}


def labels(tiles: int) -> Iterator[np.ndarray]:
    """(512, 512) codes, each different from all others."""
    from labelling.imagery.painter.products import paint_products

    painted = [
        scene.annotator
        for scene in paint_products(products=PAINTED, places=PAINTED, size=SIZE, seed=SEED)
    ]
    for number in range(tiles):
        label = np.rot90(painted[number % PAINTED], number // PAINTED % 4)
        mirrored = label[:, ::-1] if number // PAINTED // 4 % 2 else label
        yield np.roll(mirrored, 7 * number // PAINTED, axis=0)


def keep(blobs: Any, label: np.ndarray) -> str:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(label), allow_pickle=False)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    blobs.write(f"chips/{digest}.npy", buffer.getvalue())
    return digest


def export_as(name: str, folder: Path) -> dict[str, Any]:
    from labelling.adapters.blobs import store
    from labelling.models import Snapshot
    from labelling.workflow.export.order import Order
    from labelling.workflow.export.run import export

    order = Order.of(Snapshot.objects.get(), form=name, with_bands=False)
    out = folder / "out"
    began = time.perf_counter()
    done = export(order, out, blobs=store())
    seconds = time.perf_counter() - began
    shutil.rmtree(out)
    return {"rate": done.tiles / seconds, "bytes": done.bytes}


if __name__ == "__main__":
    main()
