"""The simulated annotators: what a tile costs them, and which they refuse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label as connected

from labelling.compute.replay.plan import People
from labelling.compute.replay.tiles import Tiles
from labelling.imagery.painter.pool_skies import contradicted
from training.snapshot import IGNORE

CLEAR, THIN = 0, 2


def minutes(tiles: Tiles, people: People) -> NDArray[np.float64]:
    """(n,) opening + edge * boundary pixels + component * pieces, of the label as drawn."""
    drawn = [people.edge * boundary(each) + people.component * pieces(each) for each in tiles.label]
    return people.opening + np.array(drawn)


def boundary(label: NDArray[np.uint8]) -> int:
    """Pairs of neighbouring pixels, side by side, that are of two classes."""
    across = (label[:, 1:] != label[:, :-1]) & (label[:, 1:] != IGNORE) & (label[:, :-1] != IGNORE)
    down = (label[1:] != label[:-1]) & (label[1:] != IGNORE) & (label[:-1] != IGNORE)
    return int(across.sum() + down.sum())


def pieces(label: NDArray[np.uint8]) -> int:
    """Connected pieces of every class but the first, which is never drawn."""
    drawn = [code for code in np.unique(label) if code not in (CLEAR, IGNORE)]
    return sum(connected(label == code)[1] for code in drawn)


def refused(count: int, people: People, *, seed: int) -> NDArray[np.bool_]:
    """(n,) tiles that nobody can label, the same for every arm of a seed."""
    return np.random.default_rng([seed, 2]).random(count) < people.refusals


def with_noise(tiles: Tiles, people: People, *, generator: int) -> Tiles:
    """The tiles with labels as contradictory as the plan asks for."""
    if not people.label_noise:
        return tiles
    rng = np.random.default_rng([generator, 4])
    label = contradicted(np.asarray(tiles.label), share=people.label_noise, rng=rng)
    return Tiles(tiles.pixels, label, tiles.group)
