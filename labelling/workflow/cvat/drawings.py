"""What a batch is pushed with: pre-labels as masks, checked, since the server checks nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput
from labelling.imagery.drawings.masks import encode
from labelling.imagery.tilefile import read_tile
from labelling.models import UNLABELLED, UNSURE, CvatJob, CvatLink, Layer
from labelling.workflow.regions import guidance_of, without_bare

AUTO = "auto"
"""CVAT's word for what no person drew; its page makes it semi-auto once somebody edits it."""
OUTLINE = 2
"""Pixels; a guide that was filled would hide what it asks to look at."""


def shapes_of(jobs: Sequence[CvatJob], link: CvatLink, *, blobs: Blobs) -> list[dict[str, Any]]:
    """The shapes of a batch: of each job's `prelabel`, and guides where the tile has one.

    The jobs have their frame and pre-label, their task's tile and its place loaded. Raises
    BadInput for a pre-label that doesn't fit its tile or has a class that the project has no label
    for, NotFound for a lost one.
    """
    shapes: list[dict[str, Any]] = []
    for job in jobs:
        if job.prelabel is not None:
            plane = without_bare(_plane(job.prelabel, job, blobs), job.task)
            shapes += _masks(job, plane, link.labels)
        guidance = guidance_of(job.task) if link.guide_label else None
        if guidance is not None and guidance.layer is not None:
            outline = _outline(_plane(guidance.layer, job, blobs) > 0)
            shapes.append(_shape(job, outline, int(link.guide_label or 0)))
    return shapes


def _plane(layer: Layer, job: CvatJob, blobs: Blobs) -> NDArray[Any]:
    """(height, width) of a layer. Raises BadInput for another size than the tile's."""
    plane = read_tile(blobs.raster(layer.raster))[0]
    tile = job.task.tile
    if plane.shape != (tile.height, tile.width):
        height, width = plane.shape
        raise BadInput(
            f"{layer}: it is {height} by {width} pixels, its tile {tile.height} by {tile.width}.",
            field="prelabel",
            help="Make the layer anew.",
        )
    return plane


def _masks(
    job: CvatJob, plane: NDArray[Any], labels: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    """One mask a class; what a pre-label can't say is left for the annotator."""
    for code in np.unique(plane).tolist():
        if code in (UNSURE, UNLABELLED):
            continue
        if str(code) not in labels:
            raise BadInput(
                f"{job.prelabel} has class {code}, for which the project has no label.",
                field="labels",
                help="Run manage.py cvat connect again: it adds the labels that are missing.",
            )
        yield _shape(job, plane == code, labels[str(code)])


def _shape(job: CvatJob, mask: NDArray[np.bool_], label: int) -> dict[str, Any]:
    return {
        "type": "mask",
        "frame": job.frame,
        "label_id": label,
        "points": encode(mask),
        "source": AUTO,
    }


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of the mask within 2 pixels of its edge; the tile's edge is none."""
    inside = np.pad(mask, OUTLINE, mode="edge")
    height, width = mask.shape
    core = mask.copy()
    for down in range(2 * OUTLINE + 1):
        for right in range(2 * OUTLINE + 1):
            core &= inside[down : down + height, right : right + width]
    border = mask & ~core
    return border if border.any() else mask
