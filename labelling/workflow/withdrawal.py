"""Taking back a label that was handed in, while nobody has begun to review it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from labelling.errors import AlreadyHolding, Conflict, NotYours
from labelling.models import Annotation, Event, Reservation, Task, record
from labelling.workflow.queue_rules import queue_rules
from labelling.workflow.review_rules import review_rules
from labelling.workflow.spells import ACTIVE, HELD, end, in_hand, one_at_a_time, worked
from labelling.workflow.submission import last_spell


def withdraw(*, task: Task, person: User, now: datetime) -> Reservation:
    """Put a submitted task back into the hands of its author; the label stays in the history,
    doesn't teach any more, and is what he begins with.

    A tile in work becomes the one held ahead; one that was held ahead goes back to the queue. A
    label that was accepted at once can be taken back just as one that waits for review: nobody can
    tell the two apart by it. Raises NotYours, AlreadyHolding (a tile of another campaign is in
    hand), and Conflict when its review has opened or the time for it is over.
    """
    with transaction.atomic():
        one_at_a_time(person)
        last = last_spell(task, person)
        if last is None or last.how != Reservation.How.SUBMITTED:
            raise NotYours("You haven't submitted this tile.", help="Take the next tile.")
        _check_time(task, last, now)
        _make_room(task, person, now=now)
        if not _reopened(task, person, now=now):
            task.refresh_from_db()
            raise _too_late(task)
        spell = Reservation.objects.create(
            task=task,
            n=task.reservations.count() + 1,
            person=person,
            assignment_id=last.assignment_id,
            kind=ACTIVE,
            returns_to=last.returns_to,
            started=now,
            heartbeat=now,
        )
        label = Annotation.objects.filter(task=task, author=person).order_by("pk").last()
        told = {"annotation": str(label.uuid)} if label else {}
        record(Event.Verb.WITHDREW, task, campaign=task.campaign, who=person, now=now, **told)
    task.refresh_from_db()
    return spell


def _check_time(task: Task, last: Reservation, now: datetime) -> None:
    allowed = timedelta(minutes=review_rules(task.campaign).withdraw_minutes)
    if last.ended is None or now - last.ended > allowed:
        minutes = allowed.total_seconds() / 60
        raise Conflict(
            f"This label was submitted more than {minutes:g} minutes ago.",
            field="task",
            help="Flag the tile with a note instead; a reviewer sees it.",
        )


def _reopened(task: Task, person: User, *, now: datetime) -> bool:
    """Take the task from the review's queue; False when it isn't there any more."""
    # Locked first, so that a verdict which is being written is seen by what is asked next.
    list(Task.objects.select_for_update().filter(pk=task.pk).values_list("pk"))
    accepted_by_rule = Task.State.ACCEPTED
    unseen = Task.objects.filter(
        pk=task.pk, state__in=[Task.State.SUBMITTED, accepted_by_rule]
    ).exclude(annotations__reviews__isnull=False)
    return bool(
        unseen.update(
            state=Task.State.RESERVED,
            holder=person,
            lease_ends=now + queue_rules(task.campaign).lease,
        )
    )


def _too_late(task: Task) -> Conflict:
    state = task.get_state_display().lower()
    return Conflict(
        f"The review of this label has begun: the tile is {state}.",
        field="task",
        help="Wait for what the reviewer says; a rejected label comes back to you.",
    )


def _make_room(task: Task, person: User, *, now: datetime) -> None:
    """Free the place of the active tile."""
    mine = in_hand(person)
    for spell in [*mine[ACTIVE], *mine[HELD]]:
        if spell.task.campaign_id != task.campaign_id:
            raise AlreadyHolding(
                f"You have a tile of campaign {spell.task.campaign.slug} in hand.",
                field="campaign",
                help="Submit it or give it back first.",
            )
    if not mine[ACTIVE]:
        return
    if mine[HELD]:
        _give_back(mine[HELD][-1], person, now=now)
    freed = mine[HELD][-1].slot if mine[HELD] else 0
    for spell in mine[ACTIVE]:
        mine_still = Reservation.objects.filter(pk=spell.pk, ended__isnull=True)
        mine_still.update(kind=HELD, slot=freed, **worked(spell, now))


def _give_back(spell: Reservation, person: User, *, now: datetime) -> None:
    if spell.task.leave(by=person, to=spell.returns_to):
        end(spell, how=Reservation.How.RELEASED, now=now)
        record(Event.Verb.RELEASED, spell.task, campaign=spell.task.campaign, who=person, now=now)
