"""What leads and reviewers are told of growth, learning, calibration and troubles."""

from __future__ import annotations

import pytest

from labelling.models import Campaign
from tests.labelling.insights.rows import RoundFactory, label, learnt, tile

NORTH = "/api/v1/campaigns/north"
PATHS = ("growth", "learning", "calibration")


def test_growth_learning_and_calibration_are_told(campaign, lea, rita):
    Campaign.objects.update(targets={"tiles": 90, "date": "2027-01-01"})
    label(tile(campaign), campaign, pixels={"0": 60, "1": 4})
    metrics = {"split": "validation", "class_mean_iou": 0.5, "iou": {"clear": 0.5}}
    learnt(RoundFactory(campaign=campaign), counts={"pool": 1}, metrics=metrics)

    growth, curve, calibration = (lea.get(f"{NORTH}/{path}").json() for path in PATHS)

    assert growth["target"] == {"tiles": 90, "date": "2027-01-01"}
    assert (growth["tiles"], growth["scenes"], growth["pixels"]) == (1, 1, 64)
    assert growth["months"] == [
        {"name": "06", "tiles": 1, "scenes": 1, "pixels": {"0": 60, "1": 4}}
    ]
    assert growth["weeks"] == [{"first": "2026-06-01", "tiles": 1}]
    assert curve["points"][0]["mean"] == {"value": 0.5, "low": None, "high": None}
    assert calibration == {"calibration": None}
    assert rita.get(f"{NORTH}/growth").json() == growth


@pytest.mark.parametrize("path", [*PATHS, "alerts"])
def test_annotators_and_outsiders_are_told_nothing(campaign, ana, max, path):
    assert ana.get(f"{NORTH}/{path}").status_code == 403
    assert max.get(f"{NORTH}/{path}").status_code == 404


def test_troubles_are_the_leads(campaign, lea, rita):
    RoundFactory(campaign=campaign, state="failed", error="No label.")

    (first, *_) = lea.get(f"{NORTH}/alerts").json()["alerts"]

    assert (first["code"], first["gravity"], first["what"]) == (
        "round_failed", "grave", "No label.",
    )  # fmt: skip
    assert rita.get(f"{NORTH}/alerts").status_code == 403


def test_classes_that_decide_nothing_need_no_scenes(campaign, lea):
    Campaign.objects.update(promotion={"unjudged": ["shadow"]})
    label(tile(campaign), campaign, pixels={"0": 60})

    told = lea.get(f"{NORTH}/alerts").json()["alerts"]

    (scarce,) = [each for each in told if each["code"] == "validation_scarce"]
    assert "clear 0 of 6" in scarce["what"]
    assert "shadow" not in scarce["what"]


@pytest.mark.parametrize("amount", [1, 5])
def test_growth_is_as_many_queries_whatever_the_size(
    campaign, lea, amount, django_assert_max_num_queries
):
    for _ in range(amount):
        label(tile(campaign), campaign, pixels={"0": 60})

    with django_assert_max_num_queries(5):
        assert lea.get(f"{NORTH}/growth").status_code == 200
