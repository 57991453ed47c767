"""What is said of a snapshot's tiles in files: from its manifest, and from the tiles' rows."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from labelling.adapters.blobs import Blobs
from labelling.imagery.exports.outgoing import Subject
from labelling.imagery.ground import ON_GRID, ground_at, ground_of
from labelling.imagery.labelsets.productname import moment, product_in
from labelling.models import Tile
from labelling.workflow.export.order import Contents, licence_of

UNFIT = re.compile(r"[^A-Za-z0-9._+-]+")
NOT_KNOWN = "none"
"""Stands in a tile's key for a level or baseline that the file didn't tell."""


def file_names(samples: Sequence[Mapping[str, Any]], *, subtiles: bool) -> list[str]:
    """A stem for each sample, no two alike even where upper and lower case are one.

    `subtiles`: named as cm-vsm names sub-tiles, where a tile lies on the grid and its product's
    name doesn't say otherwise.
    """
    plain = [subtile(each) if subtiles else stem(each["key"]) for each in samples]
    uses = Counter(name.lower() for name in plain)
    return [
        f"{name}-{hashlib.sha256(each['key'].encode()).hexdigest()[:8]}"
        if uses[name.lower()] > 1
        else name
        for name, each in zip(plain, samples)
    ]


def stem(key: str) -> str:
    # Whatever a scene was called, no file begins with a dot or looks like an option.
    return UNFIT.sub("_", key).lstrip(".-") or "tile"


def subtile(sample: Mapping[str, Any]) -> str:
    """`T35VLF_20200529T094041_tile_2_3`: column before row."""
    on_grid, taken = ON_GRID.fullmatch(sample["place"]), taken_of(sample["key"])
    if not on_grid or taken is None:
        return stem(sample["key"])
    mgrs, _, row, column = on_grid.groups()
    product = product_in(sample["group"])
    if product and (product.mgrs, product.taken) != (mgrs, taken):
        return stem(sample["key"])
    return f"T{mgrs}_{taken:%Y%m%dT%H%M%S}_tile_{column}_{row}"


def taken_of(key: str) -> datetime | None:
    return moment(key.rpartition("/")[2].partition("-")[0])


def subjects(
    samples: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    *,
    contents: Contents,
    first: int,
    blobs: Blobs,
) -> list[Subject]:
    """Of samples that follow each other, numbered from `first`. One query, however many.

    Raises RasterRejected where the ground of a tile off the grid can't be read from its raster.
    """
    rows = rows_of(samples)
    return [
        subject(sample, name, number, rows.get(sample["key"]), contents, blobs)
        for number, (sample, name) in enumerate(zip(samples, names), start=first)
    ]


def subject(
    sample: Mapping[str, Any],
    name: str,
    number: int,
    row: Tile | None,
    contents: Contents,
    blobs: Blobs,
) -> Subject:
    key, place = sample["key"], sample["place"]
    _, _, rest = key.rpartition("/")[2].partition("-")
    level, _, baseline = rest.partition("-")
    ground = ground_at(place, blobs.raster(row.raster)) if row else ground_of(place)
    on_grid = ON_GRID.fullmatch(place)
    return Subject(
        name=name,
        number=number,
        key=key,
        place=place,
        product=sample["group"],
        split=sample["split"],
        source=sample["source"],
        licence=licence_of(sample, contents.manifest),
        trust=sample["trust"],
        taken=taken_of(key),
        ground=ground,
        satellite=row.scene.satellite if row else "",
        level="" if level == NOT_KNOWN else level,
        baseline="" if baseline == NOT_KNOWN else baseline,
        mgrs=on_grid[1] if on_grid and ground_of(place) else "",
        sun_azimuth=sample.get("sun_azimuth"),
        sun_zenith=sample.get("sun_zenith"),
        synthetic=row.scene.synthetic if row else bool(contents.manifest["synthetic"]),
    )


def rows_of(samples: Iterable[Mapping[str, Any]]) -> dict[str, Tile]:
    """The samples' tiles by key; one that isn't here (a snapshot from elsewhere) is left out."""
    places = {each["place"] for each in samples}
    found = Tile.objects.filter(acquisition__place__key__in=places).select_related(
        "acquisition__place", "scene"
    )
    columns = (
        "level", "baseline", "raster", "acquisition__taken", "acquisition__place__key",
        "scene__satellite", "scene__synthetic",
    )  # fmt: skip
    return {tile.key: tile for tile in found.only(*columns)}
