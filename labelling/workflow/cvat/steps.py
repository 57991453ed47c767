"""What CVAT shows of a task: whose it is, at which stage, in which state; and a rejection's words.

The workbench's queue decides. A task in somebody's hands is given to that person there, at stage
annotation; a label handed in goes to validation and out of its author's hands, so that nothing
changes behind the reviewer; an accepted one to acceptance, completed; a rejected one back to its
author, rejected, with the reason as an issue. What an annotator sets himself, that he has begun or
has finished, is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from labelling.adapters.cvat.seen import JobSeen
from labelling.errors import CvatGone
from labelling.models import CvatJob, CvatLink, CvatUser, Event, Outbox, Review, Task, record
from labelling.workflow.cvat.outbox import Sending
from labelling.workflow.outbox import JOB, follow_job, served, unsent
from labelling.workflow.review_rules import REASONS

State = Task.State
DRAWING, CHECKING, DONE = "annotation", "validation", "acceptance"
NEW, BEGUN, REJECTED, COMPLETED = "new", "in progress", "rejected", "completed"
IN_REVIEW = (State.SUBMITTED, State.IN_REVIEW)


@dataclass(frozen=True)
class Wanted:
    """How a job should be; a state of None is left as it is."""

    person: User | None
    remote: int | None
    """Id of the person there."""
    stage: str
    state: str | None

    def changes(self, row: CvatJob) -> dict[str, Any]:
        """What to send, after what was last seen."""
        changes: dict[str, Any] = {}
        if row.remote_assignee != self.remote:
            changes["assignee"] = self.remote
        if row.stage != self.stage:
            # Without a state the server would set it back to new.
            changes |= {"stage": self.stage, "state": self.state or NEW}
        elif self.state is not None and row.state != self.state:
            changes["state"] = self.state
        return changes


def wanted(row: CvatJob, people: dict[int, CvatUser], *, now: datetime) -> Wanted:
    """How the job of a task should be. The row has its task loaded.

    `people` are those that are served there, by our user's id.
    """
    task = row.task
    if task.state in IN_REVIEW:
        return Wanted(None, None, CHECKING, NEW if row.stage != CHECKING else None)
    if task.state == State.ACCEPTED:
        return Wanted(None, None, DONE, COMPLETED)
    if task.state == State.RESERVED:
        return _given(people.get(task.holder_id or 0), REJECTED if _as_rejected(row) else None)
    if task.state == State.OPEN:
        return _waiting(row, people, now=now)
    # Put away: nobody is to draw in it, whatever it shows.
    return Wanted(None, None, row.stage, None)


def bring_into_step(row: Outbox, sending: Sending) -> None:
    """Send what has to change of a job, if anything: the outbox's `job`."""
    known = CvatJob.objects.select_related("task", "annotation")
    job = served(known.filter(pk=row.payload["job"])).first()
    if job is None:
        return
    now = sending.clock()
    target = wanted(job, people_of(sending.link), now=now)
    changes = target.changes(job)
    if not changes:
        return
    try:
        if target.person is not None:
            _withhold(job, sending)
        seen = sending.cvat.change_job(int(job.remote or 0), **changes)
    except CvatGone:
        lost(job, now=now)
        return
    note(job, seen, person=target.person)


def _withhold(job: CvatJob, sending: Sending) -> None:
    """Wipe a pre-label and a guide that the claim has withheld: the batch was pushed with them
    before anybody knew whose tile it would be. Only where nobody has drawn yet."""
    fresh = job.annotation_id is None and job.assignee_id is None and job.state == NEW
    shown = job.prelabel_id is not None or hasattr(job.task, "guidance")
    if not shown or not fresh or job.task.arm != Task.Arm.PLAIN:
        return
    sending.cvat.put_annotations([], job=int(job.remote or 0))
    CvatJob.objects.filter(pk=job.pk).update(prelabel=None)


def lost(job: CvatJob, *, now: datetime) -> None:
    """Note that a job was deleted there; its tile can be pushed again. It has its task loaded."""
    if CvatJob.objects.filter(pk=job.pk, gone=None).update(gone=now):
        told = {"cvat_job": job.remote, "alert": "deleted in CVAT"}
        campaign = job.task.campaign
        record(Event.Verb.CHANGED, job.task, campaign=campaign, who=None, now=now, **told)


def note(job: CvatJob, seen: JobSeen, *, person: User | None) -> None:
    """Write down how a job is after we changed it."""
    # `updated` stays as the last pull saw it: what an annotator did meanwhile must not be missed.
    CvatJob.objects.filter(pk=job.pk).update(
        assignee=person, remote_assignee=seen.assignee, stage=seen.stage, state=seen.state
    )


def out_of_step(link: CvatLink, *, now: datetime) -> Iterator[CvatJob]:
    """Jobs that aren't as they should be, after what was last seen. Two queries."""
    people = people_of(link)
    jobs = served(CvatJob.objects.filter(batch__link=link))
    settled = {"task__state": State.ACCEPTED, "stage": DONE, "state": COMPLETED}
    jobs = jobs.exclude(**settled, remote_assignee=None)
    jobs = jobs.select_related("task", "batch__link", "annotation")
    for job in jobs.iterator():
        if wanted(job, people, now=now).changes(job):
            yield job


def send_out_of_step(link: CvatLink, *, now: datetime) -> int:
    """Have all jobs brought into step that aren't; how many. What happened on paths that don't
    call `follow`, and what somebody changed there, is put right by it."""
    # One that fails is tried again, later each time: a new row a minute would undo that.
    waiting = set(unsent(link).filter(verb=JOB).values_list("payload__job", flat=True))
    astray = [job for job in out_of_step(link, now=now) if job.pk not in waiting]
    return sum(follow_job(job, now=now) for job in astray)


def people_of(link: CvatLink) -> dict[int, CvatUser]:
    """{our user's id: who that is there}, of those that are served there."""
    mapped = CvatUser.objects.filter(link=link, serves=True).select_related("user")
    return {each.user_id: each for each in mapped}


def say_why(row: Outbox, sending: Sending) -> None:
    """Open an issue with a rejection's reason, unless it is there: the outbox's `issue`."""
    job = served(CvatJob.objects.filter(pk=row.payload["job"])).first()
    review = Review.objects.select_related("reviewer").get(pk=row.payload["review"])
    if job is None or job.remote is None:
        return
    message = words_of(review)
    if message in sending.cvat.comments(job.remote):
        return  # it came, and its answer was lost
    task = Task.objects.select_related("tile").get(pk=job.task_id)
    whole = (0, 0, task.tile.width, task.tile.height)
    sending.cvat.create_issue(job.remote, frame=job.frame or 0, position=whole, message=message)


def words_of(review: Review) -> str:
    """What the author is told, the same each time, and never the same of two reviews."""
    said = f"Rejected: {REASONS.get(review.reason, review.reason)}"
    note = f" {review.note}" if review.note else ""
    return f"{said}{note} (review {review.created:%Y-%m-%d %H:%M:%S})"


def waiting(link: CvatLink) -> int:
    """Rows of the outbox that are still to be sent."""
    return unsent(link).count()


def _given(person: CvatUser | None, state: str | None) -> Wanted:
    if person is None:
        return Wanted(None, None, DRAWING, state)
    return Wanted(person.user, person.remote, DRAWING, state)


def _waiting(row: CvatJob, people: dict[int, CvatUser], *, now: datetime) -> Wanted:
    """Of a task that nobody holds: a rework is shown to its author while it is kept for him."""
    task = row.task
    kept = task.meant_until is None or task.meant_until > now
    person = people.get(task.meant_for_id or 0) if kept else None
    if task.lane != Task.Lane.REWORK or person is None:
        return _given(None, None)
    begun = row.state in (BEGUN, COMPLETED) and not _as_rejected(row)
    return _given(person, None if begun else REJECTED)


def _as_rejected(row: CvatJob) -> bool:
    """Whether what it shows as finished is the label that was rejected, and nothing newer."""
    old = row.annotation is not None and row.annotation.task_id != row.task_id
    return old and row.state == COMPLETED and row.fetched == row.updated
