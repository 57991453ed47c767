"""The named ways of choosing a batch, and `select`, the one way in."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from al_engine.auto import auto
from al_engine.autoconfig import DEFAULT, AutoConfig
from al_engine.baselines import bald, clasp, disagree, entropy, margin, power, random
from al_engine.batches import Batch, Draw, Pool, Request, batch_of, woven
from al_engine.covering import coverage, kmeans, stratified
from al_engine.errors import BadPool, BadRequest
from al_engine.selection import Rows, uniform_draw

__all__ = ["STRATEGIES", "AutoConfig", "Batch", "Pool", "Request", "Strategy", "select"]

CONTROL_FROM = 5  # a smaller batch cannot spare a tile


@dataclass(frozen=True)
class Strategy:
    """One way of choosing; its formula and source are in the docstring of `choose`."""

    name: str
    choose: Callable[[Draw], Batch]
    """Takes a pool of at least request.count tiles, rows in the order of their keys."""
    needs_model: bool
    """Whether a model must have scored the pool."""
    acquisition: str | None = None
    """What the pool's scores must measure; None where any acquisition will do."""
    members: int = 1
    """Fewest ensemble members its scores make sense for."""
    needs: tuple[str, ...] = ()
    """Arrays of the pool, named, that it cannot do without."""
    control: bool = False
    """Whether it draws control tiles unless the request says otherwise."""


def select(
    pool: Pool, request: Request, *, strategy: str = "auto", config: AutoConfig = DEFAULT
) -> Batch:
    """Choose request.count tiles of the pool, in serving order.

    Control tiles are drawn first, uniformly over the whole pool, at places in the pick order that
    the seed draws too. More than the pool holds returns all of it and says so in the notes. The
    same pool, request, strategy and config give the same batch; with Pool.keys also whatever the
    order of the pool's rows. config: caps and shares of `auto`; `stratified` and `coverage` use
    its caps.
    Raises BadRequest for an unknown strategy; BadPool for an empty pool, or one that lacks the
    scores or features the strategy needs.
    """
    if strategy not in STRATEGIES:
        raise BadRequest(
            f"There is no strategy {strategy!r}; there are {', '.join(STRATEGIES)}.",
            field="strategy",
        )
    chosen = STRATEGIES[strategy]
    _check(pool, chosen)
    notes: tuple[str, ...] = ()
    if request.count > pool.size:
        notes = (f"{request.count} tiles were asked for; the pool holds {pool.size}, all chosen.",)
    possible = replace(request, count=min(request.count, pool.size), product_cap=request.cap)
    order = np.argsort(pool.keys, kind="stable")
    batch = _drawn(chosen, _sorted(pool, order), possible, config)
    return replace(batch, indices=order[batch.indices], notes=notes + batch.notes)


def _drawn(strategy: Strategy, pool: Pool, request: Request, config: AutoConfig) -> Batch:
    """Control tiles, then what the strategy chooses of the others, mixed."""
    rng = request.rng()
    share = request.control_share
    if share is None:
        share = config.control_share if strategy.control else 0.0
    control = uniform_draw(pool.size, _control_count(share, request.count), rng=rng)
    draw = Draw(pool, request, config, rng, control)
    rest = strategy.choose(draw) if draw.count else batch_of(control[:0], "informative")
    if share and not len(control):
        note = f"No control tile: a batch below {CONTROL_FROM} cannot spare one."
        return replace(rest, notes=(*rest.notes, note))
    return _with_control(rest, draw) if len(control) else rest


def _control_count(share: float, count: int) -> int:
    if not share or count < CONTROL_FROM:
        return 0
    return max(1, math.floor(share * count + 0.5))


def _with_control(rest: Batch, draw: Draw) -> Batch:
    """Control tiles at drawn places, so that nobody can tell them by their turn."""
    control = draw.control
    total = len(rest.indices) + len(control)
    is_control = np.zeros(total, dtype=np.bool_)
    is_control[draw.rng.permutation(total)[: len(control)]] = True
    drawn = batch_of(
        control,
        "control",
        uniform_probability=len(control) / draw.pool.size,
        probabilities=1.0 / (draw.pool.size - np.arange(len(control))),
    )
    return woven(rest, drawn, is_second=is_control)


def _check(pool: Pool, strategy: Strategy) -> None:
    """BadPool unless the pool has tiles, and the scores the strategy ranks by."""
    if pool.size == 0:
        raise BadPool("No tile is eligible: the pool is empty.", field="pool")
    if strategy.needs_model and not pool.scored:
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
            f"in this pool they never disagree{_members(pool)}.",
            field="disagreement",
        )
    for name in strategy.needs:
        if not getattr(pool, name).any():
            raise BadPool(
                f"Strategy {strategy.name!r} needs {name} ({NEEDED[name]}), "
                "and this pool has none.",
                field=name,
            )


def _members(pool: Pool) -> str:
    return f": a member is missing, it was scored by {pool.members}" if pool.members == 1 else ""


def _sorted(pool: Pool, order: Rows) -> Pool:
    """The pool with its rows in the order of their keys, so that the dice meet the same tiles."""
    if (order == np.arange(pool.size)).all():
        return pool
    return pool.rows(order)


NEEDED = {
    "class_means": "score with PoolingConfig(class_means=True)",
    "features": "figures of the tiles' own pixels",
    "compared": "score with the codes of a rule mask or of the previous model",
}

STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy("auto", auto, needs_model=False, control=True),
        Strategy("random", random, needs_model=False),
        Strategy("stratified", stratified, needs_model=False, needs=("features",)),
        Strategy("kmeans", kmeans, needs_model=False, needs=("features",)),
        Strategy("entropy", entropy, needs_model=True, acquisition="entropy"),
        Strategy("margin", margin, needs_model=True, acquisition="margin"),
        Strategy("bald", bald, needs_model=True, members=2),
        Strategy("clasp", clasp, needs_model=True, acquisition="entropy", needs=("class_means",)),
        Strategy("power", power, needs_model=True),
        Strategy("coverage", coverage, needs_model=False),
        Strategy("disagree", disagree, needs_model=True, needs=("compared",)),
    )
}
