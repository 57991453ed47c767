"""The report's map as inline SVG: where tiles are labelled, on a coarse outline of the land.

Longitudes are pressed by the cosine of the middle latitude. Few places are drawn as their own
footprints; many as cells of a tenth of a degree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Round as Rounded

from labelling.imagery.ground import ON_GRID, ground_of
from labelling.imagery.land import on_land
from labelling.insights.report import Span, labels_of
from labelling.insights.report_charts import GRID, LABEL, text
from labelling.models import Campaign, Place

WIDTH, TALLEST = 680, 560
MARGIN = 0.6
"""Degrees around the outermost places, at least."""
FEW = 2000
"""Places that are drawn one by one."""
CELL = 0.1
"""Degrees."""
LAND_CELLS = 170
"""Of the outline, across the map."""
SMALLEST = {True: 8.0, False: 3.0}
"""Of a mark, on the page, where there are few and where there are many: a tile of 5 km would hardly
be seen."""
CROWD = 200
"""Marks that are many."""
SEA, LAND = "#eaf1f7", "#dfe5d8"


@dataclass(frozen=True)
class Mark:
    west: float
    south: float
    east: float
    north: float
    """Degrees."""


@dataclass(frozen=True)
class Frame:
    """From degrees to places on the page."""

    west: float
    south: float
    east: float
    north: float

    @property
    def scale(self) -> float:
        """Page units to a degree of latitude."""
        wide = (self.east - self.west) * self.squeeze
        return min(WIDTH / wide, TALLEST / (self.north - self.south))

    @property
    def squeeze(self) -> float:
        return math.cos(math.radians((self.south + self.north) / 2))

    @property
    def width(self) -> float:
        return (self.east - self.west) * self.squeeze * self.scale

    @property
    def height(self) -> float:
        return (self.north - self.south) * self.scale

    def x(self, longitude: float) -> float:
        return (longitude - self.west) * self.squeeze * self.scale

    def y(self, latitude: float) -> float:
        return (self.north - latitude) * self.scale


@dataclass(frozen=True)
class Picture:
    svg: str
    """Empty where no place's ground is known."""
    places: int
    unknown: int
    """Labelled places whose ground isn't known."""


def picture(campaign: Campaign, span: Span) -> Picture:
    """Two queries."""
    labels = labels_of(campaign, span).values("acquisition")
    places = Place.objects.filter(acquisitions__in=labels).distinct()
    counts = places.aggregate(all=Count("pk", distinct=True), known=Count("longitude"))
    unknown = counts["all"] - counts["known"]
    marks = marks_of(places.filter(longitude__isnull=False), counts["known"])
    return Picture(drawn(marks) if marks else "", counts["all"], unknown)


def marks_of(places: QuerySet[Place], count: int) -> list[Mark]:
    if count > FEW:
        return cells(places)
    rows = places.order_by("key").values_list("key", "longitude", "latitude")
    return [footprint(key, longitude, latitude) for key, longitude, latitude in rows]


def cells(places: QuerySet[Place]) -> list[Mark]:
    found = (
        places.order_by()
        .annotate(x=Rounded(F("longitude") / CELL), y=Rounded(F("latitude") / CELL))
        .values_list("x", "y")
        .distinct()
    )
    half = CELL / 2
    return [
        Mark(x * CELL - half, y * CELL - half, x * CELL + half, y * CELL + half)
        for x, y in sorted(found)
    ]


def footprint(key: str, longitude: float, latitude: float) -> Mark:
    """The box around a place on the fixed grid; of any other a point."""
    on_grid, ground = ON_GRID.fullmatch(key), ground_of(key)
    if not on_grid or ground is None:
        return Mark(longitude, latitude, longitude, latitude)
    half = int(on_grid[2]) * 10 / 2
    high = half / 111_320  # metres to a degree of latitude
    wide = high / math.cos(math.radians(latitude))
    return Mark(longitude - wide, latitude - high, longitude + wide, latitude + high)


def drawn(marks: Sequence[Mark]) -> str:
    frame = frame_around(marks)
    size = f'viewBox="0 0 {frame.width:.0f} {frame.height:.0f}"'
    title = "Where tiles are labelled"
    parts = [
        f'<rect width="{frame.width:.1f}" height="{frame.height:.1f}" fill="{SEA}"/>',
        f'<path d="{land(frame)}" fill="{LAND}"/>',
        *graticule(frame),
        *(box(mark, frame, SMALLEST[len(marks) <= CROWD]) for mark in marks),
    ]
    return f'<svg {size} role="img" aria-label="{title}">{"".join(parts)}</svg>'


def frame_around(marks: Sequence[Mark]) -> Frame:
    west, south = min(each.west for each in marks), min(each.south for each in marks)
    east, north = max(each.east for each in marks), max(each.north for each in marks)
    beside = max(MARGIN, 0.08 * (east - west), 0.08 * (north - south))
    # A single place would fill the page: show the land around it, too.
    beside = max(beside, (3 - (north - south)) / 2)
    wider = beside / math.cos(math.radians((south + north) / 2))
    return Frame(
        max(west - wider, -180), max(south - beside, -89), min(east + wider, 180),
        min(north + beside, 89),
    )  # fmt: skip


def land(frame: Frame) -> str:
    """The path of the land's cells, joined along each row."""
    columns = LAND_CELLS
    rows = max(round(columns * frame.height / frame.width), 1)
    wide, high = frame.width / columns, frame.height / rows
    longitudes = frame.west + (np.arange(columns) + 0.5) * (frame.east - frame.west) / columns
    latitudes = frame.north - (np.arange(rows) + 0.5) * (frame.north - frame.south) / rows
    grid = on_land(
        np.tile(longitudes, rows), np.repeat(latitudes, columns)
    ).reshape(rows, columns)  # fmt: skip
    pieces = []
    for number, row in enumerate(grid):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
        for start, end in edges.reshape(-1, 2):
            across = (end - start) * wide
            corner = f"M{start * wide:.1f} {number * high:.1f}"
            # A hair higher than its row, so that no seam shows between rows.
            pieces.append(f"{corner}h{across:.1f}v{high + 0.4:.1f}h-{across:.1f}z")
    return "".join(pieces)


def graticule(frame: Frame) -> list[str]:
    """Whole degrees, as few as can be told apart."""
    parts = []
    for longitude in whole(frame.west, frame.east):
        x = frame.x(longitude)
        parts.append(f'<path d="M{x:.1f} 0v{frame.height:.1f}" stroke="{GRID}" fill="none"/>')
        parts.append(text(x + 3, frame.height - 4, degrees(longitude, "E", "W")))
    for latitude in whole(frame.south, frame.north):
        y = frame.y(latitude)
        parts.append(f'<path d="M0 {y:.1f}h{frame.width:.1f}" stroke="{GRID}" fill="none"/>')
        parts.append(text(3, y - 3, degrees(latitude, "N", "S")))
    return parts


def whole(low: float, high: float) -> list[int]:
    step = next(step for step in (1, 2, 5, 10, 20, 45, 90) if (high - low) / step <= 7)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def degrees(value: int, positive: str, negative: str) -> str:
    return f"{abs(value)}°{positive if value >= 0 else negative}"


def box(mark: Mark, frame: Frame, smallest: float) -> str:
    west, north = frame.x(mark.west), frame.y(mark.north)
    wide, high = frame.x(mark.east) - west, frame.y(mark.south) - north
    more_x, more_y = max(smallest - wide, 0) / 2, max(smallest - high, 0) / 2
    return (
        f'<rect x="{west - more_x:.1f}" y="{north - more_y:.1f}" '
        f'width="{wide + 2 * more_x:.1f}" height="{high + 2 * more_y:.1f}" '
        f'fill="{LABEL}" stroke="#fff" stroke-width=".8"/>'
    )
