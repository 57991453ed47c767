from collections import Counter

import numpy as np
import pytest

from al_engine.batches import Request
from al_engine.clusters import cells, k_means, nearest_centre, space, typical_first
from al_engine.covering import strata_of
from al_engine.errors import BadPool
from al_engine.strategies import select
from tests.al_engine.scenes import cold_pool, pool_of

HERE, THERE, FAR = (0.0, 0.0), (10.0, 0.0), (0.0, 10.0)


def clouds(*counts, seed=0):
    """Features of that many tiles around three places."""
    rng = np.random.default_rng(seed)
    points = [rng.normal(place, 0.3, (n, 2)) for place, n in zip((HERE, THERE, FAR), counts)]
    return np.concatenate(points).astype(np.float32)


def which(features):
    """0, 1, 2: the place each tile lies at."""
    return np.where(features[:, 0] > 5, 1, np.where(features[:, 1] > 5, 2, 0))


def dice(seed=0):
    return np.random.default_rng(seed)


def test_k_means_finds_separate_clouds():
    features = clouds(50, 30, 20)

    labels = nearest_centre(features, k_means(features, 3, rng=dice()))

    for place in range(3):
        assert len(set(labels[which(features) == place])) == 1
    assert len(set(labels)) == 3


def test_the_nearest_centre_is_that_of_plain_loops():
    features, centres = (
        dice().standard_normal((40, 5)).astype("f4"),
        dice(1).standard_normal((7, 5)),
    )

    by_hand = [min(range(7), key=lambda c: np.sum((v - centres[c]) ** 2)) for v in features]

    assert nearest_centre(features, centres.astype("f4")).tolist() == by_hand


def test_tiles_that_all_coincide_make_one_cell():
    assert len(k_means(np.ones((20, 3), dtype=np.float32), 5, rng=dice())) == 1


def test_the_most_typical_tile_lies_where_tiles_are_dense():
    crowd = dice().normal(0, 0.1, (30, 2)).astype(np.float32)
    stray = np.array([[3, 3], [-4, 1]], dtype=np.float32)
    vectors = np.concatenate([stray, crowd])

    order = typical_first(vectors, vectors.mean(axis=0))

    assert order[0] >= 2
    assert set(order[-2:].tolist()) == {0, 1}


def test_typicality_is_the_inverse_mean_distance_to_the_twenty_nearest():
    vectors = dice().standard_normal((60, 3)).astype(np.float32)
    away = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)

    order = typical_first(vectors, vectors.mean(axis=0))

    by_hand = np.sort(away, axis=1)[:, 1:21].mean(axis=1).argsort(kind="stable")
    assert order.tolist() == by_hand.tolist()


def test_a_large_pool_is_sampled_and_cells_are_bounded(monkeypatch):
    monkeypatch.setattr("al_engine.clusters.SAMPLE", 100)
    monkeypatch.setattr("al_engine.clusters.MOST_CELLS", 12)
    pool = cold_pool(dice().standard_normal((500, 4)), known_features=np.zeros((30, 4)))

    given = space(pool, ("features",), np.array([], dtype=int), count=5, rng=dice())

    assert len(given.rows) == 100
    assert len(cells(given, count=5, rng=dice()).centres) == 12


def test_a_batch_larger_than_the_sample_is_filled_from_the_rest_and_said(monkeypatch):
    monkeypatch.setattr("al_engine.clusters.SAMPLE", 8)
    pool = cold_pool(dice().standard_normal((50, 4)))
    monkeypatch.setattr(
        "al_engine.covering.space", lambda *a, count, rng: space(*a, count=2, rng=rng)
    )

    batch = select(pool, Request(count=20, seed=0), strategy="coverage")

    assert len(set(batch.indices.tolist())) == 20
    assert any("12 tiles were drawn by lot" in note for note in batch.notes)


@pytest.mark.parametrize("name", ["kmeans", "coverage", "stratified"])
def test_cells_without_a_labelled_tile_come_first_the_largest_before_others(name, monkeypatch):
    monkeypatch.setattr("al_engine.clusters.MOST_CELLS", 3)
    features = clouds(60, 25, 5)
    pool = cold_pool(features, known_features=clouds(4, 0, 0, seed=1))

    batch = select(pool, Request(count=3, seed=3), strategy=name)

    assert which(features[batch.indices]).tolist() == [1, 2, 1]


def test_coverage_takes_typical_tiles_and_kmeans_any():
    features = clouds(200, 0, 0)
    outskirts = np.linalg.norm(features, axis=1) > 0.45
    pool = cold_pool(features)

    taken = {
        name: np.mean(
            [
                outskirts[select(pool, Request(count=1, seed=s), strategy=name).indices[0]]
                for s in range(40)
            ]
        )
        for name in ("coverage", "kmeans")
    }

    assert taken["coverage"] == 0
    assert taken["kmeans"] > 0.1


def test_a_stratum_is_the_class_a_tile_has_more_of_than_the_pool_has():
    fractions = np.array([[1, 0, 0], [0.9, 0.1, 0], [0.6, 0, 0.4]], dtype=np.float32)

    assert strata_of(fractions).tolist() == [0, 1, 2]


def test_stratified_gives_every_predicted_class_its_share():
    fractions = np.tile(np.float32([0.96, 0.02, 0.02]), (90, 1))
    fractions[:6] = [0.9, 0.08, 0.02]
    fractions[6:12] = [0.9, 0.02, 0.08]
    pool = pool_of(90, classes=3, class_fractions=fractions)

    batch = select(pool, Request(count=15, seed=0), strategy="stratified")

    assert Counter(strata_of(fractions)[batch.indices].tolist()) == {0: 5, 1: 5, 2: 5}
    assert Counter(batch.quotas.tolist()) == {0: 5, 1: 5, 2: 5}
    assert set(batch.slices) == {"coverage"}


def test_stratified_does_not_look_at_scores():
    pool, other = pool_of(80, seed=1), pool_of(80, seed=1, scores=np.linspace(0, 1, 80))

    picks = [
        select(p, Request(count=9, seed=2), strategy="stratified").indices for p in (pool, other)
    ]

    assert picks[0].tolist() == picks[1].tolist()


@pytest.mark.parametrize("name", ["stratified", "kmeans", "coverage"])
def test_covering_a_pool_without_features_is_refused(name):
    none = np.zeros((9, 0), dtype=np.float32)
    pool = pool_of(9, features=none, embeddings=none, known_embeddings=none[:0])

    with pytest.raises(BadPool, match="features"):
        select(pool, Request(count=2, seed=0), strategy=name)


def test_coverage_is_capped_by_product_and_kmeans_is_not():
    pool = pool_of(60, groups=np.arange(60) // 30)
    request = Request(count=6, seed=0, product_cap=1)

    assert any("cap of 1 a product" in n for n in select(pool, request, strategy="coverage").notes)
    assert select(pool, request, strategy="kmeans").notes == ()
