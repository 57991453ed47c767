"""Experiments small enough for a test. All tiles are synthetic."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.training.snapshots import SnapshotFolder, paint
from training.evaluation.counts import Counts, SceneCounts
from training.evaluation.scheme import Scheme
from training.snapshot import Class

BANDS = ("B02", "B03", "B04", "B08")
SIZE = 32
TINY = {
    "width": 2, "depth": 1, "crop": 16, "batch": 2, "steps": 3, "warm_up": 1, "evaluate_every": 3,
}  # fmt: skip
FILE = {
    "title": "A trial",
    "metric": "class_mean_iou",
    "baseline": "plain",
    "seeds": 2,
    "rule_mask": "rule",
    "importance": 1,
    "fit": TINY,
    "arm": [
        {"name": "plain"},
        {"name": "mask", "features": "sqrt+masks:{rule_mask}", "mask_dropout": 0.0},
        {"name": "dark", "common_gain": 0.0},
    ],
}
SCHEME = Scheme.of([Class(0, "clear"), Class(1, "cloud")])


def as_json(**changes) -> bytes:
    """The file above, with keys changed; None leaves one out."""
    told = {**FILE, **changes}
    return json.dumps({key: value for key, value in told.items() if value is not None}).encode()


def snapshot_folder(root: Path) -> Path:
    """Three tiles to learn from and four scenes to judge on; a mask that errs beside each."""
    folder = SnapshotFolder(root, BANDS, tile_size=SIZE)
    for number in range(7):
        bands, label = paint(number, bands=len(BANDS), size=SIZE)
        mask = label.copy()
        mask[::2][label[::2] == 2] = 0  # takes every other row of thin cloud for clear
        split = "pool" if number < 3 else "validation"
        month = 5 + number % 2
        folder.add(bands, label, split=split, month=month, planes={"mask:rule": mask})
    return folder.write()


def scene(name: str, right: float, *, pixels: int = 1000) -> SceneCounts:
    """A scene of two classes, of which this share is right."""
    hits = round(right * pixels)
    whole = np.array([[hits, pixels - hits, 0], [pixels - hits, hits, 0]], dtype=np.int64)
    empty = Counts.empty(2)
    parts = (empty.boundary, empty.buffer, empty.objects, empty.shadows)
    return SceneCounts(name, Counts(whole, *parts))
