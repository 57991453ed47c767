"""Small real inputs shared by the engine's tests: probabilities, and pools of scored tiles."""

import math
from dataclasses import fields

import numpy as np

from al_engine.batches import Pool
from al_engine.strategies import STRATEGIES


def probabilities(members=1, classes=4, height=64, width=64, *, seed=0, dtype=np.float32):
    """Softmax of random logits, (members, classes, height, width)."""
    logits = 2 * np.random.default_rng(seed).standard_normal((members, classes, height, width))
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (raised / raised.sum(axis=1, keepdims=True)).astype(dtype)


def entropy_by_hand(shares):
    """-Σ p log p of one pixel, in nats, 0 log 0 = 0."""
    return -sum(p * math.log(p) for p in shares if p > 0)


def pool_of(size, *, classes=4, groups=None, known=0, seed=0, **changes):
    """A pool of `size` random tiles, one product each unless told, with all that strategies use."""
    rng = np.random.default_rng(seed)
    class_scores = rng.random((size, classes), dtype=np.float32)
    arrays = {
        "scores": class_scores.max(axis=1),
        "means": class_scores.mean(axis=1),
        "disagreement": rng.random(size, dtype=np.float32),
        "class_scores": class_scores,
        "embeddings": rng.standard_normal((size, 16)).astype(np.float32),
        "groups": np.arange(size) if groups is None else np.asarray(groups),
        "known_embeddings": rng.standard_normal((known, 16)).astype(np.float32),
        "members": 3,
        "class_means": class_scores / 2,
        "class_fractions": rng.dirichlet(np.ones(classes), size).astype(np.float32),
        "contradiction": rng.random(size, dtype=np.float32),
        "compared": np.ones(size, dtype=np.float32),
        "features": rng.standard_normal((size, 6)).astype(np.float32),
        "known_features": rng.standard_normal((known, 6)).astype(np.float32),
    }
    return Pool(**{**arrays, **changes})


def pool_for(strategy, size, **changes):
    """A pool that was scored as the strategy needs it."""
    return pool_of(size, acquisition=STRATEGIES[strategy].acquisition or "entropy", **changes)


def cold_pool(features, **others):
    """A pool that no model has scored; features: (n, F)."""
    features = np.asarray(features, dtype=np.float32)
    return Pool.unscored(groups=np.arange(len(features)), features=features, **others)


def shuffled(pool, seed):
    """The same pool with its rows in another order, and where each row came from."""
    order = np.random.default_rng(seed).permutation(pool.size)
    return pool.rows(order), order


def contents(batch):
    """A batch as plain values, to compare."""
    return [np.asarray(getattr(batch, field.name)).tolist() for field in fields(batch)]
