"""`backup`: the database and storage as they were at one moment, while people go on working."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from labelling import clock
from labelling.adapters.blobs import store
from labelling.management.base import PARTLY, WorkbenchCommand
from labelling.management.progress import Progress
from labelling.management.sizes import in_words
from labelling.workflow.backup.places import place_of
from labelling.workflow.backup.run import Report, Watcher, back_up, plan


class Command(WorkbenchCommand):
    help = (
        "Back up the database and storage to a folder or bucket while people work. Blobs that an "
        "earlier backup there has aren't copied again; killed, it goes on when it is run again. "
        "Exit status 3: it is made, and something that rows refer to is missing."
    )
    examples = (
        "backup /mnt/backups/north --keep 14",
        "backup s3://north-backups/workbench --json",
        "backup /mnt/backups/north --dry-run",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "place", metavar="DEST", help="folder, file:///folder or s3://bucket/prefix"
        )
        parser.add_argument(
            "--keep", type=at_least_one, metavar="N",
            help="afterwards leave the newest N backups there; default: all",
        )  # fmt: skip
        parser.add_argument(
            "--anew",
            action="store_true",
            help="read every blob, also those whose size and time are as they were",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what there is to copy, write nothing"
        )

    def handle(
        self, *args: Any, place: str, keep: int | None, anew: bool, dry_run: bool, **options: Any
    ) -> None:
        as_json, destination, source = options["json"], place_of(place), store()
        with Progress(self.stdout, total=None, unit="blob", as_json=as_json) as progress:
            watcher = Watcher(expect=progress.expect, blob=progress.step)
            if dry_run:
                told = plan(source=source, place=destination, anew=anew, watcher=watcher)
            else:
                told = back_up(
                    source=source,
                    place=destination,
                    clock=clock.now,
                    keep=keep,
                    anew=anew,
                    watcher=watcher,
                )
        for trouble in told.troubles:
            self.say(trouble, as_json=as_json, trouble=trouble)
        self.say(in_short(told), as_json=as_json, dry_run=dry_run, **asdict(told))
        if told.troubles:
            sys.exit(PARTLY)


def in_short(told: Report) -> str:
    held = f"{told.rows} rows and {told.blobs} blobs ({in_words(told.size)})"
    new = f"{told.copied} blobs ({in_words(told.copied_size)})"
    if not told.name:
        return f"Would back up {held}; {new} would be copied."
    text = f"Backup {told.name}: {held}; {new} were copied."
    if told.drafts_gone:
        text += f" {told.drafts_gone} unfinished labels were replaced meanwhile and aren't in it."
    if told.removed.backups:
        text += f" Removed {told.removed.backups} old backups and {told.removed.blobs} blobs."
    return text


def at_least_one(word: str) -> int:
    """Raises ArgumentTypeError unless it is a whole number above 0."""
    if not word.isascii() or not word.isdigit() or not int(word):
        raise ArgumentTypeError(f"{word!r} is not a number of backups, 1 or more")
    return int(word)
