"""A second person's look at a label: accept it, fix it, or send it back with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from django.contrib.auth.models import User
from django.db import transaction

from labelling.errors import BadInput, Conflict
from labelling.models import Annotation, Event, Reservation, Review, Task, record
from labelling.workflow.checking import LONGEST_NOTE
from labelling.workflow.drafts import drop_draft
from labelling.workflow.numbering import numbered, place
from labelling.workflow.outbox import follow, move_on
from labelling.workflow.planes import Planes
from labelling.workflow.regions import cut_to_regions
from labelling.workflow.review_queue import (
    REVIEW,
    is_author,
    not_reviewing,
    own_label,
    ran_out,
    spell_of,
)
from labelling.workflow.review_rules import REASONS
from labelling.workflow.rework import open_rework
from labelling.workflow.spells import end, one_at_a_time
from labelling.workflow.submission import Ready, Work, checked, compare_later

Verdict = Review.Verdict


def accept(*, task: Task, reviewer: User, now: datetime, note: str = "") -> Review:
    """Take the label as it is. Raises NotYours, and Conflict when it is reviewed already."""
    _check_note(note)
    with transaction.atomic():
        label = _close(task, reviewer, to=Task.State.ACCEPTED, now=now)
        return _judge(label, reviewer, Verdict.ACCEPTED, note=note, now=now)


def reject(*, task: Task, reviewer: User, reason: str, now: datetime, note: str = "") -> Review:
    """Refuse the label for a reason of REASONS; its author is the first to rework it.

    Raises BadInput (reason, note), NotYours, and Conflict when it is reviewed already.
    """
    _check_reason(reason, note)
    with transaction.atomic():
        label = _close(task, reviewer, to=Task.State.REJECTED, now=now)
        review = _judge(label, reviewer, Verdict.REJECTED, reason=reason, note=note, now=now)
        rework = open_rework(
            rejected=task, author=label.author, reason=reason, now=now, by=reviewer
        )
        move_on(task, rework, review=review, now=now)
    return review


def fix(*, task: Task, reviewer: User, now: datetime, **work: Unpack[Work]) -> Annotation:
    """Hand in a corrected version of the label in review, which is thereby accepted.

    The new version's author is the reviewer, its parent the label; both are its authors. The checks
    are those of a submission. Raises as `submit`, and Conflict for a label that changes nothing.
    """
    return hand_in_fix(ready_fix(task=task, reviewer=reviewer, now=now, **work), now=now)


def ready_fix(
    *, task: Task, reviewer: User, now: datetime, **work: Unpack[Work]
) -> Ready | Annotation:
    """The first half of `fix`, which writes no row: for before a transaction. An Annotation, if the
    reviewer has handed in this fix already. Raises as `fix`."""
    planes = cut_to_regions(Planes(work["label"], work["provenance"]), task)
    if done := _fixed_before(task, reviewer, planes.sha256):
        return done
    _check_reviewing(task, reviewer)
    label = checked(task, reviewer, planes, work, now=now)
    before = label_in_review(task)
    if before.sha256 == label.sha256:
        raise Conflict(
            "This is the label as it was handed in.", field="label", help="Accept it instead."
        )
    label.parent = before
    place(label, planes)
    return Ready(label, planes)


def hand_in_fix(made: Ready | Annotation, *, now: datetime) -> Annotation:
    """The second half: the rows. Raises NotYours and Conflict for what changed in between."""
    if isinstance(made, Annotation):
        return made
    return numbered(made.label, made.planes, lambda: _save_fix(made.label, now=now))


def label_in_review(task: Task) -> Annotation:
    """The newest label that a person made of the task. Raises Conflict where there is none."""
    labels = Annotation.objects.filter(task=task, author__isnull=False)
    newest = labels.select_related("author", "schema", "acquisition__place").order_by("pk").last()
    if newest is None:
        raise Conflict("This tile has no label to review.", help="Take the next one.")
    return newest


def _close(task: Task, reviewer: User, *, to: str, now: datetime) -> Annotation:
    """End the reviewer's spell with the task in state `to`; the label he looked at.

    A lease that ran out doesn't matter while nobody else has taken the label.
    """
    one_at_a_time(reviewer)
    label = label_in_review(task)
    if is_author(reviewer, task):
        raise own_label()
    spell = spell_of(task, reviewer)
    if spell and task.leave(by=reviewer, to=to, out_of=Task.State.IN_REVIEW):
        end(spell, how=Reservation.How.REVIEWED, now=now)
    elif ran_out(task, reviewer) and _close_late(task, to):
        Reservation.objects.create(
            task=task,
            n=task.reservations.count() + 1,
            person=reviewer,
            kind=REVIEW,
            returns_to=Task.State.SUBMITTED,
            started=now,
            heartbeat=now,
            ended=now,
            how=Reservation.How.REVIEWED,
        )
    else:
        raise not_reviewing(task, reviewer)
    drop_draft(task, reviewer)  # of a fix that he began
    task.refresh_from_db()
    return label


def _close_late(task: Task, to: str) -> bool:
    return Task.objects.filter(pk=task.pk, state=Task.State.SUBMITTED).update(state=to) == 1


def _judge(
    label: Annotation,
    reviewer: User,
    verdict: str,
    *,
    now: datetime,
    note: str = "",
    reason: str = "",
    **told: str,
) -> Review:
    review = Review.objects.create(
        annotation=label,
        reviewer=reviewer,
        verdict=verdict,
        reason=reason,
        note=note.strip(),
        created=now,
    )
    assert label.task is not None
    follow(label.task, now=now)
    record(
        Event.Verb.REVIEWED,
        label.task,
        campaign=label.task.campaign,
        who=reviewer,
        now=now,
        before=label.sha256,
        verdict=str(verdict),
        reason=reason,
        note=review.note,
        author=label.author.username if label.author else "",
        annotation=str(label.uuid),
        **told,
    )
    return review


@transaction.atomic
def _save_fix(label: Annotation, *, now: datetime) -> Annotation:
    task, reviewer, before = label.task, label.author, label.parent
    assert before is not None
    reviewed = _close(task, reviewer, to=Task.State.ACCEPTED, now=now)
    if reviewed.pk != before.pk:
        raise Conflict(
            "The label has changed since this review began.", help="Load the tile again."
        )
    label.save(force_insert=True)
    note = label.note
    _judge(before, reviewer, Verdict.FIXED, note=note, now=now, after=label.sha256)
    compare_later(label)
    return label


def _fixed_before(task: Task, reviewer: User, sha256: str) -> Annotation | None:
    """The same fix, if the reviewer has handed it in."""
    mine = Annotation.objects.filter(task=task, author=reviewer, parent__task=task)
    done = mine.filter(parent__reviews__verdict=Verdict.FIXED).order_by("pk").last()
    return done if done and done.sha256 == sha256 else None


def _check_reviewing(task: Task, reviewer: User) -> None:
    # Asked again where it counts; here it spares checks and a blob for nothing.
    if not spell_of(task, reviewer) and not ran_out(task, reviewer):
        raise not_reviewing(task, reviewer)


def _check_reason(reason: str, note: str) -> None:
    if reason not in REASONS:
        raise BadInput(
            f"There is no reason {reason[:40]!r} for a rejection.",
            field="reason",
            help=f"There is: {', '.join(REASONS)}.",
        )
    if reason == "other" and not note.strip():
        raise BadInput("A rejection for another reason needs a note.", field="note")
    _check_note(note)


def _check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE or "\0" in note:
        raise BadInput(
            f"A note has at most {LONGEST_NOTE} characters, none of them null.", field="note"
        )
