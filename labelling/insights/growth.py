"""How far the labelled set has grown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    BigIntegerField,
    Count,
    F,
    Func,
    QuerySet,
    Sum,
    TextField,
    Value,
    Window,
)
from django.db.models.functions import Cast, RowNumber

from labelling.models import Annotation, Campaign, CampaignTile, Place

SPLIT = "tile__acquisition__place__split"


class Member(Func):
    """A member of a JSON object, as text.

    Django's own key lookup takes the name "0" for a place in an array.
    """

    output_field = TextField()

    def __init__(self, json: str, name: str) -> None:
        super().__init__(json, Value(name))

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, function="jsonb_extract_path_text")

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, function="json_extract", arg_joiner=", '$.' || ")


@dataclass(frozen=True)
class Tiles:
    """Tiles enrolled in a campaign. A tile is labelled when its acquisition has a usable label."""

    total: int
    pool: int
    validation: int
    test: int
    labelled: int
    labelled_pool: int
    target: int | None
    """What the campaign aims for; None: no aim was set."""
    synthetic: int
    """Painted by us, not seen by a satellite."""


@dataclass(frozen=True)
class ClassPixels:
    """Pixels that carry a class, over the newest label of every acquisition."""

    code: int
    name: str
    colour: str
    pixels: int


def tiles(campaign: Campaign) -> Tiles:
    """The campaign's tiles by split, and how many carry a label. Causes two queries."""
    enrolled = CampaignTile.objects.filter(campaign=campaign)
    splits: Counter[str] = Counter()
    synthetic = 0
    for split, painted, n in enrolled.values_list(SPLIT, "tile__scene__synthetic").annotate(
        n=Count("pk")
    ):
        splits[split] += n
        synthetic += n if painted else 0
    labels = Annotation.objects.usable(campaign.schema_id).values("acquisition")
    labelled: dict[str, int] = dict(
        enrolled.filter(tile__acquisition__in=labels).values_list(SPLIT).annotate(n=Count("pk"))
    )
    return Tiles(
        total=splits.total(),
        pool=splits[Place.Split.POOL],
        validation=splits[Place.Split.VALIDATION],
        test=splits[Place.Split.TEST],
        labelled=sum(labelled.values()),
        labelled_pool=labelled.get(Place.Split.POOL, 0),
        target=campaign.targets.get("tiles"),
        synthetic=synthetic,
    )


def classes(campaign: Campaign) -> list[ClassPixels]:
    """Labelled pixels by class, in the schema's order. Causes two queries."""
    if campaign.schema is None:
        return []
    sums = newest_labels(campaign).aggregate(
        **{
            f"pixels_{code}": Sum(Cast(Member("pixels", str(code)), BigIntegerField()))
            for code in campaign.schema.codes
        }
    )
    return [
        ClassPixels(
            code=each["code"],
            name=each["name"],
            colour=each["colour"],
            pixels=sums[f"pixels_{each['code']}"] or 0,
        )
        for each in campaign.schema.classes
    ]


def newest_labels(campaign: Campaign) -> QuerySet[Annotation]:
    """The label that speaks for every acquisition, as a snapshot chooses it.

    Found in one pass: asked about each label by itself, PostgreSQL reads all labels once a label.
    """
    labels = Annotation.objects.usable(campaign.schema_id).by_say()
    _, *say = labels.query.order_by  # within the acquisition, the last one speaks
    last_first = [(F(each) if isinstance(each, str) else each).desc() for each in say]
    place = Window(RowNumber(), partition_by="acquisition", order_by=last_first)
    return labels.annotate(place=place).filter(place=1).order_by("acquisition")
