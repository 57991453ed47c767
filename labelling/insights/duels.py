"""Which labels the next duel between choosing and chance would use: nothing is judged twice, and
nothing is judged that an arm learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from labelling.models import Annotation, Campaign, Duel, Place, Score, Task

LEAST_ARM = 20
"""Tiles that each arm learns from, at least."""
LEAST_PRODUCTS = 5
"""Products to judge on, at least."""
MOST_ARM = 500
NEEDED = f"{LEAST_ARM} labels of each arm and {LEAST_PRODUCTS} other products to judge on"


@dataclass(frozen=True)
class Labelled:
    acquisition: int
    annotation: UUID
    tile: UUID
    product: str
    square: str
    place: str
    created: datetime


@dataclass(frozen=True)
class Hand:
    """What there is for the next duel."""

    arm: int
    """Tiles of each arm."""
    products: int
    """Others to judge on."""
    needed_arm: int = LEAST_ARM
    needed_products: int = LEAST_PRODUCTS
    chosen: list[Labelled] = field(default_factory=list, repr=False)
    random: list[Labelled] = field(default_factory=list, repr=False)
    judged: list[Labelled] = field(default_factory=list, repr=False)

    @property
    def ready(self) -> bool:
        return self.arm >= LEAST_ARM and self.products >= LEAST_PRODUCTS


def next_hand(campaign: Campaign) -> Hand:
    """Judged are control labels that came in after all that was judged before, at first the newer
    half of them; each arm learns from the last labels before. Three queries.

    Left out of what is judged: products of an arm or of an earlier duel, and an arm's places.
    """
    duels = list(Duel.objects.filter(campaign=campaign).order_by("n"))
    control = _labels(campaign, Task.Lane.CONTROL)
    before, after = _parted(control, duels)
    last = before[-1].created if before else None
    active = [each for each in _labels(campaign, Task.Lane.ACTIVE) if last and each.created <= last]
    count = min(len(before), len(active), MOST_ARM)
    chosen, chance = active[len(active) - count :], before[len(before) - count :]
    taken = {each.product for each in (*chosen, *chance)}
    taken |= {pair["product"] for each in duels for pair in each.pairs}
    places = {each.place for each in (*chosen, *chance)}
    judged = [each for each in after if each.product not in taken and each.place not in places]
    return Hand(
        arm=count,
        products=len({each.product for each in judged}),
        chosen=chosen,
        random=chance,
        judged=judged,
    )


def _parted(
    control: Sequence[Labelled], duels: Sequence[Duel]
) -> tuple[Sequence[Labelled], Sequence[Labelled]]:
    """Control labels to learn from and to judge on."""
    if not duels:
        half = (len(control) + 1) // 2
        return control[:half], control[half:]
    until = max(each.judged_until for each in duels)
    return (
        [each for each in control if each.created <= until],
        [each for each in control if each.created > until],
    )


def _labels(campaign: Campaign, lane: str) -> list[Labelled]:
    """The labels that count of a lane's tiles of the pool, in the order they came in; of a tile
    the newest. Of whole tiles: one labelled in regions teaches less, whoever chose it. Not of those
    that strategy `random` gave to the active lane: nobody chose them."""
    by_lot = Score.objects.filter(
        round__campaign=campaign,
        round__n=OuterRef("task__round_no"),
        tile=OuterRef("task__tile"),
        slice="random",
    )
    usable = Annotation.objects.usable(campaign.schema_id).filter(
        ~Exists(by_lot),
        kind=Annotation.Kind.FULL,
        task__campaign=campaign,
        task__lane=lane,
        task__round_no__gt=0,
        acquisition__place__split=Place.Split.POOL,
        author__isnull=False,
    )
    rows = usable.order_by("created", "pk").values_list(
        "acquisition",
        "uuid",
        "task__tile__uuid",
        "task__tile__scene__product_id",
        "acquisition__place__square",
        "acquisition__place__key",
        "created",
    )
    newest = {row[0]: Labelled(*row) for row in rows}
    return sorted(newest.values(), key=lambda each: (each.created, str(each.annotation)))
