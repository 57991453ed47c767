"""Who the members of a campaign are in CVAT, and where they open a tile there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from labelling.models import CvatBatch, CvatJob, CvatLink, CvatUser, Membership, Task


@dataclass(frozen=True)
class Person:
    """A member of the campaign, and who that is there."""

    username: str
    role: str
    remote: int | None
    """Id there; None: not known."""
    there: str
    """User name there."""
    serves: bool
    """Whether tiles reserved here are given to the person there."""


def people(link: CvatLink, members: Iterable[Membership]) -> list[Person]:
    """Of these members, who have their user loaded. One query."""
    mapped = {each.user_id: each for each in CvatUser.objects.filter(link=link)}
    return [person_of(member, mapped.get(member.user_id)) for member in members]


def person_of(member: Membership, mapped: CvatUser | None) -> Person:
    if mapped is None:
        return Person(member.user.username, member.role, None, "", serves=False)
    there = mapped.username
    return Person(member.user.username, member.role, mapped.remote, there, serves=mapped.serves)


def open_in_cvat(task: Task, person: int | None) -> str | None:
    """Address where the person with this id draws the task's tile in CVAT; None: nowhere there.

    No query where no CVAT is set up, else at most two.
    """
    if not settings.CVAT_URL or person is None:
        return None
    jobs = CvatJob.objects.filter(task=task, gone=None, batch__state=CvatBatch.State.READY)
    job = jobs.select_related("batch__link").first()
    if job is None:
        return None
    mine = CvatUser.objects.filter(link=job.batch.link_id, user=person, serves=True)
    return job.where if mine.exists() else None
