"""What a funder asks of a campaign for a span of days: targets, hours, labels, places, learning.

All counts are of the span's last day, or of the span where they say so; days are whole, in UTC.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import BigIntegerField, Count, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, Coalesce

from labelling.errors import BadInput
from labelling.imagery.labelsets.sets import is_restricted
from labelling.insights.growth import ClassPixels, Member
from labelling.insights.learning import RoundRow, curve
from labelling.models import (
    UNLABELLED,
    UNSURE,
    Annotation,
    Campaign,
    CampaignTile,
    ClassSchema,
    Reservation,
    Scene,
)
from labelling.models.annotation import TEACHING

WEEK = timedelta(days=7)
LONGEST = 366 * 20
"""Days a report may cover."""


@dataclass(frozen=True)
class Span:
    first: date
    last: date
    """Both days belong to it."""

    def __post_init__(self) -> None:
        if not 0 <= (self.last - self.first).days < LONGEST:
            raise BadInput(
                f"No report covers {self.first} to {self.last}.",
                field="to",
                help="Let --to be the same day as --from or a later one.",
            )

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), UTC)

    @property
    def weeks(self) -> list[date]:
        """First days of its weeks, counted from its own first day."""
        count = (self.last - self.first).days // 7 + 1
        return [self.first + WEEK * number for number in range(count)]

    def week_of(self, moment: datetime) -> int:
        """Number of the week that a moment of the span lies in."""
        return (moment - self.start) // WEEK


@dataclass(frozen=True)
class Target:
    """So many labelled tiles by a day, and where the campaign stood at the span's end."""

    tiles: int
    by: date | None
    labelled: int
    pace: float
    """Tiles a week that were labelled in the span."""
    needed: float | None
    """Tiles a week from the span's end on; None: no day was set, or it has passed."""

    @property
    def share(self) -> float:
        return self.labelled / self.tiles if self.tiles else 1.0

    def state(self, span: Span) -> str:
        if self.labelled >= self.tiles:
            return "reached"
        if self.by is None:
            return "under way"
        if self.by <= span.last:
            return "missed"
        return "on course" if self.needed is None or self.pace >= self.needed else "behind"


@dataclass(frozen=True)
class Week:
    first: date
    label_seconds: int
    review_seconds: int
    new: int
    """Tiles labelled for the first time."""


@dataclass(frozen=True)
class SourceRow:
    name: str
    licence: str
    restricted: bool
    tiles: int


@dataclass(frozen=True)
class Report:
    campaign: str
    slug: str
    span: Span
    target: Target | None
    weeks: list[Week]
    people: int
    """Who worked in the span."""
    tiles_before: int
    """Labelled before the span began."""
    tiles: int
    scenes: int
    classes: list[ClassPixels]
    unsure_pixels: int
    unlabelled_pixels: int
    sources: list[SourceRow]
    rounds: list[RoundRow]
    synthetic: int
    """Of the labelled tiles: painted by us, no observation."""

    @property
    def label_seconds(self) -> int:
        return sum(each.label_seconds for each in self.weeks)

    @property
    def review_seconds(self) -> int:
        return sum(each.review_seconds for each in self.weeks)


def report(campaign: Campaign, span: Span) -> Report:
    """Eight queries, however much was labelled. Raises BadInput as `target`."""
    before, new = first_labels(campaign, span)
    seconds, people = work(campaign, span)
    schema = schema_at(campaign, span)
    total = before + sum(new.values())
    speaking = speaking_labels(schema, span)
    classes, unsure, unlabelled = pixels(schema, speaking)
    weeks = [
        Week(first, seconds[number, False], seconds[number, True], new[number])
        for number, first in enumerate(span.weeks)
    ]
    scenes, synthetic = scenes_of(campaign, speaking)
    return Report(
        campaign=campaign.name,
        slug=campaign.slug,
        span=span,
        target=target(campaign, span, total, sum(new.values())),
        weeks=weeks,
        people=people,
        tiles_before=before,
        tiles=total,
        scenes=scenes,
        classes=classes,
        unsure_pixels=unsure,
        unlabelled_pixels=unlabelled,
        sources=sources(speaking),
        rounds=[each for each in curve(campaign) if each.created < span.end],
        synthetic=synthetic,
    )


def labels_of(campaign: Campaign, span: Span) -> QuerySet[Annotation]:
    """The labels made by the span's end that stand, under any version of the classes: neither
    rejected ones nor what its author took back."""
    made = Annotation.objects.filter(schema__campaign=campaign, created__lt=span.end)
    return made.filter(Q(task__isnull=True) | Q(task__state__in=TEACHING))


def first_labels(campaign: Campaign, span: Span) -> tuple[int, Counter[int]]:
    """(tiles labelled before the span, {week of the span: tiles labelled for the first time})."""
    before, new = 0, Counter[int]()
    firsts = (
        labels_of(campaign, span).order_by().values("acquisition").annotate(first=Min("created"))
    )
    for moment in firsts.values_list("first", flat=True).iterator(chunk_size=5000):
        if moment < span.start:
            before += 1
        else:
            new[span.week_of(moment)] += 1
    return before, new


def work(campaign: Campaign, span: Span) -> tuple[Counter[tuple[int, bool]], int]:
    """({(week, whether review): seconds}, people) of the spells that ended in the span.

    A spell that goes on counts where it was last heard of.
    """
    spells = (
        Reservation.objects.filter(task__campaign=campaign)
        .annotate(moment=Coalesce("ended", "heartbeat"))
        .filter(moment__gte=span.start, moment__lt=span.end)
        .values_list("moment", "kind", "active_seconds", "person")
    )
    seconds, people = Counter[tuple[int, bool]](), set()
    for moment, kind, active, person in spells.iterator(chunk_size=5000):
        seconds[span.week_of(moment), kind == Reservation.Kind.REVIEW] += active
        if active:
            people.add(person)
    return seconds, len(people)


def target(campaign: Campaign, span: Span, labelled: int, new: int) -> Target | None:
    """None where the campaign has none. Raises BadInput for a day that is no date."""
    wanted = campaign.targets.get("tiles")
    if not wanted:
        return None
    by = day_of(campaign.targets.get("date"))
    days = (span.last - span.first).days + 1
    left = (by - span.last).days if by else 0
    missing = max(wanted - labelled, 0)
    return Target(
        tiles=wanted,
        by=by,
        labelled=labelled,
        pace=7 * new / days,
        needed=7 * missing / left if left > 0 else None,
    )


def day_of(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput(
            f"The campaign's target is for {text!r}, which is no date.",
            field="targets.date",
            help="Write it as 2026-12-31.",
        ) from None


def schema_at(campaign: Campaign, span: Span) -> ClassSchema | None:
    """The newest version of the classes with labels by the span's end, else the one in force."""
    used = ClassSchema.objects.filter(campaign=campaign, annotations__created__lt=span.end)
    return used.order_by("-version").first() or campaign.schema


def speaking_labels(schema: ClassSchema | None, span: Span) -> QuerySet[Annotation]:
    """Of every acquisition the label that had the say at the span's end, as a snapshot chooses."""
    labels = Annotation.objects.usable(schema.pk if schema else None).filter(created__lt=span.end)
    last = labels.filter(acquisition=OuterRef("acquisition")).by_say(before=span.end).reverse()
    return labels.filter(pk=Subquery(last.values("pk")[:1]))


def pixels(
    schema: ClassSchema | None, speaking: QuerySet[Annotation]
) -> tuple[list[ClassPixels], int, int]:
    """(pixels by class, unsure ones, unlabelled ones)."""
    classes = schema.classes if schema else []
    codes = [*(each["code"] for each in classes), UNSURE, UNLABELLED]
    sums = speaking.aggregate(
        **{
            f"of_{code}": Sum(Cast(Member("pixels", str(code)), BigIntegerField()))
            for code in codes
        }
    )
    told = {code: sums[f"of_{code}"] or 0 for code in codes}
    named = [
        ClassPixels(each["code"], each["name"], each["colour"], told[each["code"]])
        for each in classes
    ]
    return named, told[UNSURE], told[UNLABELLED]


def scenes_of(campaign: Campaign, speaking: QuerySet[Annotation]) -> tuple[int, int]:
    """(scenes that labelled tiles are from, labelled acquisitions that are painted)."""
    acquisitions = speaking.values("acquisition")
    enrolled = CampaignTile.objects.filter(
        campaign=campaign, tile__acquisition__in=acquisitions
    ).aggregate(scenes=Count("tile__scene", distinct=True))
    painted = Scene.objects.filter(
        synthetic=True, tiles__enrolments__campaign=campaign, tiles__acquisition__in=acquisitions
    ).aggregate(n=Count("tiles__acquisition", distinct=True))
    return enrolled["scenes"], painted["n"]


def sources(speaking: QuerySet[Annotation]) -> list[SourceRow]:
    counts = speaking.order_by().values_list("source", "licence").annotate(n=Count("pk"))
    return [
        SourceRow(name, licence, is_restricted(licence), n) for name, licence, n in sorted(counts)
    ]
