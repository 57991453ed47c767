"""When an arm is called better, and when nothing may be said."""

import numpy as np
import pytest

from labelling.compute.experiment.verdicts import (
    ALPHA,
    BETTER,
    NOTHING,
    WORSE,
    Drawn,
    detectable,
    verdicts,
)
from labelling.compute.replay.significance import holm
from tests.labelling.experiment.worlds import scene
from training.evaluation.statistics import mean_iou_of

STATISTIC = mean_iou_of([0, 1])


def runs(*, scenes=12, seeds=3, lead=0.0, seed_noise=0.005, dice=0, scene_noise=0.002):
    """An arm's counts: scenes differ much among each other, arms by `lead` on each."""
    hard = np.random.default_rng(0).uniform(0.6, 0.9, scenes)
    rng = np.random.default_rng([dice, 1])
    told = {}
    for seed in range(seeds):
        luck = rng.normal(0, seed_noise)
        shares = hard + lead + luck + rng.normal(0, scene_noise, scenes)
        told[seed] = [scene(f"scene-{n:02}", min(each, 1)) for n, each in enumerate(shares)]
    return told


def judged(base, **arms):
    return {row["arm"]: row for row in verdicts({"base": base, **arms}, "base", [*arms], STATISTIC)}


def test_a_lead_on_every_scene_and_seed_is_found_and_so_is_a_lag():
    rows = judged(runs(), ahead=runs(lead=0.04, dice=1), behind=runs(lead=-0.04, dice=2))

    assert rows["ahead"]["verdict"] == BETTER
    assert rows["behind"]["verdict"] == WORSE
    assert 0 < rows["ahead"]["low"] < rows["ahead"]["value"] < rows["ahead"]["high"]
    assert rows["ahead"]["value"] > rows["ahead"]["detectable"] > 0


def test_luck_of_the_seeds_is_no_lead_though_every_scene_agrees():
    base = runs(seeds=2, scene_noise=0.0, seed_noise=0.0)
    lucky = runs(seeds=2, scene_noise=0.0, seed_noise=0.0, lead=0.05)
    lucky[1] = runs(seeds=1, scene_noise=0.0, seed_noise=0.0, lead=-0.03)[0]

    row = judged(base, lucky=lucky)["lucky"]

    assert row["p"] < ALPHA, "over scenes alone it looks like a lead"
    assert row["verdict"] == NOTHING
    assert row["low"] < 0 < row["high"]


def test_no_difference_comes_with_what_could_have_been_seen():
    row = judged(runs(), same=runs(dice=3))["same"]

    assert row["verdict"] == NOTHING
    assert f"a true difference below {row['detectable']:.3f}" in row["remark"]


def test_with_few_scenes_no_verdict_is_possible_however_large_the_lead():
    row = judged(runs(scenes=4), ahead=runs(scenes=4, lead=0.08, dice=1))["ahead"]

    assert row["low"] > 0
    assert row["p"] == pytest.approx(2 / 2**4)
    assert row["verdict"] == NOTHING
    assert "4 scenes are too few" in row["remark"]
    assert row["detectable"] is None


def test_more_arms_widen_every_interval_and_raise_every_p():
    alone = judged(runs(), ahead=runs(lead=0.02, dice=1))["ahead"]
    others = {f"other-{n}": runs(dice=10 + n) for n in range(3)}

    among = judged(runs(), ahead=runs(lead=0.02, dice=1), **others)["ahead"]

    assert among["level"] == pytest.approx(1 - ALPHA / 4)
    assert among["low"] < alone["low"]
    assert among["high"] > alone["high"]
    assert among["p_holm"] >= alone["p_holm"]
    assert among["detectable"] > alone["detectable"]


def test_an_arm_that_failed_still_counts_as_asked_about():
    rows = judged(runs(), ahead=runs(lead=0.02, dice=1), lost={0: runs(seeds=1)[0]})

    assert rows["lost"]["verdict"] is None
    assert "fewer than two seeds" in rows["lost"]["remark"]
    p = rows["ahead"]["p"]
    assert rows["ahead"]["p_holm"] == pytest.approx(holm({"ahead": p, "lost": 1.0})["ahead"])
    assert rows["ahead"]["p_holm"] == pytest.approx(2 * p)


def test_the_mean_of_few_seeds_scatters_as_its_standard_error_says():
    values = np.array([0.0, 0.1, 0.4])
    told = Drawn(values, np.repeat(values[:, None], 4000, axis=1))  # scenes say all the same

    error = values.std(ddof=1) / np.sqrt(3)

    assert told.redrawn().std() == pytest.approx(error, rel=0.05)
    assert detectable(told.redrawn(), 0.95) == pytest.approx((1.96 + 0.8416) * error, rel=0.05)
