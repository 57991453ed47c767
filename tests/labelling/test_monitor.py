"""What labels teach beside their pixels: the estimate, the duel, advice, the cost. Synthetic."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client

from labelling.insights.costs import LEAST, cost
from labelling.insights.curve import learning_curve
from labelling.insights.duels import LEAST_ARM, next_hand
from labelling.insights.monitor import control, random
from labelling.insights.stopping import stopping
from labelling.models import (
    Annotation,
    Duel,
    Foresight,
    LabelCost,
    Layer,
    Round,
    Score,
    Task,
)
from tests.factories import NOON, TaskFactory, TileFactory, person
from tests.labelling.monitored import picked, ranked_round
from tests.labelling.one_round import planned
from tests.worlds import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def north():
    return world(pool=1, validation=0, slug="north")


def held(round: Round, number: int, *, right: int, slice: str = "control") -> Foresight:
    """A tile of which the model had so many of 100 pixels right."""
    task = picked(round, number, slice=slice)
    if slice == "random":
        task.prelabel = Layer.objects.create(
            tile=task.tile, source="model", version="cd", raster="-", sha256="0" * 64, created=NOON
        )
        task.arm, task.state = Task.Arm.HINTED, Task.State.ACCEPTED
        task.save()
    label = Annotation.objects.create(
        acquisition=task.acquisition, schema=round.campaign.schema, n=1, tool="test",
        task=task if slice == "random" else None, author=person("ana"),
        source="campaign", raster="-", sha256="0" * 64, pixels={}, labelled_share=1, created=NOON,
    )  # fmt: skip
    table = np.diag([right, 0, 0, 0])
    table[0, 1] = 100 - right
    return Foresight.objects.create(
        round=round, tile=task.tile, annotation=label, slice=slice,
        probability=0.1 if slice == "control" else None,
        codes=round.campaign.schema.codes, confusion=table.tolist(), created=NOON,
    )  # fmt: skip


def test_the_estimate_goes_by_control_tiles_of_one_model_and_keeps_chosen_ones_apart(north):
    old, new = ranked_round(north, "ab"), ranked_round(north, "cd")
    held(old, 20, right=10)
    for number, right in enumerate((80, 100), start=30):
        held(new, number, right=right)
    held(new, 40, right=20, slice="informative")
    held(new, 50, right=100, slice="random")  # in sight of the model's mask
    TaskFactory(campaign=north, lane="control", round_no=new.n)

    told = control(north)

    assert [each.accuracy.value for each in told.rounds] == [0.1, 0.9]
    assert (told.now.rounds, told.now.accuracy.value) == ([new.n], 0.9)
    assert told.now.accuracy.low < 0.9 < told.now.accuracy.high
    assert told.chosen.accuracy == 0.2
    assert told.waiting == 3  # the two held ones have imported labels, their tasks are open
    assert "90.0 %" in told.text


def test_without_control_labels_the_monitor_says_so(north):
    told = control(north)

    assert (told.now, told.rounds, told.chosen) == (None, [], None)
    assert "Nothing to say yet" in told.text


def test_the_learning_curve_sets_control_tiles_beside_chosen_ones(north):
    old, new = ranked_round(north, "ab"), ranked_round(north, "cd")
    for each in (old, new):
        each.model.metrics = {"split": "validation", "class_mean_iou": 0.7, "iou": {}}
        each.model.save()
    for number, right in enumerate((80, 100), start=20):
        held(old, number, right=right)
    held(old, 30, right=40, slice="informative")

    first, second = learning_curve(north).points

    assert first.control.value == pytest.approx((180 / 200) / 2)  # the other class has none right
    assert first.control.low <= first.control.value <= first.control.high
    assert first.active.value == pytest.approx(0.4 / 2)
    assert (second.control.value, second.active.value) == (None, None)


def duels(campaign, *, each: int, chosen: float, chance: float) -> None:
    for n in (1, 2):
        pairs = [
            {"product": f"P{n}-{i}", "tiles": 1, "chosen": chosen, "random": chance}
            for i in range(each)
        ]
        Duel.objects.create(
            campaign=campaign, n=n, arms={"chosen": ["x"] * 20, "random": ["y"] * 20, "seed": 1},
            pairs=pairs, judged_until=NOON, created=NOON,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("each", "gap", "state"), [(0, 0, "waiting"), (4, 0.1, "waiting"), (60, 0.3, "ahead")]
)
def test_whether_choosing_beats_random_is_silent_until_it_can_tell(north, each, gap, state):
    if each:
        duels(north, each=each, chosen=0.5 + gap, chance=0.5)

    told = random(north, now=NOON)

    assert (told.state, told.pairs, len(told.duels)) == (state, 2 * each, 2 if each else 0)
    assert ("Nothing to say yet" in told.text) == (state == "waiting")
    assert told.detectable <= 1
    assert told.needed is not None
    assert told.needed > 2 * each


def labelled(campaign, number: int, lane: str, *, minute: int, kind: str = "full") -> Annotation:
    tile = TileFactory(campaign=campaign)
    task = TaskFactory(campaign=campaign, tile=tile, lane=lane, state="accepted")
    return Annotation.objects.create(
        acquisition=tile.acquisition, schema=campaign.schema, n=1, task=task, kind=kind,
        author=person("ana"), tool="test", source="campaign", raster="-", sha256="0" * 64,
        pixels={}, labelled_share=1, created=NOON + timedelta(minutes=minute),
    )  # fmt: skip


def test_a_duel_learns_from_whole_tiles_that_a_strategy_chose(campaign):
    labelled(campaign, 0, "active", minute=0)
    labelled(campaign, 1, "active", minute=1, kind="region")
    task = labelled(campaign, 2, "active", minute=2).task
    for number in range(3, 9):
        labelled(campaign, number, "control", minute=number)
    round = planned(campaign, strategy="random", batch=1)
    Task.objects.filter(pk=task.pk).update(round_no=round.n)
    Score.objects.create(
        round=round, tile=task.tile, score=0, fractions={}, picked=1, slice="random"
    )

    assert next_hand(campaign).arm == 1


def test_a_duel_judges_nothing_twice_and_nothing_that_an_arm_learnt_from(campaign):
    for number in range(2 * LEAST_ARM):
        labelled(campaign, number, "control", minute=2 * number)
        labelled(campaign, 50 + number, "active", minute=2 * number + 1)

    first = next_hand(campaign)

    assert (first.arm, first.products, first.ready) == (LEAST_ARM - 1, LEAST_ARM, False)
    labelled(campaign, 99, "control", minute=1)
    labelled(campaign, 98, "active", minute=1)
    labelled(campaign, 97, "active", minute=2)
    hand = next_hand(campaign)
    assert (hand.arm, hand.ready) == (LEAST_ARM + 1, True)
    assert not {each.tile for each in hand.judged} & {each.tile for each in hand.random}
    assert max(each.created for each in hand.chosen) <= max(each.created for each in hand.random)
    Duel.objects.create(
        campaign=campaign, n=1, arms={}, pairs=[{"product": hand.judged[-1].product}],
        judged_until=hand.judged[-2].created, created=NOON,
    )  # fmt: skip
    assert next_hand(campaign).products == 0


def test_advice_goes_by_the_curve_the_price_and_settled_models(north):
    for place, (labels, iou) in enumerate(((50, 0.5), (100, 0.6), (200, 0.7), (200, 0.71))):
        metrics = {"split": "validation", "class_mean_iou": iou}
        round = ranked_round(north, "abcd"[place] * 2, n_labelled=labels, metrics=metrics)
        Round.objects.filter(pk=round.pk).update(steps={"open": {"agreement": 0.8}})

    paid = cost(north)
    told = stopping(north, paid, worth=600)

    assert told.verdict == "go on"
    assert told.slope.value == pytest.approx(0.105, abs=1e-3)  # of equally many labels the last
    assert told.labels_per_point > 0
    assert told.agreement == 0.8
    assert [(each.labelled, each.minutes) for each in paid.curve][-1] == (200, 0.0)
    assert "No label's minutes" in told.text[-1]
    assert stopping(north, paid, worth=0.1).verdict == "consider stopping"
    Round.objects.update(steps={"open": {"agreement": 0.995}})
    assert stopping(north, paid, worth=600).verdict == "consider stopping"


def test_advice_before_three_rounds_is_that_it_is_too_early(north):
    ranked_round(north, metrics={"split": "validation", "class_mean_iou": 0.5})

    told = stopping(north, cost(north), worth=600)

    assert (told.verdict, told.slope, told.minutes_per_point) == ("too early", None, None)


def test_what_predicts_the_minutes_is_told_by_rank_correlation(north):
    for number in range(LEAST):
        label = labelled(north, number, "active", minute=number)
        LabelCost.objects.create(
            campaign=north, annotation=label, seconds=60 * (number + 1),
            figures={"edges": number**2, "sun": None, "valid": 1.0}, created=NOON,
        )  # fmt: skip

    told = cost(north)

    assert [(each.name, each.correlation) for each in told.figures] == [("edges", 1.0)]
    assert told.minutes_per_tile.median == (LEAST + 1) / 2


def test_leads_and_reviewers_see_the_monitor_and_nobody_else(north):
    held(ranked_round(north), 20, right=60)
    answers = {}
    for name, role in (("lea", "lead"), ("rita", "reviewer"), ("ana", "annotator"), ("max", "")):
        client = Client()
        client.force_login(person(name, campaign=north if role else None, role=role))
        answers[name] = client.get("/api/v1/campaigns/north/monitor?worth=50")
    client.force_login(person("lea"))

    assert {name: each.status_code for name, each in answers.items()} == {
        "lea": 200, "rita": 200, "ana": 403, "max": 404,
    }  # fmt: skip
    told = answers["lea"].json()
    assert told["control"]["now"]["accuracy"]["value"] == 0.6
    assert told["random"]["next"]["needed_arm"] == LEAST_ARM
    assert (told["stopping"]["verdict"], told["stopping"]["worth_minutes"]) == ("too early", 50)
    refused = client.get("/api/v1/campaigns/north/monitor?worth=nan")
    assert (refused.status_code, refused.json()["field"]) == (422, "worth")


def test_how_rounds_choose_is_set_by_leads_and_told_on_the_command_line(north):
    client = Client()
    client.force_login(person("lea", campaign=north, role="lead"))
    path = "/api/v1/campaigns/north/picking/rules"
    kind = {"content_type": "application/json"}

    changed = client.post(path, {"picking": {"skip_cap": 7}}, **kind)
    refused = client.post(path, {"picking": {"skip_cap": 0}}, **kind)

    assert changed.json()["changed"] == {"skip_cap": 7}
    assert (refused.status_code, refused.json()["field"]) == (422, "picking.skip_cap")
    out = io.StringIO()
    call_command("monitor", "rules", "north", "--set", "skip_cap=9", "--dry-run", stdout=out)
    assert "skip_cap           9" in out.getvalue()
    out = io.StringIO()
    call_command("monitor", "show", "north", "--json", stdout=out)
    assert json.loads(out.getvalue())["stopping"]["worth_minutes"] == 600
    north.refresh_from_db()
    assert north.picking == {"skip_cap": 7}
