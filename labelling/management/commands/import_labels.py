"""Bring in labelled sets that others drew."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput
from labelling.imagery.labelsets.filing import rows_of
from labelling.imagery.labelsets.labelled import Choices
from labelling.imagery.labelsets.sets import LABELSETS
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.management.progress import Progress
from labelling.models import Campaign
from labelling.workflow.importing.labels import Import, import_all
from labelling.workflow.importing.pieces import Desk
from labelling.workflow.importing.report import ImportReport, ItemReport


class Command(WorkbenchCommand):
    help = (
        "Import labels of open labelled sets and of drawing tools, with their imagery where it "
        "comes along. Their source, licence, trust and author are kept; they are never mixed into "
        "the team's own. Exit status: 0 done, 1 refused, 2 usage, 3 partly done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
        parser.add_argument("--format", required=True, choices=sorted(LABELSETS))
        parser.add_argument("--campaign", required=True, metavar="SLUG")
        parser.add_argument("--dry-run", action="store_true", help="look, and write nothing")
        facts = parser.add_argument_group("what is kept with the labels")
        facts.add_argument("--source", default="", help="name that tells them apart (the format's)")
        facts.add_argument("--licence", default="", help="such as CC-BY-4.0 (the set's)")
        facts.add_argument("--trust", type=float, help="0 to 1, the weight in training (the set's)")
        facts.add_argument("--author", default="", help="where the files name nobody")
        facts.add_argument(
            "--authors", type=Path, metavar="CSV", help="columns file,author: who drew which"
        )
        self.add_reading(parser)

    def add_reading(self, parser: ArgumentParser) -> None:
        reading = parser.add_argument_group("how the files are read")
        reading.add_argument(
            "--background",
            default="",
            choices=("clear", "unlabelled"),
            help="cvat-xml, segments: what a pixel means that nobody drew on",
        )
        reading.add_argument(
            "--class",
            dest="classes",
            action="append",
            default=[],
            metavar="SOURCE=CODE",
            help="a class of the source, by name or number, and our code for it; may be repeated",
        )
        reading.add_argument(
            "--order",
            default="source",
            choices=("source", "campaign"),
            help="cvat-xml: whose order decides where shapes overlap",
        )
        reading.add_argument(
            "--match", type=Path, metavar="CSV", help="columns image,tile: which tile an image is"
        )
        reading.add_argument(
            "--skip-shapes", action="store_true", help="cvat-xml: leave out lines and points"
        )
        reading.add_argument(
            "--baseline-offset", type=int, help="kappaset: where files don't tell their baseline"
        )
        reading.add_argument(
            "--scene-places",
            action="store_true",
            help="kappaset: sub-tiles of an area of interest, whose numbers tell no ground",
        )
        reading.add_argument("--level", choices=("L1C", "L2A"), default="", help="cloudsen12")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = campaign_named(options["campaign"])
        report = self.import_with_progress(_job(campaign, options), options)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            self.stdout.write("\n".join(report.lines()))
        if report.exit_status:
            names = ", ".join(each.name for each in report.of_state("refused"))
            raise CommandError(f"Refused: {names}", returncode=report.exit_status)

    def import_with_progress(self, job: Import, options: dict[str, Any]) -> ImportReport:
        with Progress(self.stdout, total=None, unit="label", as_json=options["json"]) as progress:

            def show(item: ItemReport, done: int, total: int) -> None:
                if progress.total is None:
                    progress.expect(total)
                progress.step()
                if not options["json"] and (item.state == "refused" or item.notes):
                    progress.say(item.line())

            return import_all(options["paths"], job, progress=show)


def _job(campaign: Campaign, options: dict[str, Any]) -> Import:
    matches = _pairs(options["match"], "image", "tile")
    return Import(
        labelset=LABELSETS[options["format"]],
        desk=Desk(campaign, store(), clock.now(), matches, dry_run=options["dry_run"]),
        choices=_choices(campaign, options),
        source=options["source"],
        licence=options["licence"],
        trust=options["trust"],
        author=options["author"],
        authors=_pairs(options["authors"], "file", "author"),
    )


def _choices(campaign: Campaign, options: dict[str, Any]) -> Choices:
    classes = campaign.schema.classes if campaign.schema else []
    by_campaign = options["order"] == "campaign"
    return Choices(
        background=options["background"],
        classes=_classes(options["classes"]),
        campaign={each["name"]: each["code"] for each in classes},
        priority={each["code"]: each["priority"] for each in classes} if by_campaign else {},
        baseline_offset=options["baseline_offset"],
        level=options["level"],
        skip_shapes=options["skip_shapes"],
        scene_places=options["scene_places"],
        bands=tuple(campaign.bands),
        tile_size=campaign.tile_size,
    )


def _classes(words: list[str]) -> dict[str, int]:
    """`SOURCE=CODE` words as a dictionary. Raises BadInput."""
    classes = {}
    for word in words:
        name, _, code = word.rpartition("=")
        if not name or not code.isdecimal() or int(code) > 255:
            raise BadInput(
                f"--class wants SOURCE=CODE, not {word!r}.",
                field="class",
                help="Such as --class CIRRUS=2 or --class 99=255.",
            )
        classes[name] = int(code)
    return classes


def _pairs(file: Path | None, key: str, value: str) -> dict[str, str]:
    """Two columns of a CSV file as a dictionary; empty without a file. Raises BadInput."""
    rows = rows_of(file, needed=(key, value)) if file else []
    return {row[key]: row[value] for row in rows}
