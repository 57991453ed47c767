"""The learning curve and the calibration: what cards and spells of work say, nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from labelling.insights.calibration import calibration
from labelling.insights.curve import hours_until, learning_curve
from labelling.models import Model, Reservation
from tests.factories import NOON, CampaignFactory, TaskFactory, person
from tests.labelling.insights.rows import RoundFactory, learnt, reservation

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
CARD = {
    "classes": [{"code": 0, "name": "clear"}, {"code": 7, "name": "gone"}],
    "temperatures": [1.5],
    "calibration": {
        "pixels": 30, "scenes": 4, "held_out": True,
        "ece_before": {"clear": 0.08, "gone": 0.1}, "ece_after": {"clear": 0.02, "gone": None},
        "bins_before": {"clear": [[0.2, 0.1, 15], [0.8, 0.9, 15]]},
        "bins_after": {"clear": [[0.15, 0.1, 15], [0.85, 0.9, 15]]},
    },
}  # fmt: skip


@pytest.fixture
def north():
    return CampaignFactory(slug="north")


def metrics(mean: float, interval: list[float] | None) -> dict:
    found = {"split": "validation", "class_mean_iou": mean, "iou": {"clear": mean, "shadow": None}}
    if interval:
        found["intervals"] = {
            "scenes": 5, "level": 0.95, "class_mean_iou": interval,
            "iou": {"clear": interval, "shadow": None},
        }  # fmt: skip
    return found


def worked(campaign, *, ended, seconds, kind="active") -> None:
    spell = reservation(TaskFactory(campaign=campaign), person("ana"), how="submitted")
    Reservation.objects.filter(pk=spell.pk).update(
        ended=ended, started=ended - HOUR, active_seconds=seconds
    )


def test_a_point_has_labels_hours_and_the_ends_of_its_intervals(north):
    first = RoundFactory(campaign=north, n=1, created=NOON)
    learnt(first, counts={"pool": 4}, metrics=metrics(0.5, None))
    second = RoundFactory(campaign=north, n=2, created=NOON + 4 * HOUR)
    learnt(second, counts={"pool": 9}, metrics=metrics(0.6, [0.55, 0.64]))
    RoundFactory(campaign=north, n=3, state="failed")
    worked(north, ended=NOON, seconds=1800)
    worked(north, ended=NOON + HOUR, seconds=3600)
    worked(north, ended=NOON + 5 * HOUR, seconds=7200)
    worked(CampaignFactory(), ended=NOON, seconds=9999)

    curve = learning_curve(north)

    assert [(point.round, point.labels, point.hours) for point in curve.points] == [
        (1, 4, 0.5), (2, 9, 1.5),
    ]  # fmt: skip
    one, two = curve.points
    assert (one.mean.value, one.mean.low) == (0.5, None)
    assert (two.mean.low, two.mean.high, two.iou["clear"].high) == (0.55, 0.64, 0.64)
    assert (two.iou["shadow"].value, two.iou["shadow"].low) == (None, None)
    assert (curve.split, curve.level, curve.scenes) == ("validation", 0.95, 5)


def test_without_a_measured_round_there_is_no_point(north, django_assert_num_queries):
    RoundFactory(campaign=north, state="failed")

    with django_assert_num_queries(1):
        curve = learning_curve(north)

    assert (curve.points, curve.split, curve.level) == ([], "", None)


def test_hours_are_told_in_the_order_asked_and_the_same_moment_twice(north):
    worked(north, ended=NOON, seconds=3600)

    assert hours_until(north, [NOON + HOUR, NOON - HOUR, NOON + HOUR, NOON]) == [1, 0, 1, 1]
    assert hours_until(north, []) == []


def model(campaign, name: str, state: str, card: dict, day: int) -> Model:
    return Model.objects.create(
        hash=name, campaign=campaign, folder=f"models/{name}", card=card, state=state,
        created=NOON + timedelta(days=day),
    )  # fmt: skip


def test_the_champions_calibration_goes_before_a_newer_models(north):
    assert calibration(north) is None
    newest = model(north, "b" * 8, "candidate", {**CARD, "temperatures": [9.0]}, day=2)
    assert calibration(north).model == newest.hash
    champion = model(north, "a" * 8, "champion", CARD, day=1)
    RoundFactory(campaign=north, n=3, model=champion)

    found = calibration(north)

    assert (found.model, found.round, found.temperatures) == (champion.hash, 3, [1.5])
    clear, gone = found.classes
    assert (clear.colour, clear.before, clear.after) == ("#3b7d4f", 0.08, 0.02)
    assert [(each.said, each.seen, each.pixels) for each in clear.bins_after][1] == (0.85, 0.9, 15)
    # A class that the campaign has no more, on a card without bins for it.
    assert (gone.colour, gone.after, gone.bins_before) == ("", None, [])


def test_a_model_that_nobody_could_measure_has_none(north):
    model(north, "a" * 8, "champion", {"calibration": None}, day=1)

    assert calibration(north) is None
