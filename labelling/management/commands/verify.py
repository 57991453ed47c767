"""`verify`: do rows, storage, snapshots, models and CVAT say the same?"""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from collections import Counter
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.core.management.base import CommandParser

from labelling import clock
from labelling.adapters.blobs import store
from labelling.management.base import PARTLY, WorkbenchCommand
from labelling.management.progress import Progress
from labelling.workflow.verify.compare import YOUNG, inspection
from labelling.workflow.verify.relations import WRONG, cvat_findings, row_findings

PROBLEMS = ("missing", "damaged", "extra", WRONG)


class Command(WorkbenchCommand):
    help = (
        "Compare the database with storage and name every blob that is missing, damaged or that "
        "nothing refers to, and rows that contradict each other, snapshots, models or the CVAT of "
        "linked campaigns. Changes nothing. Exit status 3 when something was found."
    )
    examples = ("verify --fast", "verify --json --without-cvat")

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
        parser.add_argument(
            "--without-cvat", action="store_true", help="ask no CVAT server anything"
        )

    def handle(self, *args: Any, fast: bool, older_than: timedelta, **options: Any) -> None:
        as_json, now = options["json"], clock.now()
        counts: Counter[str] = Counter()
        with (
            inspection(blobs=store(), now=now, older_than=older_than, fast=fast) as work,
            Progress(self.stdout, total=len(work.ledger), unit="blob", as_json=as_json) as progress,
        ):
            for finding in chain(row_findings(), work.findings(progress.step)):
                counts[finding.problem] += 1
                progress.say(str(finding), finding=asdict(finding))
            checked = progress.done
        unseen = [] if options["without_cvat"] else self.compare_cvat(now, counts, as_json=as_json)
        told = {problem: counts[problem] for problem in PROBLEMS}
        listed = ", ".join(f"{count} {problem}" for problem, count in told.items())
        how = "looked for" if fast else "compared"
        self.say(
            f"{checked} blobs {how}: {listed}.", as_json=as_json, checked=checked, **told,
            cvat_not_compared=unseen,
        )  # fmt: skip
        if counts:
            sys.exit(PARTLY)

    def compare_cvat(self, now: datetime, counts: Counter[str], *, as_json: bool) -> list[str]:
        """Count and tell what differs there; what can't be said."""
        unseen = []
        for finding in cvat_findings(now):
            if isinstance(finding, str):
                unseen.append(finding)
                self.say(finding, as_json=as_json, not_compared=finding)
                continue
            counts[finding.problem] += 1
            self.say(str(finding), as_json=as_json, finding=asdict(finding))
        return unseen


def hours(word: str) -> timedelta:
    """Raises ArgumentTypeError unless it is a number of hours, 0 or more."""
    try:
        number = float(word)
        if number < 0:
            raise ValueError
        return timedelta(hours=number)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{word!r} is not a number of hours") from None
