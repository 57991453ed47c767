"""What a real round tells the engine, and what it keeps of the answer. All painted: synthetic."""

from __future__ import annotations

import json

import numpy as np
import pytest

from al_engine.batches import Pool
from al_engine.strategies import STRATEGIES
from labelling.adapters.blobs import store
from labelling.compute.contradicting import Opponent
from labelling.compute.prelabel import draw_prelabels
from labelling.errors import BadInput
from labelling.imagery.tilefile import write_label
from labelling.models import (
    Campaign,
    Layer,
    Place,
    Round,
    Score,
    Task,
    TileFigures,
)
from labelling.workflow import tasks_of_round
from labelling.workflow.foreseeing import loaded
from labelling.workflow.picking import choose
from labelling.workflow.picking_again import chosen_again
from labelling.workflow.pool import eligible_tiles
from labelling.workflow.pool_masks import other_mask, rule_mask
from labelling.workflow.pool_strata import patch, season
from labelling.workflow.rounds import take_step
from tests.factories import NOON, SceneFactory, TileFactory
from tests.labelling.judged import kept, listed, trained
from tests.labelling.one_round import planned, work
from tests.labelling.scored import scored
from tests.worlds import truth, world
from training.predict import load

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of one model, for all tests."""
    return trained(tmp_path_factory.mktemp("model"), seed=1)


def masked(campaign: Campaign, tile, *, source="scl", provides=(0, 1), kinds=(0, 1, 1, 0)) -> Layer:
    """The tile's truth as a mask that tells only `provides` apart."""
    codes = np.array(kinds, np.uint8)[truth(campaign, tile)]
    key = f"layers/{tile.key}/{source}-1.tif"
    store().write_with(key, lambda path: write_label(path, codes, codes * 0))
    shares = {str(code): float((codes == code).mean()) for code in (*provides, 255)}
    return Layer.objects.create(
        tile=tile, source=source, version="1", raster=key, classes=shares,
        provides=list(provides), created=NOON,
    )  # fmt: skip


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_every_strategy_picks_in_a_round_and_picks_the_same_again(strategy, folder):
    campaign = world(pool=8, labelled=2)
    for tile in eligible_tiles(campaign).select_related("acquisition__place"):
        masked(campaign, tile)
    attempt = scored(campaign, kept(folder, campaign), strategy=strategy)

    take_step(attempt)

    picked = Score.objects.filter(round=attempt.round, picked__isnull=False).order_by("picked")
    again = chosen_again(campaign, 1, blobs=store())
    assert (len(picked), again.picked, again.different) == (5, 5, 0)
    for score in picked:
        uniform = score.slice in ("control", "random")
        # One control tile, or all five at random, out of six.
        chance = (5 if strategy == "random" else 1) / 6 if uniform else None
        assert score.drawn["probability"] == (pytest.approx(chance) if uniform else None)
    assert [score.slice for score in picked].count("control") == (strategy != "random")
    assert all(score.drawn["likeness"] <= 1 and score.drawn["nearest"] for score in picked)


def test_a_choice_that_was_tampered_with_is_found(folder):
    campaign = world(pool=7, labelled=1)
    attempt = scored(campaign, kept(folder, campaign), strategy="entropy")
    take_step(attempt)
    stored = attempt.adopted("pick") / "picks.json"
    told = json.loads(stored.read_text())
    told["picks"][0], told["picks"][1] = told["picks"][1], told["picks"][0]
    stored.write_text(json.dumps(told))

    assert chosen_again(campaign, 1, blobs=store()).different == 2


def test_the_batch_ramps_from_covering_into_uncertainty_as_labels_and_validation_say(folder):
    campaign = world(pool=12, labelled=2)
    metrics = {"split": "validation", "class_mean_iou": 0.7}
    attempt = scored(campaign, kept(folder, campaign, metrics=metrics), batch=10)

    def slices(iou: float | None = 0.7, **picking) -> list[str]:
        campaign.picking = picking
        attempt.round.campaign = campaign
        attempt.round.ranked_by.metrics = metrics | {"class_mean_iou": iou}
        return sorted({each["slice"] for each in choose(attempt).picks})

    assert slices() == ["control", "coverage"]  # nothing is labelled by the round's snapshot
    assert slices(ramp_from=0, ramp_over=1) == ["control", "coverage"]
    attempt.round.training = {"pretrain_steps": 5}  # a model that learnt elsewhere is no beginner
    assert slices() == ["control", "coverage", "informative"]
    assert slices(iou=0.3) == ["control", "coverage"]
    assert slices(iou=0.3, least_validation=0.2) == ["control", "coverage", "informative"]
    assert slices(control_share=0, coverage_share=0) == ["informative"]


def test_floors_of_classes_reach_the_engine_by_the_channel_of_their_code(folder):
    campaign = world(pool=12, labelled=1)
    attempt = scored(campaign, kept(folder, campaign), batch=10)
    attempt.round.training = {"pretrain_steps": 5}
    campaign.picking = {"class_floors": {"3": 0.9}, "coverage_share": 0}
    attempt.round.campaign = campaign

    told = choose(attempt)

    quotas = [each["quota"] for each in told.picks if each["slice"] == "informative"]
    assert told.asked["config"]["class_floors"] == (0.0, 0.0, 0.0, 0.9)
    assert quotas.count("shadow") >= 8
    assert any("shadow" in each["why"] for each in told.picks)


def test_a_pool_knows_where_and_when_its_tiles_were_seen(folder):
    campaign = world(pool=7, labelled=1)
    Place.objects.update(latitude=-30.0)
    attempt = scored(campaign, kept(folder, campaign))

    pool = Pool.load(attempt.adopted("score") / "pool.npz")

    # Painted tiles lie in one row: columns 1 and 2 in one block of three, then 3 to 5, then 6.
    assert sorted(np.unique(pool.neighbourhoods, return_counts=True)[1]) == [1, 2, 3]
    assert set(pool.seasons.tolist()) == {0}  # June, south of the equator
    assert len(set(pool.places.tolist())) == 6
    assert len(pool.known_embeddings) == 1


def test_seasons_and_patches_of_what_is_not_known():
    assert season(NOON, 60.0) == 2
    assert season(NOON, None) == 2
    assert season(None, 60.0) == -1
    assert patch("a scene's name", NOON) == ""
    assert patch("35VLF/512/7/3", None) != patch("35VLF/512/7/3", NOON)


def test_a_cold_start_reads_each_raster_once_and_no_more():
    campaign = world(pool=6, validation=0)
    first = work(planned(campaign, strategy="auto", batch=2))
    assert TileFigures.objects.count() == 6
    Task.objects.update(state="superseded")
    for tile in eligible_tiles(campaign):
        store().delete(tile.raster)

    second = work(planned(campaign, strategy="auto", batch=2))

    assert [(each.state, each.error) for each in (first, second)] == [("done", "")] * 2


def test_a_cold_start_is_split_by_the_mask_that_most_tiles_have():
    campaign = world(pool=9, validation=0)
    tiles = list(eligible_tiles(campaign).select_related("acquisition__place").order_by("pk"))
    for tile in tiles[:8]:
        # Sen2Cor's mask is of L2A: another raster of the same moment.
        twin = TileFactory(
            acquisition=tile.acquisition, scene=SceneFactory(), level="L2A", bands=tile.bands
        )
        twin.quality = tile.quality
        masked(campaign, twin)
    masked(campaign, tiles[8], source="fmask", kinds=(1, 1, 1, 1))

    done = work(planned(campaign, strategy="auto", batch=6))

    pool = Pool.load(store().path(f"rounds/{campaign.slug}/1/score/pool.npz"))
    assert done.error == ""
    assert pool.mask_fractions.shape == (9, 2)
    assert pool.mask_fractions.sum(axis=1) == pytest.approx(np.ones(9), abs=1e-5)
    listing = [{"uuid": str(tile.uuid)} for tile in tiles]
    assert rule_mask(campaign, listing).source == "scl"
    campaign.picking = {"mask": "fmask"}
    assert rule_mask(campaign, listing).shares(listing).shape == (9, 2)
    campaign.picking = {"mask": "nobody's"}
    assert rule_mask(campaign, listing) is None


def test_disagree_counts_only_what_the_mask_can_tell_apart(folder):
    campaign = world(pool=7, labelled=1)
    tiles = list(eligible_tiles(campaign).select_related("acquisition__place"))
    for tile in tiles:
        masked(campaign, tile, kinds=(0, 0, 0, 0))  # clear everywhere
    attempt = scored(campaign, kept(folder, campaign), strategy="disagree")

    pool = Pool.load(attempt.adopted("score") / "pool.npz")

    # Shadow counts as clear for a mask without shadows: what contradicts it is cloud of any kind.
    cloudy = pool.class_fractions[:, 1] + pool.class_fractions[:, 2]
    assert Opponent.of(load(folder), campaign.bands, [0, 1], None).merged == (0, 1, 1, 0)
    assert (pool.compared == 1).all()
    assert np.abs(pool.contradiction - cloudy).max() < 0.15  # the margin isn't counted


def test_disagree_takes_another_model_where_there_is_no_mask_and_refuses_without_one(
    folder, tmp_path
):
    campaign = world(pool=7, labelled=1)
    refused = work(planned(campaign, strategy="disagree", batch=3))
    assert (refused.state, refused.step) == ("failed", "freeze")
    assert "no other model" in refused.error
    assert "masks" in refused.error

    model = kept(folder, campaign, state="champion")
    other = kept(trained(tmp_path, seed=2), campaign, state="retired")
    earlier = planned(campaign, strategy="entropy", batch=1)
    Round.objects.filter(pk=earlier.pk).update(state="done", ranked_by=other)
    attempt = scored(campaign, model, strategy="disagree")
    pool = Pool.load(attempt.adopted("score") / "pool.npz")
    assert other_mask(attempt.round, []).model == other
    assert (pool.compared == 1).all()
    assert pool.contradiction.max() > 0

    other.card = other.card | {"bands": ["B02"]}
    other.save()
    with pytest.raises(BadInput, match="no other model") as nothing:
        other_mask(attempt.round, [])
    assert nothing.value.field == "strategy"


def test_noise_starts_over_after_a_restart_and_failed_rounds_sharpen_nothing(folder):
    campaign = world(pool=7, labelled=1)
    model = listed(campaign, "ab")
    for state in ("done", "failed", "done"):
        each = planned(campaign, strategy="entropy", batch=1)
        Round.objects.filter(pk=each.pk).update(state=state, ranked_by=model)
    attempt = scored(campaign, kept(folder, campaign))

    def turn(**picking) -> int:
        attempt.round.campaign.picking = picking
        return choose(attempt).asked["request"]["round_no"]

    assert (turn(), turn(restart=3), turn(restart=4)) == (3, 2, 1)


def test_what_the_model_says_of_control_tiles_is_kept_where_nobody_is_shown_it(folder, monkeypatch):
    def in_this_process(module, work, request, out, **_) -> None:
        draw_prelabels(json.loads(request.read_text()), out)

    monkeypatch.setattr(tasks_of_round, "run_child", in_this_process)
    campaign = world(pool=8, labelled=2)
    attempt = scored(campaign, kept(folder, campaign))

    take_step(attempt)
    take_step(attempt)

    tasks = Task.objects.filter(round_no=1)
    control = tasks.get(lane="control")
    where = store().path(f"rounds/{campaign.slug}/1/foreseen")
    assert (attempt.round.step, tasks.count()) == ("done", 5)
    assert list(loaded((where / "masks.npz").read_bytes())) == [str(control.tile.uuid)]
    assert len(loaded((where / "settled.npz").read_bytes())) == 8
    assert not Layer.objects.filter(tile=control.tile).exists()
    assert control.prelabel is None
    assert attempt.round.steps["open"]["agreement"] is None  # there was no model before
