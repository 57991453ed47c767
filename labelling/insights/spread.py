"""How the labelled set grows, and how it spreads over classes, months, places and sources."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Min

from labelling.models import Annotation, Campaign

from .growth import newest_labels

MOST_PLACES = 12
"""Ground squares shown by name: those with the most tiles. The rest is one row."""
REST, UNDATED = "all others", "undated"

Scene = tuple[str, datetime | None]
"""(100 km ground square, moment): what one overpass saw of it, whatever its levels."""


@dataclass
class Part:
    """Labelled tiles that have something in common."""

    name: str
    tiles: int
    scenes: int
    """Independent ones: tiles of one ground square and moment are one scene."""
    pixels: dict[str, int]
    """{class code: pixels} of the newest label of each tile."""


@dataclass
class ClassPart:
    """A class: the tiles and scenes that have any of it."""

    code: int
    name: str
    colour: str
    tiles: int
    scenes: int
    pixels: int


@dataclass
class WeekPart:
    first: date
    """A Monday, UTC."""
    tiles: int
    """Labelled by the week's end, since the beginning."""


@dataclass
class Spread:
    tiles: int
    scenes: int
    pixels: int
    """That carry a class."""
    classes: list[ClassPart] = field(default_factory=list)
    months: list[Part] = field(default_factory=list)
    """Of any year, "01" to "12", and what is undated; only those with labels."""
    places: list[Part] = field(default_factory=list)
    """The most tiles first."""
    sources: list[Part] = field(default_factory=list)
    weeks: list[WeekPart] = field(default_factory=list)
    """From the first label on, weeks without a new one included."""

    def told(self) -> dict[str, Any]:
        """As JSON."""
        weeks = [{"first": each.first.isoformat(), "tiles": each.tiles} for each in self.weeks]
        return {**asdict(self), "weeks": weeks}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Spread:
        parts = {
            name: [Part(**each) for each in told[name]] for name in ("months", "places", "sources")
        }
        return cls(
            tiles=told["tiles"],
            scenes=told["scenes"],
            pixels=told["pixels"],
            classes=[ClassPart(**each) for each in told["classes"]],
            weeks=[WeekPart(date.fromisoformat(w["first"]), w["tiles"]) for w in told["weeks"]],
            **parts,
        )


class _Heap:
    """What is gathered of one part."""

    def __init__(self) -> None:
        self.tiles = 0
        self.scenes: set[Scene] = set()
        self.pixels: Counter[str] = Counter()

    def add(self, scene: Scene, pixels: Mapping[str, int]) -> None:
        self.tiles += 1
        self.scenes.add(scene)
        self.pixels.update(pixels)

    def part(self, name: str) -> Part:
        return Part(name, self.tiles, len(self.scenes), dict(self.pixels))


def spread(campaign: Campaign) -> Spread:
    """Counted over the newest label of every acquisition. Causes two queries.

    It reads every label once; large campaigns keep it (tallies.py).
    """
    if campaign.schema is None:
        return Spread(0, 0, 0)
    codes = {str(code) for code in campaign.schema.codes}
    heaps: dict[str, defaultdict[str, _Heap]] = {
        name: defaultdict(_Heap) for name in ("class", "month", "place", "source")
    }
    whole = _Heap()
    rows = newest_labels(campaign).values_list(
        "acquisition__place__square", "acquisition__taken", "source", "pixels"
    )
    for square, taken, source, counted in rows.iterator():
        pixels = {code: n for code, n in counted.items() if code in codes and n}
        scene = (square, taken)
        whole.add(scene, pixels)
        heaps["month"][f"{taken:%m}" if taken else UNDATED].add(scene, pixels)
        heaps["place"][square].add(scene, pixels)
        heaps["source"][source].add(scene, pixels)
        for code in pixels:
            heaps["class"][code].add(scene, {code: pixels[code]})
    return Spread(
        tiles=whole.tiles,
        scenes=len(whole.scenes),
        pixels=whole.pixels.total(),
        classes=_classes(campaign, heaps["class"]),
        months=[heaps["month"][name].part(name) for name in sorted(heaps["month"])],
        places=_places(heaps["place"]),
        sources=_most_first(heaps["source"]),
        weeks=_weeks(campaign),
    )


def _classes(campaign: Campaign, heaps: Mapping[str, _Heap]) -> list[ClassPart]:
    """In the schema's order, those without a pixel too."""
    assert campaign.schema is not None
    nothing = _Heap()
    found = []
    for each in campaign.schema.classes:
        heap = heaps.get(str(each["code"]), nothing)
        found.append(
            ClassPart(
                code=each["code"],
                name=each["name"],
                colour=each["colour"],
                tiles=heap.tiles,
                scenes=len(heap.scenes),
                pixels=heap.pixels.total(),
            )
        )
    return found


def _most_first(heaps: Mapping[str, _Heap]) -> list[Part]:
    parts = [heap.part(name) for name, heap in heaps.items()]
    return sorted(parts, key=lambda part: (-part.tiles, part.name))


def _places(heaps: Mapping[str, _Heap]) -> list[Part]:
    parts = _most_first(heaps)
    shown, rest = parts[:MOST_PLACES], parts[MOST_PLACES:]
    return [*shown, _together(rest)] if rest else shown


def _together(parts: Iterable[Part]) -> Part:
    """Places share no scene, so theirs add up."""
    whole = Part(REST, 0, 0, {})
    pixels: Counter[str] = Counter()
    for part in parts:
        whole.tiles += part.tiles
        whole.scenes += part.scenes
        pixels.update(part.pixels)
    whole.pixels = dict(pixels)
    return whole


def _weeks(campaign: Campaign) -> list[WeekPart]:
    """By the first usable label of each acquisition."""
    labels = Annotation.objects.usable(campaign.schema_id).order_by()
    first = labels.values("acquisition").annotate(first=Min("created"))
    new = Counter(_monday(moment) for moment in first.values_list("first", flat=True).iterator())
    if not new:
        return []
    weeks, tiles, at = [], 0, min(new)
    while at <= max(new):
        tiles += new[at]
        weeks.append(WeekPart(at, tiles))
        at += timedelta(days=7)
    return weeks


def _monday(moment: datetime) -> date:
    day = moment.date()
    return day - timedelta(days=day.weekday())
