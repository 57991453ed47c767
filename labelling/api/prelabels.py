"""Which mask a person may start from."""

from __future__ import annotations

from django.contrib.auth.models import User

from labelling.errors import NotFound
from labelling.models import Layer, Membership, Task, Tile

UNAIDED = frozenset({Task.Lane.CONTROL, Task.Lane.GOLD, Task.Lane.REFERENCE})
"""Lanes that measure people or the model: a mask to start from would pull the label towards it."""


def prelabel_of(task: Task) -> Layer | None:
    """The mask that whoever labels `task` starts from."""
    return None if task.lane in UNAIDED else task.prelabel


def prelabel_for(user: User, tile: Tile) -> Layer:
    """The mask of the task that the person holds on the tile; else, for reviewers and leads, of
    the tile's newest task that has one. Raises NotFound.
    """
    tasks = Task.objects.filter(tile=tile).select_related("prelabel").order_by("-pk")
    held = tasks.filter(holder=user).first()
    overseen = tasks.filter(prelabel__isnull=False).exclude(lane__in=UNAIDED)
    if not user.is_superuser:
        overseen = overseen.filter(
            campaign__memberships__user=user,
            campaign__memberships__role__in=[Membership.Role.REVIEWER, Membership.Role.LEAD],
        )
    task = held or overseen.first()
    layer = prelabel_of(task) if task else None
    if layer is None:
        raise NotFound("This tile has no pre-label for you.", help="Start from an empty label.")
    return layer
