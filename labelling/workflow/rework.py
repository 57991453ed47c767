"""A rejected label's second chance: a task of its own, for its author first."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from labelling.errors import Conflict
from labelling.models import Event, Flag, Membership, Task, record
from labelling.workflow.picking_rules import picking_rules
from labelling.workflow.regions import hand_on
from labelling.workflow.review_rules import review_rules

TRIES = 20
LABELLERS = (Membership.Role.ANNOTATOR, Membership.Role.REVIEWER, Membership.Role.LEAD)


def open_rework(
    *, rejected: Task, author: User | None, reason: str, now: datetime, by: User
) -> Task:
    """The task in lane rework that `rejected` gives rise to; within the review's transaction.

    For some days nobody but the author may take it; then, or where he has left the campaign, it is
    for whoever is next and hasn't labelled another copy of the acquisition. It keeps the rejected
    task's pre-label and arm, so that its start is the same. After the last rejection that the
    campaign's `dispute_cap` allows it is put away instead, flagged for a lead to decide on.
    """
    disputed = is_disputed(rejected)
    for _ in range(TRIES):
        task = _rework_of(rejected, author, reason=reason, now=now)
        if disputed:
            task.state, task.meant_for, task.meant_until = Task.State.SKIPPED, None, None
        try:
            with transaction.atomic():
                task.save(force_insert=True)
                hand_on(rejected, task)
        except IntegrityError:
            continue  # another copy's rework took the number just now
        record(
            Event.Verb.CREATED,
            task,
            campaign=task.campaign,
            who=by,
            now=now,
            lane=task.lane,
            cause=reason,
            of=str(rejected.uuid),
        )
        if disputed:
            _ask_a_lead(task, by=by, now=now)
        return task
    raise Conflict("Reworks of this tile are being opened all the time.", help="Try again.")


def is_disputed(rejected: Task) -> bool:
    """Whether the copy that a rejected task is of has been rejected as often as it may be."""
    root = rejected.root_id or rejected.pk
    chain = Task.objects.filter(Q(pk=root) | Q(root=root), state=Task.State.REJECTED)
    return chain.count() >= picking_rules(rejected.campaign).dispute_cap


def _ask_a_lead(task: Task, *, by: User, now: datetime) -> None:
    note = "Its labels were rejected again and again."
    reason = Flag.Reason.CANNOT_DECIDE
    Flag.objects.create(task=task, person=by, skipped=True, reason=reason, note=note, created=now)
    told = {"reason": reason.value, "note": note}
    record(Event.Verb.SKIPPED, task, campaign=task.campaign, who=by, now=now, **told)


def _rework_of(rejected: Task, author: User | None, *, reason: str, now: datetime) -> Task:
    days = review_rules(rejected.campaign).rework_days
    kept = author is not None and _still_labels(author, rejected)
    return Task(
        campaign=rejected.campaign,
        acquisition_id=rejected.acquisition_id,
        tile_id=rejected.tile_id,
        lane=Task.Lane.REWORK,
        round_no=rejected.round_no,
        copy=_next_copy(rejected),
        root_id=rejected.root_id or rejected.pk,
        parent=rejected,
        prelabel_id=rejected.prelabel_id,
        arm=rejected.arm,
        level=rejected.level,
        meant_for=author if kept else None,
        meant_until=now + timedelta(days=days) if kept else None,
        cause=reason,
        created=now,
    )


def _next_copy(rejected: Task) -> int:
    """Reworks of all copies and of all rejections are numbered together in their lane and round."""
    others = Task.objects.filter(
        campaign=rejected.campaign_id,
        acquisition=rejected.acquisition_id,
        lane=Task.Lane.REWORK,
        round_no=rejected.round_no,
    )
    last = others.aggregate(last=Max("copy"))["last"]
    return 0 if last is None else last + 1


def _still_labels(author: User, task: Task) -> bool:
    mine = Membership.objects.filter(campaign=task.campaign_id, user=author, role__in=LABELLERS)
    return author.is_active and (author.is_superuser or mine.exists())
