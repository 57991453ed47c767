"""The settings of a campaign all together: read, and changed without treading on another lead."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, Conflict
from labelling.models import Campaign, Event, record
from labelling.workflow import (
    picking_rules,
    promotion_rules,
    quality_rules,
    queue_rules,
    review_rules,
)
from labelling.workflow.rounds import check_plan
from labelling.workflow.rules import merged, wrong
from labelling.workflow.scope import change_scope
from labelling.workflow.settings_table import OWN, SETTINGS, check_number

Values = dict[str, Any]
MODEL_DEFAULTS = {"strategy": "auto", "batch_size": 20}
SCOPE_DEFAULTS: Values = {"scope.months": [], "scope.land_share": 0.0, "scope.allow_unknown": True}


@dataclass(frozen=True)
class Change:
    name: str
    was: Any
    """What the person saw."""
    value: Any
    """null: back to the default."""


def values_of(campaign: Campaign) -> Values:
    """{setting: value in force}, as JSON has them. No query beyond the campaign's row."""
    return _plain(
        {
            "strategy": campaign.strategy,
            "batch_size": campaign.batch_size,
            "targets.tiles": campaign.targets.get("tiles"),
            "targets.date": campaign.targets.get("date"),
            **SCOPE_DEFAULTS,
            **{name: value for name, value in _under("scope", campaign.scope).items()
               if name in SETTINGS},
            **_of_rules(
                queue_rules.queue_rules(campaign),
                review_rules.review_rules(campaign),
                quality_rules.quality_rules(campaign),
                promotion_rules.promotion_rules(campaign),
                picking_rules.picking_rules(campaign),
            ),
        }
    )  # fmt: skip


def defaults() -> Values:
    """{setting: what holds where nothing is set}."""
    return _plain(
        {
            **MODEL_DEFAULTS,
            "targets.tiles": None,
            "targets.date": None,
            **SCOPE_DEFAULTS,
            **_of_rules(
                queue_rules.QueueRules(),
                review_rules.ReviewRules(),
                quality_rules.QualityRules(),
                promotion_rules.PromotionRules(),
                picking_rules.PickingRules(),
            ),
        }
    )


def change_settings(
    *,
    campaign: Campaign,
    changes: Collection[Change],
    who: User | None,
    now: datetime,
    blobs: Blobs,
) -> Values:
    """Set what is named, all or nothing, and answer with every value then in force.

    A change of scope judges every tile again. Raises BadInput naming the setting that there isn't
    or whose value can't be used, and Conflict naming one that isn't any more what the person saw.
    """
    with transaction.atomic():
        # In full from the start, as scope and review lock it: to raise a lock that is held already
        # can meet somebody who raises his.
        locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
        _check_names(changes)
        _check_unchanged(changes, values_of(locked))
        for section, change in SECTIONS.items():
            named = {c.name: c.value for c in changes if SETTINGS[c.name].section == section}
            if named:
                change(locked, named, who, now, blobs)
        fresh = Campaign.objects.select_related("schema").get(pk=campaign.pk)
    return values_of(fresh)


def _check_names(changes: Collection[Change]) -> None:
    names = [each.name for each in changes]
    for name in names:
        if name not in SETTINGS:
            raise BadInput(
                f"There is no setting {name!r}.", field=name, help="GET settings lists them."
            )
        if names.count(name) > 1:
            raise BadInput(f"{name} is named twice.", field=name)


def _check_unchanged(changes: Collection[Change], present: Values) -> None:
    for each in changes:
        if _plain(each.was) != present[each.name]:
            raise Conflict(
                f"{each.name} is {json.dumps(present[each.name])} by now, not "
                f"{json.dumps(each.was)}: somebody changed it meanwhile.",
                field=each.name,
                help="Look at it again. Nothing of yours was saved yet.",
            )


def _of_rules(
    queue: queue_rules.QueueRules,
    review: review_rules.ReviewRules,
    quality: quality_rules.QualityRules,
    promotion: promotion_rules.PromotionRules,
    picking: picking_rules.PickingRules,
) -> Values:
    held, reviewing = asdict(queue), asdict(review)
    shares, limits = held.pop("shares"), reviewing.pop("limits")
    return {
        **_under("queue", held),
        **_under("lanes", shares),
        **_under("review", reviewing),
        **_under("review.limits", limits),
        **_under("quality", asdict(quality)),
        **_under("promotion", promotion.as_json()),
        **_under("picking", asdict(picking)),
    }


def _under(section: str, values: Mapping[str, Any]) -> Values:
    return {f"{section}.{name}": value for name, value in values.items()}


def _fields(named: Values) -> Values:
    """Without their section."""
    return {name.partition(".")[2]: value for name, value in named.items()}


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _change_queue(
    campaign: Campaign, named: Values, who: User | None, now: datetime, blobs: Blobs
) -> None:
    queue_rules.change_rules(campaign, queue=_fields(named), lanes={}, who=who, now=now)


def _change_lanes(
    campaign: Campaign, named: Values, who: User | None, now: datetime, blobs: Blobs
) -> None:
    queue_rules.change_rules(campaign, queue={}, lanes=_fields(named), who=who, now=now)


def _change_review(
    campaign: Campaign, named: Values, who: User | None, now: datetime, blobs: Blobs
) -> None:
    given = _fields(named)
    limits = {
        name.removeprefix("limits."): given.pop(name)
        for name in list(given)
        if name.startswith("limits.")
    }
    changes = {**given, "limits": limits} if limits else given
    review_rules.change_rules(campaign=campaign, changes=changes, who=who, now=now)


def _change_quality(
    campaign: Campaign, named: Values, who: User | None, now: datetime, blobs: Blobs
) -> None:
    quality_rules.change_rules(campaign, quality=_fields(named), who=who, now=now)


def _change_promotion(
    campaign: Campaign, named: Values, who: User | None, now: datetime, blobs: Blobs
) -> None:
    promotion_rules.change_rules(campaign, promotion=_fields(named), who=who, now=now)


def _change_picking(
    campaign: Campaign, named: Values, who: User | None, now: datetime, blobs: Blobs
) -> None:
    picking_rules.change_rules(campaign, picking=_fields(named), who=who, now=now)


def _change_scope(
    campaign: Campaign, named: Values, who: User | None, now: datetime, blobs: Blobs
) -> None:
    # No month at all is no rule about months.
    wanted = {name: value if value != [] else None for name, value in _fields(named).items()}
    change_scope(campaign, merged(campaign.scope, wanted), who=who, now=now, blobs=blobs)


def _change_own(
    section: str, campaign: Campaign, named: Values, who: User | None, now: datetime, blobs: Blobs
) -> None:
    """One of the columns that have no module of rules."""
    for name, value in named.items():
        if value is not None:
            OWN_CHECKS[name](value)
    if section == "targets":
        wanted: Any = merged(campaign.targets, _fields(named))
    else:
        wanted = MODEL_DEFAULTS[section] if named[section] is None else named[section]
    Campaign.objects.filter(pk=campaign.pk).update(**{section: wanted})
    record(
        Event.Verb.CHANGED, campaign, campaign=campaign, who=who, now=now, settings=named,
        was={name: value for name, value in values_of(campaign).items() if name in named},
    )  # fmt: skip


def _check_day(value: Any) -> None:
    try:
        told = date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        told = ""
    if told != value:  # 20261031 and 2026-W44-6 are days, too, but not to those who read it
        raise wrong("targets.date", value, "a day such as 2026-10-31")


def _check_strategy(value: Any) -> None:
    if not isinstance(value, str):
        raise wrong("strategy", value, "a name")
    check_plan(value, 1, None)


_NUMBERS = {each.name: each for each in OWN if each.range}
OWN_CHECKS: dict[str, Callable[[Any], None]] = {
    "strategy": _check_strategy,
    "targets.date": _check_day,
    **{name: partial(check_number, each) for name, each in _NUMBERS.items()},
}
SECTIONS: dict[str, Callable[[Campaign, Values, User | None, datetime, Blobs], None]] = {
    **{name: partial(_change_own, name) for name in ("strategy", "batch_size", "targets")},
    "queue": _change_queue,
    "lanes": _change_lanes,
    "review": _change_review,
    "quality": _change_quality,
    "promotion": _change_promotion,
    "picking": _change_picking,
    "scope": _change_scope,
}
