"""Painted tiles with everything beside them that a network can see. All of it is synthetic."""

from pathlib import Path
from typing import Any

import numpy as np

from tests.training.snapshots import SnapshotFolder, paint
from training.config import FitConfig
from training.crops import CropSource
from training.device import choose_device, choose_precision
from training.features.sets import parse
from training.member import Bench, Learner, class_weights
from training.snapshot import open_snapshot
from training.survey import survey
from training.unet import UNetConfig

BANDS = ("B02", "B03", "B04", "B06", "B08", "B10", "B11", "B12")
EVERYTHING = (
    "sqrt+bands+indices:ndvi,hot,cirrus,psri,tcb,tcw-l2a+sun+clear+masks:csmask,scl+extra:s1"
)
SIZE = 32


def config(features: str = EVERYTHING, **more: Any) -> FitConfig:
    """Small, and with no dice but those that choose crops."""
    settings = {"width": 4, "depth": 2, "crop": SIZE, "batch": 8, "augment": False, "steps": 10}
    return FitConfig(features=features, mask_dropout=0.0, **{**settings, **more})


def beside(seed: int, label: np.ndarray) -> dict[str, np.ndarray]:
    """A clear date, two rule masks of which one knows no thin cloud, and two planes of radar."""
    rng = np.random.default_rng(seed)
    clear, _ = paint(seed + 1000, bands=len(BANDS), size=SIZE, codes=(0,))
    scl = label.copy()
    scl[:4] = 255
    radar = rng.normal(-12, 3, (2, SIZE, SIZE)).astype(np.float32)
    radar[:, :, -3:] = np.nan
    return {
        "clear": clear,
        "mask:scl": scl,
        "mask:csmask": np.where(label == 2, 255, label).astype(np.uint8),
        "extra:s1": radar,
    }


def rich_snapshot(root: Path, *, tiles: int = 4, validation: int = 2) -> Path:
    """A synthetic snapshot; its last pool tile has no plane and no known sun."""
    folder = SnapshotFolder(root, band_names=BANDS, tile_size=SIZE)
    for seed in range(tiles + validation):
        bands, label = paint(seed, bands=len(BANDS), size=SIZE)
        bands[:, 8:10] = 0  # no data
        poor = seed == tiles - 1
        folder.add(
            bands,
            label,
            split="pool" if seed < tiles else "validation",
            planes={} if poor else beside(seed, label),
            **({} if poor else {"sun_zenith": 40.0 + seed, "sun_azimuth": 160.0}),
        )
    return folder.write()


def learner_of(folder: Path, config: FitConfig) -> Learner:
    """A network about to learn from this snapshot's pool, and the source of its crops."""
    snapshot = open_snapshot(folder)
    pool = snapshot.of_split("pool")
    features = parse(config.features)
    counted = survey(snapshot, pool, report=lambda done: None, features=features)
    device = choose_device("cpu")
    bench = Bench(
        config=config,
        network=UNetConfig(
            bands=counted.layout.size(len(snapshot.bands)),
            classes=len(snapshot.classes),
            width=config.width,
            depth=config.depth,
        ),
        normalisation=counted.normalisation,
        class_weight=class_weights(config, counted.pixels),
        device=device,
        precision=choose_precision("fp32", device),
        layout=counted.layout,
    )
    return Learner(bench, CropSource(snapshot, pool, counted, config, member=0), first=None)
