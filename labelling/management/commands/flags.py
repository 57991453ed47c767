"""`flags list|resolve|rates`: what people skipped and flagged, on the command line."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from labelling.clock import now
from labelling.errors import NotFound
from labelling.insights.flags import (
    LARGEST_PAGE,
    RESOLVED,
    WAITING,
    Band,
    FlagRow,
    flag_row,
    flags,
    skip_rates,
)
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.management.people import person_named
from labelling.models import Campaign, Flag, Membership
from labelling.workflow.flags import resolve

REVIEWERS = (Membership.Role.REVIEWER.value, Membership.Role.LEAD.value)


class Command(WorkbenchCommand):
    help = "List what people flagged and skipped, decide on it, show how often they skip by score."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|resolve|rates")
        listing = verbs.add_parser("list", help="what waits for a decision, or was decided")
        listing.add_argument("--state", choices=(WAITING, RESOLVED), default=WAITING)
        listing.add_argument("--reason", default="", choices=["", *Flag.Reason.values])
        listing.add_argument("--limit", type=int, default=50, help=f"1 to {LARGEST_PAGE}")
        listing.add_argument("--cursor", help="from the last page")
        decides = verbs.add_parser("resolve", help="decide on one")
        decides.add_argument("id", type=int)
        decides.add_argument("outcome", choices=Flag.Outcome.values)
        decides.add_argument("--by", required=True, metavar="USERNAME", help="who decides")
        decides.add_argument("--note", default="")
        decides.add_argument("--dry-run", action="store_true", help="check, change nothing")
        rates = verbs.add_parser("rates", help="how often the tiles of a round were skipped")
        rates.add_argument("--round", type=int, help="default: the newest that has finished")
        for each in (listing, decides, rates):
            each.add_argument("--campaign", required=True, metavar="SLUG")
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        campaign = campaign_named(options["campaign"])
        {"list": self.listing, "resolve": self.resolve, "rates": self.rates}[verb](
            campaign, options
        )

    def listing(self, campaign: Campaign, options: dict[str, Any]) -> None:
        page = flags(
            campaign,
            state=options["state"],
            reason=options["reason"],
            cursor=options["cursor"],
            limit=min(max(options["limit"], 1), LARGEST_PAGE),
        )
        lines = [flag_line(row) for row in page.results] or ["No flag."]
        if page.cursor:
            lines.append(f"More: --cursor {page.cursor}")
        self.tell("\n".join(lines), asdict(page), options)

    def resolve(self, campaign: Campaign, options: dict[str, Any]) -> None:
        by = person_named(options["by"], campaign=campaign, roles=REVIEWERS)
        found = Flag.objects.filter(task__campaign=campaign, pk=options["id"])
        flag = found.select_related("task__campaign", "task__acquisition__place", "person").first()
        if flag is None:
            raise NotFound(
                f"There is no flag {options['id']} in {campaign.slug}.",
                field="id",
                help="`manage.py flags list` shows them.",
            )
        with transaction.atomic():
            decided = resolve(
                flag=flag, outcome=options["outcome"], by=by, now=now(), note=options["note"]
            )
            transaction.set_rollback(options["dry_run"])
        would = "Would be " if options["dry_run"] else ""
        row = flag_row(decided)
        text = f"{would}{row.outcome}: {flag_line(row)}"
        self.tell(text, asdict(row) | {"dry_run": options["dry_run"]}, options)

    def rates(self, campaign: Campaign, options: dict[str, Any]) -> None:
        found = skip_rates(campaign, round=options["round"])
        lines = [f"Round {found.round}", *(band_line(band) for band in found.bands)]
        facts = asdict(found)
        for band, told in zip(found.bands, facts["bands"]):
            told["rate"] = band.rate
        self.tell("\n".join(lines), facts, options)

    def tell(self, text: str, facts: dict[str, Any], options: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(facts, cls=DjangoJSONEncoder) if options["json"] else text)


def flag_line(row: FlagRow) -> str:
    kind = "skipped" if row.skipped else "flagged"
    parts = (
        str(row.id), f"{row.created:%Y-%m-%d %H:%M}", row.place, row.lane, row.state,
        f"{kind} by {row.person}", row.reason, row.note, row.outcome,
    )  # fmt: skip
    return "  ".join(part for part in parts if part)


def band_line(band: Band) -> str:
    rate = "  –" if band.rate is None else f"{band.rate:.0%}"
    why = ", ".join(f"{count} {reason}" for reason, count in sorted(band.by_reason.items()))
    return (
        f"score {band.low:.3f} to {band.high:.3f}  labelled {band.labelled}  "
        f"skipped {band.skipped}  {rate}  {why}".rstrip()
    )
