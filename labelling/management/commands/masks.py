"""`masks import|run|list|tables`: existing masks as layers beside the tiles, and two to run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput, StorageAway, WorkbenchError
from labelling.imagery.masks.maskers import MASKERS
from labelling.imagery.masks.sidefiles import products_in_sight
from labelling.imagery.masks.sources import ALL, source_named
from labelling.imagery.masks.tables import CLASS_NAMES
from labelling.imagery.products.find import inspect
from labelling.management.base import PARTLY, REFUSED, WorkbenchCommand, campaign_named
from labelling.management.mask_options import add_mask_arguments, wanted_masks
from labelling.management.progress import Progress
from labelling.models import Campaign
from labelling.workflow.masking.coverage import coverage
from labelling.workflow.masking.products import Bringing, MaskReport, Wanted, bring_masks, refusal
from labelling.workflow.masking.run import Order, RunReport, run_masker

NAMED = 10
"""Tiles named in a sentence; --json names all."""


class Command(WorkbenchCommand):
    help = (
        "Bring masks of ingested products in as layers, run a masker, or say what there is. "
        "Exit status: 0 done, 1 refused, 2 usage, 3 partly done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="import|run|list|tables")
        brings = verbs.add_parser("import", help="masks inside and beside ingested products")
        brings.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
        brings.add_argument("--bands", help="names of a stack's layers, as it was ingested")
        add_mask_arguments(brings)
        runs = verbs.add_parser("run", help="run a masker over the campaign's tiles")
        runs.add_argument("masker", choices=sorted(MASKERS))
        runs.add_argument("--limit", type=int, metavar="N", help="run on N tiles at most")
        runs.add_argument("--threshold", type=float, help="cut a probability there; default 0.4")
        runs.add_argument("--level", choices=["L1C", "L2A"], default="", help="of silent tiles")
        runs.add_argument("--threads", type=int, default=os.cpu_count() or 1)
        lists = verbs.add_parser("list", help="sources, what they can tell, and who has them")
        lists.add_argument("--campaign", metavar="SLUG", help="this one only")
        tables = verbs.add_parser("tables", help="the codes of every source")
        tables.add_argument("sources", nargs="*", metavar="SOURCE")
        for each in (brings, runs):
            each.add_argument("--campaign", required=True, metavar="SLUG")
            each.add_argument("--dry-run", action="store_true", help="look, and write nothing")
        for each in (brings, runs, lists, tables):
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        VERBS[verb](self, options)

    def bring(self, options: dict[str, Any]) -> None:
        campaign, wanted = campaign_named(options["campaign"]), wanted_masks(options)
        paths = products_in_sight(options["paths"])
        reports: list[MaskReport] = []
        with self.progress(options, len(paths), "product") as progress:
            for path in paths:
                found = self.of_product(path, campaign, wanted, options)
                if not found:
                    progress.say(f"{path.name}: no mask inside or beside it", without=path.name)
                for report in found:
                    progress.say(report.line(), mask=report.as_json())
                reports += found
                progress.step()
        refused = [each.file for each in reports if each.state == "refused"]
        new = sum(each.tiles_new for each in reports)
        would = "would be " if options["dry_run"] else ""
        self.say(
            f"Campaign {campaign.slug}: {len(reports) - len(refused)} masks, {new} layers "
            f"{would}new, {len(refused)} refused.",
            as_json=options["json"],
            campaign=campaign.slug,
            masks=len(reports),
            layers_new=new,
            refused=refused,
            dry_run=options["dry_run"],
        )
        if refused:
            status = PARTLY if len(refused) < len(reports) else REFUSED
            raise CommandError(f"Refused: {', '.join(refused)}", returncode=status)

    def of_product(
        self, path: Path, campaign: Campaign, wanted: Wanted, options: dict[str, Any]
    ) -> list[MaskReport]:
        words = options["bands"]
        try:
            return bring_masks(
                inspect(path, bands=[name.strip() for name in words.split(",")] if words else None),
                campaign,
                Bringing(blobs=store(), now=clock.now(), wanted=wanted, dry_run=options["dry_run"]),
            )
        except StorageAway:
            raise
        except WorkbenchError as error:
            return [refusal(path.name, error)]

    def run_on_tiles(self, options: dict[str, Any]) -> None:
        limit = options["limit"]
        order = Order(
            masker=MASKERS[options["masker"]],
            campaign=campaign_named(options["campaign"]),
            blobs=store(),
            threads=positive(options["threads"], "threads"),
            threshold=options["threshold"],
            level=options["level"],
            limit=None if limit is None else positive(limit, "limit"),
            dry_run=options["dry_run"],
        )
        with self.progress(options, None, "tile") as progress:

            def tell(report: RunReport) -> None:
                if progress.total is None:
                    progress.expect(min(report.tiles_waiting, limit or report.tiles_waiting))
                progress.step()

            report = run_masker(order, now=clock.now(), tell=tell)
        self.say(told(report, order), as_json=options["json"], **report.as_json())
        if report.left_out:
            done = report.tiles_new + report.tiles_known
            raise CommandError(
                f"Left out: {report.left_out} tiles", returncode=PARTLY if done else REFUSED
            )

    def list(self, options: dict[str, Any]) -> None:
        slug = options["campaign"]
        campaigns = [campaign_named(slug)] if slug else Campaign.objects.order_by("slug")
        rows = [row for campaign in campaigns for row in coverage(campaign)]
        sources = [
            {
                "name": each.name,
                "layer": each.layer,
                "title": each.title,
                "version": each.layer_version(),
                "provides": list(each.provides),
            }
            for each in ALL
        ]
        if options["json"]:
            covered = [row.as_json() for row in rows]
            self.stdout.write(json.dumps({"sources": sources, "coverage": covered}))
            return
        for each in ALL:
            names = class_names(each.provides)
            self.say(f"{each.name:<20} {each.layer_version():<10} {names}: {each.title}")
        for row in rows:
            self.say(
                f"{row.campaign}: {row.source} {row.version}: {row.tiles} of {row.of} tiles"
                + (f" ({class_names(row.provides)})" if row.provides else "")
            )

    def tables(self, options: dict[str, Any]) -> None:
        chosen = [source_named(name) for name in options["sources"]] or ALL
        for source in chosen:
            rows = source.table().rows
            if not options["json"]:
                self.say(f"{source.name}, table {source.version}: {source.title}")
                for row in rows:
                    told = f"{row.becomes:>3} {CLASS_NAMES[row.becomes]}"
                    self.say(f"  {row.codes:<16} {row.meaning:<60} {told}")
        if options["json"]:
            tables = [
                {
                    "source": source.name,
                    "version": source.version,
                    "threshold": source.threshold(),
                    "rows": [vars(row) for row in source.table().rows],
                }
                for source in chosen
            ]
            self.stdout.write(json.dumps({"tables": tables}, ensure_ascii=False))

    def progress(self, options: dict[str, Any], total: int | None, unit: str) -> Progress:
        return Progress(self.stdout, total=total, unit=unit, as_json=options["json"])


VERBS = {
    "import": Command.bring,
    "run": Command.run_on_tiles,
    "list": Command.list,
    "tables": Command.tables,
}


def positive(number: int, name: str) -> int:
    if number < 1:
        raise BadInput(f"--{name} is {number}: give 1 or more.", field=name)
    return number


def told(report: RunReport, order: Order) -> str:
    """The whole run in a few sentences for a person."""
    would = "would be " if order.dry_run else ""
    cut = f" ({report.tiles_cut} cut from a stored probability)" if report.tiles_cut else ""
    lines = [
        f"{report.masker} {' or '.join(report.versions)} on campaign {order.campaign.slug}: "
        f"{report.tiles_new} tiles {would}new{cut}, {report.tiles_known} known."
    ]
    for why, keys in report.cannot_run.items():
        more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
        lines.append(f"cannot run: {why}: {len(keys)} tiles: {', '.join(keys[:NAMED])}{more}")
    lines += [f"refused: {key}: {reason}" for key, reason in report.refused.items()]
    return "\n".join(lines)


def class_names(codes: tuple[int, ...] | list[int]) -> str:
    return ", ".join(CLASS_NAMES.get(code, str(code)) for code in codes)
