"""The step between fit and score: who becomes champion, who ranks, and what is never read.

Painted (synthetic) tiles and models of two steps.
"""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest
from django.apps import apps

from labelling.adapters.blobs import store
from labelling.compute.judge import Request, report_of
from labelling.compute.judge_calibration import Reliability
from labelling.models import Evaluation, Event, Model, Round
from labelling.workflow import judging
from labelling.workflow.fetching import chips_of
from labelling.workflow.judging import case_of
from labelling.workflow.picking import channels
from labelling.workflow.pool_listing import ranker_here
from labelling.workflow.rounds import run_round, take_step
from tests.factories import NOON, TaskFactory
from tests.labelling.compared import tiles_of
from tests.labelling.insights.rows import RoundFactory, label
from tests.labelling.judged import (
    at_the_judge,
    judging_here,
    judging_world,
    kept,
    listed,
    trained,
)
from tests.labelling.one_round import planned
from training.calibrate import calibration_error
from training.snapshot import IGNORE

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Of two models that differ by their dice."""
    return [trained(tmp_path_factory.mktemp(f"seed-{seed}"), seed=seed) for seed in (1, 2)]


def judged(attempt) -> Round:
    take_step(attempt)
    return Round.objects.select_related("ranked_by").get(pk=attempt.round.pk)


def without_test_chips(attempt) -> None:
    """Take the frozen test's pixels out of storage: whoever reads them falls over."""
    folder = attempt.round.snapshot.folder
    samples = json.loads(store().read(f"{folder}/manifest.json"))["samples"]
    spared = {chip for each in samples if each["split"] == "validation" for chip in chips_of(each)}
    tested = {chip for each in samples if each["split"] == "test" for chip in chips_of(each)}
    assert tested - spared
    for chip in tested - spared:
        store().path(f"chips/{chip}.npy").unlink()


def test_a_candidate_that_loses_nowhere_becomes_champion_and_ranks(folders):
    campaign = judging_world(validation=6)
    champion = kept(folders[0], campaign, state="champion")
    candidate = kept(folders[1], campaign)
    attempt = at_the_judge(campaign, candidate)
    without_test_chips(attempt)

    round = judged(attempt)

    champion.refresh_from_db(), candidate.refresh_from_db()
    assert candidate.decision["reasons"] == [
        "No class loses more than its margin, and calibration holds."
    ]
    assert (candidate.state, champion.state) == ("champion", "retired")
    assert (round.step, round.ranked_by) == ("score", candidate)
    assert round.steps["judge"]["provisional"] is False
    crowned = Event.objects.get(verb="promoted")
    assert (crowned.before, crowned.after) == (champion.hash, candidate.hash)
    evaluation = Evaluation.objects.get()
    assert (evaluation.kind, evaluation.split, evaluation.model) == (
        "promotion", "validation", candidate,
    )  # fmt: skip
    assert evaluation.report["tiles"] == 6
    assert evaluation.report["decision"] == candidate.decision
    row = candidate.decision["classes"]["cloud"]
    assert row["difference"]["value"] == pytest.approx(row["candidate"] - row["champion"], abs=2e-6)


def test_a_small_reference_sample_decides_without_a_child_and_the_own_model_ranks():
    campaign = judging_world(reference_scenes=10)
    candidate = listed(campaign, "ca")
    attempt = at_the_judge(campaign, candidate)

    round = judged(attempt)

    assert not (attempt.folder / "judge.log").exists()
    assert (round.ranked_by, round.steps["judge"]["provisional"]) == (candidate, True)
    candidate.refresh_from_db()
    assert (candidate.state, candidate.decision["promote"]) == ("candidate", False)
    assert candidate.decision["needs"] == dict.fromkeys(candidate.decision["classes"], 10)
    assert not Evaluation.objects.exists()


def test_reference_scenes_of_the_frozen_test_do_not_count():
    campaign = judging_world()
    attempt = at_the_judge(campaign, listed(campaign, "ca"))
    for tile in [*tiles_of(campaign, "validation")[:2], *tiles_of(campaign, "test")]:
        task = TaskFactory(campaign=campaign, tile=tile, lane="reference", state="accepted")
        label(tile, campaign, n=2, task=task, pixels={"0": 5, "3": 0})

    assert case_of(attempt).classes == {"clear": 2, "cloud": 0, "semi-transparent": 0, "shadow": 0}


def test_a_champion_goes_on_ranking_where_the_candidate_is_kept_back():
    campaign = judging_world(reference_scenes=10)
    champion = listed(campaign, "aa", state="champion")
    attempt = at_the_judge(campaign, listed(campaign, "ca"))
    for name in ("weights.safetensors", "card.json"):
        store().write(f"{champion.folder}/{name}", b"x")

    round = judged(attempt)

    assert (round.ranked_by, round.steps["judge"]["provisional"]) == (champion, False)
    attempt.round.refresh_from_db()
    assert ranker_here(attempt).name == "aa"
    assert channels(attempt.round) == champion.card["classes"]


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"bands": ["B02"]}, "it takes the bands B02"),
        ({"classes": [{"code": 0, "name": "clear"}]}, "it knows the classes clear"),
    ],
)
def test_a_champion_of_another_kind_neither_ranks_nor_is_replaced(card, words):
    campaign = judging_world()
    champion = listed(campaign, "aa", state="champion")
    Model.objects.filter(pk=champion.pk).update(card={**champion.card, **card})
    candidate = listed(campaign, "ca")

    round = judged(at_the_judge(campaign, candidate))

    assert (round.ranked_by, round.steps["judge"]["provisional"]) == (candidate, True)
    assert words in round.steps["judge"]["reasons"][0]
    champion.refresh_from_db()
    assert champion.state == "champion"


def test_a_champion_that_sees_what_the_snapshot_lacks_ranks_but_is_not_compared():
    campaign = judging_world()
    champion = listed(campaign, "aa", state="champion")
    card = {**champion.card, "features": {"set": "sqrt+masks:scl"}}
    Model.objects.filter(pk=champion.pk).update(card=card)

    round = judged(at_the_judge(campaign, listed(campaign, "ca")))

    assert round.ranked_by == champion
    assert "sees mask:scl" in round.steps["judge"]["reasons"][0]


@pytest.mark.parametrize(
    ("state", "words"), [("champion", "is the champion already"), ("retired", "was retired before")]
)
def test_the_same_model_again_changes_nothing(state, words):
    campaign = judging_world()
    earlier = {"promote": True, "reasons": ["It is better."], "by_hand": {"why": "shadows"}}
    candidate = listed(campaign, "ca", state=state, decision=earlier, decided=NOON)

    round = judged(at_the_judge(campaign, candidate))

    candidate.refresh_from_db()
    assert (candidate.state, round.ranked_by) == (state, candidate)
    assert (candidate.decision.items() >= earlier.items(), candidate.decided) == (True, NOON)
    assert words in round.steps["judge"]["reasons"][0]
    assert not Event.objects.filter(kind="model").exists()


def test_where_nothing_was_trained_the_champion_ranks():
    campaign = judging_world()
    champion = listed(campaign, "aa", state="champion")

    assert judged(at_the_judge(campaign, None)).ranked_by == champion


def test_a_judge_that_fails_fails_the_round_and_leaves_the_champion(folders, monkeypatch):
    monkeypatch.setattr(judging, "run_child", judging_here)
    campaign = judging_world()
    champion = kept(folders[0], campaign, state="champion")
    candidate = kept(folders[1], campaign)
    store().write(f"{candidate.folder}/weights.safetensors", b"damaged")
    attempt = at_the_judge(campaign, candidate)

    run_round(attempt.job, blobs=attempt.blobs, clock=attempt.clock)

    failed = Round.objects.get()
    assert (failed.state, failed.step) == ("failed", "judge")
    assert "weights.safetensors is damaged" in failed.error
    champion.refresh_from_db(), candidate.refresh_from_db()
    assert (champion.state, candidate.state, candidate.decision) == ("champion", "candidate", {})
    assert planned(campaign).n == 2


def test_rounds_from_before_were_ranked_by_their_own_model():
    migration = importlib.import_module("labelling.migrations.0006_judging")
    campaign = judging_world()
    model = listed(campaign, "ca")
    for n, (step, state) in enumerate([("pick", "running"), ("fit", "failed"), ("done", "done")]):
        RoundFactory(campaign=campaign, n=n + 1, step=step, state=state, model=model)

    migration.rank_by_own_model(apps, None)

    rounds = Round.objects.order_by("n")
    assert [each.ranked_by for each in rounds] == [model, None, model]
    rounds.filter(n=1).update(step="judge")
    migration.judge_no_more(apps, None)
    assert [each.step for each in rounds.all()] == ["fit", "fit", "done"]


def test_a_child_judges_the_same_however_often_it_is_asked(folders):
    campaign = judging_world(validation=6)
    attempt = at_the_judge(campaign, None)
    snapshot = store().path(attempt.round.snapshot.folder)
    asked = {
        "snapshot": str(snapshot), "candidate": str(folders[0]), "champion": str(folders[0]),
        "margins": dict.fromkeys(("clear", "cloud", "semi-transparent", "shadow"), 0.02),
        "resampling": {"level": 0.95, "draws": 100, "seed": 20},
    }  # fmt: skip

    report = report_of(Request.read(asked))

    assert report == report_of(Request.read(asked))
    seen = [each for each in report["differences"].values() if each]
    assert seen
    assert all((each["value"], each["low"], each["needs"]) == (0, 0, 0) for each in seen)
    assert report["candidate"] == report["champion"]
    assert sum(report["scenes_per_class"].values()) >= report["scenes"] == 6


def test_calibration_counted_in_cells_is_that_of_all_pixels():
    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet(np.ones(3), size=(64, 64)).transpose(2, 0, 1).astype(np.float32)
    # Too sure below a half and too unsure above: in one bin the two would cancel.
    share = probabilities[1] ** 2 * (3 - 2 * probabilities[1])
    label = (rng.random((64, 64)) < share).astype(np.uint8)
    label[:4] = IGNORE
    known = label != IGNORE
    counted = Reliability(3)

    for half in (slice(0, 30), slice(30, 64)):
        counted.add(probabilities[:, half], label[half])

    errors = counted.errors()
    for k in (0, 1):
        exact = calibration_error(probabilities[k][known], label[known] == k)
        assert errors[k] == pytest.approx(exact, abs=0.004)
    assert np.isnan(errors[2])
