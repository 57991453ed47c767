"""Who has which tile in hand: claim, heartbeat, extend, release, and the sweep of expired leases.

Locks are taken in one order: the person, then a task, then that task's reservation. The sweep takes
one task at a time and no person. So nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from labelling.errors import AlreadyHolding, Conflict, QueueEmpty
from labelling.models import Assignment, Campaign, Event, Reservation, Task, record
from labelling.models.prepared import insert, prepared
from labelling.workflow.emptiness import why_empty
from labelling.workflow.expiry import return_expired, return_one
from labelling.workflow.hints import even_out
from labelling.workflow.lanes import waiting_for
from labelling.workflow.outbox import follow
from labelling.workflow.qualification import refuse_beyond_limit
from labelling.workflow.queue_rules import queue_rules
from labelling.workflow.spells import (
    ACTIVE,
    HELD,
    WORK_GAP,
    end,
    in_hand,
    keep,
    live,
    live_reservation,
    not_yours,
    one_at_a_time,
    promote_held,
    renew_held,
    with_tile,
    worked,
)

__all__ = [
    "WORK_GAP",
    "claim_next",
    "claim_this",
    "end",
    "extend",
    "heartbeat",
    "live_reservation",
    "not_yours",
    "one_at_a_time",
    "promote_held",
    "release",
    "return_expired",
    "return_one",
]

InHand = dict[str, list[Reservation]]


def claim_next(
    *,
    campaign: Campaign,
    person: User,
    now: datetime,
    hold: str = "active",
    among: Collection[int] | None = None,
) -> Reservation:
    """Put the highest-ranked waiting tile into `person`'s hands, or return what is there already.

    `hold` is "active" for the tile to work on, "held" for one ahead. Whoever asks again gets the
    same tile with a fresh lease; asking for an active one promotes the held one, if there is one.
    Where the campaign lets people hold several ahead, each call adds one until that many are held.
    With `among`, ids of tasks, none but these is taken anew.

    Order: a claim takes the best open task of a lane by a conditional UPDATE and goes on to the
    next best when it comes too late. PostgreSQL lets the UPDATE wait for whoever is taking that
    row, so a row is passed over only once its claim is committed; skipping locked rows would pass
    over one whose claim is then rolled back. SQLite runs one claim at a time. Either way a claim
    that begins after another in its lane has ended never gets a better rank, unless a tile came
    back in between.

    Raises QueueEmpty (its help says why), AlreadyHolding (a tile of another campaign is in hand),
    LimitReached and Conflict ("held" without an active one, or where none may be held).
    """
    if hold not in (ACTIVE, HELD):
        raise Conflict(f"A tile can be claimed as active or held, not {hold!r}.", field="hold")
    with transaction.atomic():
        one_at_a_time(person)
        mine = in_hand(person)
        _refuse_two_campaigns(mine, campaign)
        rules = queue_rules(campaign)
        if hold == HELD:
            _refuse_ahead_of_nothing(mine, allowed=rules.held)
        if kept := _kept(mine, hold=hold, held=rules.held, now=now):
            return kept
        refuse_beyond_limit(person, campaign, rules)
        return _claim_best(campaign, person, hold=hold, now=now, among=among)


def claim_this(*, task: Task, person: User, now: datetime) -> Reservation | None:
    """Put this open task into `person`'s hands, ahead of the queue's order: work has begun on it
    elsewhere. None where he may not take it, or somebody else has."""
    with transaction.atomic():
        one_at_a_time(person)
        if not Task.objects.claimable(by=person, now=now).filter(pk=task.pk).exists():
            return None
        hold = HELD if in_hand(person)[ACTIVE] else ACTIVE
        return _taken(task.pk, task.campaign, person, hold=hold, now=now)


def heartbeat(*, task: Task, person: User, now: datetime) -> datetime:
    """Lengthen the lease on what `person` works on, and on what is held ahead; the new end.

    The time since the last heartbeat counts as work when it is at most WORK_GAP, else as a pause.
    Works for a review as well. Raises NotYours.
    """
    lease = queue_rules(task.campaign).lease
    with transaction.atomic():
        one_at_a_time(person)
        reservation = live_reservation(task, person)
        if reservation is None or not task.renew(by=person, now=now, lease=lease):
            raise not_yours(task)
        live(person).filter(pk=reservation.pk).update(**worked(reservation, now))
        if reservation.kind == ACTIVE:
            renew_held(person, now=now, lease=lease)
    return now + lease


def extend(*, task: Task, person: User, now: datetime) -> datetime:
    """A heartbeat that the person asked for by name: it leaves a trace. Raises NotYours."""
    with transaction.atomic():
        ends = heartbeat(task=task, person=person, now=now)
        record(Event.Verb.EXTENDED, task, campaign=task.campaign, who=person, now=now)
    return ends


def release(*, task: Task, person: User, now: datetime) -> Task:
    """Give a tile back, or a review up; the task, as it was before the claim. Raises NotYours."""
    with transaction.atomic():
        one_at_a_time(person)
        spell = live_reservation(task, person)
        if spell is None or not task.leave(
            by=person, to=spell.returns_to, out_of=_while_held(spell)
        ):
            raise not_yours(task)
        end(spell, how=Reservation.How.RELEASED, now=now)
        record(Event.Verb.RELEASED, task, campaign=task.campaign, who=person, now=now)
        follow(task, now=now)
    task.refresh_from_db()
    return task


def _refuse_two_campaigns(mine: InHand, campaign: Campaign) -> None:
    for reservation in (*mine[ACTIVE], *mine[HELD]):
        if reservation.task.campaign_id != campaign.pk:
            other = reservation.task.campaign
            raise AlreadyHolding(
                f"You have a tile of campaign {other.slug} ({other.name}) in hand.",
                field="campaign",
                help="Submit it or give it back first.",
            )


def _refuse_ahead_of_nothing(mine: InHand, *, allowed: int) -> None:
    if not mine[ACTIVE]:
        raise Conflict("Nothing is in hand yet.", field="hold", help="Claim an active tile.")
    if not allowed:
        raise Conflict(
            "In this campaign no tile is held ahead.", field="hold", help="Submit, then claim."
        )


def _kept(mine: InHand, *, hold: str, held: int, now: datetime) -> Reservation | None:
    """What is in hand already, with a fresh lease; None: take another."""
    if hold == HELD and len(mine[HELD]) < held:
        return None
    wanted = mine[ACTIVE] + mine[HELD] if hold == ACTIVE else mine[HELD]
    return next((each for each in wanted if keep(each, kind=hold, now=now)), None)


def _claim_best(
    campaign: Campaign, person: User, *, hold: str, now: datetime, among: Collection[int] | None
) -> Reservation:
    switched = True
    while switched:
        for found in waiting_for(campaign, person, now=now):
            if among is not None and found not in among:
                continue
            if reservation := _taken(found, campaign, person, hold=hold, now=now):
                return reservation
        # A round may have switched the ranking meanwhile: then what it opened is served.
        in_force = Campaign.objects.values_list("ranking", flat=True).get(pk=campaign.pk)
        switched = in_force != campaign.ranking_id
    raise QueueEmpty("No tile is waiting.", help=why_empty(campaign, person, now=now))


def _taken(
    found: int, campaign: Campaign, person: User, *, hold: str, now: datetime
) -> Reservation | None:
    """The task reserved and written down; None if somebody else got there first."""
    # Read before it is locked: others wait only for what is written.
    task = with_tile(found, campaign)
    lease = queue_rules(campaign).lease
    if not task.reserve(by=person, now=now, lease=lease):
        return None
    past = _past.one(task=task.pk, person=person.pk)
    assignment = _assign(task, person, past)
    if assignment is None:
        # Another copy was kept from this person just now; claimable() leaves this one out next.
        task.leave(by=person, to=Task.State.OPEN)
        return None
    task.state, task.holder, task.lease_ends = Task.State.RESERVED, person, now + lease
    reservation = Reservation.objects.create(
        task=task,
        n=past["n"] + 1,
        person=person,
        assignment_id=assignment,
        kind=hold,
        slot=_free_slot(person, hold),
        returns_to=Task.State.OPEN,
        started=now,
        heartbeat=now,
    )
    record(Event.Verb.CLAIMED, task, campaign=campaign, who=person, now=now, hold=hold)
    if not past["mine"]:
        even_out(task=task, person=person)
    follow(task, now=now)
    return reservation


@prepared
def _past(task: int, person: int) -> QuerySet[Task, dict[str, Any]]:
    """Of a task: its spells so far, whether any was the person's, and the blind copy of its
    acquisition that he works on."""
    spells = Reservation.objects.filter(task=OuterRef("pk"))
    copy = Assignment.objects.filter(
        campaign=OuterRef("campaign"), acquisition=OuterRef("acquisition"), person=person
    )
    told: dict[str, Any] = {
        "n": Coalesce(Subquery(spells.order_by("-n").values("n")[:1]), 0),
        "mine": Exists(spells.filter(person=person)),
    }
    for name in ("pk", "root", "root__state"):
        told[f"copy_{name}"] = Subquery(copy.values(name)[:1])
    return Task.objects.filter(pk=task).values(**told)


def _free_slot(person: User, kind: str) -> int:
    if kind == ACTIVE:
        return 0
    taken = {each.slot for each in in_hand(person)[kind]}
    return next(slot for slot in range(len(taken) + 1) if slot not in taken)


def _assign(task: Task, person: User, past: dict[str, Any]) -> int | None:
    """Id of the person's Assignment to this copy; None where he has another one."""
    chain = task.root_id or task.pk
    if past["copy_root"] == chain:
        return past["copy_pk"]
    if past["copy_root__state"] == Task.State.SUPERSEDED:
        # A round superseded that copy before it was labelled: this one takes its place.
        Assignment.objects.filter(pk=past["copy_pk"]).update(root=chain)
        return past["copy_pk"]
    if past["copy_pk"]:
        return None
    return insert(
        Assignment(
            campaign_id=task.campaign_id,
            acquisition_id=task.acquisition_id,
            person_id=person.pk,
            root_id=chain,
        )
    )


def _while_held(spell: Reservation) -> str:
    """The state of a task during a spell of this kind."""
    reviewing = spell.kind == Reservation.Kind.REVIEW
    return (Task.State.IN_REVIEW if reviewing else Task.State.RESERVED).value
