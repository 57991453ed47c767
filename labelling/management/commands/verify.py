"""`verify`: does storage hold what the database says, unharmed, and nothing else?"""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from labelling import clock
from labelling.adapters.blobs import store
from labelling.management.base import PARTLY, WorkbenchCommand
from labelling.management.progress import Progress
from labelling.workflow.verify.compare import YOUNG, inspection

PROBLEMS = ("missing", "damaged", "extra")


class Command(WorkbenchCommand):
    help = (
        "Compare the database with storage and name every blob that is missing, damaged or that "
        "nothing refers to. Changes nothing. Exit status 3 when something was found."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fast", action="store_true", help="look at existence and size, read no content"
        )
        parser.add_argument(
            "--older-than",
            type=hours,
            default=YOUNG,
            metavar="HOURS",
            help="age from which a blob that nothing refers to counts (default: 24); a younger "
            "one may belong to an ingest that is at work",
        )

    def handle(self, *args: Any, fast: bool, older_than: timedelta, **options: Any) -> None:
        as_json = options["json"]
        counts: Counter[str] = Counter()
        with (
            inspection(blobs=store(), now=clock.now(), older_than=older_than, fast=fast) as work,
            Progress(self.stdout, total=len(work.ledger), unit="blob", as_json=as_json) as progress,
        ):
            for finding in work.findings(progress.step):
                counts[finding.problem] += 1
                progress.say(str(finding), finding=asdict(finding))
            checked = progress.done
        told = {problem: counts[problem] for problem in PROBLEMS}
        listed = ", ".join(f"{count} {problem}" for problem, count in told.items())
        how = "looked for" if fast else "compared"
        self.say(f"{checked} blobs {how}: {listed}.", as_json=as_json, checked=checked, **told)
        if counts:
            sys.exit(PARTLY)


def hours(word: str) -> timedelta:
    """Raises ArgumentTypeError unless it is a number of hours, 0 or more."""
    try:
        number = float(word)
        if number < 0:
            raise ValueError
        return timedelta(hours=number)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{word!r} is not a number of hours") from None
