"""Which mask a person may start from."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet

from labelling.errors import NotFound
from labelling.models import Layer, Membership, Task, Tile, campaigns_of
from labelling.workflow.hints import UNAIDED, shown_layer


def prelabel_of(task: Task) -> Layer | None:
    """The mask that whoever labels `task` starts from."""
    return shown_layer(task)


def prelabel_for(user: User, tile: Tile) -> tuple[Layer, Task]:
    """The mask of the task that the person holds on the tile, if it is shown; for reviewers and
    leads who hold none that of the tile's newest task that has one, shown or not. With the task.
    Raises NotFound, in the same words whatever the reason.
    """
    tasks = Task.objects.filter(tile=tile).order_by("-pk")
    tasks = tasks.select_related("prelabel", "guidance", "tile__acquisition__place")
    held = tasks.filter(holder=user, campaign__in=campaigns_of(user)).first()
    task = held or _overseen(user, tasks)
    layer = task and (shown_layer(task) if held else task.prelabel)
    if task is None or layer is None:
        raise NotFound("This tile has no pre-label for you.", help="Start from an empty label.")
    return layer, task


def _overseen(user: User, tasks: QuerySet[Task]) -> Task | None:
    overseeing = campaigns_of(user, [Membership.Role.REVIEWER, Membership.Role.LEAD])
    overseen = tasks.filter(prelabel__isnull=False, campaign__in=overseeing)
    return overseen.exclude(lane__in=UNAIDED).first()
