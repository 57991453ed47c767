"""What `auto` does before there is a model."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from al_engine.autoconfig import AutoConfig
from al_engine.batches import Request
from al_engine.covering import strata_of
from al_engine.errors import BadPool
from al_engine.pools import Pool
from al_engine.strategies import select
from tests.al_engine.scenes import cold_pool, contents


def test_before_a_model_auto_covers_typical_tiles_and_says_so():
    rng = np.random.default_rng(0)
    places = rng.normal(0, 10, (5, 4)).repeat(20, axis=0)
    pool = cold_pool(places + rng.normal(0, 0.1, (100, 4)))

    batch = select(pool, Request(count=6, seed=1))

    assert Counter(batch.slices) == {"coverage": 5, "control": 1}
    covered = batch.indices[[name == "coverage" for name in batch.slices]]
    assert sorted(covered // 20) == [0, 1, 2, 3, 4]
    assert "No model has scored the pool yet: the batch covers it." in batch.notes


def test_before_a_model_a_rule_mask_spreads_the_batch_over_its_classes():
    shares = np.tile(np.float32([0.95, 0.05]), (80, 1))
    shares[:8] = [0.7, 0.3]
    pool = cold_pool(np.random.default_rng(0).normal(size=(80, 3)), mask_fractions=shares)

    batch = select(pool, Request(count=12, seed=0), config=AutoConfig(control_share=0))

    assert Counter(batch.quotas.tolist()) == {0: 4, 1: 4, -1: 4}
    rows = batch.indices[batch.quotas == 1]
    assert (strata_of(shares)[rows] == 1).all()


def test_before_a_model_and_without_features_auto_refuses_and_says_what_to_do():
    with pytest.raises(
        BadPool, match=r"Give features, label some tiles first, or begin .*'random'"
    ):
        select(Pool.unscored(groups=[1, 2, 3]), Request(count=1, seed=0))


cold_pools = st.builds(
    lambda n, known, seed: cold_pool(
        np.random.default_rng(seed).integers(0, 3, (n, 3)),
        known_features=np.random.default_rng(seed + 1).integers(0, 3, (known, 3)),
        mask_fractions=np.random.default_rng(seed + 2).random((n, 4)),
    ),
    st.integers(1, 40),
    st.integers(0, 10),
    st.integers(0, 10**6),
)


@settings(max_examples=60, deadline=None)
@given(cold_pools, st.integers(1, 50), st.integers(0, 10**6))
def test_a_cold_start_gives_what_was_asked_and_replays(tmp_path_factory, pool, count, seed):
    path = tmp_path_factory.mktemp("cold") / "pool.npz"
    pool.save(path)
    request = Request(count=count, seed=seed)

    batch, again = select(pool, request), select(Pool.load(path), request)

    assert len(set(batch.indices.tolist())) == min(count, pool.size)
    assert contents(batch) == contents(again)
