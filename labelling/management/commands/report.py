"""`report`: a page for a funder, one HTML file that needs nothing else."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from labelling import clock
from labelling.adapters.beside import beside, settle
from labelling.errors import BadInput
from labelling.insights.report import Span, report
from labelling.insights.report_map import picture
from labelling.insights.report_page import facts, page
from labelling.management.base import WorkbenchCommand, campaign_named


class Command(WorkbenchCommand):
    help = (
        "Write a funder's page: target and date, hours, classes, places, learning curve, licences. "
        "Exit status: 0 done, 1 refused, 2 usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--campaign", required=True, metavar="SLUG")
        parser.add_argument("--from", dest="first", required=True, type=day, metavar="DATE")
        parser.add_argument(
            "--to", dest="last", required=True, type=day, metavar="DATE", help="that day included"
        )
        parser.add_argument("out", type=Path, nargs="?", metavar="OUT.html")
        parser.add_argument("--dry-run", action="store_true", help="count, write nothing")

    def handle(self, *args: Any, first: date, last: date, **options: Any) -> None:
        out, as_json = options["out"], options["json"]
        if out is None and not as_json and not options["dry_run"]:
            raise BadInput("The report needs a file to go to.", field="out", help="Name OUT.html.")
        campaign, span = campaign_named(options["campaign"]), Span(first, last)
        counted, map = report(campaign, span), picture(campaign, span)
        writes = out is not None and not options["dry_run"]
        if writes:
            write(out, page(counted, map, made=clock.now()))
        hours = (counted.label_seconds + counted.review_seconds) / 3600
        self.say(
            f"{'Written to ' + str(out) if writes else 'Nothing written'}: {counted.tiles} "
            f"labelled tiles, {counted.tiles - counted.tiles_before} of them new, {hours:.1f} h.",
            as_json=as_json, out=str(out) if writes else None, **facts(counted, map),
        )  # fmt: skip


def day(word: str) -> date:
    """Raises ArgumentTypeError unless it is a date."""
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise ArgumentTypeError(f"{word!r} is no date such as 2026-06-01") from None


def write(out: Path, text: str) -> None:
    """The file, whole or not at all. Raises BadInput where it can't be written."""
    try:
        with beside(out) as draft:
            draft.write_text(text, encoding="utf-8")
            settle(draft, out)
    except OSError as error:
        raise BadInput(
            f"{out}: can't be written ({error.strerror or error}).",
            field="out",
            help="Make room or choose another file.",
        ) from error
