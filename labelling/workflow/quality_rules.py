"""What a campaign's lead may set about gold, agreement and pre-labels, and what holds otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from labelling.models import Campaign, Event, record
from labelling.workflow.rules import (
    check_range,
    check_whole,
    is_whole,
    merged,
    refuse_unknown,
    wrong,
)


@dataclass(frozen=True)
class QualityRules:
    """Read from Campaign.quality; every field may be left out."""

    gold_share: float = 0.08
    """0…0.5: share of a person's labels that are on gold tiles."""
    qualify_tiles: int = 5
    """Gold tiles, the person's last ones, that must reach the bar on average."""
    qualify_score: float = 0.8
    """0…1: the bar, as a mean over those tiles of each tile's mean F1."""
    qualify_named: float = 0.9
    """0…1: share of the gold label's pixels that must carry a class, so that saying "unsure"
    everywhere qualifies nobody."""
    qualified_level: int = 2
    """The level a qualified person is raised to."""
    gold_trust: float = 0.9
    """0…1: an imported label below this trust can't be gold."""
    tolerance: int = 2
    """Pixels a class border may be off without counting as wrong."""
    border: int = 2
    """Pixels beside a class border that are left out of the agreement "without border"."""
    together: tuple[int, ...] = (1, 2)
    """Class codes that agreement is also counted for as one: thick and thin cloud."""
    drift_window: int = 8
    """Newest gold tiles of a person that are held against the ones before."""
    drift_before: int = 12
    """Earlier gold tiles that it takes at least."""
    drift_alpha: float = 0.001
    """Chance of a false alarm at one look (insights/drift.py says what that is in the long run)."""
    overlap_share: float = 0.1
    """0…1: share of a round's active tiles that several people label blindly."""
    overlap_labels: int = 2
    """2…5: how many people label such a tile."""
    tie_limit: float = 0.05
    """0…1: share of tied pixels above which a third person settles the tile."""
    plain_share: float = 0.15
    """0…1: share of the active tiles shown without their pre-label."""

    def __post_init__(self) -> None:
        for name in SHARES:
            most = 0.5 if name == "gold_share" else 1
            check_range(f"quality.{name}", getattr(self, name), 0, most)
        for name, (low, high) in COUNTS.items():
            check_whole(f"quality.{name}", getattr(self, name), low, high)
        if not all(is_whole(code) and 0 <= code < 254 for code in self.together):
            raise wrong("quality.together", list(self.together), CODES)


CODES = "a list of class codes, such as [1, 2]"
SHARES = (
    "gold_share", "qualify_score", "qualify_named", "gold_trust", "drift_alpha", "overlap_share",
    "tie_limit", "plain_share",
)  # fmt: skip
COUNTS = {
    "qualify_tiles": (1, 100),
    "qualified_level": (1, 9),
    "tolerance": (0, 20),
    "border": (0, 20),
    "drift_window": (3, 50),
    "drift_before": (3, 200),
    "overlap_labels": (2, 5),
}
"""{field: (smallest, largest)}"""


def quality_rules(campaign: Campaign) -> QualityRules:
    """The rules in force. Raises BadInput naming the field that can't be used."""
    return rules_from(campaign.quality)


def rules_from(given: Mapping[str, Any]) -> QualityRules:
    """Raises BadInput for a field that there isn't or a value out of its range."""
    refuse_unknown(
        given, {each.name for each in fields(QualityRules)}, "quality", "quality setting"
    )
    together = given.get("together", QualityRules.together)
    if not isinstance(together, (list, tuple)):
        raise wrong("quality.together", together, CODES)
    return QualityRules(**{**given, "together": tuple(together)})


@transaction.atomic
def change_rules(
    campaign: Campaign, *, quality: Mapping[str, Any], who: User | None, now: datetime
) -> QualityRules:
    """Set what is named; null sets it back to its default. The rules from now on.

    Raises BadInput naming the field, with nothing changed.
    """
    current = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    wanted = merged(current.quality, quality)
    rules = rules_from(wanted)
    Campaign.objects.filter(pk=campaign.pk).update(quality=wanted)
    campaign.quality = wanted
    record(Event.Verb.CHANGED, campaign, campaign=campaign, who=who, now=now, quality=wanted)
    return rules
