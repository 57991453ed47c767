"""Tiles by how much a model has to learn from them: class quotas, power noise, floors, spread."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_engine.batches import ALL, Batch, Draw, batch_of
from al_engine.errors import BadPool
from al_engine.guard import Chooser, Guard, Picks, Shortlist, fill, relaxing
from al_engine.quotas import class_quotas, floor_slots, strata_floors
from al_engine.reach import Farthest, distances
from al_engine.selection import (
    SCORE_FLOOR,
    Floats,
    Rows,
    beta,
    interleaved,
    power_noise,
    ranked,
    standings,
)


@dataclass(frozen=True, eq=False)
class Ranking:
    """The order of all tiles for one quota."""

    log_scores: Floats
    """(n,) what a tile is worth without chance."""
    noise: Floats
    """(n,) what chance adds."""
    order: Rows
    """(n,) rows by the sum, best first."""


def flat_note(values: NDArray[np.floating], what: str) -> list[str]:
    """A sentence for the lead where a score cannot order the tiles."""
    if len(values) < 2 or values.min() < values.max():
        return []
    return [f"All {len(values)} tiles have the same {what}: it orders nothing, the lot did."]


def informative(
    draw: Draw, guard: Guard, count: int, scores: NDArray[np.float32], by_class: NDArray[np.float32]
) -> Batch:
    """`count` tiles by quotas over classes, in pick order; control tiles are never among them.

    scores: (n,) for the unstratified quota. by_class: (n, K) for each class's.
    Key of tile i in quota q: log(S_iq + 1e-9) - alpha log minutes_i, with Gumbel(0, 1/beta) where
    noise is on. With a reach the tile of largest key + reach · log distance is next.
    """
    quotas, notes = class_quotas(draw.pool, by_class, count, draw.config, draw.rng)
    columns = {q: scores if q == ALL else by_class[:, q] for q in quotas}
    rankings = {q: _ranking(draw, column) for q, column in columns.items()}
    notes += flat_note(scores, "score")
    floored, more = _floored(draw, guard, rankings[ALL], count)
    quotas = _less(quotas, len(floored))
    picks, relaxed = _picked(draw, guard, quotas, rankings)
    picks = floored + picks
    rows = np.array([row for row, _ in picks], dtype=np.int64)
    return batch_of(
        rows,
        "informative",
        quotas=np.array([quota for _, quota in picks], dtype=np.int64),
        noise=np.array([rankings[quota].noise[row] for row, quota in picks]),
        standings=_standings(picks, rankings),
        notes=(*notes, *more, *relaxed),
    )


def _ranking(draw: Draw, column: NDArray[np.float32]) -> Ranking:
    log_scores = np.log(column.astype(np.float64) + SCORE_FLOOR) - _log_cost(draw)
    if draw.config.noise:
        noise = power_noise(len(column), beta(draw.request.round_no), rng=draw.rng)
    else:
        noise = np.zeros(len(column))
    return Ranking(log_scores, noise, ranked(log_scores + noise, rng=draw.rng))


def _log_cost(draw: Draw) -> Floats | float:
    """alpha log minutes. Raises BadPool where minutes are asked for and not known of every tile."""
    if not draw.config.cost_exponent:
        return 0.0
    minutes = draw.pool.minutes.astype(np.float64)
    if not (minutes > 0).all():
        raise BadPool(
            f"cost_exponent needs the minutes of every tile; {int((minutes <= 0).sum())} of "
            f"{draw.pool.size} have none.",
            field="minutes",
        )
    cost: Floats = draw.config.cost_exponent * np.log(minutes)
    return cost


def _picked(
    draw: Draw, guard: Guard, quotas: dict[int, int], rankings: dict[int, Ranking]
) -> tuple[Picks, list[str]]:
    orders = {q: rankings[q].order for q in quotas}
    shortlists: Mapping[int, Chooser] | None = None
    if draw.config.reach:
        shortlists = _reaching(draw, rankings, quotas)
    elif draw.config.spread and guard.embeddings.shape[1]:
        shortlists = {q: _shortlist(draw, guard, rankings[q], quotas[q]) for q in quotas}
    slots = interleaved(quotas)
    return relaxing(slots, guard, lambda left: fill(left, orders, guard, shortlists))


def _reaching(
    draw: Draw, rankings: dict[int, Ranking], quotas: dict[int, int]
) -> dict[int, Farthest] | None:
    """The best rows of each quota, so many for each pick, with their distances; None where the pool
    has nothing to tell a distance by."""
    config = draw.config
    short = {q: rankings[q].order[: config.candidates * n] for q, n in quotas.items()}
    apart = distances(draw.pool, np.concatenate(list(short.values())), rng=draw.rng)
    if apart is None:
        return None
    return {
        q: Farthest(
            np.searchsorted(apart.rows, rows),
            (rankings[q].log_scores + rankings[q].noise)[rows],
            config.reach,
            apart,
        )
        for q, rows in short.items()
    }


def _shortlist(draw: Draw, guard: Guard, ranking: Ranking, picks: int) -> Shortlist:
    """The best admitted rows of the quota, so many for each pick."""
    wanted = draw.config.oversample * picks
    rows: list[int] = []
    for row in map(int, ranking.order):
        if len(rows) >= wanted:
            break
        if guard.admits(row):
            rows.append(row)
    chosen = np.array(rows, dtype=np.int64)
    return Shortlist(
        chosen, (ranking.log_scores + ranking.noise)[chosen], weight=draw.config.spread
    )


def _floored(draw: Draw, guard: Guard, ranking: Ranking, count: int) -> tuple[Picks, list[str]]:
    """What the floors of seasons and places take first, each by the unstratified order."""
    picks: Picks = []
    notes: list[str] = []
    for name, share in (("season", draw.config.season_floor), ("place", draw.config.place_floor)):
        labels = getattr(draw.pool, f"{name}s")
        floors = strata_floors(labels, share, count)
        for row, _ in picks:  # what an earlier floor took counts for this one too
            stratum = int(labels[row])
            floors[stratum] = max(0, floors.get(stratum, 0) - 1)
        slots = floor_slots(floors)[: count - len(picks)]
        orders = {s: ranking.order[labels[ranking.order] == s] for s in set(slots)}
        found, empty = fill(slots, orders, guard)
        picks += [(row, ALL) for row, _ in found]
        notes += [
            f"The floor of {name} {s} is short of {empty.count(s)} tiles: caps or no tiles left."
            for s in sorted(set(empty))
        ]
    return picks, notes


def _less(quotas: dict[int, int], taken: int) -> dict[int, int]:
    """Quotas with `taken` picks fewer, from the largest each time."""
    left = dict(quotas)
    for _ in range(taken):
        giver = max(left, key=lambda q: (left[q], -q))
        left[giver] -= 1
    return left


def _standings(picks: Picks, rankings: dict[int, Ranking]) -> Rows:
    """The place each pick had in its quota without chance, from 1."""
    out = np.zeros(len(picks), dtype=np.int64)
    for quota, ranking in rankings.items():
        places = [i for i, (_, q) in enumerate(picks) if q == quota]
        if places:
            rows = np.array([picks[i][0] for i in places], dtype=np.int64)
            out[places] = standings(ranking.log_scores, rows)
    return out
