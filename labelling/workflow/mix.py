"""Which lane is next: the one furthest behind its share of what a person was served.

The mix is kept for each person, from the person's own reservations, which his claim has locked
anyway: no counter is written that claims of others would wait for, and everybody gets the same
share of every lane. What each gets adds up to the shares of the campaign.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import QuerySet

from labelling.models import Campaign, Reservation
from labelling.models.prepared import prepared

WINDOW = 100
"""Tiles back that count: what was owed before is forgotten."""
MOST_OWED = 1.5
"""Tiles that a lane can be behind or ahead: one that was empty for long doesn't come all at once
when it fills."""
SPREAD = 0.5
"""Tiles that chance may move a lane forward or back, so that a tile's place in the stream doesn't
tell its lane."""
LABELLING = (Reservation.Kind.ACTIVE, Reservation.Kind.HELD)
GIVEN_BACK = (Reservation.How.RELEASED, Reservation.How.EXPIRED)


@dataclass(frozen=True)
class Past:
    """Lanes of what one person was served, the last WINDOW tiles, the oldest first."""

    lanes: Sequence[str]
    last: int
    """Id of the newest reservation; 0: there was none."""

    @property
    def whole(self) -> bool:
        """Whether this is all he was ever served."""
        return len(self.lanes) < WINDOW

    def count(self, lane: str) -> int:
        return self.lanes.count(lane)


def past_of(person: User, campaign: Campaign) -> Past:
    """What was given back doesn't count as served. Causes one query."""
    found = _last_spells(person=person.pk, campaign=campaign.pk)
    return Past([lane for lane, _ in reversed(found)], last=found[0][1] if found else 0)


@prepared
def _last_spells(person: int, campaign: int) -> QuerySet[Reservation, tuple[str, int]]:
    spells = Reservation.objects.filter(
        person=person, task__campaign=campaign, kind__in=LABELLING
    ).exclude(how__in=GIVEN_BACK)
    return spells.order_by("-pk").values_list("task__lane", "pk")[:WINDOW]


def order(
    shares: Mapping[str, float], past: Past, *, waiting: Collection[str], seed: str
) -> list[str]:
    """The lanes that have tasks, in the order to try them: the furthest behind goes first.

    Empty lanes and those of share 0 are left out, and the others share what they had. The same
    past and seed give the same order. The share a lane gets differs from its own by less than
    MOST_OWED + SPREAD tiles, as long as no lane empties or fills.
    """
    asked = {lane: shares[lane] for lane in shares if lane in waiting and shares[lane] > 0}
    owed = owing(asked, past.lanes)
    behind = {lane: owed[lane] + _chance(f"{seed} {past.last} {lane}") for lane in asked}
    return sorted(asked, key=lambda lane: -behind[lane])


def owing(asked: Mapping[str, float], served: Sequence[str]) -> dict[str, float]:
    """{lane: tiles it is behind, below 0 ahead} after `served`, with the coming tile."""
    total = sum(asked.values())
    owed = {lane: share / total for lane, share in asked.items()}
    for lane in served:
        if lane not in asked:
            continue
        owed[lane] -= 1
        for each, share in asked.items():
            owed[each] = max(-MOST_OWED, min(MOST_OWED, owed[each] + share / total))
    return owed


def _chance(seed: str) -> float:
    """-SPREAD…SPREAD, the same for the same seed."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])
    return (number / 2**63 - 1) * SPREAD
