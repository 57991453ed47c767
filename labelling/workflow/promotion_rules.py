"""What a campaign's lead may set about promotion, and what holds otherwise."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from labelling.errors import BadInput
from labelling.models import Campaign, Event, record
from labelling.workflow.rules import check_range, check_whole, merged, refuse_unknown, wrong


@dataclass(frozen=True)
class PromotionRules:
    """Read from Campaign.promotion; every field may be left out."""

    margin: float = 0.02
    """0…1: IoU that a candidate may lose in a class. Two fits to the same labels with other dice
    differed by 0.01 to 0.015 in the pilot on synthetic tiles: less would hold back for bad luck."""
    margins: Mapping[str, float] = field(default_factory=dict)
    """{class name: margin} where a class has one of its own."""
    unjudged: tuple[str, ...] = ()
    """Names of classes that decide nothing; such as one that the validation places don't have."""
    level: float = 0.95
    """0.5…0.999: coverage of the interval whose lower end is held against the margin."""
    least_scenes: int = 6
    """1…1000: validation scenes that must hold a class. With fewer than 6 the exchange of scenes
    can't reach 2.5 % on one side, which is what the lower end of a 95 % interval claims."""
    reference_scenes: int = 10
    """0…1000: scenes of the reference sample, in validation places, that must hold a class. Between
    the 6 above and the about 20 from which intervals over scenes are as wide as they should be;
    a probability sample is asked for, so that nobody picked the scenes that decide."""
    ece_tolerance: float = 0.02
    """0…1: calibration error, mean over the classes, that a candidate may add to the champion's."""
    ece_limit: float = 0.1
    """0…1: largest such error of a first champion, whom nobody stands beside."""

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            check_range(f"promotion.{name}", getattr(self, name), low, high)
        for name, (low, high) in COUNTS.items():
            check_whole(f"promotion.{name}", getattr(self, name), low, high)
        for name, value in self.margins.items():
            check_range(f"promotion.margins.{name}", value, 0, 1)

    def margin_of(self, name: str) -> float:
        """IoU that a candidate may lose in the class of this name."""
        return float(self.margins.get(name, self.margin))

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "unjudged": list(self.unjudged)}


RANGES = {
    "margin": (0, 1), "level": (0.5, 0.999), "ece_tolerance": (0, 1), "ece_limit": (0, 1),
}  # fmt: skip
COUNTS = {"least_scenes": (1, 1000), "reference_scenes": (0, 1000)}
"""{field: (smallest, largest)}"""


def promotion_rules(campaign: Campaign) -> PromotionRules:
    """The rules in force. Raises BadInput naming the field that can't be used."""
    return rules_from(campaign.promotion)


def rules_from(given: Mapping[str, Any], classes: Collection[str] | None = None) -> PromotionRules:
    """Raises BadInput for a field that there isn't or a value out of its range.

    `classes`: names that margins and unjudged may name; None: any, since rules outlive a version of
    the classes.
    """
    refuse_unknown(
        given, {each.name for each in fields(PromotionRules)}, "promotion", "promotion setting"
    )
    margins, unjudged = given.get("margins", {}), given.get("unjudged", ())
    if not isinstance(margins, Mapping):
        raise wrong("promotion.margins", margins, 'an object such as {"shadow": 0.05}')
    if not isinstance(unjudged, (list, tuple)) or not all(isinstance(n, str) for n in unjudged):
        raise wrong("promotion.unjudged", unjudged, 'a list of class names, such as ["snow"]')
    for where, names in (("margins", margins), ("unjudged", unjudged)):
        _check_names(where, names, classes)
    return PromotionRules(**{**given, "margins": dict(margins), "unjudged": tuple(unjudged)})


@transaction.atomic
def change_rules(
    campaign: Campaign, *, promotion: Mapping[str, Any], who: User | None, now: datetime
) -> PromotionRules:
    """Set what is named; null sets it back to its default. The rules from now on.

    Raises BadInput naming the field, with nothing changed.
    """
    current = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    wanted = merged(current.promotion, promotion)
    rules = rules_from(wanted, class_names(current))
    Campaign.objects.filter(pk=campaign.pk).update(promotion=wanted)
    campaign.promotion = wanted
    record(Event.Verb.CHANGED, campaign, campaign=campaign, who=who, now=now, promotion=wanted)
    return rules


def class_names(campaign: Campaign) -> list[str]:
    return [each["name"] for each in campaign.schema.classes] if campaign.schema else []


def _check_names(where: str, names: Collection[str], classes: Collection[str] | None) -> None:
    strange = [] if classes is None else [name for name in names if name not in classes]
    if classes is not None and strange:
        raise BadInput(
            f"promotion.{where} names {strange[0]!r}, which is no class of the campaign.",
            field=f"promotion.{where}",
            help=f"Its classes: {', '.join(classes)}.",
        )
