"""Why a tile was picked, in a few words for the lead."""

from __future__ import annotations

from collections.abc import Sequence

from al_engine.batches import Batch

MOST_WORDS = 80
"""Characters of Score.why."""
BY_SLICE = {
    "control": "drawn at random to keep the estimate honest",
    "random": "drawn at random",
    "coverage": "like many tiles that nobody has labelled",
}


def reason(batch: Batch, place: int, names: Sequence[str]) -> str:
    """Why the tile at this place of the pick order was chosen, at most MOST_WORDS characters.

    names: of the model's classes, channel by channel. A tile that score alone would have left out
    of its quota says the place that it had there.
    """
    if batch.slices[place] in BY_SLICE:
        return BY_SLICE[batch.slices[place]]
    quota = int(batch.quotas[place])
    about = f" about {names[quota]}" if 0 <= quota < len(names) else ""
    standing = int(batch.standings[place])
    if standing <= _picks_of(batch, quota):
        return f"most uncertain{about}"[:MOST_WORDS]
    ending = f": place {standing} by score, brought forward"
    return f"uncertain{about}"[: MOST_WORDS - len(ending)] + ending


def _picks_of(batch: Batch, quota: int) -> int:
    """Tiles that the quota gave to the batch."""
    return sum(
        int(each) == quota and name not in BY_SLICE
        for each, name in zip(batch.quotas, batch.slices, strict=True)
    )
