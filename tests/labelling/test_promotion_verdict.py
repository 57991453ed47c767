"""What a decision about a candidate says, and that what can't be told never passes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelling.errors import BadInput
from labelling.workflow.promotion_rules import PromotionRules, change_rules, rules_from
from labelling.workflow.promotion_verdict import Case, decided
from tests.factories import NOON

CLASSES = ("clear", "cloud", "shadow")
PLENTY = dict.fromkeys(CLASSES, 40)
CASE = Case(candidate="b" * 64, champion="a" * 64, classes=PLENTY, rules=PromotionRules())


def difference(value, low, high, needs=None):
    return {"value": value, "low": low, "high": high, "p": 0.5, "scenes": 12, "needs": needs}


LEVEL = difference(0.01, -0.01, 0.03)


def report(*, scenes=None, ece=0.05, alone=False, **differences):
    """What a judging child says; a class that isn't named is level with the champion."""
    figures = {
        "iou": dict.fromkeys(CLASSES, 0.8),
        "ece": dict.fromkeys(CLASSES, ece),
    }
    return {
        "tiles": 30, "scenes": 12, "synthetic": True, "fewest_scenes": 3,
        "scenes_per_class": {**dict.fromkeys(CLASSES, 12), **(scenes or {})},
        "candidate": figures,
        "champion": None if alone else {**figures, "ece": dict.fromkeys(CLASSES, 0.05)},
        "differences": {} if alone else {name: differences.get(name, LEVEL) for name in CLASSES},
    }  # fmt: skip


def test_a_candidate_that_loses_nowhere_is_promoted():
    told = decided(CASE, report())

    assert told["promote"]
    assert {row["verdict"] for row in told["classes"].values()} == {"holds"}
    assert told["reasons"] == ["No class loses more than its margin, and calibration holds."]


@pytest.mark.parametrize(
    ("seen", "verdict", "needs"),
    [
        (difference(0.0, -0.03, 0.03, needs=15), "unsure", {"shadow": 15}),
        (difference(-0.03, -0.05, 0.0), "unsure", {}),
        (difference(-0.2, -0.3, -0.1), "loses", {}),
        (difference(0.3, -0.021, 0.4, needs=1), "unsure", {"shadow": 1}),
    ],
)
def test_one_class_below_its_margin_holds_the_candidate_back(seen, verdict, needs):
    told = decided(CASE, report(shadow=seen))

    assert not told["promote"]
    assert (told["classes"]["shadow"]["verdict"], told["needs"]) == (verdict, needs)
    assert "more than 0.02 IoU in shadow" in told["reasons"][0]


def test_a_class_with_a_margin_of_its_own_may_lose_that_much():
    wide = replace(CASE, rules=PromotionRules(margins={"shadow": 0.05}))

    assert decided(wide, report(shadow=difference(0.0, -0.05, 0.1)))["promote"]


@pytest.mark.parametrize("champion", [None, "a" * 64])
def test_of_a_class_that_validation_lacks_nothing_can_be_told(champion):
    said = report(scenes={"shadow": 0}, alone=champion is None)
    if champion:
        said["differences"]["shadow"] = None
    said["candidate"]["iou"]["shadow"] = said["candidate"]["ece"]["shadow"] = None

    told = decided(replace(CASE, champion=champion), said)

    assert not told["promote"]
    assert told["classes"]["shadow"]["verdict"] == "cannot tell"
    assert told["needs"] == {"shadow": 6}
    unjudged = replace(CASE, champion=champion, rules=PromotionRules(unjudged=("shadow",)))
    assert decided(unjudged, said)["promote"]


def test_worse_calibration_holds_it_back():
    assert decided(CASE, report(ece=0.07))["promote"]

    told = decided(CASE, report(ece=0.08))

    assert told["reasons"] == ["Its calibration error is 0.080, more than 0.070."]


def test_the_first_model_becomes_champion_by_its_own_evidence():
    first = replace(CASE, champion=None)

    assert decided(first, report(alone=True))["promote"]
    assert not decided(first, report(alone=True, ece=0.11))["promote"]
    assert not decided(first, report(alone=True, scenes={"cloud": 5}))["promote"]


def test_a_small_reference_sample_is_known_to_be_too_small_without_computing():
    small = replace(CASE, classes={"clear": 40, "cloud": 10, "shadow": 3})

    told = decided(small, None)

    assert not small.open
    assert (told["promote"], told["needs"]) == (False, {"shadow": 7})
    assert "shadow 7" in told["reasons"][0]
    assert replace(small, rules=PromotionRules(unjudged=("shadow",))).open


figures = st.floats(-1, 1, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(figures, figures, figures).map(sorted),
    st.integers(0, 20),
    st.floats(0, 1),
)
def test_whoever_is_promoted_has_evidence_in_every_class(ends, scenes, ece):
    low, value, high = ends
    told = decided(
        CASE, report(scenes={"shadow": scenes}, shadow=difference(value, low, high), ece=ece)
    )

    if told["promote"]:
        assert low >= -0.02 - 1e-6
        assert scenes >= 6
        assert ece <= 0.07 + 1e-6
    else:
        assert low < -0.02 or scenes < 6 or ece > 0.07


@pytest.mark.parametrize(
    ("given_rules", "field"),
    [
        ({"margn": 0.1}, "margn"),
        ({"margin": 2}, "margin"),
        ({"margin": True}, "margin"),
        ({"margins": [1]}, "margins"),
        ({"margins": {"shadow": -1}}, "margins.shadow"),
        ({"margins": {"snow": 0.1}}, "margins"),
        ({"unjudged": "snow"}, "unjudged"),
        ({"unjudged": ["snow"]}, "unjudged"),
        ({"level": 0.2}, "level"),
        ({"least_scenes": 0}, "least_scenes"),
        ({"reference_scenes": 1.5}, "reference_scenes"),
    ],
)
def test_rules_that_cannot_be_used_are_named(given_rules, field):
    with pytest.raises(BadInput) as refused:
        rules_from(given_rules, CLASSES)

    assert refused.value.field == f"promotion.{field}"


@pytest.mark.django_db
def test_rules_are_changed_one_by_one_and_set_back(campaign):
    change_rules(campaign, promotion={"margins": {"shadow": 0.05}}, who=None, now=NOON)
    rules = change_rules(campaign, promotion={"level": 0.9}, who=None, now=NOON)
    assert (rules.margin_of("shadow"), rules.margin_of("clear"), rules.level) == (0.05, 0.02, 0.9)

    back = change_rules(campaign, promotion={"margins": None, "level": None}, who=None, now=NOON)

    assert back == PromotionRules()
    campaign.refresh_from_db()
    assert campaign.promotion == {}
