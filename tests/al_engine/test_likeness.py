"""The known tile that another one is most like."""

import numpy as np

from al_engine.batches import Pool
from al_engine.likeness import nearest_known


def pool_of(embeddings: np.ndarray, known: np.ndarray) -> Pool:
    n = len(embeddings)
    return Pool(
        scores=np.ones(n),
        means=np.ones(n),
        disagreement=np.zeros(n),
        class_scores=np.ones((n, 2)),
        embeddings=embeddings,
        groups=np.arange(n),
        known_embeddings=known,
    )


def test_the_nearest_known_tile_is_that_of_the_largest_cosine_from_the_centre_of_all():
    rng = np.random.default_rng(3)
    embeddings, known = rng.normal(size=(6, 4)) + 9, rng.normal(size=(5000, 4)) + 9
    rows = np.array([4, 1])

    nearest, cosines = nearest_known(pool_of(embeddings, known), rows)

    centre = np.concatenate([embeddings, known]).mean(axis=0)
    for row, found, cosine in zip(rows, nearest, cosines, strict=True):
        towards = (embeddings[row] - centre) / np.linalg.norm(embeddings[row] - centre)
        others = (known - centre) / np.linalg.norm(known - centre, axis=1, keepdims=True)
        assert np.isclose(cosine, (others @ towards).max(), atol=1e-4)
        assert np.isclose(others[found] @ towards, cosine, atol=1e-4)


def test_where_nothing_is_known_nothing_is_near():
    for pool in (
        pool_of(np.ones((3, 2)), np.ones((0, 2))),
        pool_of(np.ones((3, 0)), np.ones((2, 0))),
    ):
        nearest, cosines = nearest_known(pool, np.array([0, 2]))
        assert nearest.tolist() == [-1, -1]
        assert cosines.tolist() == [0, 0]
