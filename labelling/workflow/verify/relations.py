"""Whether rows agree with each other, with what snapshots and cards say, and with CVAT."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from django.db import connection
from django.db.models import Exists, F, OuterRef

from labelling.adapters.cvat.door import open_door
from labelling.errors import WorkbenchError
from labelling.models import Campaign, CvatLink, Model, Reservation, Task
from labelling.models.task import IN_HAND
from labelling.workflow.cvat.reconciling import KINDS, differences
from labelling.workflow.verify.ledger import Finding

WRONG = "wrong"
"""The problem of rows that contradict each other; the key is then the row's name."""
CHUNK = 2000


def row_findings() -> Iterator[Finding]:
    """Rows that contradict each other."""
    yield from dangling()
    yield from hands()
    yield from pointers()
    yield from teachers()


def dangling() -> Iterator[Finding]:
    """References to rows that aren't there. PostgreSQL has none; SQLite may have been written to by
    a program that doesn't ask it to look.
    """
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_key_check")
        while found := cursor.fetchmany(CHUNK):
            for table, row, other, _ in found:
                yield wrong(f"{table} {row}", f"it refers to a row of {other} that isn't there")


def hands() -> Iterator[Finding]:
    """Tiles in hand of which no reservation tells, and the other way round."""
    live = Reservation.objects.filter(task=OuterRef("pk"), ended=None)
    tasks = Task.objects.filter(state__in=IN_HAND).exclude(Exists(live))
    for uuid in tasks.order_by("pk").values_list("uuid", flat=True).iterator(CHUNK):
        yield wrong(f"task {uuid}", "it is in somebody's hands, and no reservation tells in whose")
    idle = Reservation.objects.filter(ended=None).exclude(task__state__in=IN_HAND).order_by("pk")
    for uuid in idle.values_list("task__uuid", flat=True).iterator(CHUNK):
        yield wrong(f"task {uuid}", "somebody has it reserved, and it is in nobody's hands")


def pointers() -> Iterator[Finding]:
    """Campaigns that are served from a ranking of another."""
    astray = Campaign.objects.exclude(ranking=None).exclude(ranking__campaign=F("pk"))
    for slug in astray.values_list("slug", flat=True):
        yield wrong(f"campaign {slug}", "its ranking is another campaign's")


def teachers() -> Iterator[Finding]:
    """Models whose cards name another snapshot than their rows."""
    taught = Model.objects.exclude(snapshot=None).order_by("pk")
    for digest, card, snapshot in taught.values_list("hash", "card", "snapshot__hash").iterator():
        told = card.get("snapshot", {}).get("sha256", snapshot)
        if told != snapshot:
            why = f"its card names snapshot {told[:12]}, its row {snapshot[:12]}"
            yield wrong(f"model {digest[:12]}", why)


def cvat_findings(now: datetime) -> Iterator[Finding | str]:
    """What differs between campaigns and the CVAT they are linked to; a text says of which nobody
    can tell, and why. Only looks, on both sides.
    """
    for link in CvatLink.objects.select_related("campaign__schema").order_by("pk"):
        slug = link.campaign.slug
        try:
            found = differences(link, open_door(link), now=now)
        except WorkbenchError as away:
            yield f"CVAT of campaign {slug} was not compared: {away}"
            continue
        for kind, names in found.named.items():
            for name in names:
                yield wrong(f"cvat {slug}: {name}", KINDS[kind])
            if left := found.counts[kind] - len(names):
                yield wrong(f"cvat {slug}: {left} more", KINDS[kind])


def wrong(name: str, why: str) -> Finding:
    return Finding(WRONG, name, why=why)


def in_chunks(words: Iterator[str]) -> Iterator[list[str]]:
    while chunk := list(islice(words, CHUNK)):
        yield chunk
