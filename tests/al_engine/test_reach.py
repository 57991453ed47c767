"""Score times distance: what `auto` spreads its doubtful tiles by."""

from dataclasses import replace

import numpy as np
import pytest

from al_engine.autoconfig import AutoConfig
from al_engine.batches import Request
from al_engine.clusters import Scale
from al_engine.guard import CLOSEST
from al_engine.reach import distances
from al_engine.strategies import select
from tests.al_engine.scenes import contents, pool_of

REACHING = AutoConfig(
    control_share=0, coverage_share=0, stratified_share=0, deduplicated=False, reach=2
)


def line(places, scores, known=(), **changes):
    """Tiles on a line of one feature, and those that are labelled already."""
    return pool_of(
        len(places),
        scores=scores,
        features=np.array(places, dtype=np.float32)[:, None],
        known_features=np.array(known, dtype=np.float32).reshape(-1, 1),
        known_embeddings=np.ones((len(known), 16), dtype=np.float32),
        **changes,
    )


def chosen(pool, count, config=REACHING):
    return select(pool, Request(count=count, seed=0), config=config).indices.tolist()


def test_of_tiles_that_are_doubted_alike_the_one_unlike_all_that_is_known_is_next():
    pool = line([0, 1, 2, 9], [0.5, 0.5, 0.5, 0.4], known=[0.1, 1.2])

    assert chosen(pool, 2) == [3, 2]
    assert chosen(pool, 2, replace(REACHING, reach=0))[0] in (0, 1, 2)


def test_what_was_just_chosen_is_known_to_the_next_pick():
    pool = line([0, 8, 8.1, 5], [0.1, 0.9, 0.9, 0.3], known=[0])

    assert chosen(pool, 2)[1] == 3


def test_control_tiles_count_as_known():
    pool = line([0, 0.5, 1, 10, 10.5, 11], [0.5] * 6)
    for seed in range(20):
        batch = select(pool, Request(count=5, seed=seed, control_share=0.2), config=REACHING)
        turn = {name: place for place, name in enumerate(batch.slices)}
        first = next(row for row, name in zip(batch.indices, batch.slices) if name == "informative")
        control = batch.indices[turn["control"]]
        assert (first >= 3) != (control >= 3)


def test_every_pick_is_the_largest_score_times_squared_distance():
    pool = pool_of(120, known=5, seed=3)
    config = replace(REACHING, candidates=10_000)

    picks = chosen(pool, 25, config)

    scale = Scale.of(pool.features)
    vectors, known = scale(pool.features), list(scale(pool.known_features))
    left = set(range(pool.size))
    for row in picks:
        square = ((vectors[:, None] - np.array(known)) ** 2).sum(axis=2).min(axis=1)
        worth = np.log(pool.scores + 1e-9) + np.log(square + CLOSEST**2)
        assert worth[row] == pytest.approx(max(worth[i] for i in left), abs=1e-2)
        left.remove(row)
        known.append(vectors[row])


def test_each_class_reaches_by_its_own_score():
    class_scores = np.full((40, 2), 0.01, dtype=np.float32)
    class_scores[:20, 0] = class_scores[20:, 1] = 0.5
    pool = pool_of(40, classes=2, class_scores=class_scores, known=3)

    batch = select(pool, Request(count=10, seed=0), config=replace(REACHING, stratified_share=1.0))

    assert sorted(batch.quotas.tolist()) == [0] * 5 + [1] * 5
    assert all((row >= 20) == bool(quota) for row, quota in zip(batch.indices, batch.quotas))


def test_only_the_best_candidates_are_reached_for():
    pool = line(range(50), np.linspace(1, 0.01, 50), known=[0])

    assert set(chosen(pool, 2, replace(REACHING, candidates=2))) <= {0, 1, 2, 3}


def test_without_features_it_goes_by_embeddings_and_without_both_by_score_alone():
    embeddings = np.zeros((3, 2), dtype=np.float32)
    embeddings[2] = 5
    bare = {"features": np.zeros((3, 0)), "known_features": np.zeros((1, 0))}
    pool = pool_of(
        3,
        scores=[0.5, 0.49, 0.3],
        embeddings=embeddings,
        known_embeddings=np.zeros((1, 2), dtype=np.float32),
        **bare,
    )
    blind = pool_of(
        3,
        scores=[0.5, 0.49, 0.3],
        embeddings=np.zeros((3, 0)),
        known_embeddings=np.zeros((1, 0)),
        **bare,
    )

    assert chosen(pool, 1) == [2]
    assert chosen(blind, 1) == [0]


def test_distances_do_not_depend_on_how_known_tiles_are_chunked(monkeypatch):
    pool = pool_of(300, known=40)
    rows = np.arange(0, 300, 2)
    whole = distances(pool, rows, rng=np.random.default_rng(0))
    monkeypatch.setattr("al_engine.reach.CHUNK", 7)
    parts = distances(pool, rows, rng=np.random.default_rng(0))

    assert whole._squares == pytest.approx(parts._squares, abs=2e-5)


def test_a_pool_beyond_the_sample_is_scaled_on_a_sample_and_chosen_from_whole(monkeypatch):
    monkeypatch.setattr("al_engine.reach.SAMPLE", 50)
    pool = pool_of(400, known=4)
    request = Request(count=30, seed=1)

    batch = select(pool, request, config=REACHING)

    assert contents(select(pool, request, config=REACHING)) == contents(batch)
    assert batch.indices.max() > 50
