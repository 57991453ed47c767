"""How much of a tile is cloud, or any other class, from the best source there is.

In this order: the newest full label of the tile's acquisition, the newest finished round's model,
the mask brought in last, and for cloud alone what the product says of its whole scene. Asked twice,
in SQL to filter and sort by and in Python to show; a test holds the two together. A large campaign
filters and sorts by what was last counted, and shows what is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

from django.db.models import (
    Case,
    F,
    FloatField,
    Func,
    OuterRef,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, NullIf
from django.db.models.lookups import Regex

from labelling.models import Annotation, Campaign, Layer, Round, Score, Tile

SOURCES = ("label", "model", "mask", "product")
CLOUD, SHADOW = ("cloud", "semi-transparent"), "shadow"
"""Words in a class's name that make it cloud, or a shadow of one."""


@dataclass(frozen=True)
class About:
    """What the questions of one campaign's catalogue have in common."""

    campaign: Campaign
    round: int | None
    """Id of the newest finished round; None before the first."""
    kept: bool = False
    """Whether every tile's cloud was counted and kept (insights/clouds.py)."""

    @property
    def names(self) -> dict[int, str]:
        """{code: name} of the campaign's classes."""
        schema = self.campaign.schema
        return {each["code"]: each["name"] for each in schema.classes} if schema else {}

    @property
    def cloudy(self) -> list[int]:
        """Codes of the classes that are cloud, semi-transparent included, its shadow not."""
        return [code for code, name in self.names.items() if _is_cloud(name)]

    @property
    def obscured(self) -> list[int]:
        """Codes of cloud and of its shadow."""
        return [c for c, name in self.names.items() if _is_cloud(name) or SHADOW in name.lower()]


@dataclass(frozen=True)
class Cover:
    """What is known of a tile's classes."""

    source: str = ""
    """One of SOURCES; empty: nothing is known."""
    amounts: Mapping[int, float] = field(default_factory=dict)
    """{code: pixels, or their share, whatever the source counts} of the classes it can tell."""
    product: float | None = None
    """0…1 of the scene, when the product is the source."""

    def share(self, codes: Collection[int]) -> float | None:
        """0…1 of the classes with these codes; the product's figure where it is all there is.

        None where the source can tell none of them: a mask that has no shadow says nothing of it.
        """
        if self.source in ("", "product"):
            return self.product
        told = [self.amounts[code] for code in codes if code in self.amounts]
        return sum(told) / sum(self.amounts.values()) if told else None

    @classmethod
    def of_product(cls, per_cent: float | None) -> Cover:
        return cls() if per_cent is None else cls("product", product=per_cent / 100)

    @property
    def classes(self) -> dict[int, float]:
        """{code: 0…1 of the pixels that the source gives a class}."""
        return {code: self.share([code]) or 0.0 for code in self.amounts}


def about(campaign: Campaign) -> About:
    """One query."""
    done = Round.objects.filter(campaign=campaign, state=Round.State.DONE).order_by("-n")
    kept = bool(campaign.tallies.get("clouds", {}).get("whole"))
    return About(campaign, done.values_list("pk", flat=True).first(), kept=kept)


def cloud_share(asked: About) -> Combinable:
    """For a query of enrolments: 0…1 of cloud by the best source; NULL where none knows.

    Where it is kept, as it was last counted: an index has it in order.
    """
    return F("cloud") if asked.kept else counted_cloud(asked)


def counted_cloud(asked: About) -> Combinable:
    """The same, asked of the sources at this moment."""
    product = F("tile__scene__cloud_cover") / Value(100.0)
    known = [*_sources(asked, asked.cloudy)] if asked.cloudy else []
    return Coalesce(*known, product, output_field=FloatField()) if known else product


def class_share(asked: About, code: int) -> Combinable:
    """For a query of enrolments: 0…1 of a class; NULL where no label, model or mask tells it."""
    return Coalesce(*_sources(asked, [code]), output_field=FloatField())


def model_share(asked: About, code: int) -> Combinable:
    """For a query of enrolments: 0…1 of a class as the newest model saw it; NULL if it didn't."""
    return Subquery(_scores(asked).values(share=_sum("fractions", [code])))


def covers(asked: About, tiles: Iterable[Tile]) -> dict[int, Cover]:
    """{tile id: cover}; the tiles have their scene loaded. Three queries, however many tiles."""
    whole = list(tiles)
    labels = {each.acquisition_id: each.pixels for each in _labels(asked).filter(
        acquisition__in={tile.acquisition_id for tile in whole}).order_by("n")}  # fmt: skip
    scores = {each.tile_id: each.fractions for each in Score.objects.filter(
        round=asked.round, tile__in=whole)}  # fmt: skip
    masks = {each.tile_id: (each.classes, each.provides) for each in _masks().filter(
        tile__in=whole).order_by("pk")}  # fmt: skip
    return {
        tile.pk: _best(
            asked, labels.get(tile.acquisition_id), scores.get(tile.pk), masks.get(tile.pk)
        )
        or Cover.of_product(tile.scene.cloud_cover)
        for tile in whole
    }


def amounts_of_all(asked: About) -> Callable[[int, int], Mapping[int, float]]:
    """Of any tile of the campaign, by its id and its acquisition's: the amounts of its Cover, empty
    where only the product tells something. Three queries now, none for a tile."""
    labels = dict(_labels(asked).order_by("n").values_list("acquisition", "pixels"))
    scored = Score.objects.filter(round=asked.round).values_list("tile", "fractions")
    scores = dict(scored.iterator())
    others = _masks().filter(tile__enrolments__campaign=asked.campaign)
    if asked.round is not None:
        others = others.exclude(tile__scores__round=asked.round)
    rows = others.order_by("pk").values_list("tile", "classes", "provides")
    masks = {tile: (classes, provides) for tile, classes, provides in rows.iterator()}

    def amounts(tile: int, acquisition: int) -> Mapping[int, float]:
        label, score = labels.get(acquisition), scores.get(tile)
        best = _best(asked, label, score, masks.get(tile))
        return best.amounts if best else {}

    return amounts


Amounts = Mapping[str, float]


def _best(
    asked: About,
    label: Amounts | None,
    score: Amounts | None,
    mask: tuple[Amounts, Collection[int]] | None,
) -> Cover | None:
    """The first of them that tells of any class."""
    every = list(asked.names)
    classes, provides = mask or ({}, ())
    told = (("label", label, every), ("model", score, every), ("mask", classes, provides))
    for source, values, codes in told:
        if values:
            amounts = {c: float(values.get(str(c), 0)) for c in codes if c in asked.names}
            if any(amounts.values()):
                return Cover(source, amounts)
    return None


def _sources(asked: About, codes: Collection[int]) -> list[Subquery]:
    """The share of `codes` by label, model and mask, each NULL where it has nothing."""
    every = list(asked.names)
    label = _labels(asked).filter(acquisition=OuterRef("tile__acquisition")).order_by("-n")
    mask = _masks().filter(tile=OuterRef("tile")).order_by("-pk")
    return [
        Subquery(label.values(share=_part("pixels", codes, every))[:1]),
        Subquery(_scores(asked).values(share=_part("fractions", codes, every))[:1]),
        Subquery(mask.values(share=_if_provided(codes, every))[:1]),
    ]


def _labels(asked: About) -> QuerySet[Annotation]:
    # Part of a tile, as regions and scribbles are, doesn't tell how cloudy the whole is.
    whole = Annotation.objects.filter(kind=Annotation.Kind.FULL, labelled_share__gt=0)
    return whole.usable(asked.campaign.schema_id)


def _scores(asked: About) -> QuerySet[Score]:
    return Score.objects.filter(round=asked.round, tile=OuterRef("tile"))


def _masks() -> QuerySet[Layer]:
    return Layer.objects.exclude(classes={})


def _if_provided(codes: Collection[int], every: Collection[int]) -> Combinable:
    # As text, because SQLite can't ask whether a JSON list holds a value.
    listed = rf"(\[|, )({'|'.join(map(str, codes))})(,|\])"
    told = Regex(Cast("provides", TextField()), Value(listed))
    return Case(When(told, then=_part("classes", codes, every)), output_field=FloatField())


def _part(column: str, codes: Collection[int], every: Collection[int]) -> Combinable:
    return _sum(column, codes) / NullIf(_sum(column, every), Value(0.0))


def _sum(column: str, codes: Collection[int]) -> Combinable:
    """The values under `codes` of a JSON column {code: number}, added up; what is missing is 0."""
    values = [Coalesce(_Amount(column, code=code), Value(0.0)) for code in codes]
    return reduce(add, values, Value(0.0))


class _Amount(Func):
    """The number under a class code in a JSON column. Django takes such a key for an index."""

    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = """CAST(JSON_EXTRACT(%(expressions)s, '$."%(code)d"') AS REAL)"""
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST(%(expressions)s ->> '%(code)d' AS DOUBLE PRECISION)"
        return self.as_sql(compiler, connection, template=template, **context)


def _is_cloud(name: str) -> bool:
    words = name.lower()
    return any(word in words for word in CLOUD) and SHADOW not in words
