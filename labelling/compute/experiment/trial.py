"""Snapshots made for a trial: of painted (synthetic) scenes, or of a folder of labelled tiles."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.compute.experiment.rulemask import NAME, NEEDED, rule_mask
from labelling.errors import BadInput, Conflict
from labelling.imagery.files import opened
from labelling.imagery.labelfile import reading_label
from labelling.imagery.labelsets.reflectance import LANDSAT8
from labelling.imagery.painter.products import paint_products
from labelling.imagery.painter.spectra import BANDS
from labelling.imagery.tilefile import read_tile
from labelling.imagery.tiling import windows
from training.files import sha256, write_whole
from training.snapshot import FORMAT

PAINTED = re.compile(r"painted(?::(\d{1,4}))?")
"""`painted`, or `painted:24` for so many scenes."""
SCENES, SCENE, TILE = 48, 256, 128
"""Painted scenes, and sides in pixels."""
VALIDATION_SHARE = 0.35
"""Of the scenes: a trial has few, and a verdict on few says nothing."""
CLASSES = ("clear", "cloud", "semi-transparent", "shadow")
COMMON = {
    "blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "swir1": "B11", "swir16": "B11",
    "swir2": "B12", "swir22": "B12", "cirrus": "B10",
}  # fmt: skip
"""Bands by their colours."""
MANIFEST, MADE_OF = "manifest.json", "made-of.json"

Codes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Labelled:
    """One tile of a trial."""

    key: str
    scene: str
    pixels: NDArray[np.uint16]
    label: Codes
    facts: dict[str, Any]
    """Further keys of the sample: sun, month."""


def is_painted(on: str) -> bool:
    return PAINTED.fullmatch(on) is not None


def made_of(on: str, folder: Path, *, settled: bool) -> Path:
    """`folder`, with a snapshot made of what `on` names: the one that is there, or a new one.

    `settled`: none of something else may go any more. Raises BadInput, RasterRejected,
    LabelRejected, and Conflict for a snapshot of something else.
    """
    there = _said_to_be_of(folder)
    if (folder / MANIFEST).exists():
        if there == on:
            return folder
        if settled or there is None:
            raise Conflict(
                f"{folder} was made of {there or 'something else'}, not of {on}.",
                field="on",
                help="Give another folder with --out.",
            )
        shutil.rmtree(folder)  # of an attempt that was refused
    if not is_painted(on) and not Path(on).is_dir():
        raise BadInput(
            f"{on!r} is no folder.",
            field="on",
            help="Give a snapshot's hash, a folder, or painted.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / MADE_OF, json.dumps({"on": on}).encode())
    return write_painted(on, folder) if is_painted(on) else write_folder(Path(on), folder)


def _said_to_be_of(folder: Path) -> str | None:
    try:
        told = json.loads((folder / MADE_OF).read_bytes())["on"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return told if isinstance(told, str) else None


def write_painted(on: str, folder: Path) -> Path:
    """A snapshot of painted scenes, each of a place of its own. All of it is synthetic."""
    found = PAINTED.fullmatch(on)
    assert found is not None
    scenes = int(found[1] or SCENES)
    if scenes < 9:
        raise BadInput(f"{on}: at least 9 scenes, for 3 to judge on.", field="on")
    return _written(_painted(scenes), BANDS, folder, about=on, synthetic=True)


def _painted(scenes: int) -> Iterator[Labelled]:
    for scene in paint_products(products=scenes, places=scenes, size=SCENE, seed=0):
        facts = {
            "month": scene.taken.month,
            "sun_azimuth": scene.sun_azimuth,
            "sun_zenith": scene.sun_zenith,
        }
        for top in range(0, SCENE, TILE):
            for left in range(0, SCENE, TILE):
                cut = (slice(top, top + TILE), slice(left, left + TILE))
                key = f"{scene.product_id}/{top:04}-{left:04}"
                pixels, label = scene.bands[(slice(None), *cut)], scene.truth[cut]
                yield Labelled(key, scene.product_id, pixels, label, facts)


def write_folder(tiles: Path, folder: Path) -> Path:
    """A snapshot of `<name>.tif` with `<name>_label.tif` beside them; a scene is the name less its
    last part (`Forest_00_1008` is of `Forest_00`). Raises BadInput, RasterRejected, LabelRejected.
    """
    names = sorted(path.name.removesuffix("_label.tif") for path in tiles.glob("*_label.tif"))
    if not names:
        raise BadInput(
            f"{tiles} holds neither a snapshot's manifest.json nor a labelled tile.",
            field="on",
            help="Put <name>_label.tif beside <name>.tif.",
        )
    with opened(tiles / f"{names[0]}.tif") as dataset:
        known = ours(tuple(name or "" for name in dataset.descriptions))
    bands = tuple(known.values())
    read = (_read(tiles, name, known) for name in names)
    return _written(read, bands, folder, about=tiles.name, synthetic=False)


def ours(names: tuple[str, ...]) -> dict[str, str]:
    """{name in the file: our name} of the bands we have names for: Sentinel-2's own, Landsat 8's
    (`B2_blue`, the thermal ones left out), or colours. Raises BadInput where there is none."""
    tables = (
        {name: name for name in names if name in BANDS},
        {name: LANDSAT8[start] for name in names if (start := name.partition("_")[0]) in LANDSAT8},
        {name: COMMON[name] for name in names if name in COMMON},
    )
    # The most, not the first: a Landsat's thermal B10 is no cirrus band.
    found = max(tables, key=len)
    if not found:
        raise BadInput(
            f"Bands {', '.join(names) or 'without names'} are none that an experiment knows.",
            field="bands",
            help=f"Describe them as {', '.join(NEEDED)} …, B2_blue …, or blue, green …",
        )
    return found


def _read(tiles: Path, name: str, known: dict[str, str]) -> Labelled:
    pixels = read_tile(tiles / f"{name}.tif", list(known))
    _, height, width = pixels.shape
    if height != width:
        raise BadInput(f"{name}.tif: {height} by {width} pixels; tiles are square.", field="on")
    (whole,) = windows(height=height, width=width, size=height)
    label_path = tiles / f"{name}_label.tif"
    codes = range(len(CLASSES))
    with reading_label(label_path, height=height, width=width, codes=codes) as reader:
        label = reader.tile(whole)
    return Labelled(name, name.rpartition("_")[0] or name, pixels, label, {})


def _written(
    tiles: Iterator[Labelled], bands: tuple[str, ...], folder: Path, *, about: str, synthetic: bool
) -> Path:
    """Chips and, last, the manifest; the same tiles give the same octets."""
    folder.mkdir(parents=True, exist_ok=True)
    with_rule = set(NEEDED) <= set(bands)
    entries = [_entry(tile, bands, folder, with_rule=with_rule) for tile in tiles]
    sizes = {entry.pop("size") for entry in entries}
    if len(sizes) != 1:
        raise BadInput(f"The tiles of {about} are of sizes {sorted(sizes)}, not one.", field="on")
    held = _held([entry["group"] for entry in entries])
    for entry in entries:
        entry["split"] = "validation" if entry["group"] in held else "pool"
    manifest = {
        "format": FORMAT,
        "campaign": f"trial on {about}",
        "tile_size": sizes.pop(),
        "bands": list(bands),
        "classes": [{"code": code, "name": name} for code, name in enumerate(CLASSES)],
        "chips": ".",
        "synthetic": synthetic,
        "samples": entries,
    }
    write_whole(folder / MANIFEST, json.dumps(manifest, sort_keys=True).encode())
    return folder


def _held(scenes: list[str]) -> set[str]:
    """The scenes that are judged on, drawn."""
    names = np.array(sorted(set(scenes)))
    drawn = np.random.default_rng(5).permutation(names)
    return set(drawn[: round(VALIDATION_SHARE * len(names))].tolist())


def _entry(
    tile: Labelled, bands: tuple[str, ...], folder: Path, *, with_rule: bool
) -> dict[str, Any]:
    planes = {f"mask:{NAME}": rule_mask(tile.pixels, bands)} if with_rule else {}
    return {
        "key": tile.key,
        "group": tile.scene,
        "bands": _chip(tile.pixels, folder),
        "label": _chip(tile.label, folder),
        "trust": 1.0,
        "source": "campaign",
        "planes": {name: _chip(plane, folder) for name, plane in planes.items()},
        "size": int(tile.label.shape[0]),
        **tile.facts,
    }


def _chip(array: NDArray[Any], folder: Path) -> str:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array))
    octets = buffer.getvalue()
    digest = sha256(octets)
    write_whole(folder / f"{digest}.npy", octets)
    return digest
