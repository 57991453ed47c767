"""Which mask a person may start from."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet

from labelling.errors import NotFound
from labelling.models import Layer, Membership, Task, Tile
from labelling.workflow.hints import UNAIDED, shown_layer


def prelabel_of(task: Task) -> Layer | None:
    """The mask that whoever labels `task` starts from."""
    return shown_layer(task)


def prelabel_for(user: User, tile: Tile) -> Layer:
    """The mask of the task that the person holds on the tile, if it is shown; for reviewers and
    leads who hold none that of the tile's newest task that has one, shown or not. Raises NotFound,
    in the same words whatever the reason.
    """
    tasks = Task.objects.filter(tile=tile).order_by("-pk")
    tasks = tasks.select_related("prelabel", "tile__acquisition__place")
    held = tasks.filter(holder=user).first()
    layer = shown_layer(held) if held else _overseen(user, tasks)
    if layer is None:
        raise NotFound("This tile has no pre-label for you.", help="Start from an empty label.")
    return layer


def _overseen(user: User, tasks: QuerySet[Task]) -> Layer | None:
    overseen = tasks.filter(prelabel__isnull=False).exclude(lane__in=UNAIDED)
    if not user.is_superuser:
        overseen = overseen.filter(
            campaign__memberships__user=user,
            campaign__memberships__role__in=[Membership.Role.REVIEWER, Membership.Role.LEAD],
        )
    task = overseen.first()
    return task.prelabel if task else None
