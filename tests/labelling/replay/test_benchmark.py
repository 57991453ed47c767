"""What the benchmark prints is read off the result."""

from benchmarks.replay import everything, figures, ratios, settings
from labelling.compute.replay.curves import FEWEST_PRODUCTS


def named(result):
    return {row["name"]: row for row in figures(result)}


def judged(done, products=FEWEST_PRODUCTS):
    result = done[1]
    return {**result, "pool": {**result["pool"], "test_products": products}}


def test_every_figure_that_is_judged_is_printed(done):
    found = named(judged(done))

    assert {
        "replay.ler_05_vs_random",
        "replay.ler_07_vs_stratified",
        "replay.worst_gap_vs_random_points",
        "replay.pool_share_at_g09",
        "replay.ler_07_shadow",
    } <= set(found)
    assert found["replay.ler_05_vs_random"]["bar"] == ">= 2.5"
    assert found["replay.worst_gap_vs_random_points"]["bar"] == "<= 1.0"


def test_a_ratio_brings_its_interval_its_p_and_whether_it_is_censored(done):
    (row,) = ratios(done[1], "random", 0.5, "class_mean", "ler_0.5_vs_random")
    (told,) = [
        each
        for each in done[1]["ratios"]
        if (each["arm"], each["baseline"], each["share"]) == ("auto", "random", 0.5)
        and (each["metric"], each["cost"]) == ("class_mean", "tiles")
    ]

    assert (row["value"], row["low"], row["high"]) == (told["value"], told["low"], told["high"])
    assert row["p"] == told["p_holm"]
    assert row["censored"] == (told["bound"] != "")


def test_few_products_give_curves_and_no_ratio(done):
    found = list(figures(judged(done, products=11)))

    assert {row["name"] for row in found} == {"replay.class_mean_iou"}
    assert len(found) == 3 * len(done[1]["arms"])


def test_the_settings_really_used_are_in_the_note(done):
    assert "margin 0 px, block 4 px, caps [1, 1]" in settings(done[1])


def test_the_full_run_has_sixteen_natural_seeds_and_six_of_the_others():
    plans = everything()

    assert plans["natural"].seeds == 16
    assert {plans[name].seeds for name in ("curated", "noisy")} == {6}
    assert max(plans["curated"].budgets_of("random")) == 192
