"""Which submissions a second person looks through, and which are accepted at once."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from labelling.models import Membership, Task
from labelling.models.prepared import prepared
from labelling.workflow.review_rules import review_rules

SALT = "labelling.workflow.sampling"


def review_rate(task: Task, author: User) -> float:
    """0…1: how likely a submission of `author` is reviewed. Causes at most one query.

    It depends on the author's level alone, so that gold, control and reference tiles can't be told
    from others by what becomes of them. A rework, which its author knows for one, is reviewed
    always; so is the label of somebody who isn't a member.
    """
    if task.lane == Task.Lane.REWORK:
        return 1.0
    level = _level.one(person=author.pk, campaign=task.campaign_id)
    return 1.0 if level is None else review_rules(task.campaign).rate(level)


@prepared
def _level(person: int, campaign: int) -> QuerySet[Membership, int]:
    mine = Membership.objects.filter(campaign=campaign, user=person)
    return mine.values_list("level", flat=True)


def is_drawn(task: Task, rate: float) -> bool:
    """Whether the task is reviewed at this rate: always the same answer for the same task.

    The draw is keyed with the installation's secret: a task's author knows its UUID and might
    otherwise work it out beforehand.
    """
    digest = salted_hmac(SALT, str(task.uuid), algorithm="sha256").digest()
    return int.from_bytes(digest[:8], "big") < rate * 2**64
