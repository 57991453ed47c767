"""The named ways of choosing a batch, and `select`, the one way in."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from al_engine.batches import Batch, Pool, Request
from al_engine.errors import BadPool, BadRequest
from al_engine.selection import (
    SCORE_FLOOR,
    Floats,
    Guard,
    Rows,
    beta,
    equal_quotas,
    fill,
    interleaved,
    power_noise,
    ranked,
    uniform_draw,
)

__all__ = ["STRATEGIES", "Batch", "Pool", "Request", "Strategy", "select"]

CONTROL_SHARE = 0.10
CONTROL_FROM = 5  # a smaller batch cannot spare a tile
STRATIFIED_SHARE = 0.66
ALL = -1  # the quota of the unstratified picks


@dataclass(frozen=True)
class Strategy:
    """One way of choosing; its formula and source are in the docstring of `choose`."""

    name: str
    choose: Callable[[Pool, Request, np.random.Generator], Batch]
    """Takes a pool of at least request.count tiles, rows in the order of their keys."""
    needs_model: bool
    acquisition: str | None = None
    """What the pool's scores must measure; None where any acquisition will do."""
    members: int = 1
    """Fewest ensemble members its scores make sense for."""


def select(pool: Pool, request: Request, *, strategy: str = "auto") -> Batch:
    """Choose request.count tiles of the pool, in serving order.

    More than the pool holds returns all of it and says so in the notes. The same pool, request and
    strategy give the same batch; with Pool.keys also whatever the order of the pool's rows.
    Raises BadRequest for an unknown strategy; BadPool for an empty pool, or one that lacks the
    scores the strategy needs.
    """
    if strategy not in STRATEGIES:
        raise BadRequest(
            f"There is no strategy {strategy!r}; there are {', '.join(STRATEGIES)}.",
            field="strategy",
        )
    _check(pool, STRATEGIES[strategy])
    notes: tuple[str, ...] = ()
    if request.count > pool.size:
        notes = (f"{request.count} tiles were asked for; the pool holds {pool.size}, all chosen.",)
    possible = replace(request, count=min(request.count, pool.size), product_cap=request.cap)
    order = np.argsort(pool.keys, kind="stable")
    batch = STRATEGIES[strategy].choose(_sorted(pool, order), possible, request.rng())
    return replace(batch, indices=order[batch.indices], notes=notes + batch.notes)


def _check(pool: Pool, strategy: Strategy) -> None:
    """BadPool unless the pool has tiles, and the scores the strategy ranks by."""
    if pool.size == 0:
        raise BadPool("No tile is eligible: the pool is empty.", field="pool")
    if not strategy.needs_model:
        return
    if not pool.scored:
        raise BadPool(
            f"Strategy {strategy.name!r} needs scores of a model, and this pool has none.",
            field="class_scores",
        )
    if strategy.acquisition not in (None, pool.acquisition):
        raise BadPool(
            f"Strategy {strategy.name!r} ranks by {strategy.acquisition}; "
            f"this pool was scored by {pool.acquisition}.",
            field="acquisition",
        )
    if strategy.members > 1 and not pool.disagreement.any():
        raise BadPool(
            f"Strategy {strategy.name!r} needs at least {strategy.members} members that differ; "
            "in this pool they never disagree.",
            field="disagreement",
        )


def _sorted(pool: Pool, order: Rows) -> Pool:
    """The pool with its rows in the order of their keys, so that the dice meet the same tiles."""
    if (order == np.arange(pool.size)).all():
        return pool
    names = ("scores", "means", "disagreement", "class_scores", "embeddings", "groups", "keys")
    return replace(pool, **{name: getattr(pool, name)[order] for name in names})


def _random(pool: Pool, request: Request, rng: np.random.Generator) -> Batch:
    """Uniform without replacement: each tile with probability count / n.

    The baseline that every other strategy has to beat, and the only one that needs no model.
    """
    rows = uniform_draw(pool.size, request.count, rng=rng)
    return _plain(rows, "random", uniform_probability=request.count / pool.size)


def _entropy(pool: Pool, request: Request, rng: np.random.Generator) -> Batch:
    """The `count` tiles of largest mean entropy, (1/|V|) Σ_{x in V} H(p(x)); no noise, no caps.

    V are the counted pixels (valid, off the margin); equal means fall in random order.
    Source: uncertainty sampling, Lewis and Gale (1994), entropy form after Settles (2009), 3.1.
    """
    return _plain(ranked(pool.means, rng=rng)[: request.count], "informative")


def _bald(pool: Pool, request: Request, rng: np.random.Generator) -> Batch:
    """The `count` tiles of largest mean mutual information; no noise, no caps.

    (1/|V|) Σ_{x in V} [H(mean_m p_m(x)) - mean_m H(p_m(x))], V as for entropy.
    Source: Houlsby et al. (2011), arXiv 1112.5745; per-image mean as in Gal et al. (2017).
    """
    return _plain(ranked(pool.disagreement, rng=rng)[: request.count], "informative")


def _auto(pool: Pool, request: Request, rng: np.random.Generator) -> Batch:
    """Control tiles, then a class-stratified, power-noised, product-capped, de-duplicated rest.

    1. Control: 10 % of the batch (at least 1 from 5 tiles on) uniform over the whole pool, drawn
       before anything else, at places in the pick order that the seed draws too.
    2. 66 % of the rest in equal quotas over the classes, ranked by S_c; 34 % ranked by S, where
       S, S_c are Pool.scores and Pool.class_scores (mean of the top tenth of block scores).
    3. Rank within quota q: log(S_q + 1e-9) + Gumbel(0, 1/beta), beta = 100^((round - 1) / 9).
    4. At most `cap` tiles a product, counting control; none with a cosine above .98 to a labelled,
       in-flight or chosen tile. Too few left: the cap doubles, then near-duplicates pass, both
       said in the notes.
    Source: ClaSP-PE (arXiv 2601.13677) for 2 and 3; Kirsch et al. (TMLR 2023) for the noise.
    """
    guard = Guard(
        pool.groups,
        pool.embeddings,
        pool.known_embeddings,
        cap=request.cap,
        threshold=request.duplicate_cosine,
    )
    control = uniform_draw(pool.size, _control_count(request.count), rng=rng)
    for row in control:
        guard.take(int(row))
    quotas, notes = _quotas(pool, request.count - len(control), rng)
    sharpness = beta(request.round_no)
    noise = {quota: power_noise(pool.size, sharpness, rng=rng) for quota in quotas}
    orders = {q: ranked(_log_scores(pool, q) + noise[q], rng=rng) for q in quotas}
    picks, relaxed = _fill_relaxing(interleaved(quotas), orders, guard)
    if not len(control):
        notes.append(f"No control tile: a batch below {CONTROL_FROM} cannot spare one.")
    informative = Batch(
        indices=np.array([row for row, _ in picks], dtype=np.int64),
        slices=("informative",) * len(picks),
        quotas=np.array([quota for _, quota in picks], dtype=np.int64),
        noise=np.array([noise[quota][row] for row, quota in picks], dtype=np.float64),
        uniform_probability=len(control) / pool.size,
        notes=(*notes, *relaxed),
    )
    return _with_control(informative, control, rng)


def _control_count(count: int) -> int:
    return max(1, math.floor(CONTROL_SHARE * count + 0.5)) if count >= CONTROL_FROM else 0


def _log_scores(pool: Pool, quota: int) -> Floats:
    column = pool.scores if quota == ALL else pool.class_scores[:, quota]
    return np.log(column.astype(np.float64) + SCORE_FLOOR)


def _quotas(pool: Pool, count: int, rng: np.random.Generator) -> tuple[dict[int, int], list[str]]:
    """Picks for each class and for ALL, and what the lead should know about it."""
    seen = [c for c in range(pool.classes) if pool.class_scores[:, c].any()]
    notes = [
        f"Class {c} has no quota: no tile scores for it."
        for c in range(pool.classes)
        if c not in seen
    ]
    stratified = math.floor(STRATIFIED_SHARE * count + 0.5) if seen else 0
    quotas = equal_quotas(stratified, seen, rng=rng)
    return {**quotas, ALL: count - stratified}, notes


def _fill_relaxing(
    slots: list[int], orders: dict[int, Rows], guard: Guard
) -> tuple[list[tuple[int, int]], list[str]]:
    """Fill every slot, raising the cap and then letting near-duplicates pass where it must be."""
    notes = []
    first_cap, largest = guard.cap, guard.largest_group
    picks, empty = fill(slots, orders, guard)
    while empty and guard.cap < largest:
        guard.cap *= 2
        more, empty = fill(empty, orders, guard)
        picks += more
    if guard.cap > first_cap:
        notes.append(
            f"The cap of {first_cap} a product was raised to {guard.cap} to find enough tiles."
        )
    if empty:
        notes.append(f"{len(empty)} near-duplicates were let in: too few other tiles were left.")
        guard.threshold = math.inf
        picks += fill(empty, orders, guard)[0]
    return picks, notes


def _with_control(informative: Batch, control: Rows, rng: np.random.Generator) -> Batch:
    """Control tiles at drawn places, so that nobody can tell them by their turn."""
    total = len(informative.indices) + len(control)
    is_control = np.zeros(total, dtype=np.bool_)
    is_control[rng.permutation(total)[: len(control)]] = True
    indices = np.empty(total, dtype=np.int64)
    indices[is_control], indices[~is_control] = control, informative.indices
    quotas = np.full(total, ALL)
    quotas[~is_control] = informative.quotas
    noise = np.zeros(total)
    noise[~is_control] = informative.noise
    return replace(
        informative,
        indices=indices,
        slices=tuple("control" if it_is else "informative" for it_is in is_control),
        quotas=quotas,
        noise=noise,
    )


def _plain(rows: Rows, slice_name: str, *, uniform_probability: float = 0.0) -> Batch:
    """A batch without quotas, noise or notes."""
    return Batch(
        indices=rows,
        slices=(slice_name,) * len(rows),
        quotas=np.full(len(rows), ALL),
        noise=np.zeros(len(rows)),
        uniform_probability=uniform_probability,
        notes=(),
    )


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy("random", _random, needs_model=False),
        Strategy("entropy", _entropy, needs_model=True, acquisition="entropy"),
        Strategy("bald", _bald, needs_model=True, members=2),
        Strategy("auto", _auto, needs_model=True),
    )
}
