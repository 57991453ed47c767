"""Who has which tile in hand: claim, heartbeat, release, and the sweep of leases that ran out.

Locks are taken in one order: the person, then a task, then that task's reservation. The sweep takes
one task at a time and no person. So nobody waits in a circle.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from labelling.errors import AlreadyHolding, Conflict, NotYours, QueueEmpty
from labelling.models import (
    LEASE,
    Assignment,
    Campaign,
    CampaignTile,
    Event,
    Reservation,
    Task,
    record,
)
from labelling.models.task import TaskQuerySet
from labelling.workflow.emptiness import why_empty
from labelling.workflow.pool import allowed_scopes

WORK_GAP = timedelta(minutes=2)
"""Heartbeats further apart than this had a pause between them, which isn't counted as work."""

ACTIVE, HELD = Reservation.Kind.ACTIVE, Reservation.Kind.HELD


def claim_next(
    *, campaign: Campaign, person: User, now: datetime, hold: str = "active"
) -> Reservation:
    """Put the highest-ranked waiting tile into `person`'s hands, or return what is there already.

    `hold` is "active" for the tile to work on, "held" for one ahead. Whoever asks again gets the
    same tile with a fresh lease; asking for an active one promotes the held one, if there is one.

    Order: a claim takes the best open task by a conditional UPDATE and asks for the next best when
    it comes too late. PostgreSQL lets the UPDATE wait for whoever is taking that row, so a row is
    passed over only once its claim is committed; skipping locked rows would pass over one whose
    claim is then rolled back. SQLite runs one claim at a time. Either way a claim that begins after
    another has ended never gets a better rank, unless a tile came back in between.

    Raises QueueEmpty (its help says why), AlreadyHolding (a tile of another campaign is in hand)
    and Conflict ("held" without an active one).
    """
    if hold not in Reservation.Kind.values:
        raise Conflict(f"A tile can be claimed as active or held, not {hold!r}.", field="hold")
    with transaction.atomic():
        one_at_a_time(person)
        in_hand = _in_hand(person)
        _refuse_two_campaigns(in_hand, campaign)
        if hold == HELD and ACTIVE not in in_hand:
            raise Conflict("Nothing is in hand yet.", field="hold", help="Claim an active tile.")
        for wanted in (in_hand.get(hold), in_hand.get(HELD)):
            if wanted and _keep(wanted, kind=hold, now=now):
                return wanted
        return _claim_best(campaign, person, hold=hold, now=now)


def heartbeat(*, task: Task, person: User, now: datetime) -> datetime:
    """Lengthen the lease on what `person` works on, and on what is held ahead; the new end.

    The time since the last heartbeat counts as work when it is at most WORK_GAP. Raises NotYours.
    """
    with transaction.atomic():
        one_at_a_time(person)
        reservation = live_reservation(task, person)
        if reservation is None or not task.renew(by=person, now=now):
            raise not_yours(task)
        _live(person).filter(pk=reservation.pk).update(**_worked(reservation, now))
        if reservation.kind == ACTIVE:
            _renew_held(person, now)
    return now + LEASE


def release(*, task: Task, person: User, now: datetime) -> Task:
    """Give a tile back; the task, as it was before the claim. Raises NotYours."""
    with transaction.atomic():
        one_at_a_time(person)
        reservation = live_reservation(task, person)
        if reservation is None or not task.leave(by=person, to=reservation.returns_to):
            raise not_yours(task)
        end(reservation, how=Reservation.How.RELEASED, now=now)
        record(Event.Verb.RELEASED, task, campaign=task.campaign, who=person, now=now)
    task.refresh_from_db()
    return task


def return_expired(*, now: datetime) -> int:
    """Return every task whose lease ran out to the state it had before its claim; how many."""
    expired = Task.objects.expired(now=now).select_related("campaign").order_by("pk")
    return sum(_return(task, now) for task in expired)


def one_at_a_time(person: User) -> None:
    """Let what else this person asks for wait until the surrounding transaction ends."""
    list(User.objects.select_for_update(no_key=True).filter(pk=person.pk).values_list("pk"))


def live_reservation(task: Task, person: User) -> Reservation | None:
    return _live(person).filter(task=task).first()


def end(reservation: Reservation, *, how: str, now: datetime) -> None:
    """Close a spell, with the work since its last heartbeat."""
    worked = _worked(reservation, now)
    Reservation.objects.filter(pk=reservation.pk, ended__isnull=True).update(
        ended=now, how=how, **worked
    )


def promote_held(person: User, *, now: datetime) -> None:
    """Make the tile that is held ahead the active one; nothing happens where there is none."""
    in_hand = _in_hand(person)
    if HELD in in_hand and ACTIVE not in in_hand:
        _keep(in_hand[HELD], kind=ACTIVE, now=now)


def not_yours(task: Task) -> NotYours:
    return NotYours(
        f"You don't hold this tile: it is {task.get_state_display().lower()}.",
        help="Take the next tile. A finished label can still be submitted while nobody else has "
        "taken the tile.",
    )


def _in_hand(person: User) -> dict[str, Reservation]:
    live = _live(person).select_related("task__campaign", "assignment")
    return {reservation.kind: reservation for reservation in live}


def _live(person: User) -> QuerySet[Reservation]:
    return Reservation.objects.filter(person=person, ended__isnull=True)


def _refuse_two_campaigns(in_hand: dict[str, Reservation], campaign: Campaign) -> None:
    for reservation in in_hand.values():
        if reservation.task.campaign_id != campaign.pk:
            other = reservation.task.campaign
            raise AlreadyHolding(
                f"You have a tile of campaign {other.slug} ({other.name}) in hand.",
                field="campaign",
                help="Submit it or give it back first.",
            )


def _keep(reservation: Reservation, *, kind: str, now: datetime) -> bool:
    """Give a live reservation a fresh lease, as `kind`; False if the sweep got there first."""
    kept = Task.objects.filter(
        pk=reservation.task_id, state=Task.State.RESERVED, holder=reservation.person_id
    ).update(lease_ends=now + LEASE)
    if kept and reservation.kind != kind:
        reservation.kind, reservation.heartbeat = kind, now
        reservation.save(update_fields=["kind", "heartbeat"])
    reservation.task.refresh_from_db()
    return kept == 1


def _claim_best(campaign: Campaign, person: User, *, hold: str, now: datetime) -> Reservation:
    while task := _best(campaign, person):
        try:
            with transaction.atomic():
                if task.reserve(by=person, now=now):
                    return _reserve(task, person, hold=hold, now=now)
        except IntegrityError:
            # Another copy was given to this person just now; claimable() leaves this one out next.
            if Task.objects.claimable(by=person).filter(pk=task.pk).exists():
                raise
    raise QueueEmpty("No tile is waiting.", help=why_empty(campaign, person, _servable(campaign)))


def _best(campaign: Campaign, person: User) -> Task | None:
    # Read each time: a round may switch the ranking while this claim goes on.
    ranking = Campaign.objects.values_list("ranking", flat=True).get(pk=campaign.pk)
    waiting = _servable(campaign).select_related("campaign", "acquisition")
    return waiting.claimable(by=person).by_rank(ranking).first()


def _servable(campaign: Campaign) -> TaskQuerySet:
    """The campaign's tasks whose tile is in scope and not kept back."""
    enrolled = CampaignTile.objects.filter(
        campaign=campaign, tile=OuterRef("tile"), fence="", scope__in=allowed_scopes(campaign)
    )
    return Task.objects.of(campaign).filter(Exists(enrolled))


def _reserve(task: Task, person: User, *, hold: str, now: datetime) -> Reservation:
    """Write down a task just reserved. Raises IntegrityError for a second blind copy."""
    reservation = Reservation.objects.create(
        task=task,
        n=task.reservations.count() + 1,
        person=person,
        assignment=_assign(task, person),
        kind=hold,
        returns_to=task.state,
        started=now,
        heartbeat=now,
    )
    record(Event.Verb.CLAIMED, task, campaign=task.campaign, who=person, now=now, hold=hold)
    task.refresh_from_db()
    return reservation


def _assign(task: Task, person: User) -> Assignment:
    whose = {"campaign": task.campaign, "acquisition": task.acquisition, "person": person}
    mine = Assignment.objects.filter(**whose).select_related("root").first()
    if mine and mine.root.state == Task.State.SUPERSEDED:
        # A round superseded that copy before it was labelled: this one takes its place.
        mine.root_id = task.chain
        mine.save(update_fields=["root"])
    if mine and mine.root_id == task.chain:
        return mine
    return Assignment.objects.create(**whose, root_id=task.chain)


def _renew_held(person: User, now: datetime) -> None:
    # Whoever works longer than a lease on one tile finds the next one still waiting.
    held = _live(person).filter(kind=HELD).values("task")
    Task.objects.filter(pk__in=held, holder=person, lease_ends__gte=now).update(
        lease_ends=now + LEASE
    )


def _worked(reservation: Reservation, now: datetime) -> dict[str, object]:
    gap = now - reservation.heartbeat
    counts = reservation.kind == ACTIVE and timedelta(0) < gap <= WORK_GAP
    seconds = round(gap.total_seconds()) if counts else 0
    return {"heartbeat": now, "active_seconds": F("active_seconds") + seconds}


@transaction.atomic
def _return(task: Task, now: datetime) -> bool:
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
    return True
