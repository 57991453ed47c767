"""The other masks of a pool's tiles: class shares before there is a model, and what `disagree`
holds a model against: a rule's mask, or another model of the campaign's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.models import Campaign, Layer, Model, Round, Tile
from labelling.workflow.picking_rules import MODEL, picking_rules
from labelling.workflow.promotion import kind_of, other_kind

AT_ONCE = 500
"""Tiles looked up in one go."""
NOT_RULES = (MODEL, "guide")
"""Sources of layers that no rule made."""
COLUMNS = (
    "source", "version", "raster", "sha256", "classes", "provides", "tile__uuid",
    "tile__acquisition", "tile__height", "tile__width",
)  # fmt: skip
Listed = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class RuleMask:
    """One source's masks of the pool's tiles."""

    source: str
    layers: dict[str, Layer]
    """{uuid of a tile: its newest layer of this source}."""

    @property
    def provides(self) -> list[int]:
        """Class codes that any of the layers can tell."""
        return sorted({code for layer in self.layers.values() for code in layer.provides})

    def shares(self, tiles: Listed) -> NDArray[np.float32]:
        """(n, R) of each tile's pixels that the mask gives a class, the share of each class of
        `provides`; a tile without the mask has the mean of the others, and so no class of its own.
        """
        codes = self.provides
        found = np.full((len(tiles), len(codes)), np.nan)
        for row, tile in enumerate(tiles):
            if layer := self.layers.get(tile["uuid"]):
                given = np.array([float(layer.classes.get(str(code), 0)) for code in codes])
                found[row] = given / given.sum() if given.sum() else np.nan
        known = ~np.isnan(found).any(axis=1)
        if not known.any():
            return np.zeros((len(tiles), 0), dtype=np.float32)
        found[~known] = found[known].mean(axis=0)
        return found.astype(np.float32)


def rule_mask(
    campaign: Campaign, tiles: Listed, tick: Callable[[], None] = lambda: None
) -> RuleMask | None:
    """The mask that the campaign names, else the one that most of these tiles have (of equals the
    first by name); None where none of them has one.

    A mask of another level of the same acquisition (Sen2Cor's is of L2A) lies on the same ground
    and counts; the tile's own goes before it. Two queries for each AT_ONCE tiles, after which
    `tick` is called.
    """
    wanted = picking_rules(campaign).mask
    found: dict[str, dict[str, Layer]] = {}
    for uuid, layer in _layers(tiles, tick):
        if wanted in ("", layer.source):
            found.setdefault(layer.source, {})[uuid] = layer
    if not found or wanted == MODEL:
        return None
    counts = Counter({source: len(layers) for source, layers in found.items()})
    source = min(counts, key=lambda name: (-counts[name], name))
    return RuleMask(source, found[source])


def _layers(tiles: Listed, tick: Callable[[], None]) -> Iterator[tuple[str, Layer]]:
    """(uuid of a tile, a rule's mask of it), the one that counts of each source last."""
    for first in range(0, len(tiles), AT_ONCE):
        names = [each["uuid"] for each in tiles[first : first + AT_ONCE]]
        yield from _layers_of(names)
        tick()


def _layers_of(names: Sequence[str]) -> list[tuple[str, Layer]]:
    shown = {
        (row["acquisition"], row["height"], row["width"]): str(row["uuid"])
        for row in Tile.objects.filter(uuid__in=names).values(
            "acquisition", "height", "width", "uuid"
        )
    }
    layers = (
        Layer.objects.filter(tile__acquisition__in=[key[0] for key in shown])
        .exclude(source__in=NOT_RULES)
        .exclude(provides=[])
        .select_related("tile")
        .only(*COLUMNS)
        .order_by("pk")
    )
    pairs = []
    for layer in layers:
        tile = layer.tile
        if uuid := shown.get((tile.acquisition_id, tile.height, tile.width)):
            pairs.append((uuid, layer))
    return sorted(pairs, key=lambda pair: str(pair[1].tile.uuid) == pair[0])


def other_model(round: Round) -> Model | None:
    """Another model than the one that ranks, of its kind: who ranked before, the newest first, else
    what this round trained and didn't let rank. None where there is none. One query."""
    ranker = round.ranked_by
    if ranker is None:
        return None
    earlier = Round.objects.filter(
        campaign=round.campaign_id, n__lt=round.n, ranked_by__isnull=False
    )
    models = [each.ranked_by for each in earlier.select_related("ranked_by").order_by("-n")[:50]]
    kind = kind_of(ranker.card)
    for model in [*models, round.model]:
        if model and model.pk != ranker.pk and not other_kind(model, kind):
            return model
    return None


@dataclass(frozen=True)
class Other:
    """What a model is held against: one of the two."""

    mask: RuleMask | None = None
    model: Model | None = None

    @property
    def name(self) -> str:
        return self.mask.source if self.mask else str(self.model)


def other_mask(round: Round, tiles: Listed, tick: Callable[[], None] = lambda: None) -> Other:
    """What `disagree` holds the ranking model against. Raises BadInput where there is nothing."""
    wanted = picking_rules(round.campaign).mask
    mask = rule_mask(round.campaign, tiles, tick)
    if mask is not None:
        return Other(mask=mask)
    model = other_model(round) if wanted in ("", MODEL) else None
    if model is not None:
        return Other(model=model)
    raise _nothing(round.campaign, wanted)


def check_something_to_disagree_with(
    round: Round, tiles: Listed, tick: Callable[[], None] = lambda: None
) -> None:
    """The same before a model is trained, as far as it can be told. Raises BadInput."""
    wanted = picking_rules(round.campaign).mask
    models = Model.objects.filter(campaign=round.campaign_id)
    if rule_mask(round.campaign, tiles, tick) or (wanted in ("", MODEL) and models.exists()):
        return
    raise _nothing(round.campaign, wanted)


def _nothing(campaign: Campaign, wanted: str) -> BadInput:
    lacks = {
        "": "no tile of the pool has a rule's mask (such as scl), and no other model of its "
        "classes has ranked before",
        MODEL: "no other model of its bands and classes has ranked before",
    }.get(wanted, f"no tile of the pool has a mask of {wanted!r}")
    return BadInput(
        f"Strategy 'disagree' has nothing to hold the model against: {lacks}.",
        field="strategy",
        help="Bring masks in with `manage.py masks`, name one with the setting `mask` of picking, "
        f"or choose another strategy, such as 'auto', for {campaign.slug}.",
    )
