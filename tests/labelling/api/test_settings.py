"""All settings over the API: seen whole, changed together, never over another lead's head."""

from __future__ import annotations

from dataclasses import fields

import pytest

from al_engine.strategies import STRATEGIES
from labelling.imagery.label_checks import Limits
from labelling.models import Campaign, CampaignTile, Event
from labelling.workflow.picking_rules import PickingRules
from labelling.workflow.promotion_rules import PromotionRules
from labelling.workflow.quality_rules import QualityRules
from labelling.workflow.queue_rules import DEFAULT_SHARES, QueueRules
from labelling.workflow.review_rules import ReviewRules
from labelling.workflow.settings import defaults, values_of
from labelling.workflow.settings_table import SETTINGS
from labelling.workflow.settings_words import STRATEGIES as STRATEGY_WORDS
from tests.factories import TileFactory

PATH = "/api/v1/campaigns/north/settings"


def seen(client) -> dict[str, dict]:
    return {each["name"]: each for each in client.get(PATH).json()["settings"]}


def change(client, *changes: tuple):
    body = [{"name": name, "was": was, "value": value} for name, was, value in changes]
    return client.patch(PATH, {"changes": body}, format="json")


def test_every_setting_there_is_has_its_line(campaign):
    rules = {
        "queue": {each.name for each in fields(QueueRules)} - {"shares"},
        "lanes": set(DEFAULT_SHARES),
        "review": {each.name for each in fields(ReviewRules)} - {"limits"},
        "review.limits": {each.name for each in fields(Limits)},
        "quality": {each.name for each in fields(QualityRules)},
        "promotion": {each.name for each in fields(PromotionRules)},
        "picking": {each.name for each in fields(PickingRules)},
    }
    there = {f"{section}.{name}" for section, names in rules.items() for name in names}

    assert there - set(SETTINGS) == set()
    assert set(values_of(campaign)) == set(defaults()) == set(SETTINGS)
    assert set(STRATEGY_WORDS) == set(STRATEGIES)


def test_only_leads_see_and_change_them(campaign, lea, rita, ana, max):
    statuses = [client.get(PATH).status_code for client in (lea, rita, ana, max)]
    changed = [change(client, ("batch_size", 20, 5)).status_code for client in (rita, ana, max)]

    assert (statuses, changed) == ([200, 403, 403, 404], [403, 403, 404])
    campaign.refresh_from_db()
    assert campaign.batch_size == 20


def test_one_request_sets_values_of_every_section_and_says_who_did(campaign, lea):
    TileFactory(campaign=campaign, acquisition__taken="2026-01-05T12:00:00Z")
    wanted = [
        ("strategy", "auto", "random"), ("batch_size", 20, 40), ("targets.tiles", None, 900),
        ("targets.date", None, "2026-10-31"), ("scope.months", [], [6, 5]),
        ("lanes.control", 0.1, 0.2), ("queue.lease_minutes", 30, 45),
        ("review.rates", [1.0, 1.0, 0.3, 0.1], [1, 0.5]), ("review.limits.slivers", 20, 30),
        ("quality.plain_share", 0.15, 0.25), ("promotion.margins", {}, {"shadow": 0.05}),
        ("picking.control_share", defaults()["picking.control_share"], 0.2),
    ]  # fmt: skip

    answer = change(lea, *wanted)

    assert answer.status_code == 200, answer.json()
    rows = seen(lea)
    assert {name: rows[name]["value"] for name, *_ in wanted} == {
        name: [5, 6] if name == "scope.months" else value for name, _, value in wanted
    }
    assert {rows[name]["changed_by"] for name, *_ in wanted} == {"lea"}
    assert (rows["queue.held"]["changed"], rows["queue.held"]["changed_by"]) == (None, "")
    assert CampaignTile.objects.get().scope == "out"
    assert rows["batch_size"]["default"] == 20


def test_what_another_lead_changed_meanwhile_is_a_conflict_and_nothing_is_lost(campaign, lea):
    assert change(lea, ("queue.lease_minutes", 30, 45)).status_code == 200

    late = change(lea, ("batch_size", 20, 50), ("queue.lease_minutes", 30, 60))
    other = change(lea, ("batch_size", 20, 60))

    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert late.json()["field"] == "queue.lease_minutes"
    assert other.status_code == 200
    campaign.refresh_from_db()
    assert (campaign.batch_size, campaign.queue) == (60, {"lease_minutes": 45})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ([("colour", 1, 2)], "colour"),
        ([("batch_size", 20, 0)], "batch_size"),
        ([("batch_size", 20, True)], "batch_size"),
        ([("strategy", "auto", "guess")], "strategy"),
        ([("strategy", "auto", ["auto"])], "strategy"),
        ([("targets.date", None, "soon")], "targets.date"),
        ([("targets.date", None, 5)], "targets.date"),
        ([("targets.date", None, "20261031")], "targets.date"),
        ([("picking.mask", "", "a\0b")], "changes.0.value"),
        ([("review.strict", [], [["a"]])], "review.strict"),
        ([("scope.months", [], [13])], "scope.months"),
        ([("lanes.control", 0.1, -1)], "lanes.control"),
        ([("batch_size", 20, 50), ("quality.tolerance", 2, 99)], "quality.tolerance"),
        ([("batch_size", 20, 50), ("batch_size", 20, 60)], "batch_size"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_named_and_nothing_is_changed(campaign, lea, changes, field):
    before = Event.objects.count()

    answer = change(lea, *changes)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert Event.objects.count() == before
    assert Campaign.objects.get(pk=campaign.pk).batch_size == 20


def test_null_goes_back_to_the_default_and_the_name_is_of_who_did_it_last(campaign, lea):
    change(lea, ("batch_size", 20, 50), ("targets.tiles", None, 5), ("review.rework_days", 7.0, 2))

    back = change(
        lea, ("batch_size", 50, None), ("targets.tiles", 5, None), ("review.rework_days", 2, None)
    )

    rows = {each["name"]: each for each in back.json()["settings"]}
    names = ("batch_size", "targets.tiles", "review.rework_days")
    assert [rows[name]["value"] for name in names] == [20, None, 7.0]
    assert [rows[name]["changed_by"] for name in names] == ["lea"] * 3
