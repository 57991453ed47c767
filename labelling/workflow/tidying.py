"""Remove what finished work has left behind, once it is old, and never what a row refers to.

Of a round that has ended: the folders of its attempts on this machine; their results were adopted.
Of a mining: its folders. Of duels that were killed: their rooms and training sets. Of models: files
in storage whose model no row knows, since its round was cancelled, or its worker died, between
publishing it and writing it down. Of labels: pixels in storage whose row was never written, since
their author was refused, or the process died, in between.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path

from django.conf import settings

from labelling.adapters.blobs import Blobs
from labelling.adapters.stored import Stored
from labelling.models import Job, Model, Round
from labelling.workflow.orphans import unreferenced
from labelling.workflow.scoring.shards import HELPERS
from labelling.workflow.verify.compare import DRAFTS, DUELS

NAMED = 50
"""Things of each kind that are named; all are counted."""
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DUEL = "duel-"
"""A duel's room on this machine begins so (workflow/duelling.py)."""
MODEL_KEY = re.compile(r"(models/[0-9a-f]{64})/.+")
AT_ONCE = 500
FEW, SMALL_SHARE = 100, 0.05
"""Labels without a row, and their share of all, beyond which the database must be another's."""
logger = logging.getLogger(__name__)


@dataclass
class Tidied:
    """What was, or would be, removed."""

    counts: dict[str, int] = field(
        default_factory=lambda: {
            "attempts": 0,
            "minings": 0,
            "duels": 0,
            "models": 0,
            "labels": 0,
            "bytes": 0,
        }
    )
    named: list[str] = field(default_factory=list)

    def add(self, kind: str, name: str, size: int) -> None:
        self.counts[kind] += 1
        self.counts["bytes"] += size
        if self.counts[kind] <= NAMED:
            self.named.append(name)


def tidy(*, blobs: Blobs, now: datetime, dry_run: bool = False) -> Tidied:
    """Remove what is older than KEEP_LEFTOVERS_DAYS; with `dry_run` only tell it."""
    keep = timedelta(days=settings.KEEP_LEFTOVERS_DAYS)
    # Files bear the machine's time, which CLOCK_SPEED doesn't change.
    before, untouched = now - keep, datetime.now(UTC) - keep
    found = Tidied()
    for kind, folder in chain(
        attempts(blobs, before), minings(before, untouched), duelling_rooms(untouched)
    ):
        found.add(kind, str(folder), size_of(folder))
        if not dry_run:
            shutil.rmtree(folder, ignore_errors=True)
    for kind, key, size in chain(
        old_duels(blobs, untouched),
        unknown_models(blobs, untouched),
        unwritten_labels(blobs, untouched),
    ):
        found.add(kind, key, size)
        if not dry_run:
            blobs.delete(key)
    return found


def attempts(blobs: Blobs, before: datetime) -> Iterator[tuple[str, Path]]:
    """Folders of attempts, named by their token, and of helpers, at rounds that ended before."""
    ended = Round.objects.filter(finished__lt=before).select_related("campaign").order_by("pk")
    for round in ended.iterator(chunk_size=500):
        room = blobs.workplace(f"rounds/{round.campaign.slug}/{round.n}")
        # Asked again: it may have been sent to the workers once more meanwhile.
        there = room.is_dir() and ended.filter(pk=round.pk).exists()
        for folder in sorted(room.iterdir()) if there else []:
            ours = folder.name.isdecimal() or folder.name.startswith(HELPERS)
            if ours and folder.is_dir():
                yield "attempts", folder


def minings(before: datetime, untouched: datetime) -> Iterator[tuple[str, Path]]:
    """Rooms of minings that are finished, or whose row is gone."""
    room = Path(settings.WORKBENCH_VAR) / "minings"
    folders = {each.name: each for each in sorted(room.iterdir())} if room.is_dir() else {}
    young = Job.objects.filter(uuid__in=[name for name in folders if UUID.fullmatch(name)]).exclude(
        finished__lt=before
    )
    kept = {str(uuid) for uuid in young.values_list("uuid", flat=True)}
    for name, folder in folders.items():
        if UUID.fullmatch(name) and name not in kept and _untouched_since(folder, untouched):
            yield "minings", folder


def duelling_rooms(untouched: datetime) -> Iterator[tuple[str, Path]]:
    for folder in sorted(Path(settings.WORKBENCH_VAR).glob(f"{DUEL}*")):
        if folder.is_dir() and _untouched_since(folder, untouched):
            yield "duels", folder


def old_duels(blobs: Blobs, untouched: datetime) -> Iterator[tuple[str, str, int]]:
    """(kind, key, bytes) of training sets whose duel didn't live to remove them."""
    for each in list(blobs.listing(DUELS)):
        if each.modified < untouched:
            yield "duels", each.key, each.size


def unknown_models(blobs: Blobs, untouched: datetime) -> Iterator[tuple[str, str, int]]:
    """(kind, key, bytes) of files of models that no row knows and nobody has written to since.

    None while a round is under way: it may just be about to write down a model that it found there.
    """
    if _rounds_under_way():
        return
    stored = [
        (match[1], each)
        for each in blobs.listing("models/")
        if (match := MODEL_KEY.fullmatch(each.key))
    ]
    folders = {folder for folder, _ in stored}
    known = set(Model.objects.filter(folder__in=folders).values_list("folder", flat=True))
    young = {folder for folder, each in stored if each.modified >= untouched}
    for folder, each in stored:
        if folder in known | young:
            continue
        if _rounds_under_way() or Model.objects.filter(folder=folder).exists():
            return  # begun since the listing, which takes long where there is much
        yield "models", each.key, each.size


def unwritten_labels(blobs: Blobs, untouched: datetime) -> Iterator[tuple[str, str, int]]:
    """(kind, key, bytes) of labels' pixels that no row names and nobody has written since.

    None where there are many: then it is the database that lacks them, an empty or an older one
    beside this storage.
    """
    loose: list[Stored] = []
    written = 0
    stored = (each for each in blobs.listing("labels/") if not each.key.startswith(DRAFTS))
    while some := list(islice(stored, AT_ONCE)):
        free = set(unreferenced([each.key for each in some]))
        written += len(some) - len(free)
        loose += [each for each in some if each.key in free and each.modified < untouched]
    if len(loose) > max(FEW, SMALL_SHARE * written):
        logger.error(
            "%d labels in storage have no row, %d have one: none is removed. Is this the database "
            "that belongs to the storage?", len(loose), written,
        )  # fmt: skip
        return
    for each in loose:
        # Asked again: the same label may have been handed in once more since the listing.
        now = next(iter(blobs.listing(each.key)), None)
        if now and now.modified < untouched and unreferenced([each.key]):
            yield "labels", each.key, each.size


def _rounds_under_way() -> bool:
    return Round.objects.filter(state__in=[Round.State.PLANNED, Round.State.RUNNING]).exists()


def size_of(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())


def _untouched_since(folder: Path, before: datetime) -> bool:
    return folder.stat().st_mtime < before.timestamp()
