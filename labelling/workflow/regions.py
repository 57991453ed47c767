"""Tiles that are labelled in regions: which pixels are asked for, and what of a pre-label shows.

Guidance is shown exactly where the task's pre-label is. So a tile without it looks like the many
plain active ones, and nothing tells a tile that measures somebody (workflow/hints.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.models import UNLABELLED, Guidance, Task
from labelling.workflow.hints import shown_layer
from labelling.workflow.planes import NO_PROVENANCE, Planes

Numbers = NDArray[np.uint8]
"""(height, width) number of the region from 1, 0 outside of all."""


def guidance_of(task: Task) -> Guidance | None:
    """What whoever labels `task` is shown; needs the tile's place loaded. At most one query."""
    return None if shown_layer(task) is None else _stored(task)


def region_numbers(task: Task) -> Numbers | None:
    """The guide of a task that is labelled in regions; None: the whole tile is asked for."""
    guidance = guidance_of(task)
    if guidance is None or not guidance.regions:
        return None
    return numbered(guidance.regions, task.tile.height, task.tile.width)


def numbered(regions: Iterable[dict[str, Any]], height: int, width: int) -> Numbers:
    """The regions as a plane of their numbers."""
    numbers = np.zeros((height, width), np.uint8)
    for number, each in enumerate(regions, start=1):
        numbers[_inside(each)] = number
    return numbers


def without_bare(mask: NDArray[Any], task: Task) -> NDArray[Any]:
    """A pre-label (height, width) as the task's labeller sees it.

    Of a tile labelled in regions 255 outside of them, and in those where it is kept back.
    """
    guidance = guidance_of(task)
    if guidance is None or not guidance.regions:
        return mask
    shown = np.full_like(mask, UNLABELLED)
    for each in guidance.regions:
        if not each["bare"]:
            shown[_inside(each)] = mask[_inside(each)]
    return shown


def cut_to_regions(planes: Planes, task: Task) -> Planes:
    """Without what was drawn outside of the regions: nobody was asked to look there.

    Planes of another size than the tile's come back as they are: the checks refuse them.
    """
    numbers = region_numbers(task)
    if numbers is None or {planes.label.shape, planes.provenance.shape} != {numbers.shape}:
        return planes
    label = np.where(numbers > 0, planes.label, UNLABELLED).astype(planes.label.dtype)
    made = np.where(numbers > 0, planes.provenance, NO_PROVENANCE)
    return Planes(label, made.astype(planes.provenance.dtype))


def hand_on(rejected: Task, rework: Task) -> None:
    """Give a rework the guidance of the task that it reworks."""
    if old := _stored(rejected):
        Guidance.objects.create(
            task=rework,
            layer_id=old.layer_id,
            regions=old.regions,
            heat=bytes(old.heat),
            heat_rows=old.heat_rows,
        )


def _stored(task: Task) -> Guidance | None:
    # A task without guidance has none to load: the relation raises an AttributeError of its own.
    return getattr(task, "guidance", None)


def _inside(region: dict[str, Any]) -> tuple[slice, slice]:
    top, left = region["top"], region["left"]
    return slice(top, top + region["height"]), slice(left, left + region["width"])
