"""What a person's gold tiles say: qualified for harder work, or not what he was any more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from labelling.insights.drift import drift
from labelling.insights.gold import GoldScore, gold_scores_of, means
from labelling.models import Campaign, Event, Membership, record
from labelling.workflow.quality_rules import QualityRules, quality_rules


@transaction.atomic
def take_stock(*, campaign: Campaign, person: User, now: datetime) -> Membership | None:
    """Write the person's gold scores into his membership; None for somebody without a role.

    Reaching the bar raises the level, once: it is never lowered by itself. A drift is reported when
    it begins, to leads, and reported again only after it had gone.
    """
    rows = Membership.objects.select_for_update().filter(campaign=campaign, user=person)
    membership = rows.first()
    if membership is None:
        return None
    rules = quality_rules(campaign)
    scores = gold_scores_of(campaign, [person.pk]).get(person.pk, [])
    told = dict(membership.qualification)
    told["gold"] = standing(scores, rules)
    _qualify(membership, told, rules, now=now)
    _watch(membership, told, scores, rules, now=now)
    membership.qualification = told
    membership.save(update_fields=["qualification", "level"])
    return membership


def standing(scores: list[GoldScore], rules: QualityRules) -> dict[str, Any]:
    """{tiles: all of them; mean and named of the last ones that count for the bar, null where there
    are none; passed: whether they are enough and good enough}."""
    last = scores[-rules.qualify_tiles :]
    values = means(last)
    mean = sum(values) / len(values) if values else None
    named = sum(score.named for score in last) / len(last) if last else None
    return {
        "tiles": len(scores),
        "mean": None if mean is None else round(mean, 4),
        "named": None if named is None else round(named, 4),
        "passed": len(values) >= rules.qualify_tiles
        and mean is not None
        and mean >= rules.qualify_score
        and named is not None
        and named >= rules.qualify_named,
    }


def _qualify(
    membership: Membership, told: dict[str, Any], rules: QualityRules, *, now: datetime
) -> None:
    if not told["gold"]["passed"] or "qualified" in told:
        return
    told["qualified"] = now.isoformat()
    before = membership.level
    membership.level = max(before, rules.qualified_level)
    record(
        Event.Verb.QUALIFIED, membership, campaign=membership.campaign, who=None, now=now,
        person=membership.user.username, level=membership.level, **told["gold"],
    )  # fmt: skip


def _watch(
    membership: Membership,
    told: dict[str, Any],
    scores: list[GoldScore],
    rules: QualityRules,
    *,
    now: datetime,
) -> None:
    values, alarmed = means(scores), told.get("drift")
    found = drift(
        values,
        window=rules.drift_window,
        before=rules.drift_before,
        alpha=rules.drift_alpha,
        baseline=alarmed["baseline"] if alarmed else None,
    )
    if not found.alarm:
        told.pop("drift", None)
    elif not alarmed:
        baseline = len(values) - rules.drift_window
        told["drift"] = {"since": now.isoformat(), "baseline": baseline}
        record(
            Event.Verb.FLAGGED, membership, campaign=membership.campaign, who=None, now=now,
            person=membership.user.username, cause="drift", recent=found.recent,
            earlier=found.before, p=found.p,
        )  # fmt: skip
