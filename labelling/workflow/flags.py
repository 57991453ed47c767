"""What people say of a tile instead of labelling it, or beside; and what is then done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from labelling.errors import BadInput, Conflict, NotYours
from labelling.models import Event, Flag, Reservation, Task, record
from labelling.workflow.checking import LONGEST_NOTE
from labelling.workflow.spells import (
    end,
    live_reservation,
    not_yours,
    one_at_a_time,
    promote_held,
)

REASONS = {
    Flag.Reason.BAD_IMAGERY: "The picture is broken: stripes, missing bands, a wrong place.",
    Flag.Reason.CANNOT_DECIDE: "It can't be told what is what.",
    Flag.Reason.TECHNICAL: "The workbench failed: something didn't load or didn't work.",
}
"""{code: in words}"""
Outcome = Flag.Outcome


def skip(*, task: Task, person: User, reason: str, now: datetime, note: str = "") -> Flag:
    """Put a tile in hand away, unlabelled, for a reviewer to decide on; the next one comes forward.

    Raises NotYours, and BadInput for a reason that there isn't.
    """
    _check(reason, note)
    with transaction.atomic():
        one_at_a_time(person)
        spell = live_reservation(task, person)
        if spell is None or not task.leave(by=person, to=Task.State.SKIPPED):
            raise not_yours(task)
        end(spell, how=Reservation.How.SKIPPED, now=now)
        flag = _raise_flag(task, person, reason, note, now=now, skipped=True)
        told = {"reason": reason, "note": flag.note, "flag": flag.pk}
        record(Event.Verb.SKIPPED, task, campaign=task.campaign, who=person, now=now, **told)
        promote_held(person, now=now)
    return flag


def flag(*, task: Task, person: User, reason: str, now: datetime, note: str = "") -> Flag:
    """Say something of a tile that one has or had in hand, without putting it away.

    The same said again while nobody has looked at it is one flag. Raises NotYours and BadInput.
    """
    _check(reason, note)
    with transaction.atomic():
        one_at_a_time(person)
        if not task.reservations.filter(person=person).exists():
            raise NotYours("You never had this tile.", help="Flag a tile while you work on it.")
        same = Flag.objects.filter(
            task=task, person=person, reason=reason, note=note.strip(), outcome="", skipped=False
        )
        if said := same.first():
            return said
        raised = _raise_flag(task, person, reason, note, now=now, skipped=False)
        told = {"reason": reason, "note": raised.note, "flag": raised.pk}
        record(Event.Verb.FLAGGED, task, campaign=task.campaign, who=person, now=now, **told)
    return raised


def resolve(*, flag: Flag, outcome: str, by: User, now: datetime, note: str = "") -> Flag:
    """Decide on a flag: `closed` (the tile isn't labelled), `reopened` (somebody else labels it),
    `noted` (nothing changes).

    Raises BadInput for an outcome that there isn't; Conflict when the flag is resolved already, or
    when the tile isn't put away (any more) and so can be neither closed nor reopened.
    """
    if outcome not in Outcome.values:
        known = ", ".join(Outcome.values)
        raise BadInput(f"There is no outcome {outcome[:40]!r}.", field="outcome", help=known)
    _check_note(note)
    with transaction.atomic():
        changed = Flag.objects.filter(pk=flag.pk, outcome="").update(
            outcome=outcome, resolved_by=by, resolved=now
        )
        flag.refresh_from_db()
        if not changed:
            raise _resolved(flag)
        _carry_out(flag, outcome)
        told = {"outcome": outcome, "reason": flag.reason, "flag": flag.pk, "note": note.strip()}
        task = flag.task
        record(Event.Verb.RESOLVED, task, campaign=task.campaign, who=by, now=now, **told)
        if outcome == Outcome.REOPENED:
            record(Event.Verb.REOPENED, task, campaign=task.campaign, who=by, now=now)
    return flag


def _raise_flag(
    task: Task, person: User, reason: str, note: str, *, now: datetime, skipped: bool
) -> Flag:
    return Flag.objects.create(
        task=task, person=person, reason=reason, note=note.strip(), created=now, skipped=skipped
    )


def _carry_out(flag: Flag, outcome: str) -> None:
    if outcome == Outcome.NOTED:
        if flag.skipped and flag.task.state == Task.State.SKIPPED:
            raise Conflict(
                "This tile is put away: noting the flag would leave it there for ever.",
                field="outcome",
                help="Close it, or reopen it for somebody else.",
            )
        return
    changes: dict[str, Any] = {"state": Task.State.CLOSED}
    if outcome == Outcome.REOPENED:
        # Whoever it was kept for may be the one who skipped it, and never gets it again.
        changes = {"state": Task.State.OPEN, "meant_for": None, "meant_until": None}
    if Task.objects.filter(pk=flag.task_id, state=Task.State.SKIPPED).update(**changes):
        flag.task.refresh_from_db()
        return
    flag.task.refresh_from_db()
    state = flag.task.get_state_display().lower()
    raise Conflict(
        f"This tile is {state}, not skipped: it can't be {outcome}.",
        field="outcome",
        help="Mark the flag as noted. A label that looks wrong goes to the re-review lane.",
    )


def _check(reason: str, note: str) -> None:
    if reason not in Flag.Reason.values:
        raise BadInput(
            f"There is no reason {reason[:40]!r}.",
            field="reason",
            help=f"There is: {', '.join(Flag.Reason.values)}.",
        )
    _check_note(note)


def _check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE or "\0" in note:
        raise BadInput(
            f"A note has at most {LONGEST_NOTE} characters, none of them null.", field="note"
        )


def _resolved(flag: Flag) -> Conflict:
    who = flag.resolved_by.username if flag.resolved_by else "somebody"
    return Conflict(
        f"{who} has resolved this flag already: {flag.outcome}.",
        field="flag",
        help="Load the list again.",
    )
