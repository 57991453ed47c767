"""What a round's models said before anybody labelled: masks of the control tiles, which nobody is
shown, and masks of a few tiles that stay the same from round to round.

Kept in the round's folder, beside no tile: whoever labels a control tile must not meet them.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_engine.stopping import agreement
from labelling.errors import NotFound
from labelling.imagery.tilefile import read_label
from labelling.models import Round, Tile
from labelling.workflow.attempt import Attempt
from labelling.workflow.pool_listing import listed_pool
from labelling.workflow.promotion import kind_of, other_kind

FORESEEN = "foreseen"
MASKS, SETTLED = "masks.npz", "settled.npz"
FIXED = 24
"""Tiles on which successive models are compared."""
LOOKED_BACK = 20
"""Rounds gone through for the model before."""

Planes = dict[str, NDArray[np.uint8]]
"""{uuid of a tile: (height, width) codes or channels, 255 where there is no data}."""


def fixed_tiles(attempt: Attempt) -> list[Tile]:
    """Tiles of the pool, labelled or not, that are the same in each round as long as the campaign
    has them: the first ones in an order that has nothing to do with what they show."""
    listing = listed_pool(attempt)
    names = sorted((each["uuid"] for kind in listing.values() for each in kind), key=_lot)
    found = Tile.objects.filter(uuid__in=names[:FIXED])
    return list(found.select_related("acquisition__place").order_by("pk"))


def _lot(uuid: str) -> str:
    return hashlib.sha256(uuid.encode()).hexdigest()


def keep_foreseen(attempt: Attempt, control: Sequence[str], drawn: Path) -> None:
    """Adopt the control tiles' masks and what the child drew of the fixed tiles.

    control: uuids. drawn: the child's folder, with `<uuid>.tif` of each and settled.npz.
    """
    folder = attempt.folder / FORESEEN
    folder.mkdir(parents=True, exist_ok=True)
    masks = {uuid: read_label(drawn / f"{uuid}.tif")[0] for uuid in control}
    for name, planes in ((MASKS, masks), (SETTLED, loaded((drawn / SETTLED).read_bytes()))):
        np.savez_compressed(folder / name, **planes)
    attempt.adopt(FORESEEN)


def loaded(content: bytes) -> Planes:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def settling(attempt: Attempt) -> float | None:
    """Kappa between the model that this round trained and the one trained before it, on the fixed
    tiles that both saw; None where there is no such pair."""
    round, blobs = attempt.round, attempt.blobs
    before = trained_before(round)
    if before is None or round.model is None:
        return None
    key = f"rounds/{round.campaign.slug}/{before.n}/{FORESEEN}"
    try:
        earlier = attempt.meanwhile(lambda: loaded((blobs.folder(key) / SETTLED).read_bytes()))
    except (NotFound, FileNotFoundError):
        return None  # of a round from before these were kept
    now = loaded((attempt.adopted(FORESEEN) / SETTLED).read_bytes())
    return kappa(earlier, now, classes=len(round.model.card["classes"]))


def kappa(earlier: Mapping[str, Any], now: Mapping[str, Any], *, classes: int) -> float | None:
    """Over the tiles of both; None where they share none with data."""
    shared = sorted(set(earlier) & set(now))
    pairs = [(earlier[name].ravel(), now[name].ravel()) for name in shared]
    pairs = [pair for pair in pairs if pair[0].shape == pair[1].shape]
    if not pairs:
        return None
    first, second = (np.concatenate(each) for each in zip(*pairs, strict=True))
    if not ((first < classes) & (second < classes)).any():
        return None
    return round_off(agreement(first, second, classes=classes))


def round_off(value: float) -> float:
    return round(value, 5)


def trained_before(round: Round) -> Round | None:
    """The last finished round that trained another model of the same bands and classes."""
    if round.model is None:
        return None
    earlier = Round.objects.filter(
        campaign=round.campaign_id, n__lt=round.n, state=Round.State.DONE, model__isnull=False
    ).exclude(model=round.model_id)
    kind = kind_of(round.model.card)
    for each in earlier.select_related("model").order_by("-n")[:LOOKED_BACK]:
        if each.model and not other_kind(each.model, kind):
            return each
    return None
