"""`cvat import|export`: CVAT's own XML, without a server."""

from __future__ import annotations

import json
from argparse import ArgumentParser, _SubParsersAction
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput
from labelling.imagery.labelsets.filing import rows_of
from labelling.insights.snapshots import snapshot_named
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.management.progress import Progress
from labelling.workflow.cvat.papers import import_of, papers_of_snapshot, papers_of_tasks
from labelling.workflow.importing.labels import import_all
from labelling.workflow.importing.pieces import Desk
from labelling.workflow.importing.report import ItemReport

WAITING = "open,reserved"
SAID = ("source", "licence", "trust", "author")


def add_papers(verbs: _SubParsersAction[ArgumentParser]) -> None:
    """The verbs `import` and `export`."""
    bring = verbs.add_parser("import", help="labels of a CVAT for images 1.1 file, or its archive")
    bring.add_argument("paths", nargs="+", type=Path, metavar="FILE", help=".xml, .zip or a folder")
    bring.add_argument("--campaign", required=True, metavar="SLUG")
    bring.add_argument(
        "--background",
        default="unlabelled",
        choices=("clear", "unlabelled"),
        help="what a pixel means that nobody drew on (unlabelled)",
    )
    bring.add_argument(
        "--class",
        dest="classes",
        action="append",
        default=[],
        metavar="NAME=CODE",
        help="what a label of the file means; may be repeated",
    )
    bring.add_argument("--match", type=Path, metavar="CSV", help="columns image,tile")
    bring.add_argument("--source", default="", help="name that tells these labels apart (cvat-xml)")
    bring.add_argument("--licence", default="", help="such as CC-BY-4.0 (unstated)")
    bring.add_argument("--trust", type=float, help="0 to 1, the weight in training (1)")
    bring.add_argument("--author", default="", help="where the file names nobody")
    give = verbs.add_parser("export", help="a CVAT for images 1.1 file of labels, or of tasks")
    give.add_argument("out", type=Path, metavar="OUT", help=".xml or .zip")
    what = give.add_mutually_exclusive_group(required=True)
    what.add_argument("--snapshot", metavar="HASH", help="its labels; or its first letters")
    what.add_argument("--campaign", metavar="SLUG", help="its tasks in the states of --tasks")
    give.add_argument("--tasks", default=WAITING, metavar="STATES", help=f"with commas ({WAITING})")
    for each in (bring, give):
        each.add_argument("--dry-run", action="store_true", help="look and count, write nothing")
        each.add_argument("--json", action="store_true", help="print JSON for machines")


def import_papers(command: WorkbenchCommand, options: dict[str, Any]) -> None:
    """Raises CommandError with exit status 1 or 3 where labels were refused."""
    matches = rows_of(options["match"], needed=("image", "tile")) if options["match"] else []
    desk = Desk(
        campaign_named(options["campaign"]),
        store(),
        clock.now(),
        {row["image"]: row["tile"] for row in matches},
        dry_run=options["dry_run"],
    )
    job = import_of(
        desk,
        background=options["background"],
        classes=_classes(options["classes"]),
        said={name: options[name] for name in SAID},
    )
    with Progress(command.stdout, total=None, unit="label", as_json=options["json"]) as progress:

        def show(item: ItemReport, done: int, total: int) -> None:
            if progress.total is None:
                progress.expect(total)
            progress.step()

        report = import_all(options["paths"], job, progress=show)
    told = json.dumps(report.as_json(), ensure_ascii=False)
    command.stdout.write(told if options["json"] else "\n".join(report.lines()))
    if report.exit_status:
        names = ", ".join(each.name for each in report.of_state("refused"))
        raise CommandError(f"Refused: {names}", returncode=report.exit_status)


def export_papers(command: WorkbenchCommand, options: dict[str, Any]) -> None:
    out, as_json, blobs = options["out"], options["json"], store()
    if options["snapshot"]:
        papers = papers_of_snapshot(snapshot_named(options["snapshot"]), blobs=blobs)
    else:
        states = [word.strip() for word in options["tasks"].split(",") if word.strip()]
        papers = papers_of_tasks(campaign_named(options["campaign"]), states, blobs=blobs)
    if options["dry_run"]:
        text = f"Would write {papers.total} images to {out}: {papers.title}."
        command.say(text, as_json=as_json, out=str(out), images=papers.total, dry_run=True)
        return
    count = papers.write(out)
    text = f"{out}: {count} images, {papers.title}."
    command.say(text, as_json=as_json, out=str(out), images=count, dry_run=False)


def _classes(words: list[str]) -> dict[str, int]:
    """Raises BadInput."""
    classes = {}
    for word in words:
        name, _, code = word.rpartition("=")
        if not name or not code.isdecimal() or int(code) > 255:
            raise BadInput(f"--class wants NAME=CODE, not {word!r}.", field="class")
        classes[name] = int(code)
    return classes
