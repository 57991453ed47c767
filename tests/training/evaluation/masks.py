"""Small masks for tests: random, and so without any meaning; synthetic."""

import numpy as np

from training.evaluation.evidence import Evidence, Truth
from training.evaluation.scheme import Scheme
from training.snapshot import Class

FOUR = Scheme.of(
    [
        Class(code, name)
        for code, name in enumerate(("clear", "cloud", "semi-transparent", "shadow"))
    ]
)


def blocks(rng, *, size=32, block=4, classes=4, ignored=0.0, share=None):
    """(size, size) uint8: squares of one class each, some pixels not labelled."""
    small = rng.choice(classes, size=(size // block, size // block), p=share)
    mask = np.kron(small, np.ones((block, block))).astype(np.uint8)
    mask[rng.random(mask.shape) < ignored] = 255
    return mask


def altered(rng, mask, *, wrong=0.2, silent=0.0, classes=4):
    """A prediction of `mask`: some pixels of another class, some where nothing is said."""
    made = np.where(mask == 255, 0, mask).astype(np.uint8)
    off = rng.random(mask.shape) < wrong
    made[off] = rng.integers(0, classes, off.sum())
    made[rng.random(mask.shape) < silent] = 255
    return made


def judged(rng, *, scenes=6, tiles=2, wrong=0.2, share=None, **prediction):
    """Evidence of a few scenes, and the truths and predictions it is made of."""
    evidence, pairs = Evidence(FOUR), []
    for scene in range(scenes):
        for _ in range(tiles):
            truth = blocks(rng, ignored=0.1, share=share)
            predicted = altered(rng, truth, wrong=wrong, **prediction)
            evidence.add(Truth(f"scene-{scene}", truth), predicted)
            pairs.append((truth, predicted))
    return evidence, pairs


def pooled(pairs):
    """All judged pixels of the tiles: two vectors, truth and prediction."""
    truth = np.concatenate([one.ravel() for one, _ in pairs])
    predicted = np.concatenate([other.ravel() for _, other in pairs])
    seen = (truth != 255) & (predicted != 255)
    return truth[seen], predicted[seen]
