"""Compare rows with blobs: name every blob that is missing, damaged, or that nothing refers to.

Reads only. Both sides are walked in the order of keys, side by side, so a million rows need no more
memory than a thousand.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from labelling.adapters.beside import UNFINISHED
from labelling.adapters.blobs import Blobs
from labelling.adapters.stored import Stored
from labelling.errors import BadInput
from labelling.workflow.verify.content import CHECKS, damage
from labelling.workflow.verify.expected import Gathering
from labelling.workflow.verify.ledger import Expected, Finding, Ledger

YOUNG = timedelta(hours=24)
"""A blob is written before its row: one that is younger may belong to an ingest that is at work."""
PICTURES = "thumbs/composites/"
CACHES = ("chips/made/", PICTURES)
"""What is made again when it is missing, and that no row names."""
DRAFTS = "labels/drafts/"
"""Unfinished labels: replaced every few seconds, so that rows and blobs never quite agree."""
DUELS = "duels/"
"""Training sets of duels: they go with their duel, or by `tidy` where it was killed."""
ATTEMPT = re.compile(r"(rounds/[^/]+/\d+)/((\d+|scoring|help-\w+)/.*|pool\.json|[^/]+\.log)")
"""What attempts at a round leave behind; it stays until somebody deletes it."""
READERS = 4
AHEAD = 16
"""Blobs whose content is being compared while the next are listed."""


class Keyed(Protocol):
    """What has a key to be sorted by."""

    @property
    def key(self) -> str: ...


Wanted = TypeVar("Wanted", bound=Keyed)
There = TypeVar("There", bound=Keyed)


@dataclass(frozen=True)
class Inspection:
    """Everything that ought to be there, gathered; `findings` compares it with what is."""

    blobs: Blobs
    ledger: Ledger
    gathering: Gathering
    now: datetime
    older_than: timedelta
    fast: bool

    def findings(self, step: Callable[[], object]) -> Iterator[Finding]:
        """`step` is called once for each expected blob. Raises StorageAway."""
        yield from self.gathering.findings
        yield from self.compared(self.at_first_sight(step))

    def at_first_sight(self, step: Callable[[], object]) -> Iterator[Finding | Expected]:
        """What the listing tells by itself, and the blobs whose content is to be compared."""
        for expected, stored in side_by_side(self.ledger, in_order(self.blobs.listing())):
            if expected is None:
                if stored:
                    yield from self.uncalled_for(stored)
                continue
            step()
            if problem := looks_wrong(expected, stored):
                yield problem
            elif not self.fast and expected.what in CHECKS:
                yield expected

    def uncalled_for(self, stored: Stored) -> Iterator[Finding | Expected]:
        """What there is to say of a blob that nothing refers to."""
        if not self.tolerated(stored):
            yield Finding("extra", stored.key, why=reason_of_extra(stored))
        elif is_cached(stored) and stored.key.startswith(PICTURES) and not self.fast:
            # People are shown it as it is: it is never made again while it is there.
            yield Expected(stored.key, "thumbnail", "the cache of composites")

    def tolerated(self, stored: Stored) -> bool:
        """Whether a blob that nothing refers to may be there."""
        attempt = ATTEMPT.fullmatch(stored.key)
        return (
            self.now - stored.modified < self.older_than
            or is_cached(stored)
            or stored.key.startswith((DRAFTS, DUELS))
            or stored.key.startswith(tuple(self.gathering.opaque))
            or (attempt is not None and attempt[1] in self.gathering.rounds)
        )

    def compared(self, suspects: Iterable[Finding | Expected]) -> Iterator[Finding]:
        """The findings, in order; contents are read by several threads."""
        waiting: deque[Future[Finding | None]] = deque()
        with ThreadPoolExecutor(READERS) as readers:
            for each in suspects:
                waiting.append(readers.submit(self.look_into, each))
                if len(waiting) > AHEAD and (found := waiting.popleft().result()):
                    yield found
            for rest in waiting:
                if found := rest.result():
                    yield found

    def look_into(self, each: Finding | Expected) -> Finding | None:
        if isinstance(each, Finding):
            return each
        why = damage(each, self.blobs)
        return Finding("damaged", each.key, each.what, each.of, why) if why else None


@contextmanager
def inspection(
    *, blobs: Blobs, now: datetime, older_than: timedelta = YOUNG, fast: bool = False
) -> Iterator[Inspection]:
    """Gather what all rows refer to. `fast` compares existence and size only.

    Blobs that nothing refers to count from the age `older_than` on. Raises StorageAway.
    """
    gathering = Gathering(blobs)
    # Here and not in each reader: filters of warnings belong to all threads together.
    with Ledger() as ledger:
        ledger.add(gathering.everything())
        yield Inspection(blobs, ledger, gathering, now, older_than, fast)


def looks_wrong(expected: Expected, stored: Stored | None) -> Finding | None:
    """What is wrong with a blob as the listing shows it."""

    def found(problem: str, why: str = "") -> Finding:
        return Finding(problem, expected.key, expected.what, expected.of, why)

    if stored is None:
        return found("missing")
    if expected.size is not None and stored.size != expected.size:
        return found("damaged", f"it has {stored.size} bytes, not {expected.size}")
    return None if stored.size else found("damaged", "it is empty")


def is_cached(stored: Stored) -> bool:
    return stored.key.startswith(CACHES) and not stored.key.endswith(UNFINISHED)


def reason_of_extra(stored: Stored) -> str:
    since = f"since {stored.modified:%Y-%m-%d %H:%M} UTC"
    if stored.key.endswith(UNFINISHED):
        return f"left by a writer that died, {since}"
    return f"nothing refers to it, {since}"


def in_order(stored: Iterable[Stored]) -> Iterator[Stored]:
    """The listing itself. Raises BadInput where its keys don't ascend: what is there would be
    called missing. Some kinds of S3 buckets list so.
    """
    last = ""
    for each in stored:
        if each.key <= last:
            raise BadInput(
                f"Storage lists {each.key} after {last}, not in the order of keys.",
                field="STORAGE_URL",
                help="Keep blobs in a bucket that is listed in order.",
            )
        last = each.key
        yield each


def side_by_side(
    expected: Iterable[Wanted], stored: Iterable[There]
) -> Iterator[tuple[Wanted | None, There | None]]:
    """Merge two streams that are sorted by key; where one lacks a key its place is None."""
    wanted, there = iter(expected), iter(stored)
    left, right = next(wanted, None), next(there, None)
    while left or right:
        if right is None or (left is not None and left.key < right.key):
            yield left, None
            left = next(wanted, None)
        elif left is None or right.key < left.key:
            yield None, right
            right = next(there, None)
        else:
            yield left, right
            left, right = next(wanted, None), next(there, None)
