"""The textbook strategies, as their papers have them: no caps, no noise but their own."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from al_engine.autoconfig import AutoConfig
from al_engine.batches import Batch, Draw, batch_of
from al_engine.guards import open_guard
from al_engine.informative import flat_note, informative
from al_engine.selection import (
    SCORE_FLOOR,
    Floats,
    Rows,
    power_noise,
    ranked,
    standings,
    uniform_draw,
)

CLASP = AutoConfig(reach=0.0, spread=0.0, noise=True)
UNIFORM_SHARE = 0.1
"""Of `power`: how often a draw is uniform, so that no tile is out of reach."""


def random(draw: Draw) -> Batch:
    """Uniform without replacement: each tile with probability count / n.

    The baseline that every other strategy has to beat, and the only one that needs nothing.
    """
    left = draw.left(np.arange(draw.pool.size))
    rows = left[uniform_draw(len(left), draw.count, rng=draw.rng)]
    return batch_of(
        rows,
        "random",
        uniform_probability=draw.count / draw.pool.size,
        probabilities=1.0 / (len(left) - np.arange(len(rows))),
    )


def entropy(draw: Draw) -> Batch:
    """The `count` tiles of largest mean entropy, (1/|V|) Σ_{x in V} H(p(x)); no noise, no caps.

    V are the counted pixels (valid, off the margin); equal means fall in random order.
    Source: uncertainty sampling, Lewis and Gale (1994), entropy form after Settles (2009), 3.1.
    """
    return _largest(draw, draw.pool.means, "mean entropy")


def margin(draw: Draw) -> Batch:
    """The `count` tiles of largest mean 1 - (p_(1) - p_(2)); no noise, no caps.

    The pool must have been scored by the acquisition "margin".
    Source: Scheffer et al. (2001); for flooded pixels IDAL-FIM (arXiv 2404.19043).
    """
    return _largest(draw, draw.pool.means, "mean margin")


def bald(draw: Draw) -> Batch:
    """The `count` tiles of largest mean mutual information; no noise, no caps.

    (1/|V|) Σ_{x in V} [H(mean_m p_m(x)) - mean_m H(p_m(x))], V as for entropy.
    Source: Houlsby et al. (2011), arXiv 1112.5745; per-image mean as in Gal et al. (2017).
    """
    return _largest(draw, draw.pool.disagreement, "mutual information")


def disagree(draw: Draw) -> Batch:
    """The `count` tiles where most compared pixels are another class by another mask.

    #{x in C: ŷ(x) ≠ mask(x)} / |C|, C the counted pixels the mask says something about; a rule's
    mask or the previous model's. Tiles without a compared pixel come last, by lot, and it is said.
    Source: query by committee, Seung et al. (1992), with a committee of two.
    """
    pool = draw.pool
    compared = pool.compared > 0
    values = np.where(compared, pool.contradiction, np.float32(-1))
    batch = _largest(draw, values, "contradiction")
    blind = int((~compared[batch.indices]).sum())
    if not blind:
        return batch
    note = f"{blind} tiles have no other mask to disagree with and were drawn by lot."
    return replace(batch, notes=(*batch.notes, note))


def clasp(draw: Draw) -> Batch:
    """ClaSP-PE as published: 66 % in equal class quotas by mean p_c H, 34 % by mean H, power noise.

    Key in quota q: log(M_q + 1e-9) + Gumbel(0, 1/beta), M_c = (1/|V|) Σ_{x in V} p_c(x) H(p(x)),
    beta from 1 to 100 over ten rounds, exponentially. Means over the whole tile, no top blocks, no
    damping, no caps, no de-duplication. Needs Pool.class_means.
    Source: ClaSP-PE (arXiv 2601.13677), `class_power_pe66_exp` of its authors' code.
    """
    published = Draw(draw.pool, draw.request, CLASP, draw.rng, draw.control)
    guard = open_guard(published)
    return informative(published, guard, draw.count, draw.pool.means, draw.pool.class_means)


def power(draw: Draw) -> Batch:
    """One tile after the other, in proportion to its score, with a tenth of the draws uniform.

    Draw m takes tile i with q_m(i) = 0.9 S_i / Σ_{j left} S_j + 0.1 / #left, S = Pool.scores +
    1e-9: beyond 0 everywhere, and stored, so that LURE weights (`monitor.lure_weights`) make
    losses on these tiles an unbiased estimate. No caps and no de-duplication: they would break q.
    Source: power acquisition, Kirsch et al. (TMLR 2023), arXiv 2106.12059, as sequential sampling
    by Gumbel top-k; mixed for LURE, Farquhar et al. (ICLR 2021), arXiv 2101.11665.
    """
    left = draw.left(np.arange(draw.pool.size))
    weights = draw.pool.scores[left].astype(np.float64) + SCORE_FLOOR
    noise = power_noise(len(left), 1.0, rng=draw.rng)
    places, uniform = _mixed_draw(ranked(np.log(weights) + noise, rng=draw.rng), draw)
    rows = left[places]
    return batch_of(
        rows,
        "informative",
        notes=flat_note(draw.pool.scores, "score"),
        noise=np.where(uniform, 0.0, noise[places]),
        standings=standings(draw.pool.scores, rows),
        probabilities=proposal(weights, places),
    )


def _mixed_draw(order: Rows, draw: Draw) -> tuple[Rows, NDArray[np.bool_]]:
    """`count` places: each the next of `order`, or one in ten times any that is left.

    Taking a uniform one out leaves the Gumbel order of the others what it was: a sequential draw
    in proportion to the weights.
    """
    size, walk = len(order), iter(order.tolist())
    uniform = draw.rng.random(draw.count) < UNIFORM_SHARE
    taken: dict[int, None] = {}
    for by_lot in uniform.tolist():
        if by_lot:
            place = int(draw.rng.integers(size))
            while place in taken:
                place = int(draw.rng.integers(size))
        else:
            place = next(p for p in walk if p not in taken)
        taken[place] = None
    return np.fromiter(taken, dtype=np.int64, count=len(taken)), uniform


def proposal(weights: Floats, places: Rows) -> Floats:
    """(b,) q_m of each draw in turn, given the draws before it. weights: (n,) > 0."""
    drawn = weights[places]
    rest = np.ones(len(weights), dtype=np.bool_)
    rest[places] = False
    # Summed from the end: what is left stays positive even when the pool is used up.
    left = weights[rest].sum() + np.cumsum(drawn[::-1])[::-1]
    remaining = len(weights) - np.arange(len(places))
    return (1 - UNIFORM_SHARE) * drawn / left + UNIFORM_SHARE / remaining


def _largest(draw: Draw, values: NDArray[np.float32], what: str) -> Batch:
    """The tiles of largest value; equals fall in random order, and all equal is said."""
    rows = draw.left(ranked(values, rng=draw.rng))[: draw.count]
    return batch_of(
        rows, "informative", notes=flat_note(values, what), standings=standings(values, rows)
    )
