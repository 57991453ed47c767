"""A whole small replay, and what must hold of it."""

import json

import numpy as np
import pytest

from labelling.compute.replay.cells import Cell, found
from labelling.compute.replay.curves import class_mean_iou
from labelling.compute.replay.tiles import kept
from labelling.errors import BadInput
from tests.labelling.replay.worlds import replayed, small


def picks(result, arm):
    return result["arms"][arm]["picks"]


def test_every_arm_starts_with_the_same_tiles_of_its_seed(done):
    _, result, _ = done

    for seed in range(2):
        starts = {tuple(picks(result, arm)[seed][0]) for arm in result["arms"]}
        assert len(starts) == 1
    assert picks(result, "auto")[0][0] != picks(result, "auto")[1][0]


def test_every_arm_has_the_same_model_at_the_start(done):
    _, result, _ = done

    first = {json.dumps(arm["iou"]["class_mean"][0]) for arm in result["arms"].values()}

    assert len(first) == 1
    assert (
        result["start"]["iou"]["class_mean"]["seeds"]
        == (result["arms"]["auto"]["iou"]["class_mean"][0]["seeds"])
    )


def test_no_tile_is_labelled_twice_and_budgets_are_kept(done):
    _, result, _ = done

    for arm in result["arms"]:
        for batches in picks(result, arm):
            labelled = [row for batch in batches for row in batch]
            assert [len(batch) for batch in batches] == [8, 6, 6]
            assert len(set(labelled)) == len(labelled)


def test_the_result_says_that_it_is_synthetic_and_what_was_really_used(done):
    out, result, _ = done

    assert result["synthetic"] is True
    assert result["pool"]["about"].startswith("Synthetic")
    assert result["effective"]["auto"]["margin"] == 0
    assert result["effective"]["auto"]["block"] == 4
    assert result["effective"]["auto"]["product_caps"] == [1, 1]
    assert "(synthetic)" in (out / "report.html").read_text()


def test_the_report_shows_figures_of_the_result_and_nothing_from_outside(done):
    out, result, _ = done
    page = (out / "report.html").read_text()
    last = result["arms"]["auto"]["iou"]["class_mean"][-1]["mean"]

    assert f"{last:.4f}" in page
    assert page.count("<svg") == 3 + len(result["pool"]["classes"])
    assert "http" not in page.replace('http-equiv="', "")


def test_a_second_run_does_nothing_again_and_says_the_same(done):
    out, result, _ = done
    before = (out / "replay.json").read_bytes()

    again, heard = replayed(small(strategies=[*result["arms"]]), out)

    assert heard == []
    assert again == result
    assert (out / "replay.json").read_bytes() == before


def test_more_seeds_and_arms_are_added_to_what_is_there(done, tmp_path):
    out, _, _ = done
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in out.rglob("*"):
        target = copy / path.relative_to(out)
        target.mkdir() if path.is_dir() else target.write_bytes(path.read_bytes())

    _, heard = replayed(small(strategies=["random", "stratified", "auto", "kmeans"]), copy)

    assert [arm for arm, _, _ in heard] == ["kmeans", "kmeans"]


def test_the_same_seed_twice_is_equal_to_the_last_bit(done, tmp_path):
    out, _, _ = done

    replayed(small(strategies=["random", "stratified", "auto", "auto:reach"]), tmp_path, jobs=2)

    for cell in (Cell("auto", 1), Cell("ceiling", 0), Cell("start", 1)):
        first, second = found(cell, out), found(cell, tmp_path)
        assert (first.confusion == second.confusion).all()
        assert first.told == second.told
    assert (out / "replay.json").read_bytes() == (tmp_path / "replay.json").read_bytes()


def test_the_ceiling_is_taught_longer_and_levels_are_read_off_that_look(done, tmp_path):
    out, result, _ = done
    once, _ = replayed(small(strategies=["random"], seeds=1, net={"ceiling_times": 1}), tmp_path)
    looks = [
        class_mean_iou(found(Cell("ceiling", seed), out).confusion.sum(axis=1)) for seed in range(2)
    ]

    hurried, longest = np.mean(looks, axis=0)
    assert once["ceiling"] == once["ceiling_in_as_many_steps"]
    assert hurried != longest
    assert result["ceiling_in_as_many_steps"]["iou"]["class_mean"]["mean"] == pytest.approx(
        hurried, abs=1e-6
    )
    assert result["ceiling"]["iou"]["class_mean"]["mean"] == pytest.approx(longest, abs=1e-6)
    start = result["start"]["iou"]["class_mean"]["mean"]
    assert result["arms"]["auto"]["reaches"]["0.5"]["level"] == pytest.approx(
        (start + longest) / 2, abs=2e-6
    )
    assert {row["ceiling"] for row in result["ratios"] if row["metric"] == "class_mean"} == {
        result["ceiling"]["iou"]["class_mean"]["mean"]
    }


def test_a_switched_part_is_held_against_the_whole(done):
    out, result, _ = done

    (row,) = result["switches"]

    assert (row["arm"], row["baseline"]) == ("auto:reach", "auto")
    assert "What each part of auto is worth" in (out / "report.html").read_text()


def test_what_lies_there_of_another_plan_is_replaced(tmp_path):
    replayed(small(strategies=["random"], seeds=1), tmp_path)
    pixels = np.array(kept(tmp_path / "pool").pool.pixels)

    replayed(small(strategies=["random"], seeds=1, generator=5), tmp_path)

    assert (kept(tmp_path / "pool").pool.pixels != pixels).mean() > 0.5


def test_budgets_beyond_the_pool_are_left_out(tmp_path):
    plan = small(strategies=["random"], seeds=1, budgets={"*": [8, 16, 5000]})

    result, _ = replayed(plan, tmp_path)

    assert result["arms"]["random"]["budgets"] == [8, 16]


def test_a_pool_too_small_for_two_budgets_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no two budgets of random fit"):
        replayed(small(strategies=["random"], budgets={"*": [8, 5000]}), tmp_path)
