"""A campaign's classes and a project's labels: what belongs to what, and what has drifted apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labelling.adapters.cvat.seen import LabelSeen
from labelling.models import UNSURE, Campaign

UNSURE_NAME, UNSURE_COLOUR = "unsure", "#9a9a9a"
GUIDE_NAME, GUIDE_COLOUR = "draw inside", "#ff2d95"
DRAWABLE = ("any", "mask")
"""Types of labels that a brush can draw."""


@dataclass(frozen=True)
class Wish:
    """A label that the project should have."""

    code: str
    """Of the class; empty: the guide's."""
    name: str
    colour: str

    def as_json(self) -> dict[str, Any]:
        # Any shape: polygons are quicker than the brush where a cloud has straight edges.
        return {"name": self.name, "color": self.colour, "type": "any"}


@dataclass(frozen=True)
class Match:
    """Wishes and labels, put together."""

    labels: Mapping[str, int]
    """{class code: id of its label}"""
    guide: int | None
    missing: Sequence[Wish]
    drift: Sequence[str]
    """What differs, in words."""


def wishes(campaign: Campaign) -> list[Wish]:
    """A label a class, one for what can't be said, and one for guides."""
    classes = campaign.schema.classes if campaign.schema else []
    found = [Wish(str(each["code"]), each["name"], each["colour"].lower()) for each in classes]
    unsure = Wish(str(UNSURE), UNSURE_NAME, UNSURE_COLOUR)
    return [*found, unsure, Wish("", GUIDE_NAME, GUIDE_COLOUR)]


def match(
    campaign: Campaign, there: Sequence[LabelSeen], *, known: Mapping[str, int], guide: int | None
) -> Match:
    """Put together by id where it is known, else by name; by id a label may have been renamed."""
    ids = {label.id: label for label in there}
    names = {label.name: label for label in there}
    labels: dict[str, int] = {}
    missing, drift = [], []
    for wish in wishes(campaign):
        before = known.get(wish.code) if wish.code else guide
        label = ids.get(before or 0) or names.get(wish.name)
        if label is None:
            missing.append(wish)
            continue
        labels[wish.code] = label.id
        drift += _drift(wish, label)
    strangers = sorted(set(ids) - set(labels.values()))
    drift += [f"{ids[each].name!r} is no class here: what it draws is held" for each in strangers]
    drift += [f"{wish.name!r} has no label" for wish in missing if known or there]
    return Match({c: i for c, i in labels.items() if c}, labels.get(""), missing, drift)


def _drift(wish: Wish, label: LabelSeen) -> list[str]:
    found = []
    if label.name != wish.name:
        found.append(f"{wish.name!r} is called {label.name!r}")
    if label.colour != wish.colour:
        found.append(f"{wish.name!r} is {label.colour}, not {wish.colour}")
    if label.type not in DRAWABLE:
        found.append(f"{wish.name!r} takes only a {label.type}: the brush can't draw it")
    return found
