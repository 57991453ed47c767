"""Change a campaign's classes: by a new version, with what becomes of each class of the old one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from labelling.errors import BadInput, Conflict
from labelling.models import (
    HIGHEST_CODE,
    Campaign,
    ClassSchema,
    Event,
    Job,
    Round,
    Task,
    record,
)
from labelling.workflow.founding import checked_classes
from labelling.workflow.relabelling import (
    check_reopen,
    pending,
    send_migration,
    unfinished_migration,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User

COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
KEYS = ("code", "name", "colour", "hotkey", "priority")
WAITING = (Task.State.OPEN, Task.State.RESERVED)


@dataclass(frozen=True)
class Change:
    """What a new version makes of the old one's classes."""

    of: ClassSchema
    """The version that it changes."""
    classes: list[dict[str, Any]]
    mapping: dict[str, int | None]
    """{old code: new code, or null: such pixels are not labelled any more}; each old code once."""
    told: list[str]
    """What becomes of each class, a line each, for a person."""

    @property
    def moves(self) -> bool:
        """Whether a mask with the old codes says something else now, or nothing."""
        return any(int(old) != new for old, new in self.mapping.items())


def plan_change(schema: ClassSchema, classes: Any, mapping: Mapping[str, Any]) -> Change:
    """Check a change of the classes. An old code that isn't mapped stays, if it is still a class.

    A class that is split maps to null, and its pixels need work; or to one of its parts. Raises
    BadInput naming the class or code that is wrong; Conflict where nothing would change.
    """
    new = check_classes(classes)
    whole = whole_mapping(schema, new, mapping)
    if new == schema.classes and all(int(old) == code for old, code in whole.items()):
        raise Conflict(f"These are the classes of version {schema.version}.", field="classes")
    told = [line(each, whole, new) for each in schema.classes] + added(schema, new)
    return Change(schema, new, whole, told)


def check_classes(classes: Any) -> list[dict[str, Any]]:
    """The classes, whole. Raises BadInput naming the class and what is wrong with it."""
    whole = checked_classes(classes)
    for each in whole:
        _check_values(each)
    _give_free_hotkeys(whole, [each for each in classes if "hotkey" not in each])
    keys = [each["hotkey"].lower() for each in whole if each["hotkey"]]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise BadInput(f"The hotkey {twice[0]!r} is given twice.", field="classes.hotkey")
    return whole


def _give_free_hotkeys(whole: list[dict[str, Any]], without: list[dict[str, Any]]) -> None:
    """The classes that were given `without` a hotkey get digits that no other has, or none."""
    codes = {each["code"] for each in without}
    free = [key for key in "123456789" if all(
        each["hotkey"] != key for each in whole if each["code"] not in codes
    )]  # fmt: skip
    for each in whole:
        if each["code"] in codes:
            each["hotkey"] = free.pop(0) if free else ""


def _check_values(each: dict[str, Any]) -> None:
    name = each["name"]
    if unknown := sorted(set(each) - set(KEYS)):
        raise BadInput(
            f"Class {name!r} has {unknown[0]!r}; a class has {', '.join(KEYS)}.",
            field=f"classes.{unknown[0]}",
        )
    if each["code"] > HIGHEST_CODE:
        raise BadInput(
            f"The code of class {name!r} must be at most {HIGHEST_CODE}, not {each['code']}.",
            field="classes.code",
        )
    if not isinstance(each["colour"], str) or not COLOUR.fullmatch(each["colour"]):
        raise BadInput(
            f"The colour of class {name!r} must be such as #3b7d4f, not {each['colour']!r}.",
            field="classes.colour",
        )
    hotkey = each["hotkey"]
    if not isinstance(hotkey, str) or len(hotkey) > 1 or not hotkey.isprintable():
        raise BadInput(
            f"The hotkey of class {name!r} must be one character or none, not {hotkey!r}.",
            field="classes.hotkey",
        )
    if type(each["priority"]) is not int:
        raise BadInput(
            f"The priority of class {name!r} must be a whole number, not {each['priority']!r}.",
            field="classes.priority",
        )


def whole_mapping(
    schema: ClassSchema, new: Sequence[dict[str, Any]], given: Mapping[str, Any]
) -> dict[str, int | None]:
    """What becomes of every old code. Raises BadInput naming the code."""
    if not isinstance(given, Mapping):
        raise BadInput(f"A mapping is an object of codes, not {given!r}.", field="mapping")
    old, codes = {str(code) for code in schema.codes}, {each["code"] for each in new}
    if unknown := sorted(set(given) - old):
        raise BadInput(
            f"Version {schema.version} has no class with code {unknown[0]}.",
            field=f"mapping.{unknown[0]}",
        )
    whole: dict[str, int | None] = {}
    for code in schema.codes:
        target = given.get(str(code), code)
        if str(code) not in given and code not in codes:
            raise BadInput(
                f"Code {code} is a class no more: say what becomes of its pixels.",
                field=f"mapping.{code}",
                help="Give one of the new codes, or null: they are not labelled any more.",
            )
        if target is not None and (type(target) is not int or target not in codes):
            raise BadInput(
                f"Code {code} can't become {target!r}: that is no new class.",
                field=f"mapping.{code}",
                help=f"Give one of {', '.join(map(str, sorted(codes)))}, or null.",
            )
        whole[str(code)] = target
    return whole


def line(
    each: dict[str, Any], mapping: Mapping[str, int | None], new: Sequence[dict[str, Any]]
) -> str:
    target = mapping[str(each["code"])]
    if target is None:
        return f"{each['code']} {each['name']} → not labelled: these pixels need work"
    name = next(one["name"] for one in new if one["code"] == target)
    same = target == each["code"] and name == each["name"]
    return f"{each['code']} {each['name']}" + (" stays" if same else f" → {target} {name}")


def added(schema: ClassSchema, new: Sequence[dict[str, Any]]) -> list[str]:
    return [f"{one['code']} {one['name']} is new" for one in new if one["code"] not in schema.codes]


def change_schema(
    *,
    campaign: Campaign,
    change: Change,
    by: User | None,
    now: datetime,
    reopen: str = "",
    send: bool = True,
) -> tuple[ClassSchema, Job]:
    """Put a planned change of the classes in force, and have the labels migrated to it by a job.

    `reopen` is a lane, rework or rereview, in which tiles that lose labelled pixels are opened
    again; empty: none. Labels in hand under the old version are answered with Conflict when they
    are submitted. Tasks that wait lose their pre-label where its codes mean something else now.
    Without `send` the caller does the job itself.

    Raises BadInput (reopen); Conflict while a round or a migration is unfinished, while labels of
    an earlier migration are left, or where somebody else has changed the classes meanwhile.
    """
    old = change.of
    check_reopen(reopen)
    check_at_rest(campaign, old)
    with transaction.atomic():
        made = _switch(campaign, old, change)
        dropped = _drop_prelabels(campaign) if change.moves else 0
        record(
            Event.Verb.CHANGED, made, campaign=campaign, who=by, now=now, of=old.version,
            version=made.version, mapping=change.mapping, reopen=reopen, prelabels_dropped=dropped,
        )  # fmt: skip
        job = send_migration(made, reopen=reopen, by=by, now=now, send=send)
    return made, job


def classes_in_force(campaign: Campaign) -> ClassSchema:
    """Raises BadInput where the campaign has none."""
    if campaign.schema is None:
        raise BadInput(f"Campaign {campaign.slug} has no classes.", field="schema")
    return campaign.schema


def check_at_rest(campaign: Campaign, schema: ClassSchema) -> None:
    """Raises Conflict where a change now would tear something apart."""
    running = campaign.rounds.filter(state__in=[Round.State.PLANNED, Round.State.RUNNING]).first()
    if running:
        raise Conflict(
            f"Round {running.n} is under way with the classes in force.",
            help="Wait until it is done, or cancel it.",
        )
    if unfinished_migration(campaign):
        raise Conflict(
            "Labels are still being migrated to the classes in force.",
            help="Wait until that is done; `schema show` tells how far it is.",
        )
    if left := pending(schema).count():
        raise Conflict(
            f"{left} labels were not migrated to the classes in force.",
            help="Run `schema migrate` first.",
        )


def _switch(campaign: Campaign, old: ClassSchema, change: Change) -> ClassSchema:
    # Locked, so that two changes at once number themselves one after the other.
    Campaign.objects.select_for_update().get(pk=campaign.pk)
    last = campaign.schemas.order_by("-version").values_list("version", flat=True).first() or 0
    made = ClassSchema.objects.create(
        campaign=campaign,
        version=last + 1,
        classes=change.classes,
        parent=old,
        mapping=change.mapping,
    )
    if not Campaign.objects.filter(pk=campaign.pk, schema=old).update(schema=made):
        raise Conflict("Somebody else has changed the classes just now.", field="classes")
    campaign.schema = made
    return made


def _drop_prelabels(campaign: Campaign) -> int:
    waiting = Task.objects.of(campaign).filter(state__in=WAITING, prelabel__isnull=False)
    return waiting.update(prelabel=None)
