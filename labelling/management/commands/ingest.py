"""Bring products, their labels and their masks into a campaign."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.management.following import follow
from labelling.management.mask_options import add_mask_arguments, wanted_masks
from labelling.management.progress import Progress
from labelling.workflow.ingest.jobs import report_of, start_ingest
from labelling.workflow.ingest.plan import Plan
from labelling.workflow.ingest.products import Intake, ingest_all
from labelling.workflow.ingest.report import FileReport, IngestReport
from labelling.workflow.ingest.sources import Source, find_sources
from labelling.workflow.ingest.work import cores


class Command(WorkbenchCommand):
    help = (
        "Cut products into tiles of a campaign: SAFE folders and zips, GeoTIFF stacks, STAC items, "
        "or folders of them. <name>_label.tif beside a product becomes an imported label. What was "
        "interrupted goes on where it stopped; what is known is left as it is. With --workers the "
        "workers of queue io do it, as many as there are; all must see the sources under the same "
        "paths, and this command may be ended and run again meanwhile. "
        "Exit status: 0 done, 1 refused, 2 usage, 3 partly done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="product or folder")
        parser.add_argument("--campaign", required=True, metavar="SLUG")
        parser.add_argument("--bands", help="names of a stack's layers, such as B2,B3,B4")
        labels = parser.add_mutually_exclusive_group()
        labels.add_argument("--labels", type=Path, metavar="FOLDER", help="where the labels lie")
        labels.add_argument("--no-labels", action="store_true", help="take no labels")
        parser.add_argument(
            "--with-masks", action="store_true", help="take the masks inside and beside products"
        )
        add_mask_arguments(parser)
        parser.add_argument(
            "--jobs", type=int, metavar="N", help="threads (all cores); of this process only"
        )
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--dry-run", action="store_true", help="look, and write nothing")
        how.add_argument("--workers", action="store_true", help="let the workers do it, and wait")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["jobs"] is not None and options["workers"]:
            raise BadInput("--jobs: workers use all their cores.", field="jobs")
        if options["jobs"] is not None and options["jobs"] < 1:
            raise BadInput(f"--jobs {options['jobs']}: it takes one at least.", field="jobs")
        report = self.by_workers(options) if options["workers"] else self.ingest(options)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            self.stdout.write(report.line())
        if report.exit_status:
            names = ", ".join(each.file for each in report.refused)
            raise CommandError(f"Refused: {names}", returncode=report.exit_status)

    def ingest(self, options: dict[str, Any]) -> IngestReport:
        sources = wanted(options)
        with Progress(self.stdout, total=None, unit="tile", as_json=options["json"]) as progress:

            def show(report: FileReport, done: int, total: int) -> None:
                if not options["json"]:
                    progress.say(f"[{done}/{total}] {report.line()}")

            job = Intake(
                campaign=campaign_named(options["campaign"]),
                blobs=store(),
                now=clock.now(),
                bands=names_in(options["bands"]),
                dry_run=options["dry_run"],
                with_masks=options["with_masks"],
                masks=wanted_masks(options),
                jobs=options["jobs"] or cores(),
                clock=clock.now,
                expect=lambda tiles: progress.expect((progress.total or 0) + tiles),
                step=progress.step,
            )
            return ingest_all(sources, job, progress=show)

    def by_workers(self, options: dict[str, Any]) -> IngestReport:
        plan = Plan.of(
            wanted(options),
            bands=names_in(options["bands"]),
            with_masks=options["with_masks"],
            masks=wanted_masks(options),
        )
        campaign = campaign_named(options["campaign"])
        job = start_ingest(plan, campaign=campaign, blobs=store(), now=clock.now())
        follow(job, len(plan.sources), self.stdout, as_json=options["json"])
        report = report_of(job, store())
        for done, each in enumerate(report.files if not options["json"] else (), start=1):
            self.stdout.write(f"[{done}/{len(report.files)}] {each.line()}")
        return report


def wanted(options: dict[str, Any]) -> list[Source]:
    """The products that the command line names."""
    sources = find_sources(options["paths"], labels=options["labels"])
    if options["no_labels"]:
        return [replace(each, label=None) for each in sources]
    return sources


def names_in(words: str | None) -> list[str] | None:
    return [name.strip() for name in words.split(",")] if words else None
