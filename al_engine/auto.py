"""The workbench's own strategy, with a model and before there is one."""

import math
from dataclasses import replace

import numpy as np

from al_engine.batches import ALL, Batch, Draw, woven
from al_engine.covering import EVERYWHERE, cover, covered, strata_of
from al_engine.errors import BadPool
from al_engine.guard import Guard
from al_engine.guards import guard_of
from al_engine.informative import informative
from al_engine.selection import equal_quotas, interleaved


def auto(draw: Draw) -> Batch:
    """The most doubtful tiles of every class, capped and de-duplicated, and a slice of coverage.

    Control tiles (10 % of the batch, uniform, before anything else) are drawn already; n stay.
    1. Coverage: floor((1 - control - informative share) · batch) tiles as `coverage` chooses them,
       after 2-5 and under the same caps. The informative share is 0.8, less while the campaign
       ramps up (AutoConfig.informative_share).
    2. Floors of seasons and places, if any. Then 66 % of the rest in quotas over the classes
       (equal, or by weights and floors), ranked by S_c, and 34 % ranked by S, where S, S_c are
       Pool.scores and Pool.class_scores (mean of the top tenth of block scores).
    3. Key within quota q: log(S_q + 1e-9) [- alpha log minutes]; where noise is switched on with
       Gumbel(0, 1/beta) added, beta = 100^((round - 1) / 9), at most 100.
    4. At most `cap` tiles a product and one a neighbourhood, counting control; none with a cosine
       above .98 to a labelled, in-flight or chosen tile. Too few left: caps give way, then
       near-duplicates pass, all said in the notes.
    5. Where a reach is set: of the 500 best tiles a pick of each quota, the admitted one with the
       largest key + reach log d, d the distance to the nearest labelled, in-flight or chosen tile
       in the scaled space of features (where there are none, of embeddings).
    Before there is a model: see `cold`.
    Source: ClaSP-PE (arXiv 2601.13677) for 2; Kirsch et al. (TMLR 2023) for the noise; k-means++
    (Arthur and Vassilvitskii, 2007) for d^2 in 5; TypiClust (arXiv 2202.02794) for 1.
    """
    _check_scores(draw)
    if not draw.pool.scored:
        return cold(draw)
    guard = guard_of(draw)
    coverage, notes = _coverage_count(draw)
    first = informative(
        draw, guard, draw.count - coverage, draw.pool.scores, draw.pool.class_scores
    )
    second = _coverage(draw, guard, coverage)
    mix = interleaved({0: len(first.indices), 1: len(second.indices)})
    batch = woven(first, second, is_second=np.array(mix, dtype=np.int64) == 1)
    return replace(batch, notes=(*notes, *batch.notes))


def cold(draw: Draw) -> Batch:
    """Before there is a model: typical tiles of parts of the feature space nobody has labelled.

    As `coverage`; where a rule mask gives class shares, 66 % of the batch is split equally over
    the classes that tiles have most of relative to the pool, and 34 % comes from any.
    Source: TypiClust (arXiv 2202.02794): typical beats uncertain while there are few labels;
    class-aware random sampling as in nnActive (arXiv 2511.19183).
    """
    fractions = draw.pool.mask_fractions
    slots = [ALL] * draw.count
    if fractions.shape[1]:
        present = sorted(set(strata_of(fractions).tolist()))
        by_class = math.floor(draw.config.stratified_share * draw.count + 0.5)
        quotas = equal_quotas(by_class, present, rng=draw.rng)
        slots = interleaved({**quotas, ALL: draw.count - by_class})
    picks, notes = cover(
        draw, guard_of(draw), slots, columns=EVERYWHERE, fractions=fractions, typical=True
    )
    return covered(picks, ["No model has scored the pool yet: the batch covers it.", *notes])


def _coverage(draw: Draw, guard: Guard, count: int) -> Batch:
    none = draw.pool.mask_fractions[:, :0]
    if not count:
        return covered([], [])
    picks, notes = cover(
        draw, guard, [ALL] * count, columns=EVERYWHERE, fractions=none, typical=True
    )
    return covered(picks, notes)


def _coverage_count(draw: Draw) -> tuple[int, list[str]]:
    """How many tiles cover the pool, and what to say about it."""
    request, config = draw.request, draw.config
    share = config.informative_share(request.labelled, request.validation)
    full = config.informative_share(None, None)
    spared = 1 - config.control_share - share
    count = draw.count if not share else min(draw.count, _floor(spared * request.count))
    notes = []
    if share < full:
        notes.append(f"Ramping up: uncertainty chooses {draw.count - count} of these tiles so far.")
    if count and not (draw.pool.features.shape[1] or draw.pool.embeddings.shape[1]):
        return 0, [
            f"No coverage slice: {count} tiles went to uncertainty, as the pool has neither "
            "features nor embeddings."
        ]
    return count, notes


def _floor(share: float) -> int:
    return math.floor(share + 1e-9)


def _check_scores(draw: Draw) -> None:
    """BadPool unless the pool was scored as the configuration says, or can be covered."""
    pool, config = draw.pool, draw.config
    if not pool.scored:
        if not (pool.features.shape[1] or pool.embeddings.shape[1]):
            raise BadPool(
                "Strategy 'auto' has nothing to go by: no model has scored this pool, and its "
                "tiles have no spectral features. Give features, label some tiles first, or begin "
                "with strategy 'random'.",
                field="features",
            )
        return
    if pool.acquisition != config.acquisition:
        raise BadPool(
            f"'auto' is set to rank by {config.acquisition}; this pool was scored by "
            f"{pool.acquisition}. Score it again, or change AutoConfig.acquisition.",
            field="acquisition",
        )
    if pool.members < config.members and (pool.members or config.members > 1):
        raise BadPool(
            f"'auto' is set to {config.members} members; this pool was scored by {pool.members}: "
            "a member is missing.",
            field="members",
        )
