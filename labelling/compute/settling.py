"""A model's masks of a few tiles, small, to be held against the next model's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from labelling.compute.files import write_arrays
from labelling.compute.inputs import read_input
from training.evaluation.scheme import NOTHING
from training.predict import load, predict_codes

STRIDE = 4
"""Of rows and columns that are kept."""


def draw_settled(request: dict[str, Any], out: Path) -> None:
    """Write settled.npz: {uuid: uint8 (height / STRIDE, width / STRIDE)} channels of the model,
    255 where there is no data.

    request: {bands, settling: {model: folder, tiles}}.
    """
    told = request["settling"]
    ensemble = load(Path(told["model"]))
    channels = np.full(256, NOTHING, dtype=np.uint8)
    channels[[each.code for each in ensemble.classes]] = np.arange(len(ensemble.classes))
    masks = {}
    for tile in told["tiles"]:
        given = read_input(tile, request["bands"], ensemble.layout)
        masks[tile["uuid"]] = channels[predict_codes(ensemble, given)][::STRIDE, ::STRIDE]
    write_arrays(out / "settled.npz", **masks)
