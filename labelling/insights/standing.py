"""Which label of a task stands: of those taken back and drawn anew, the new one."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from labelling.models import Annotation, Task


def taken_back(label: str = "") -> Q:
    """For a query: whether the first label at the path `label` ("first__") was taken back.

    A label without a parent is a first one: no rework, no reviewer's fix. Its task has another one
    since, or is waiting for one.
    """
    newer = Annotation.objects.filter(
        task=OuterRef(f"{label}task"), parent=None, pk__gt=OuterRef(f"{label}pk")
    )
    waiting = {f"{label}task__state__in": [Task.State.OPEN, Task.State.RESERVED]}
    return Q(Exists(newer)) | Q(**waiting)
