"""Pools that lie on disk: a snapshot as training reads it, a folder of labelled tiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labelling.compute.replay.tiles import ReplayPool, Tiles
from labelling.errors import BadInput
from labelling.imagery.labelfile import reading_label
from labelling.imagery.tilefile import read_tile
from labelling.imagery.tiling import windows
from training.snapshot import IGNORE, SPLITS, UNSURE, Class, Sample, Snapshot, open_snapshot

TEST_SHARE = 0.35
"""Of a folder's scenes; its sets are small, and a test on few scenes says nothing."""
CLASSES = tuple(
    Class(code, name) for code, name in enumerate(("clear", "cloud", "semi-transparent", "shadow"))
)


def snapshot_pool(folder: Path) -> ReplayPool:
    """A snapshot as training reads it: its pool is chosen from, its test split judged on.

    Raises Refusal for a damaged snapshot, BadInput for one without labelled test tiles.
    """
    snapshot = open_snapshot(folder)
    pool, validation, test = (_of_split(snapshot, split) for split in SPLITS)
    return ReplayPool(
        name=folder.name,
        about=(
            f"{'Synthetic s' if snapshot.synthetic else 'S'}napshot of campaign "
            f"{snapshot.campaign}: {pool.count} labelled tiles, {test.count} to judge on."
        ),
        synthetic=snapshot.synthetic,
        bands=snapshot.bands,
        classes=snapshot.classes,
        pool=pool,
        test=test,
        validation=validation if validation.count else None,
        source=None,
    )


def _of_split(snapshot: Snapshot, split: str) -> Tiles:
    def tile(sample: Sample) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
        snapshot.check_hash(sample)
        return np.asarray(snapshot.read_bands(sample)), snapshot.read_label(sample)

    samples = snapshot.of_split(split)
    groups = [sample.group for sample in samples]
    shape = (len(snapshot.bands), snapshot.tile_size)
    return _stacked([tile(sample) for sample in samples], groups, shape)


def folder_pool(folder: Path, *, seed: int) -> ReplayPool:
    """Tiles `<name>.tif` with `<name>_label.tif` beside them; a scene is the name less its last
    part (`Forest_00_1008` is of `Forest_00`), and a drawn third of the scenes is judged on."""
    names = sorted(path.name.removesuffix("_label.tif") for path in folder.glob("*_label.tif"))
    if not names:
        raise BadInput(
            f"{folder} holds no labelled tile.",
            field="pool",
            help="Put <name>_label.tif beside <name>.tif.",
        )
    tiles = [_read(folder, name) for name in names]
    if len({pixels.shape for pixels, _ in tiles}) > 1:
        raise BadInput(f"The tiles of {folder} are not all of one size and bands.", field="pool")
    scenes = np.array([name.rpartition("_")[0] or name for name in names])
    drawn = np.random.default_rng([seed, 5]).permutation(np.unique(scenes))
    held = np.isin(scenes, drawn[: round(TEST_SHARE * len(drawn))])
    bands, size = tiles[0][0].shape[:2]
    apart = {
        judged: _stacked(
            [tile for tile, is_held in zip(tiles, held) if is_held == judged],
            [str(scene) for scene in scenes[held == judged]],
            (bands, size),
        )
        for judged in (False, True)
    }
    return ReplayPool(
        name=folder.name,
        about=(
            f"{len(names)} labelled tiles of {len(drawn)} scenes, split by scene: "
            f"{apart[False].count} to choose from, {apart[True].count} to judge on. "
            f"{_scenes_per_class(apart[True])} Too few for a ratio: an illustration."
        ),
        synthetic=False,
        bands=tuple(f"band {number + 1}" for number in range(bands)),
        classes=CLASSES,
        pool=apart[False],
        test=apart[True],
        validation=None,
        source=None,
    )


def _read(folder: Path, name: str) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    pixels = read_tile(folder / f"{name}.tif")
    _, height, width = pixels.shape
    if height != width:
        raise BadInput(f"{name}.tif: {height} by {width} pixels; tiles are square.", field="pool")
    (whole,) = windows(height=height, width=width, size=height)
    codes = [one.code for one in CLASSES]
    label_path = folder / f"{name}_label.tif"
    with reading_label(label_path, height=height, width=width, codes=codes) as reader:
        label = reader.tile(whole)
    return pixels, np.where(label == UNSURE, IGNORE, label)


def _stacked(
    tiles: list[tuple[NDArray[np.uint16], NDArray[np.uint8]]],
    groups: list[str],
    shape: tuple[int, int],
) -> Tiles:
    """Those tiles that have a labelled pixel."""
    labelled = [place for place, (_, label) in enumerate(tiles) if (label != IGNORE).any()]
    bands, size = shape
    _, number = np.unique([groups[place] for place in labelled], return_inverse=True)
    return Tiles(
        np.array([tiles[p][0] for p in labelled], np.uint16).reshape(-1, bands, size, size),
        np.array([tiles[p][1] for p in labelled], np.uint8).reshape(-1, size, size),
        number.astype(np.int64),
    )


def _scenes_per_class(test: Tiles) -> str:
    there = test.class_pixels(len(CLASSES)) > 0
    counts = [len(np.unique(test.group[there[:, k]])) for k in range(len(CLASSES))]
    told = ", ".join(f"{one.name} in {count}" for one, count in zip(CLASSES, counts))
    return f"Test scenes by class: {told}."
