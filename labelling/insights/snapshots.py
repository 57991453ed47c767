"""Snapshots by their hash, and a campaign's, page by page."""

from __future__ import annotations

import re
from dataclasses import dataclass

from labelling.errors import BadInput, NotFound
from labelling.models import Campaign, Snapshot

from .paging import Order, page

LARGEST_PAGE = 100
SHORTEST = 8
"""Letters of a hash that are enough to name a snapshot, where no other begins alike."""
NAME = re.compile(rf"[0-9a-f]{{{SHORTEST},64}}")
NEWEST_FIRST = Order("-id", None, descending=True)


@dataclass(frozen=True)
class Page:
    results: list[Snapshot]
    cursor: str | None
    """Where the next page begins; None: this is the last."""


def snapshots(campaign: Campaign, *, cursor: str | None = None, limit: int = 50) -> Page:
    """A campaign's snapshots, the newest first. One query. Raises BadInput (limit, cursor)."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadInput(f"A page has 1 to {LARGEST_PAGE} snapshots, not {limit}.", field="limit")
    rows = Snapshot.objects.filter(campaign=campaign).defer("datasheet")
    return Page(*page(rows, NEWEST_FIRST, cursor=cursor, limit=limit))


def snapshot_named(name: str) -> Snapshot:
    """By its hash, or the first letters of it. One query. Raises BadInput, NotFound."""
    if not NAME.fullmatch(name):
        raise BadInput(
            f"{name[:70]!r} is no hash of a snapshot.",
            field="snapshot",
            help=f"Give {SHORTEST} to 64 of its letters 0-9 and a-f; `snapshot list` shows them.",
        )
    found = list(Snapshot.objects.select_related("campaign").filter(hash__startswith=name)[:2])
    if not found:
        raise NotFound(
            f"There is no snapshot {name}.", field="snapshot", help="`snapshot list` shows them."
        )
    if len(found) > 1:
        raise BadInput(
            f"Several snapshots begin with {name}.", field="snapshot", help="Give more letters."
        )
    return found[0]
