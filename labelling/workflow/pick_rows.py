"""The rows of a pick: a Score for every tile of the pool, the picked ones with their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.models import Score, Tile
from labelling.workflow.attempt import Attempt
from labelling.workflow.pool_listing import CHUNK, listed_pool, stored_shares

DRAWN = ("quota", "noise", "standing", "probability", "at_turn", "nearest", "likeness")
"""Of a pick, what Score.drawn keeps."""


def write_scores(
    attempt: Attempt,
    picks: Sequence[dict[str, Any]],
    values: NDArray[np.float32],
    codes: Sequence[str] | None,
) -> None:
    """One Score row a tile of the pool; where no model scored it (`codes` None), of picks only.

    values: (n,) what the strategy orders by. codes: class codes, by channel. In many short
    transactions: with SQLite nobody else writes during one. What an earlier attempt wrote of these
    rows is left as it is: it is the same.
    """
    tiles = listed_pool(attempt)["tiles"]
    shares = None if codes is None else stored_shares(attempt.adopted("score"))
    places = {each["row"]: (place, each) for place, each in enumerate(picks, start=1)}
    wanted = sorted(places) if codes is None else range(len(tiles))
    for first in range(0, len(wanted), CHUNK):
        rows = wanted[first : first + CHUNK]
        ids = _tile_ids([tiles[row]["uuid"] for row in rows])
        scores = []
        for row in rows:
            place, told = places.get(row, (None, {}))
            scores.append(
                Score(
                    round=attempt.round,
                    tile_id=ids[tiles[row]["uuid"]],
                    score=float(values[row]),
                    fractions={} if shares is None else _rounded(codes or (), shares[row]),
                    picked=place,
                    slice=told.get("slice", ""),
                    why=told.get("why", ""),
                    drawn={name: told[name] for name in DRAWN if name in told},
                )
            )
        with attempt.fenced():
            Score.objects.bulk_create(scores, ignore_conflicts=True)
        attempt.tick({"stage": "pick", "done": first + len(rows), "total": len(wanted)})


def _tile_ids(names: Sequence[str]) -> dict[str, int]:
    found = Tile.objects.filter(uuid__in=names).values_list("uuid", "pk")
    return {str(name): key for name, key in found}


def _rounded(codes: Sequence[str], shares: NDArray[np.float32]) -> dict[str, float]:
    """{class code: share}"""
    return {code: round(float(share), 5) for code, share in zip(codes, shares, strict=True)}
