"""Which label a reviewer gets next, and giving it back."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from labelling.errors import AlreadyHolding, Conflict, NotYours, QueueEmpty
from labelling.models import Annotation, Assignment, Campaign, Event, Reservation, Task, record
from labelling.workflow.queue_rules import queue_rules
from labelling.workflow.spells import end, live, one_at_a_time
from labelling.workflow.submission import LABELLING

REVIEW = Reservation.Kind.REVIEW


def claim_review(
    *, campaign: Campaign, reviewer: User, now: datetime, task: Task | None = None
) -> Reservation:
    """Put the label that has waited longest into the reviewer's hands, or return what is there.

    Never one's own, nor one of an acquisition that one labels another blind copy of; and whoever
    has reviewed a copy is given no other one to label. With `task` that label is taken, or none.
    Raises QueueEmpty, AlreadyHolding (a review of another campaign is in hand) and, with `task`,
    Conflict that says why it can't be had.
    """
    with transaction.atomic():
        one_at_a_time(reviewer)
        mine = live(reviewer).filter(kind=REVIEW).select_related("task__campaign").first()
        if mine and _keep(mine, campaign, task, now=now):
            return mine
        while wanted := _next(campaign, reviewer, task):
            if _take(wanted, reviewer, now=now):
                return _open(wanted, reviewer, now=now)
    if task:
        raise _not_to_be_had(task, reviewer)
    raise QueueEmpty("No label is waiting for you to review.", help=_why_none(campaign))


def release_review(*, task: Task, reviewer: User, now: datetime) -> Task:
    """Give a label back unreviewed. Raises NotYours."""
    with transaction.atomic():
        one_at_a_time(reviewer)
        spell = spell_of(task, reviewer)
        if not spell or not task.leave(
            by=reviewer, to=Task.State.SUBMITTED, out_of=Task.State.IN_REVIEW
        ):
            raise not_reviewing(task, reviewer)
        end(spell, how=Reservation.How.RELEASED, now=now)
        record(Event.Verb.RELEASED, task, campaign=task.campaign, who=reviewer, now=now)
    task.refresh_from_db()
    return task


def waiting_for(reviewer: User, campaign: Campaign) -> QuerySet[Task]:
    """Submitted tasks that the reviewer may look at."""
    other_copy = (
        Reservation.objects.filter(
            person=reviewer,
            kind__in=LABELLING,
            task__campaign=campaign,
            task__acquisition=OuterRef("acquisition"),
        )
        .annotate(mine=Coalesce("task__root_id", "task_id"))
        .exclude(mine=OuterRef("chain"))
    )
    return (
        Task.objects.filter(campaign=campaign, state=Task.State.SUBMITTED)
        .annotate(chain=Coalesce("root_id", "pk"))
        .exclude(Exists(own_labels(reviewer)))
        .exclude(Exists(other_copy))
    )


def own_labels(reviewer: User) -> QuerySet[Annotation]:
    """Labels of the reviewer's in the chain of the outer query's task, which has `chain`: whoever
    drew one that a rework goes on from is among the authors of what comes of it."""
    made = Annotation.objects.filter(task__acquisition=OuterRef("acquisition"), author=reviewer)
    chained = made.annotate(of=Coalesce("task__root_id", "task_id"))
    return chained.filter(of=OuterRef("chain"))


def is_author(reviewer: User, task: Task) -> bool:
    """Whether the reviewer drew a label of the task, or of one that it reworks."""
    chain = Task.objects.annotate(chain=Coalesce("root_id", "pk")).filter(pk=task.pk)
    return chain.filter(Exists(own_labels(reviewer))).exists()


def _next(campaign: Campaign, reviewer: User, task: Task | None) -> Task | None:
    """The longest-waiting one, by when its label came in."""
    waiting = waiting_for(reviewer, campaign).select_related("campaign", "acquisition")
    if task:
        return waiting.filter(pk=task.pk).first()
    labels = Annotation.objects.filter(task=OuterRef("pk"), author__isnull=False).order_by("-pk")
    return waiting.annotate(came=Subquery(labels.values("pk")[:1])).order_by("came").first()


def _take(task: Task, reviewer: User, *, now: datetime) -> bool:
    changed = Task.objects.filter(pk=task.pk, state=Task.State.SUBMITTED).update(
        state=Task.State.IN_REVIEW,
        holder=reviewer,
        lease_ends=now + queue_rules(task.campaign).lease,
    )
    return changed == 1


def _open(task: Task, reviewer: User, *, now: datetime) -> Reservation:
    # From now on the reviewer knows this copy's label: no other copy may be given to him.
    chain = task.root_id or task.pk
    mine, new = Assignment.objects.select_related("root").get_or_create(
        campaign=task.campaign,
        acquisition=task.acquisition,
        person=reviewer,
        defaults={"root_id": chain},
    )
    if not new and mine.root.state == Task.State.SUPERSEDED:
        mine.root_id = chain  # as it is, it would keep no copy from him
        mine.save(update_fields=["root"])
    spell = Reservation.objects.create(
        task=task,
        n=task.reservations.count() + 1,
        person=reviewer,
        kind=REVIEW,
        returns_to=Task.State.SUBMITTED,
        started=now,
        heartbeat=now,
    )
    record(Event.Verb.CLAIMED, task, campaign=task.campaign, who=reviewer, now=now, hold=REVIEW)
    task.refresh_from_db()
    return spell


def _keep(mine: Reservation, campaign: Campaign, task: Task | None, *, now: datetime) -> bool:
    """Renew the lease on what is in hand; False if the sweep got there first."""
    if mine.task.campaign_id != campaign.pk or (task and mine.task_id != task.pk):
        raise AlreadyHolding(
            f"You are reviewing another label, of campaign {mine.task.campaign.slug}.",
            field="task",
            help="Finish that review or give it back first.",
        )
    kept = Task.objects.filter(
        pk=mine.task_id, state=Task.State.IN_REVIEW, holder=mine.person_id
    ).update(lease_ends=now + queue_rules(campaign).lease)
    mine.task.refresh_from_db()
    return kept == 1


def spell_of(task: Task, reviewer: User) -> Reservation | None:
    return live(reviewer).filter(task=task, kind=REVIEW).first()


def ran_out(task: Task, reviewer: User) -> bool:
    """Whether the reviewer's lease ended while he looked at the label that is there still."""
    mine = task.reservations.filter(person=reviewer, kind=REVIEW).order_by("n").last()
    if mine is None or mine.how != Reservation.How.EXPIRED:
        return False
    # Its author may have taken it back since, and handed in another.
    return not task.reservations.filter(kind__in=LABELLING, n__gt=mine.n).exists()


def own_label() -> NotYours:
    return NotYours("This label is your own.", help="Somebody else reviews it.")


def not_reviewing(task: Task, reviewer: User) -> NotYours | Conflict:
    task.refresh_from_db()
    state = task.get_state_display().lower()
    if task.state in (Task.State.ACCEPTED, Task.State.REJECTED):
        return Conflict(
            f"This label is {state} already; a verdict stands.",
            field="task",
            help="Where it was wrong, have the tile labelled again in the re-review lane.",
        )
    if is_author(reviewer, task):
        return own_label()
    return NotYours(
        f"You aren't reviewing this label: the tile is {state}.",
        help="Claim it for review first.",
    )


def _not_to_be_had(task: Task, reviewer: User) -> NotYours | Conflict:
    task.refresh_from_db()
    if task.state != Task.State.SUBMITTED:
        return not_reviewing(task, reviewer)
    if is_author(reviewer, task):
        return own_label()
    return NotYours(
        "You label another copy of this tile: whoever does may not see this one.",
        help="Somebody else reviews it.",
    )


def _why_none(campaign: Campaign) -> str:
    tasks = Task.objects.of(campaign)
    own = tasks.filter(state=Task.State.SUBMITTED).count()
    others = tasks.filter(state=Task.State.IN_REVIEW).count()
    if own or others:
        return f"{own} are your own or of tiles you label, {others} in other reviewers' hands."
    return "Every label that was drawn for review is reviewed."
