"""Who changed a campaign's settings last, and when: out of its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labelling.models import Campaign, Event

LOOKED_AT = 500
"""Newest changes that are read: a setting that stayed the same through all of them shows nobody."""
WHOLE = ("queue", "lanes", "quality", "promotion", "picking")
"""Sections whose events hold all that differed from the defaults, not just what was changed."""


@dataclass(frozen=True)
class Changed:
    who: str
    """Username; empty: the workbench or its command line."""
    when: datetime


def last_changes(campaign: Campaign) -> dict[str, Changed]:
    """{setting: who changed it last}; those never changed are left out. One query."""
    found: dict[str, Changed] = {}
    before: dict[str, Any] = {}
    changes = Event.objects.about(campaign).filter(campaign=campaign, verb=Event.Verb.CHANGED)
    newest = changes.select_related("who").order_by("-when", "-id")[:LOOKED_AT]
    for event in reversed(newest):
        by = Changed(event.who.username if event.who else "", event.when)
        found |= dict.fromkeys(_named(event.detail, before), by)
    return found


def _named(detail: Mapping[str, Any], before: dict[str, Any]) -> list[str]:
    """The settings that an event changed; `before` is what held before it, and is brought on."""
    names = list(detail.get("settings", {}))
    if detail.get("what") == "scope":
        detail = {"scope": detail.get("rule", {})}
    elif isinstance(detail.get("review"), Mapping):
        names += _flat("review", detail["review"])
    for section in (*WHOLE, "scope"):
        if section in detail:
            now = _flat(section, detail[section])
            was = before.get(section, {})
            names += [name for name in {*now, *was} if now.get(name) != was.get(name)]
            before[section] = now
    return names


def _flat(section: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """{section.field: value}; the limits of review one by one."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        inner = name == "limits" and isinstance(value, Mapping)
        flat |= _flat(f"{section}.{name}", value) if inner else {f"{section}.{name}": value}
    return flat
