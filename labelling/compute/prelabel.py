"""Draw a model's mask of some tiles, for annotators to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.compute.lines import Meter
from labelling.imagery.tilefile import read_tile, write_label
from training.predict import Ensemble, load
from training.survey import valid_pixels

NOBODY = 0
"""Provenance of a mask no person has seen."""
UNLABELLED = 255


def draw_prelabels(request: dict[str, Any], out: Path) -> dict[str, Any]:
    """Write `<uuid>.tif` for each tile: class codes, 255 where there is no data."""
    ensemble = load(Path(request["model"]))
    codes = np.array(request["codes"], dtype=np.uint8)
    out.mkdir(parents=True, exist_ok=True)
    meter = Meter("prelabel", len(request["tiles"]))
    for done, tile in enumerate(request["tiles"], start=1):
        pixels = read_tile(Path(request["root"]) / tile["raster"], request["bands"])
        mask = drawn(ensemble, pixels, codes)
        write_label(out / f"{tile['uuid']}.tif", mask, np.full_like(mask, NOBODY))
        meter.show(done)
    return {"tiles": len(request["tiles"])}


def drawn(
    ensemble: Ensemble, pixels: NDArray[np.uint16], codes: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """(H, W) the code of the likeliest class."""
    probabilities, _ = next(iter(ensemble.stream([pixels])))
    channel = probabilities.mean(dim=0).argmax(dim=0).cpu().numpy()
    mask = codes[channel]
    mask[~valid_pixels(pixels)] = UNLABELLED
    return mask
