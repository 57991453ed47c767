"""What a person has in hand, and how long he worked on it.

Locks are taken in one order: the person, then a task, then that task's reservation. The sweep takes
one task at a time and no person. So nobody waits in a circle.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import F, QuerySet

from labelling.errors import NotYours
from labelling.models import Campaign, Reservation, Task, Tile
from labelling.models.prepared import prepared
from labelling.workflow.queue_rules import queue_rules

WORK_GAP = timedelta(minutes=2)
"""Heartbeats further apart than this had a pause between them, which isn't counted as work."""

ACTIVE, HELD = Reservation.Kind.ACTIVE, Reservation.Kind.HELD


def one_at_a_time(person: User) -> None:
    """Let what else this person asks for wait until the surrounding transaction ends."""
    _locked(person=person.pk)


@prepared
def _locked(person: int) -> QuerySet[User, int]:
    rows = User.objects.select_for_update(no_key=True).filter(pk=person)
    return rows.values_list("pk", flat=True)


def live(person: User) -> QuerySet[Reservation]:
    return Reservation.objects.filter(person=person, ended__isnull=True)


def live_reservation(task: Task, person: User) -> Reservation | None:
    return live(person).filter(task=task).first()


def in_hand(person: User) -> dict[str, list[Reservation]]:
    """{kind: reservations, the first taken first} of what `person` has to label."""
    found: dict[str, list[Reservation]] = {ACTIVE.value: [], HELD.value: []}
    for reservation in _in_hand(person=person.pk):
        found[reservation.kind].append(reservation)
    return found


@prepared
def _in_hand(person: int) -> QuerySet[Reservation]:
    mine = Reservation.objects.filter(
        person=person, ended__isnull=True, kind__in=[ACTIVE, HELD]
    ).select_related("task__campaign")
    return mine.order_by("started", "pk")


def with_tile(task: int, campaign: Campaign) -> Task:
    """The task with this id, one of `campaign`, and all that the answer to a claim tells of it.

    Two queries: PostgreSQL plans one join of all these tables for longer than it runs it.
    """
    found = _task.one(task=task)
    found.tile = _tile.one(tile=found.tile_id)
    found.acquisition, found.campaign = found.tile.acquisition, campaign
    return found


@prepared
def _task(task: int) -> QuerySet[Task]:
    return Task.objects.select_related("prelabel", "guidance").filter(pk=task)


@prepared
def _tile(tile: int) -> QuerySet[Tile]:
    return Tile.objects.select_related("scene", "acquisition__place").filter(pk=tile)


def keep(reservation: Reservation, *, kind: str, now: datetime) -> bool:
    """Give a live reservation a fresh lease, as `kind`; False if the sweep got there first."""
    lease_ends = now + queue_rules(reservation.task.campaign).lease
    kept = Task.objects.filter(
        pk=reservation.task_id, state=Task.State.RESERVED, holder=reservation.person_id
    ).update(lease_ends=lease_ends)
    if kept and reservation.kind != kind:
        reservation.kind, reservation.slot, reservation.heartbeat = kind, 0, now
        reservation.save(update_fields=["kind", "slot", "heartbeat"])
    if kept:
        reservation.task.lease_ends = lease_ends
    return kept == 1


def renew_held(person: User, *, now: datetime, lease: timedelta) -> None:
    """Whoever works longer than a lease on one tile finds the next one still waiting."""
    held = live(person).filter(kind=HELD).values("task")
    Task.objects.filter(pk__in=held, holder=person, lease_ends__gte=now).update(
        lease_ends=now + lease
    )


def promote_held(person: User, *, now: datetime) -> None:
    """Make the tile that is held ahead the active one; nothing happens where there is none."""
    mine = in_hand(person)
    if mine[HELD] and not mine[ACTIVE]:
        keep(mine[HELD][0], kind=ACTIVE, now=now)


def end(reservation: Reservation, *, how: str, now: datetime) -> None:
    """Close a spell, with the work since its last heartbeat."""
    Reservation.objects.filter(pk=reservation.pk, ended__isnull=True).update(
        ended=now, how=how, **worked(reservation, now)
    )


def worked(reservation: Reservation, now: datetime) -> dict[str, object]:
    """What an update writes of the time since the last heartbeat: work if it was at most WORK_GAP,
    else a pause. On a tile held ahead neither is counted."""
    gap = now - reservation.heartbeat
    if reservation.kind == HELD or gap <= timedelta(0):
        return {"heartbeat": now}
    column = "active_seconds" if gap <= WORK_GAP else "idle_seconds"
    return {"heartbeat": now, column: F(column) + round(gap.total_seconds())}


def not_yours(task: Task) -> NotYours:
    return NotYours(
        f"You don't hold this tile: it is {task.get_state_display().lower()}.",
        help="Take the next tile. A finished label can still be submitted while nobody else has "
        "taken the tile.",
    )
