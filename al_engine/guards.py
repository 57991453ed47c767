"""The guards that strategies choose under: with the caps of the configuration, or with none."""

import math

import numpy as np
from numpy.typing import NDArray

from al_engine.batches import Draw
from al_engine.guard import Guard, Limit
from al_engine.pools import Pool


def guard_of(draw: Draw) -> Guard:
    """Caps and de-duplication as configured; control tiles count as taken."""
    config, request = draw.config, draw.request
    limits = []
    if config.neighbourhood_cap is not None:
        limits.append(Limit("neighbourhood", draw.pool.neighbourhoods, config.neighbourhood_cap))
    if config.place_cap is not None:
        limits.append(Limit("place", _places_by_season(draw.pool), config.place_cap))
    guard = Guard(
        draw.pool.groups,
        draw.pool.embeddings,
        draw.pool.known_embeddings,
        cap=request.cap if config.capped else math.inf,
        threshold=request.duplicate_cosine if config.deduplicated else math.inf,
        limits=tuple(limits),
    )
    return _with_control(guard, draw)


def open_guard(draw: Draw) -> Guard:
    """Nothing is capped; only what is taken cannot be taken again."""
    none = draw.pool.embeddings[:, :0]
    guard = Guard(draw.pool.groups, none, none[:0], cap=math.inf, threshold=math.inf)
    return _with_control(guard, draw)


def _with_control(guard: Guard, draw: Draw) -> Guard:
    for row in draw.control.tolist():
        guard.take(row)
    return guard


def _places_by_season(pool: Pool) -> NDArray[np.int64]:
    """(n,) one number for each place in each season, -1 where the place is not known."""
    seasons = pool.seasons - pool.seasons.min(initial=0)
    return np.where(pool.places < 0, -1, pool.places * (seasons.max(initial=0) + 1) + seasons)
