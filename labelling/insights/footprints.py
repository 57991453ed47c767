"""The outlines of a campaign's tiles for its map: columns of numbers, not an object a tile."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Max
from numpy.typing import NDArray

from labelling.imagery.corners import corners_of
from labelling.models import Annotation, Campaign, CampaignTile, Event, Layer, Score, Task

from .catalogue import enrolled
from .cover import About, about, amounts_of_all
from .filters import conditions

MOST = 200_000
"""Footprints of one answer."""
NOTHING = 255
"""In the columns of bytes: no task, or not known."""
MAGIC = b"CMF1"
LATE = 64
"""Newest events that tell one state from another: one may be committed after later ones."""


@dataclass(frozen=True)
class Footprints:
    """Columns, a value for each of n tiles in the order of their enrolment."""

    ids: list[bytes]
    """16 bytes each, of the tile's UUID."""
    corners: NDArray[np.float32]
    """(n, 4, 2) longitude, latitude in degrees: north-west, north-east, south-east, south-west."""
    states: NDArray[np.uint8]
    """Place in Task.State.values of the newest task; 255: there is none."""
    lanes: NDArray[np.uint8]
    """Place in Task.Lane.values of the same task."""
    splits: NDArray[np.uint8]
    """Place in SPLITS."""
    scores: NDArray[np.float32]
    """In the newest finished round; NaN: none."""
    shares: NDArray[np.uint8]
    """(classes, n) 0…200 for 0…1 of the tile, by the best source; 255: not known."""
    codes: list[int]
    """Class codes, in the order of `shares`."""
    unplaced: int
    """Tiles that fit the filters and whose place isn't known."""
    more: bool
    """Whether more tiles than MOST fit the filters: the rest was left out."""


SPLITS = ("pool", "validation", "test")
FULL_SHARE = 200


def footprints(campaign: Campaign, *, wanted: Mapping[str, str]) -> Footprints:
    """The footprints of the tiles that fit the filters `wanted`, as filters.FILTERS names them.

    A tile on the fixed grid has its true corners; another one a square of its size around its
    centre, north up. Raises BadInput naming the filter that makes no sense.
    """
    asked = about(campaign)
    rows = list(
        enrolled(campaign)
        .filter(*conditions(wanted, asked))
        .order_by("pk")
        .values_list(*COLUMNS)[: MOST + 1]
    )
    more, rows = len(rows) > MOST, rows[:MOST]
    corners = corners_of([row[2:6] for row in rows])
    placed = ~np.isnan(corners[:, 0, 0])
    kept = [row for row, here in zip(rows, placed) if here]
    tasks = _tasks(campaign)
    states = [tasks.get(row[6], (NOTHING, NOTHING)) for row in kept]
    return Footprints(
        ids=[row[1].bytes for row in kept],
        corners=corners[placed].astype(np.float32),
        states=np.array([state for state, _ in states], np.uint8),
        lanes=np.array([lane for _, lane in states], np.uint8),
        splits=np.array([SPLITS.index(row[7]) for row in kept], np.uint8),
        scores=_scores(asked, [row[0] for row in kept]),
        shares=_shares(asked, [(row[0], row[6]) for row in kept]),
        codes=list(asked.names),
        unplaced=len(rows) - len(kept),
        more=more,
    )


COLUMNS = (
    "tile_id",
    "tile__uuid",
    "tile__acquisition__place__key",
    "tile__acquisition__place__longitude",
    "tile__acquisition__place__latitude",
    "tile__height",
    "tile__acquisition_id",
    "tile__acquisition__place__split",
)


def _tasks(campaign: Campaign) -> dict[int, tuple[int, int]]:
    """{acquisition: (state, lane) of its newest task}. One query."""
    states = {name: at for at, name in enumerate(Task.State.values)}
    lanes = {name: at for at, name in enumerate(Task.Lane.values)}
    rows = Task.objects.filter(campaign=campaign).order_by("pk")
    found = rows.values_list("acquisition_id", "state", "lane")
    return {moment: (states[state], lanes[lane]) for moment, state, lane in found.iterator()}


def _scores(asked: About, tiles: Sequence[int]) -> NDArray[np.float32]:
    rows = Score.objects.filter(round=asked.round).values_list("tile_id", "score")
    scores = dict(rows.iterator())
    return np.array([scores.get(tile, np.nan) for tile in tiles], np.float32)


def _shares(asked: About, tiles: Sequence[tuple[int, int]]) -> NDArray[np.uint8]:
    """Of tiles by their id and their acquisition's."""
    codes = list(asked.names)
    shares = np.full((len(codes), len(tiles)), NOTHING, np.uint8)
    amounts_of = amounts_of_all(asked)
    for at, names in enumerate(tiles):
        amounts = amounts_of(*names)
        whole = sum(amounts.values())
        for k, code in enumerate(codes):
            if code in amounts:
                shares[k, at] = round(amounts[code] / whole * FULL_SHARE)
    return shares


def version(campaign: Campaign, *, wanted: Mapping[str, str]) -> str:
    """Of an answer: another one as soon as anything that it shows may have changed. Four queries.

    Every change of a task leaves an event, and so does a round; new tiles and masks are new rows.
    """
    events = Event.objects.filter(campaign=campaign).order_by("-id").values_list("id", flat=True)
    facts = [
        MAGIC.decode(),
        campaign.pk,
        campaign.schema_id,
        campaign.scope.get("polygon"),
        sorted(wanted.items()),
        list(events[:LATE]),
        CampaignTile.objects.filter(campaign=campaign).aggregate(last=Max("pk"))["last"],
        Annotation.objects.filter(schema=campaign.schema_id).aggregate(last=Max("pk"))["last"],
        Layer.objects.aggregate(last=Max("pk"))["last"],
        about(campaign).round,
    ]
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:32]


def packed(
    found: Footprints,
    classes: Sequence[Mapping[str, Any]],
    *,
    area: Mapping[str, Any] | None = None,
) -> bytes:
    """gzip of: "CMF1", the length of the header (uint32), the header (JSON, padded to 4), then the
    columns, little-endian, in the header's order, each padded to 4 bytes. `area` is the polygon of
    the campaign's scope, GeoJSON.
    """
    columns: dict[str, bytes] = {
        "corners": found.corners.astype("<f4").tobytes(),
        "scores": found.scores.astype("<f4").tobytes(),
        "ids": b"".join(found.ids),
        "states": found.states.tobytes(),
        "lanes": found.lanes.tobytes(),
        "splits": found.splits.tobytes(),
        "shares": found.shares.tobytes(),
    }
    header = json.dumps(
        {
            "count": len(found.ids),
            "unplaced": found.unplaced,
            "more": found.more,
            "columns": {name: len(column) for name, column in columns.items()},
            "states": Task.State.values,
            "lanes": Task.Lane.values,
            "splits": SPLITS,
            "classes": [
                {"code": each["code"], "name": each["name"], "colour": each["colour"]}
                for each in classes
            ],
            "full_share": FULL_SHARE,
            "area": area,
        }
    ).encode()
    parts = [_padded(header, fill=b" "), *map(_padded, columns.values())]
    whole = MAGIC + struct.pack("<I", len(parts[0])) + b"".join(parts)
    # Level 1: half the size is UUIDs, which no level makes smaller.
    press = zlib.compressobj(1, zlib.DEFLATED, 31)
    return press.compress(whole) + press.flush()


def _padded(octets: bytes, fill: bytes = b"\0") -> bytes:
    return octets + fill * (-len(octets) % 4)
