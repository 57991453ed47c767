from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from al_engine.autoconfig import AutoConfig
from al_engine.batches import Pool, Request
from al_engine.errors import BadPool, BadRequest
from al_engine.strategies import STRATEGIES, select
from tests.al_engine.scenes import contents, pool_for, pool_of, shuffled

pools = st.builds(
    lambda groups, classes, known, seed: pool_of(
        len(groups), classes=classes, groups=groups, known=known, seed=seed
    ),
    st.lists(st.integers(0, 6), min_size=1, max_size=40),
    st.integers(2, 6),
    st.integers(0, 5),
    st.integers(0, 2**32),
)
requests = st.builds(
    Request,
    count=st.integers(1, 50),
    seed=st.integers(0, 2**32),
    round_no=st.integers(1, 15),
    product_cap=st.none() | st.integers(1, 8),
)
names = st.sampled_from(sorted(STRATEGIES))


def scored_for(name, pool):
    return replace(pool, acquisition=STRATEGIES[name].acquisition or "entropy")


@settings(max_examples=150, deadline=None)
@given(pools, requests, names)
def test_every_strategy_returns_what_was_asked_without_repeats(pool, request, name):
    pool = scored_for(name, pool)

    batch = select(pool, request, strategy=name)

    wanted = min(request.count, pool.size)
    assert len(set(batch.indices.tolist())) == len(batch.indices) == wanted
    for column in (batch.slices, batch.quotas, batch.noise, batch.standings, batch.probabilities):
        assert len(column) == wanted
    assert set(batch.indices.tolist()) <= set(range(pool.size))
    assert any("all chosen" in note for note in batch.notes) == (request.count > pool.size)


@settings(max_examples=80, deadline=None)
@given(pools, requests, names, st.integers(0, 99))
def test_the_order_of_the_rows_changes_nothing_but_their_numbers(pool, request, name, seed):
    pool = scored_for(name, pool)
    moved, order = shuffled(pool, seed)

    batch, again = (select(p, request, strategy=name) for p in (pool, moved))

    assert order[again.indices].tolist() == batch.indices.tolist()
    assert contents(again)[1:] == contents(batch)[1:]


@settings(max_examples=100, deadline=None)
@given(pools, requests)
def test_auto_keeps_the_product_cap_unless_it_says_so(pool, request):
    batch = select(pool, request, strategy="auto")

    informative = batch.indices[[slice_ == "informative" for slice_ in batch.slices]]
    most = max(Counter(pool.groups[informative].tolist()).values(), default=0)
    assert most <= request.cap or any("was raised" in note for note in batch.notes)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_stored_pool_replays_to_the_same_batch_bit_for_bit(tmp_path, name):
    pool = pool_for(name, 60, known=4, groups=np.arange(60) // 3)
    pool.save(tmp_path / "pool.npz")
    request = Request(count=20, seed=7, round_no=3)

    first = select(pool, request, strategy=name)
    replayed = select(Pool.load(tmp_path / "pool.npz"), request, strategy=name)

    assert contents(replayed) == contents(first)


def test_another_seed_or_round_gives_another_batch():
    pool = pool_of(200)

    batches = {
        tuple(select(pool, Request(count=10, seed=seed, round_no=round_no)).indices.tolist())
        for seed in (1, 2)
        for round_no in (1, 2)
    }

    assert len(batches) == 4


def test_entropy_takes_the_largest_means_in_order():
    pool = pool_of(5, means=[0.1, 0.9, 0.3, 0.8, 0.2])

    batch = select(pool, Request(count=3, seed=0), strategy="entropy")

    assert batch.indices.tolist() == [1, 3, 2]
    assert batch.slices == ("informative",) * 3
    assert batch.quotas.tolist() == [-1, -1, -1]


def test_bald_takes_the_largest_disagreement_in_order():
    pool = pool_of(5, disagreement=[0.1, 0.9, 0.3, 0.8, 0.2])

    assert select(pool, Request(count=3, seed=0), strategy="bald").indices.tolist() == [1, 3, 2]


def test_random_needs_no_model_and_favours_nobody():
    pool = Pool.unscored(groups=np.zeros(10, dtype=int))

    drawn = Counter(
        row
        for seed in range(2000)
        for row in select(pool, Request(count=3, seed=seed), strategy="random").indices.tolist()
    )

    assert not STRATEGIES["random"].needs_model
    assert [drawn[row] / 2000 for row in range(10)] == pytest.approx([0.3] * 10, abs=0.04)


@pytest.mark.parametrize("name", [s.name for s in STRATEGIES.values() if s.needs_model])
def test_a_strategy_that_needs_a_model_refuses_an_unscored_pool(name):
    with pytest.raises(BadPool, match=f"'{name}' needs scores of a model"):
        select(Pool.unscored(groups=[1, 2, 3]), Request(count=1, seed=0), strategy=name)


def test_entropy_refuses_a_pool_scored_by_something_else():
    with pytest.raises(BadPool, match="ranks by entropy; this pool was scored by margin"):
        select(pool_of(5, acquisition="margin"), Request(count=1, seed=0), strategy="entropy")


def test_bald_refuses_members_that_never_disagree():
    with pytest.raises(BadPool, match="at least 2 members that differ"):
        select(pool_of(5, disagreement=np.zeros(5)), Request(count=1, seed=0), strategy="bald")


def test_an_empty_pool_is_refused():
    with pytest.raises(BadPool, match="the pool is empty"):
        select(Pool.unscored(groups=np.array([], dtype=int)), Request(count=1, seed=0))


def test_an_unknown_strategy_is_refused_with_the_names_there_are():
    with pytest.raises(BadRequest, match=r"'bold'; there are auto, random,.*disagree"):
        select(pool_of(3), Request(count=1, seed=0), strategy="bold")


def test_every_strategy_names_its_source_or_its_purpose():
    for strategy in STRATEGIES.values():
        assert "Source" in strategy.choose.__doc__ or "baseline" in strategy.choose.__doc__


def test_auto_splits_a_batch_of_100_into_control_class_quotas_and_the_rest():
    batch = select(pool_of(1000), Request(count=100, seed=3))

    quotas = Counter(
        quota for quota, s in zip(batch.quotas.tolist(), batch.slices) if s == "informative"
    )
    assert Counter(batch.slices) == {"control": 10, "coverage": 10, "informative": 80}
    assert quotas[-1] == 27  # 34 % of 80
    assert sorted(quotas[c] for c in range(4)) == [13, 13, 13, 14]
    assert batch.uniform_probability == 0.01


@pytest.mark.parametrize(("count", "control"), [(1, 0), (4, 0), (5, 1), (14, 1), (15, 2), (60, 6)])
def test_a_tenth_is_control_and_at_least_one_tile_from_five_on(count, control):
    batch = select(pool_of(200), Request(count=count, seed=0))

    assert batch.slices.count("control") == control
    assert any("No control tile" in note for note in batch.notes) == (control == 0)


def test_late_rounds_take_the_best_tile_of_each_class():
    class_scores = np.full((400, 4), 0.01, dtype=np.float32)
    class_scores[[11, 22, 33, 44], [0, 1, 2, 3]] = 1.0
    pool = pool_of(400, class_scores=class_scores)

    batch = select(pool, Request(count=9, seed=5, round_no=10))

    firsts = {q: i for i, q in zip(batch.indices[::-1].tolist(), batch.quotas[::-1].tolist())}
    assert [firsts[c] for c in range(4)] == [11, 22, 33, 44]


def test_early_rounds_are_looser_than_late_ones():
    pool = pool_of(500)

    def mean_score(round_no):
        config = AutoConfig(noise=True)
        batch = select(pool, Request(count=50, seed=1, round_no=round_no), config=config)
        return pool.scores[batch.indices].mean()

    assert mean_score(1) < mean_score(10)


def test_the_noise_that_is_stored_is_the_noise_that_ranked():
    pool = pool_of(50)
    batch = select(pool, Request(count=20, seed=2), config=AutoConfig(reach=0, noise=True))

    unstratified = [i for i, s in enumerate(batch.slices) if s == "informative"]
    unstratified = [i for i in unstratified if batch.quotas[i] == -1]
    rows = batch.indices[unstratified]
    keys = np.log(pool.scores[rows] + 1e-9) + batch.noise[unstratified]

    assert (np.diff(keys) <= 0).all()
    assert batch.noise[unstratified].all()
    assert all(batch.noise[i] == 0 for i, s in enumerate(batch.slices) if s == "control")


def test_a_class_that_nothing_scores_for_gives_its_quota_away_and_says_so():
    class_scores = np.random.default_rng(0).random((100, 4), dtype=np.float32)
    class_scores[:, 3] = 0

    batch = select(pool_of(100, class_scores=class_scores), Request(count=20, seed=0))

    assert 3 not in batch.quotas
    assert "Class 3 has no quota: no tile scores for it." in batch.notes


def test_too_few_products_raise_the_cap_and_say_so():
    pool = pool_of(40, groups=np.arange(40) % 4)

    batch = select(pool, Request(count=20, seed=0, product_cap=1))

    assert len(batch.indices) == 20
    assert batch.notes == ("The cap of 1 a product was raised to 8 to find enough tiles.",)


def test_near_duplicates_are_let_in_last_and_said():
    two_looks = np.repeat(np.eye(2, 16, dtype=np.float32), 10, axis=0)
    pool = pool_of(20, embeddings=two_looks)

    none = np.zeros((20, 0), dtype=np.float32)

    batch = select(replace(pool, features=none), Request(count=4, seed=0))

    assert {row // 10 for row in batch.indices.tolist()[:2]} == {0, 1}
    assert "2 near-duplicates were let in: too few other tiles were left." in batch.notes


def test_a_pool_without_embeddings_has_no_duplicates():
    none = np.empty((30, 0), dtype=np.float32)

    batch = select(
        pool_of(30, embeddings=none, known_embeddings=none[:0]), Request(count=10, seed=0)
    )

    assert len(batch.indices) == 10
    assert batch.notes == ()
