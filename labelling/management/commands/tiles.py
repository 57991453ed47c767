"""`tiles list|show|fences`: the catalogue of a campaign on the command line."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from labelling.insights.catalogue import LARGEST_PAGE, SORTS, Page, Row, catalogue, fences, tile_row
from labelling.insights.filters import ANY, FILTERS
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.models import Campaign
from labelling.workflow.pool import kept_back


class Command(WorkbenchCommand):
    help = "Look through a campaign's tiles: filter and order them, show one, list what is fenced."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|show|fences")
        listing = verbs.add_parser("list", help="a page of tiles")
        for name, each in FILTERS.items():
            listing.add_argument(
                f"--{name.replace('_', '-')}", dest=f"filter_{name}", metavar="VALUE",
                choices=each.choices or None, help=each.help,
            )  # fmt: skip
        listing.add_argument(
            "--sort",
            default="id",
            help=f"{', '.join(SORTS)}; -NAME the other way round (--sort=-taken)",
        )
        show = verbs.add_parser("show", help="all that is known of one tile")
        show.add_argument("key", help="<place>/<datetime>-<level>-<baseline>, or its UUID")
        fenced = verbs.add_parser("fences", help="tiles kept back, and why")
        for each in (listing, fenced):
            each.add_argument("--limit", type=int, default=50, help=f"1 to {LARGEST_PAGE}")
            each.add_argument("--cursor", help="from the last page")
        for each in (listing, show, fenced):
            each.add_argument("--campaign", required=True, metavar="SLUG")
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        campaign = campaign_named(options["campaign"])
        {"list": self.listing, "show": self.show, "fences": self.fences}[verb](campaign, options)

    def listing(self, campaign: Campaign, options: dict[str, Any]) -> None:
        wanted = {name: options[f"filter_{name}"] for name in FILTERS if options[f"filter_{name}"]}
        page = catalogue(
            campaign,
            wanted=wanted,
            sort=options["sort"],
            cursor=options["cursor"],
            limit=options["limit"],
        )
        self.tell("\n".join(paged(page)), asdict(page), options)

    def show(self, campaign: Campaign, options: dict[str, Any]) -> None:
        row = asdict(tile_row(campaign, options["key"]))
        lines = [f"{name:<16} {value}" for name, value in row.items()]
        self.tell("\n".join(lines), row, options)

    def fences(self, campaign: Campaign, options: dict[str, Any]) -> None:
        """Counts by reason, then a page of the fenced tiles."""
        counts, kept = fences(campaign), kept_back(campaign)
        page = catalogue(
            campaign, wanted={"fence": ANY}, cursor=options["cursor"], limit=options["limit"]
        )
        told = [f"{count:>7}  {reason}" for reason, count in kept.items()]
        lines = [*told, *(f"{row.key}  {row.fence}" for row in page.results)]
        if page.cursor:
            lines.append(f"More: --cursor {page.cursor}")
        facts = asdict(page) | {"fences": counts, "kept_back": kept}
        self.tell("\n".join(lines) or "No tile is kept back.", facts, options)

    def tell(self, text: str, facts: dict[str, Any], options: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(facts, cls=DjangoJSONEncoder) if options["json"] else text)


def paged(page: Page) -> list[str]:
    """A page for a person: a line a tile."""
    lines = [line(row) for row in page.results] or ["No tile fits."]
    return [*lines, f"More: --cursor {page.cursor}"] if page.cursor else lines


def line(row: Row) -> str:
    cloud = "cloud ?" if row.cloud is None else f"cloud {row.cloud:.0%} ({row.cover})"
    sun = "sun ?" if row.sun_elevation is None else f"sun {row.sun_elevation:.0f}°"
    score = "" if row.score is None else f"score {row.score:.3f}"
    tasks = ", ".join(f"{task.lane} {task.state}" for task in row.tasks)
    back = row.fence or ("" if row.scope == "in" else f"scope {row.scope}")
    made = "synthetic" if row.synthetic else ""
    return "  ".join(
        part for part in (row.key, row.split, cloud, sun, score, tasks, back, made) if part
    )
