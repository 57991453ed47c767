from __future__ import annotations

from typing import Any

from django.db import models

from .task import Task
from .tile import Layer


class Guidance(models.Model):
    """What the model that ranked a round tells whoever labels one of its tiles.

    Shown only where the task's pre-label is (workflow/regions.py); a rework has a copy.
    """

    task = models.OneToOneField(Task, models.CASCADE, related_name="guidance")
    layer = models.ForeignKey(Layer, models.PROTECT, null=True, related_name="+")
    """The guide mask: numbers of regions from 1, 0 outside; null: the tile is labelled whole."""
    regions = models.JSONField(default=list)
    """In order of labelling: {top, left, height, width: pixels; kind: informative or control,
    quota: class code or null, score, probability, bare: whether the pre-label is kept back in it}.
    Annotators are told the box alone. []: the tile is labelled whole."""
    heat = models.BinaryField(default=bytes)
    """uint8 (rows, columns), row by row: 0 sure … 255 uncertain; empty: not known."""
    heat_rows = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"guidance of task {self.task_id}"

    @property
    def heat_shape(self) -> tuple[int, int] | None:
        """(rows, columns); None: there is no heat map."""
        if not self.heat or not self.heat_rows:
            return None
        return self.heat_rows, len(self.heat) // self.heat_rows

    @property
    def boxes(self) -> list[dict[str, Any]]:
        """What an annotator is told of the regions: {number, top, left, height, width}."""
        sides = ("top", "left", "height", "width")
        return [
            {"number": number, **{side: each[side] for side in sides}}
            for number, each in enumerate(self.regions, start=1)
        ]
