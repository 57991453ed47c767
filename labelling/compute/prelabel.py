"""Draw a model's mask of some tiles, for annotators to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from labelling.compute.inputs import read_input
from labelling.compute.lines import Meter
from labelling.compute.settling import draw_settled
from labelling.imagery.tilefile import write_label
from training.predict import load, predict_codes

NOBODY = 0
"""Provenance of a mask no person has seen."""


def draw_prelabels(request: dict[str, Any], out: Path) -> dict[str, Any]:
    """Write `<uuid>.tif` for each tile: class codes, 255 where there is no data; and settled.npz
    where the request asks for it."""
    ensemble = load(Path(request["model"]))
    out.mkdir(parents=True, exist_ok=True)
    meter = Meter("prelabel", len(request["tiles"]))
    for done, tile in enumerate(request["tiles"], start=1):
        given = read_input(tile, request["bands"], ensemble.layout)
        mask = predict_codes(ensemble, given)
        write_label(out / f"{tile['uuid']}.tif", mask, np.full_like(mask, NOBODY))
        meter.show(done)
    if "settling" in request:
        draw_settled(request, out)
    return {"tiles": len(request["tiles"])}
