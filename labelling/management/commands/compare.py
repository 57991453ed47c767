"""`compare`: the model beside every mask of the catalogue, on the same labelled pixels."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from labelling import clock
from labelling.adapters.beside import beside
from labelling.adapters.blobs import store
from labelling.errors import StorageAway
from labelling.insights.comparison import CHAMPION, NEWEST, model_named, openings, snapshot_of
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.management.compare_tables import report_lines
from labelling.management.progress import Progress
from labelling.models import Campaign, Evaluation, Place
from labelling.workflow.comparison import Choices, Comparison, compare, plan

PAGE = 100


class Command(WorkbenchCommand):
    help = (
        "Judge the model and every mask that the split's tiles have by the labels of a snapshot: "
        "IoU by class on the pixels a mask answers, and with 'cannot say' counted as wrong, with "
        "intervals over scenes, the model's lead, and the cost. Exit status: 0 done, 1 refused, "
        "2 usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--campaign", required=True, metavar="SLUG")
        parser.add_argument("--snapshot", default=NEWEST, metavar="HASH", help="default: newest")
        parser.add_argument(
            "--model", default=CHAMPION, metavar="HASH",
            help="champion (default), newest, a hash's first letters, or none",
        )  # fmt: skip
        parser.add_argument(
            "--split", choices=Place.Split.values, default=Place.Split.VALIDATION.value
        )
        parser.add_argument("--masks", default="", metavar="A,B", help="sources; default: all")
        parser.add_argument(
            "--open-test", default="", metavar="WHY", help="needed for --split test, and kept"
        )
        parser.add_argument(
            "--pixels-only", action="store_true",
            help="leave boundaries, buffers, objects and shadows out: several times faster",
        )  # fmt: skip
        parser.add_argument("--out", type=Path, metavar="FILE.json", help="the whole report")
        parser.add_argument(
            "--openings", action="store_true", help="list the openings of the test, compare nothing"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what there is to compare")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = campaign_named(options["campaign"])
        if options["openings"]:
            self.list_openings(campaign, as_json=options["json"])
            return
        planned = plan(
            campaign=campaign,
            snapshot=snapshot_of(campaign, options["snapshot"]),
            model=model_named(campaign, options["model"]),
            choices=choices_of(options),
            blobs=store(),
        )
        if options["dry_run"]:
            self.tell_plan(planned, as_json=options["json"])
            return
        kept = self.run(planned, as_json=options["json"])
        if options["out"]:
            write(options["out"], kept.report)
        if options["json"]:
            self.say("", as_json=True, comparison=kept.report)
            return
        for line in report_lines(kept.report):
            self.stdout.write(line)

    def run(self, planned: Comparison, *, as_json: bool) -> Evaluation:
        with Progress(self.stdout, total=planned.tiles, unit="tile", as_json=as_json) as progress:

            def show(said: dict[str, Any] | None) -> None:
                if said and said.get("stage") == "compare":
                    progress.step(said["done"] - progress.done)

            return compare(planned, who=None, blobs=store(), clock=clock.now, tick=show)

    def tell_plan(self, planned: Comparison, *, as_json: bool) -> None:
        masks = [
            {"name": each.name, "tiles": len(each.layers), "of": planned.tiles}
            for each in planned.masks
        ]
        model = planned.model.hash if planned.model else None
        self.say(
            f"Would judge {'model ' + model[:12] if model else 'no model'} and {len(masks)} masks "
            f"by {planned.tiles} tiles of split {planned.split}, snapshot {planned.snapshot}.",
            as_json=as_json,
            model=model, snapshot=planned.snapshot.hash, split=planned.split,
            tiles=planned.tiles, masks=masks,
        )  # fmt: skip
        if not as_json:
            for each in masks:
                self.stdout.write(f"  {each['name']}: {each['tiles']} of {each['of']} tiles")

    def list_openings(self, campaign: Campaign, *, as_json: bool) -> None:
        told = [opening_facts(each) for each in every_opening(campaign)]
        if as_json:
            self.say("", as_json=True, openings=told)
            return
        self.stdout.write(f"The frozen test of {campaign.slug} was opened {len(told)} times.")
        for each in told:
            model = (each["model"] or "no model")[:12]
            self.stdout.write(f"  {each['created'][:16]} by {each['who']}: {each['why']} ({model})")


def choices_of(options: dict[str, Any]) -> Choices:
    return Choices(
        split=options["split"],
        sources=[name.strip() for name in options["masks"].split(",") if name.strip()],
        why=options["open_test"],
        geometry=not options["pixels_only"],
    )


def every_opening(campaign: Campaign) -> Iterable[Evaluation]:
    cursor = None
    while True:
        rows, cursor = openings(campaign, cursor=cursor, limit=PAGE)
        yield from rows
        if cursor is None:
            return


def opening_facts(opening: Evaluation) -> dict[str, Any]:
    return {
        "created": opening.created.isoformat(),
        "who": opening.who.username if opening.who else "the command line",
        "why": opening.why,
        "model": opening.model.hash if opening.model else None,
        "snapshot": opening.snapshot.hash if opening.snapshot else None,
    }


def write(path: Path, report: dict[str, Any]) -> None:
    """Whole or not at all. Raises StorageAway."""
    try:
        with beside(path) as draft:
            draft.write_text(json.dumps(report, indent=1, ensure_ascii=False))
            draft.rename(path)
    except OSError as error:
        raise StorageAway(
            f"{path} can't be written: {error.strerror}.",
            field="out",
            help="The comparison is kept in the database all the same.",
        ) from error
