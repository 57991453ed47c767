"""What might have told beforehand how long a label takes, written down beside what it took.

No model of the cost is made of it: first it has to be seen what predicts it.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from al_engine.boundaries import near_boundary
from al_engine.spectra import PERCENTILES, STATISTICS
from labelling.adapters.blobs import Blobs
from labelling.imagery.boundaries import Plane
from labelling.imagery.features import recipe, unpacked
from labelling.imagery.labelfile import UNLABELLED, UNSURE
from labelling.imagery.tilefile import read_tile
from labelling.models import Annotation, Score, Task, TileFigures

BLUE = "B02"
REFLECTANCE = 10_000
"""Digital numbers of a reflectance of 1."""


def figures_of_label(
    label: Annotation, plane: Plane, *, score: Score | None, blobs: Blobs
) -> dict[str, float | None]:
    """{name: number, None where it isn't known}.

    Known before: `score`, `predicted N` (share of class N by the ranking model), `predicted edges`
    (share of the pre-label's pixels beside another class), `haze`, `sun` (zenith, degrees), `valid`
    (share of the tile with data), `shown` (1 where the author had a pre-label).
    Of the label: `edges`, `pieces` (connected areas of one class), `unsure`, `share N`.
    """
    task = label.task
    assert task is not None
    mask = read_tile(blobs.raster(task.prelabel.raster))[0] if task.prelabel else None
    return {
        "score": score.score if score else None,
        **{f"predicted {code}": share for code, share in _predicted(score).items()},
        "predicted edges": None if mask is None else edges(mask.astype(np.uint8)),
        "haze": haze(task),
        "sun": task.tile.sun_zenith,
        "valid": task.tile.valid_share,
        "shown": float(bool(task.prelabel and task.arm != Task.Arm.PLAIN)),
        "edges": edges(plane),
        "pieces": float(pieces(plane)),
        "unsure": float((plane == UNSURE).mean()),
        **{f"share {code}": _round(float((plane == code).mean())) for code in label.schema.codes},
    }


def _predicted(score: Score | None) -> dict[str, float]:
    return dict(score.fractions) if score else {}


def edges(plane: Plane) -> float:
    """Share of the pixels that name something which lie beside a pixel of another code."""
    said = plane != UNLABELLED
    if not said.any():
        return 0.0
    near = np.asarray(near_boundary(plane, 1)).astype(bool)
    return _round(float(near[said].mean()))


def pieces(plane: Plane) -> int:
    """Connected areas of one class each, over all classes; corners don't connect."""
    codes = [code for code in np.unique(plane).tolist() if code < UNSURE]
    return sum(int(ndimage.label(plane == code)[1]) for code in codes)


def haze(task: Task) -> float | None:
    """5th percentile of the blue band's reflectance: what brightens even the darkest ground.

    From the stored features; None where there are none, or no blue band.
    Source: dark-object subtraction, Chavez (1988), Remote Sensing of Environment 24.
    """
    bands = list(task.campaign.bands)
    kept = TileFigures.objects.filter(tile=task.tile_id, recipe=recipe(bands)).first()
    if kept is None or BLUE not in bands:
        return None
    place = STATISTICS * bands.index(BLUE) + STATISTICS - len(PERCENTILES)
    return _round(float(unpacked(bytes(kept.values))[place]) / REFLECTANCE)


def _round(value: float) -> float:
    return round(value, 5)
