"""A small model, and small products to predict. All painted: synthetic."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from django.conf import settings

from labelling.compute.__main__ import WORK
from labelling.compute.predicting.request import Request
from labelling.workflow.children import run_child
from tests.rasters import FOUR, IN_35VLF, write_stack
from tests.training.snapshots import SnapshotFolder, paint
from training.checkpoint import read_model, write_model
from training.config import FitConfig
from training.fit import fit

SMALL = {
    "width": 4, "depth": 1, "crop": 64, "batch": 2, "steps": 3, "warm_up": 1,
    "precision": "fp32", "device": "cpu", "threads": 1,
}  # fmt: skip
LOUD = 4.0
WRITTEN = ("format", "weights", "card_sha256")
"""Keys of a card that come with writing it."""
WINDOW, OVERLAP = 160, 40
"""A quarter of the overlap, 10 px, is more than a net of depth 1 sees around a pixel."""
HEIGHT, WIDTH = 508, 334
"""So high that windows of 160 overlap by no more than 44, and windows of TIGHT by 8."""
TIGHT = 258


def small_model(room: Path, **config: Any) -> Path:
    """The folder of a model of four bands fitted for three steps: it knows nothing.

    Its weights are made loud, so that it says something else of every pixel.
    """
    painted = SnapshotFolder(room, band_names=FOUR)
    for seed in range(3):
        painted.add(*paint(seed, bands=len(FOUR)), sun_azimuth=150.0, sun_zenith=40.0)
    fit(FitConfig(**{**SMALL, **config}), painted.write(), room / "quiet")
    (room / "model").mkdir()
    card, states = read_model(room / "quiet")
    for state in states:
        for weight in (each for each in state.values() if each.dim() == 4):
            weight *= LOUD
    heats = [1.0 + 0.5 * member for member in range(len(states))]
    content = {name: card.content[name] for name in card.content if name not in WRITTEN}
    write_model(room / "model", states, {**content, "temperatures": heats})
    return room / "model"


def scene(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """(bands, height, width): hills of brightness with noise, and a corner without data."""
    rng = np.random.default_rng(4)
    rows, columns = np.mgrid[:height, :width]
    hills = 3000 + 2500 * np.sin(rows / 23) * np.cos(columns / 31)
    pixels = hills + rng.normal(0, 300, (len(FOUR), height, width))
    stored = np.clip(pixels, 1, 9000).astype(np.uint16)
    stored[:, :90, :50] = 0
    return stored


def stack(folder: Path, pixels: np.ndarray | None = None, **told: Any) -> Path:
    tags = {"DATETIME": "2026-06-01T10:00:00", "LEVEL": "L1C", "SYNTHETIC": "true"}
    folder.mkdir(exist_ok=True)
    values = scene() if pixels is None else pixels
    return write_stack(folder / "scene.tif", values, **{"place": IN_35VLF, "tags": tags, **told})


def request(product: Path, model: Path, target: Path, **more: Any) -> Request:
    fields = {"window": WINDOW, "overlap": OVERLAP, **more}
    return Request(product=product, model=model, target=target, **fields)


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


DYING = """
import os, signal, sys
from labelling.compute import __main__ as main
from labelling.compute.predicting import work
keep, count = work.write_rows, [0]
def dying(path, planes):
    keep(path, planes)
    count[0] += 1
    if count[0] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
work.write_rows = dying
sys.exit(main.main())
"""


def killed_in_its_second_band(module: str, *words: str | Path, **how: Any) -> dict[str, Any]:
    """`run_child`, of a child that writes two bands of rows and is killed."""
    with pytest.MonkeyPatch.context() as patch:
        start = subprocess.Popen
        patch.setattr(settings, "CHILD_NICENESS", 0)  # the command begins with the interpreter
        patch.setattr(
            subprocess, "Popen",
            lambda asked, **more: start([asked[0], "-c", DYING, *asked[3:]], **more),
        )  # fmt: skip
        return run_child(module, *words, **how)


def here(module: str, work: str, asked: Path, out: Path, **how: Any) -> dict[str, Any]:
    """`run_child` without a child."""
    return WORK[work](json.loads(asked.read_text()), out)
