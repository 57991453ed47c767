"""How far people agree who labelled the same tile without seeing each other's label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.models import Agreement, Campaign

from .agreement_measures import (
    cohen_kappa,
    interval,
    krippendorff_alpha,
    merged,
    number,
    one_against_rest,
    resampled,
)
from .standing import taken_back

NEWEST = 5000
"""Pairs of labels that are counted: the newest."""
SEED = 20
"""Of the bootstrap: the same pairs give the same interval."""
LARGEST_PAGE = 100


@dataclass(frozen=True)
class Pair:
    """Two people's labels of one tile."""

    acquisition: int
    labels: tuple[int, int]
    people: tuple[str, str]
    confusion: NDArray[np.float64]
    """(K, K) pixels: row the first's class."""
    inner: NDArray[np.float64]
    """The same away from class borders."""


@dataclass(frozen=True)
class Measures:
    """None where it can't be said: no pixel, or one class only."""

    kappa: float | None
    """Cohen's, -1…1."""
    kappa_interval: tuple[float, float] | None
    """95 %, by tiles."""
    alpha: float | None
    """Krippendorff's, -1…1."""
    alpha_interval: tuple[float, float] | None
    agreed: float | None
    """0…1 of the pixels."""


@dataclass(frozen=True)
class ClassAgreement:
    """One class against all others."""

    code: int
    name: str
    colour: str
    pixels: int
    """That either names so."""
    kappa: float | None
    alpha: float | None
    kappa_inner: float | None
    alpha_inner: float | None


@dataclass(frozen=True)
class AgreementReport:
    tiles: int
    pairs: int
    pixels: int
    codes: list[int]
    confusion: list[list[int]]
    """Row the class of the label that came first."""
    whole: Measures
    inner: Measures
    """Without the pixels beside class borders."""
    together: Measures | None
    """With the classes of `merged` counted as one; None: the classes in force don't have them."""
    merged: list[int]
    classes: list[ClassAgreement]


@dataclass(frozen=True)
class PeoplePair:
    """Two people, over all tiles both labelled."""

    people: tuple[str, str]
    tiles: int
    pixels: int
    kappa: float | None
    kappa_inner: float | None
    alpha: float | None
    confusion: list[list[int]]
    """Row the class of the first person."""


def agreement(campaign: Campaign, *, together: Sequence[int]) -> AgreementReport:
    """Of the newest NEWEST pairs under the classes in force. Causes one query.

    kappa is of the pooled counts, the earlier label in the rows. alpha weighs each pair by 1/(m-1)
    where m people labelled a tile; that is exact where all of them named every pixel that any of
    them did, and always for two people.
    """
    pairs, codes = blind_pairs(campaign), campaign.schema.codes if campaign.schema else []
    whole, inner = by_tile(pairs, "confusion", len(codes)), by_tile(pairs, "inner", len(codes))
    total = whole.sum(axis=0)
    places = [codes.index(code) for code in together if code in codes]
    rest = [[place] for place in range(len(codes)) if place not in places]
    return AgreementReport(
        tiles=len(whole),
        pairs=len(pairs),
        pixels=int(sum(pair.confusion.sum() for pair in pairs)),
        codes=codes,
        confusion=np.rint(sum((pair.confusion for pair in pairs), total * 0)).astype(int).tolist(),
        whole=measures(whole),
        inner=measures(inner),
        together=measures(merged(whole, [places, *rest])) if len(places) > 1 else None,
        merged=[codes[place] for place in places],
        classes=class_agreements(campaign, total, inner.sum(axis=0)),
    )


def people_pairs(
    campaign: Campaign, *, cursor: str | None, limit: int
) -> tuple[list[PeoplePair], str | None]:
    """At most `limit` pairs of people by name after `cursor`, and the next page's cursor.

    Causes one query. Raises BadInput for a cursor that isn't two names.
    """
    after = _names(cursor)
    grouped: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in blind_pairs(campaign):
        grouped[_in_order(pair.people)].append(pair)
    names = sorted(name for name in grouped if after is None or name > after)
    page = [_people_pair(name, grouped[name]) for name in names[:limit]]
    return page, " ".join(page[-1].people) if len(names) > limit else None


def blind_pairs(campaign: Campaign) -> list[Pair]:
    """Pairs of first labels as they stand, the newest first. Causes one query."""
    found = (
        Agreement.objects.filter(
            campaign=campaign, kind=Agreement.Kind.BLIND, first__schema=campaign.schema_id
        )
        .exclude(taken_back("first__"))
        .exclude(taken_back("second__"))
    )
    rows = found.order_by("-pk").values_list(
        "first__acquisition", "first", "second", "first__author__username",
        "second__author__username", "confusion", "inner",
    )[:NEWEST]  # fmt: skip
    return [
        Pair(tile, (first, second), (one, other), np.array(whole, float), np.array(inner, float))
        for tile, first, second, one, other, whole, inner in rows
    ]


def by_tile(pairs: Iterable[Pair], which: str, classes: int) -> NDArray[np.float64]:
    """(tiles, K, K) pixels of each tile's pairs, weighted by 1/(m-1) for m labels."""
    sums: dict[int, NDArray[np.float64]] = {}
    labels: dict[int, set[int]] = defaultdict(set)
    for pair in pairs:
        matrix = getattr(pair, which)
        sums[pair.acquisition] = sums.get(pair.acquisition, 0) + matrix
        labels[pair.acquisition] |= set(pair.labels)
    weighted = [matrix / (len(labels[tile]) - 1) for tile, matrix in sums.items()]
    return np.stack(weighted) if weighted else np.zeros((0, classes, classes))


def measures(tiles: NDArray[np.float64]) -> Measures:
    """Of (tiles, K, K) counts, with intervals where there are two tiles or more."""
    total = tiles.sum(axis=0)
    pixels = total.sum()
    drawn = resampled(tiles, seed=SEED) if len(tiles) > 1 else None
    return Measures(
        kappa=number(cohen_kappa(total)),
        kappa_interval=None if drawn is None else interval(cohen_kappa(drawn)),
        alpha=number(krippendorff_alpha(total)),
        alpha_interval=None if drawn is None else interval(krippendorff_alpha(drawn)),
        agreed=float(np.trace(total) / pixels) if pixels else None,
    )


def class_agreements(
    campaign: Campaign, whole: NDArray[np.float64], inner: NDArray[np.float64]
) -> list[ClassAgreement]:
    found = []
    for place, each in enumerate(campaign.schema.classes if campaign.schema else []):
        one, away = one_against_rest(whole, place), one_against_rest(inner, place)
        found.append(
            ClassAgreement(
                code=each["code"],
                name=each["name"],
                colour=each["colour"],
                pixels=round(one.sum() - one[1, 1]),
                kappa=number(cohen_kappa(one)),
                alpha=number(krippendorff_alpha(one)),
                kappa_inner=number(cohen_kappa(away)),
                alpha_inner=number(krippendorff_alpha(away)),
            )
        )
    return found


def _people_pair(people: tuple[str, str], pairs: list[Pair]) -> PeoplePair:
    whole, inner = _turned(people, pairs, "confusion"), _turned(people, pairs, "inner")
    return PeoplePair(
        people=people,
        tiles=len({pair.acquisition for pair in pairs}),
        pixels=int(whole.sum()),
        kappa=number(cohen_kappa(whole)),
        kappa_inner=number(cohen_kappa(inner)),
        alpha=number(krippendorff_alpha(whole)),
        confusion=whole.astype(int).tolist(),
    )


def _turned(people: tuple[str, str], pairs: list[Pair], which: str) -> Any:
    """The sum of the pairs' counts, the first person's classes in the rows."""
    matrices = [getattr(pair, which) for pair in pairs]
    return sum(
        matrix if pair.people == people else matrix.T for matrix, pair in zip(matrices, pairs)
    )


def _in_order(people: tuple[str, str]) -> tuple[str, str]:
    return people if people[0] <= people[1] else (people[1], people[0])


def _names(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    first, _, second = cursor.partition(" ")
    if not first or not second:
        raise BadInput(
            f"{cursor[:60]!r} is no cursor of this page.",
            field="cursor",
            help="Take the cursor from the page before.",
        )
    return first, second
