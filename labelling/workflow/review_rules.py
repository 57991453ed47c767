"""What a campaign's lead may set about checks and review, and what holds otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from labelling.imagery.label_checks import CHECKS, OVERRULABLE, Limits
from labelling.models import Campaign, Event, record
from labelling.workflow.rules import check_range, is_whole, merged, refuse_unknown, wrong

REASONS = {
    "missed_cloud": "Cloud was missed.",
    "missed_thin": "Semi-transparent cloud was missed.",
    "missed_shadow": "Shadow was missed.",
    "not_cloud": "Something that is no cloud was labelled as cloud: snow, sand, a roof.",
    "not_shadow": "Something that is no shadow was labelled as shadow: water, a dark field.",
    "thick_or_thin": "Thick and semi-transparent cloud were mixed up.",
    "borders": "Borders are too coarse, or off.",
    "incomplete": "Parts were left without a label.",
    "careless": "The pre-label was taken over with its mistakes.",
    "other": "Something else; the note says what.",
}
"""{code: in words} of what a label may be rejected for."""
LIMIT_RANGES: dict[str, tuple[float, float]] = {
    "unlabelled_share": (0, 1),
    "sure_share": (0.01, 0.5),
    "shadow_pixels": (1, 100_000),
    "cloud_height": (100, 15_000),
    "nodata_pixels": (0, 100_000),
    "sliver_pixels": (2, 9),
    "slivers": (0, 100_000),
}
"""{limit: (least, most)}"""
WHOLE = frozenset({"shadow_pixels", "cloud_height", "nodata_pixels", "sliver_pixels", "slivers"})


@dataclass(frozen=True)
class ReviewRules:
    """Read from Campaign.review; every field may be left out."""

    rates: tuple[float, ...] = (1.0, 1.0, 0.3, 0.1)
    """0…1 of the labels of annotators of level 0, 1, … that are reviewed; the last one holds for
    all higher levels. The rest is accepted at once. A rework is reviewed always."""
    rework_days: float = 7.0
    """For how long a rejected label waits for its author before others may take it."""
    withdraw_minutes: float = 60.0
    """For how long a submission may be taken back, while no review has opened."""
    limits: Limits = field(default_factory=Limits)
    """From where on the checks of a submission find something."""
    strict: tuple[str, ...] = ()
    """Codes of warnings that count as errors here."""

    def rate(self, level: int) -> float:
        return self.rates[min(level, len(self.rates) - 1)]


def review_rules(campaign: Campaign) -> ReviewRules:
    """The rules in force. Raises BadInput naming the field that can't be used."""
    return rules_from(campaign.review)


def change_rules(
    *, campaign: Campaign, changes: Mapping[str, Any], who: User | None, now: datetime
) -> ReviewRules:
    """Put `changes` into force; null takes a setting back to its default, limits one by one.

    Raises BadInput naming the field that can't be used; then nothing has changed.
    """
    with transaction.atomic():
        kept = Campaign.objects.select_for_update().get(pk=campaign.pk)
        new = _merged(kept.review, changes)
        rules = rules_from(new)
        Campaign.objects.filter(pk=campaign.pk).update(review=new)
        told = {"review": dict(changes), "was": kept.review}
        record(Event.Verb.CHANGED, campaign, campaign=campaign, who=who, now=now, **told)
    campaign.review = new
    return rules


def _merged(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    new = merged(old, changes)
    if isinstance(changes.get("limits"), Mapping):
        new["limits"] = merged(old.get("limits", {}), changes["limits"])
    return new


def rules_from(given: Mapping[str, Any]) -> ReviewRules:
    """Raises BadInput for a field that there isn't or a value out of its range."""
    refuse_unknown(given, {each.name for each in fields(ReviewRules)}, "review", "review setting")
    rules = ReviewRules()
    if "rates" in given:
        rules = replace(rules, rates=_rates(given["rates"]))
    if "limits" in given:
        rules = replace(rules, limits=_limits(given["limits"]))
    if "strict" in given:
        rules = replace(rules, strict=_strict(given["strict"]))
    for name, most in (("rework_days", 365), ("withdraw_minutes", 7 * 24 * 60)):
        if name in given:
            check_range(f"review.{name}", given[name], 0, most)
            rules = replace(rules, **{name: float(given[name])})
    return rules


def _rates(given: Any) -> tuple[float, ...]:
    if not isinstance(given, (list, tuple)) or not 1 <= len(given) <= 10:
        raise wrong("review.rates", given, "a list of 1 to 10 shares, by level from 0")
    for level, rate in enumerate(given):
        check_range(f"review.rates[{level}]", rate, 0, 1)
    return tuple(map(float, given))


def _limits(given: Any) -> Limits:
    if not isinstance(given, Mapping):
        raise wrong("review.limits", given, "an object of limits by name")
    refuse_unknown(given, LIMIT_RANGES, "review.limits", "limit")
    for name, value in given.items():
        check_range(f"review.limits.{name}", value, *LIMIT_RANGES[name])
        if name in WHOLE and not is_whole(value):
            raise wrong(f"review.limits.{name}", value, "a whole number")
    return Limits(**given)


def _strict(given: Any) -> tuple[str, ...]:
    if not isinstance(given, (list, tuple)) or not all(
        isinstance(name, str) and name in CHECKS for name in given
    ):
        raise wrong("review.strict", given, f"a list of {', '.join(OVERRULABLE)}")
    return tuple(given)
