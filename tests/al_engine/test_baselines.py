from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from al_engine.autoconfig import AutoConfig
from al_engine.baselines import proposal
from al_engine.batches import Request
from al_engine.errors import BadPool
from al_engine.monitor import lure_weights
from al_engine.strategies import STRATEGIES, select
from tests.al_engine.scenes import pool_for, pool_of


def test_margin_takes_the_largest_mean_margins_of_a_pool_scored_by_it():
    pool = pool_for("margin", 5, means=[0.1, 0.9, 0.3, 0.8, 0.2])

    assert select(pool, Request(count=3, seed=0), strategy="margin").indices.tolist() == [1, 3, 2]


def test_disagree_takes_tiles_by_contradiction_and_those_without_a_mask_last():
    pool = pool_of(5, contradiction=[0.1, 0.9, 0.3, 0.0, 0.2], compared=[1, 1, 0.2, 0, 0])

    batch = select(pool, Request(count=4, seed=0), strategy="disagree")

    assert batch.indices.tolist()[:3] == [1, 2, 0]
    assert batch.notes == ("1 tiles have no other mask to disagree with and were drawn by lot.",)


def test_disagree_without_any_other_mask_is_refused():
    with pytest.raises(BadPool, match="rule mask or of the previous model"):
        select(pool_of(5, compared=np.zeros(5)), Request(count=1, seed=0), strategy="disagree")


def test_clasp_is_two_thirds_class_quotas_of_class_means_and_a_third_of_means():
    pool = pool_of(400)

    batch = select(pool, Request(count=100, seed=3, round_no=10), strategy="clasp")

    quotas = Counter(batch.quotas.tolist())
    assert quotas[-1] == 34
    assert sorted(quotas[c] for c in range(4)) == [16, 16, 17, 17]
    assert set(batch.slices) == {"informative"}
    for quota in (-1, 0):
        rows = batch.indices[batch.quotas == quota]
        column = pool.means if quota < 0 else pool.class_means[:, quota]
        keys = np.log(column[rows].astype(float) + 1e-9) + batch.noise[batch.quotas == quota]
        assert (np.diff(keys) <= 0).all()


def test_clasp_ignores_caps_duplicates_and_the_configuration_of_auto():
    pool = pool_of(60, groups=np.zeros(60, dtype=int), embeddings=np.ones((60, 16)))
    request = Request(count=30, seed=1)

    plain = select(pool, request, strategy="clasp")
    other = select(pool, request, strategy="clasp", config=AutoConfig(stratified_share=0))

    assert plain.notes == ()
    assert plain.indices.tolist() == other.indices.tolist()


def test_clasp_needs_means_by_class():
    with pytest.raises(BadPool, match=r"needs class_means \(score with PoolingConfig"):
        select(pool_of(5, class_means=np.zeros((5, 0))), Request(count=1, seed=0), strategy="clasp")


def test_power_draws_in_proportion_to_scores_and_a_tenth_uniformly():
    pool = pool_of(4, scores=[0.0, 1.0, 2.0, 5.0])
    runs = 4000

    first = Counter(
        int(select(pool, Request(count=2, seed=seed), strategy="power").indices[0])
        for seed in range(runs)
    )

    expected = 0.9 * np.array([0, 1, 2, 5]) / 8 + 0.1 / 4
    assert [first[row] / runs for row in range(4)] == pytest.approx(expected, abs=0.025)


def test_the_stored_chance_of_a_draw_is_the_one_it_was_drawn_with():
    weights = np.array([1.0, 2.0, 5.0])

    q = proposal(weights, np.array([1, 2, 0]))

    assert q.tolist() == pytest.approx(
        [0.9 * 2 / 8 + 0.1 / 3, 0.9 * 5 / 6 + 0.1 / 2, 0.9 * 1 / 1 + 0.1]
    )


def test_power_reaches_every_tile_and_a_whole_pool_has_sound_chances():
    pool = pool_of(30, scores=np.geomspace(1e-8, 1, 30))

    batch = select(pool, Request(count=30, seed=0), strategy="power")

    assert (batch.probabilities > 0).all()
    assert batch.probabilities[-1] == pytest.approx(1)


def test_lure_weights_of_power_picks_give_the_pools_mean_loss():
    losses = np.linspace(0, 1, 40) ** 2
    pool = pool_of(40, scores=np.linspace(0.05, 1, 40))

    estimates = []
    for seed in range(1500):
        batch = select(pool, Request(count=8, seed=seed), strategy="power")
        weights = lure_weights(batch.probabilities, pool=40)
        estimates.append(np.mean(weights * losses[batch.indices]))

    standard_error = np.std(estimates) / np.sqrt(len(estimates))
    assert np.mean(estimates) == pytest.approx(losses.mean(), abs=4 * standard_error)
    assert standard_error < 0.01


def test_any_strategy_can_be_asked_for_control_tiles():
    request = Request(count=20, seed=0, control_share=0.2)

    for name in ("entropy", "power", "kmeans", "disagree"):
        batch = select(pool_of(100), request, strategy=name)
        assert Counter(batch.slices)["control"] == 4
        assert batch.uniform_probability == pytest.approx(0.04)


def test_random_tells_the_same_chance_with_and_without_control():
    pool = pool_of(100)

    for share in (0.0, 0.5, 1.0):
        request = Request(count=20, seed=0, control_share=share)
        assert select(pool, request, strategy="random").uniform_probability == pytest.approx(0.2)


@pytest.mark.parametrize("name", ["entropy", "bald", "disagree", "power", "auto"])
def test_scores_that_are_all_equal_are_said_never_silently_shuffled(name):
    same = np.full(30, 0.25, dtype=np.float32)
    pool = pool_of(30, scores=same, means=same, disagreement=same, contradiction=same)

    batch = select(pool, Request(count=5, seed=0), strategy=name)

    assert any(note.startswith("All 30 tiles have the same") for note in batch.notes)


def test_the_standing_is_the_place_by_score_alone():
    pool = replace(pool_of(50), scores=np.linspace(1, 0.02, 50))

    batch = select(
        pool,
        Request(count=5, seed=3, control_share=0),
        config=AutoConfig(stratified_share=0, noise=True),
    )

    assert batch.standings.tolist() == (batch.indices + 1).tolist()
    assert (batch.noise != 0).all()


def test_every_strategy_is_in_the_table_under_its_own_name():
    assert list(STRATEGIES) == [strategy.name for strategy in STRATEGIES.values()]
    assert len(STRATEGIES) == 11
