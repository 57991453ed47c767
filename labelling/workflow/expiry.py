"""Leases that ran out: their tasks go back to where they were before."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from labelling.models import Event, Reservation, Task, record
from labelling.workflow.outbox import asked_first, follow


def return_expired(*, now: datetime) -> int:
    """Return every task whose lease ran out to the state it had before its claim; how many.

    One that is drawn in CVAT isn't returned here: CVAT is asked first (cvat/serving.py)."""
    expired = Task.objects.expired(now=now).select_related("campaign").order_by("pk")
    drawn = asked_first(now=now)
    return sum(return_one(task, now=now) for task in expired if task.pk not in drawn)


@transaction.atomic
def return_one(task: Task, *, now: datetime) -> bool:
    """Return one expired task; False if it was renewed or handed in meanwhile."""
    spell = task.reservations.filter(ended__isnull=True).select_related("person").first()
    still = Task.objects.expired(now=now).filter(pk=task.pk)
    if not spell or not still.update(state=spell.returns_to, holder=None, lease_ends=None):
        return False
    # Not a moment of work is added: the person had gone.
    Reservation.objects.filter(pk=spell.pk).update(ended=now, how=Reservation.How.EXPIRED)
    record(
        Event.Verb.EXPIRED,
        task,
        campaign=task.campaign,
        who=None,
        now=now,
        person=spell.person.username,
    )
    follow(task, now=now)
    return True
