"""Bring scenes and their labels into a campaign."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from labelling import clock
from labelling.adapters.blobs import store
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.workflow.ingest import Intake, ingest_all
from labelling.workflow.intake import FileReport, IngestReport, find_sources


class Command(WorkbenchCommand):
    help = (
        "Cut GeoTIFF stacks into tiles of a campaign; <name>_label.tif beside <name>.tif becomes "
        "an imported label. Exit status: 0 done, 1 refused, 2 usage, 3 partly done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
        parser.add_argument("--campaign", required=True, metavar="SLUG")
        parser.add_argument("--bands", help="names of the files' layers, such as B2,B3,B4")
        labels = parser.add_mutually_exclusive_group()
        labels.add_argument("--labels", type=Path, metavar="FOLDER", help="where the labels lie")
        labels.add_argument("--no-labels", action="store_true", help="take no labels")
        parser.add_argument("--dry-run", action="store_true", help="look, and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        report = self.ingest(options)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            self.stdout.write(report.line())
        if report.exit_status:
            names = ", ".join(each.file for each in report.refused)
            raise CommandError(f"Refused: {names}", returncode=report.exit_status)

    def ingest(self, options: dict[str, Any]) -> IngestReport:
        campaign = campaign_named(options["campaign"])
        sources = find_sources(options["paths"], labels=options["labels"])
        if options["no_labels"]:
            sources = [replace(each, label=None) for each in sources]
        bands = [name.strip() for name in options["bands"].split(",")] if options["bands"] else None
        job = Intake(campaign, store(), clock.now(), bands, dry_run=options["dry_run"])
        quiet = options["json"] or not self.stdout.isatty()
        with tqdm(total=len(sources), unit="file", disable=quiet) as bar:

            def show(report: FileReport, done: int, total: int) -> None:
                bar.update()
                if bar.disable and not options["json"]:
                    self.stdout.write(f"[{done}/{total}] {report.line()}")
                elif report.troubled:
                    bar.write(report.line())

            return ingest_all(sources, job, progress=show)
