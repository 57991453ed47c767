"""`predict`: the cloud mask of a whole product by one of our models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from labelling.adapters.blobs import store
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.management.progress import Progress
from labelling.workflow.predicting import (
    OVERLAP,
    WINDOW,
    Wanted,
    chosen_model,
    colours_of,
    predict,
)


class Command(WorkbenchCommand):
    help = (
        "Write a product's cloud mask as a cloud-optimised GeoTIFF: class, each class's "
        "probability, and uncertainty. Killed, it goes on where it was when it is run again. Exit "
        "status: 0 done, 1 refused, 2 usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "product", type=Path, help="SAFE folder or zip, GeoTIFF stack or tile, or STAC item"
        )
        parser.add_argument("out", type=Path, metavar="OUT.tif")
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--model", default="", metavar="HASH",
            help="its first letters, or newest or champion (default) of --campaign",
        )  # fmt: skip
        which.add_argument(
            "--weights", type=Path, metavar="FOLDER", help="with card.json and weights.safetensors"
        )
        parser.add_argument(
            "--campaign", metavar="SLUG", help="whose model, and whose colours for the classes"
        )
        parser.add_argument(
            "--bands", metavar="A,B", help="names of a stack's layers, in order, if it has none"
        )
        parser.add_argument(
            "--without", nargs="+", default=[], metavar="NAME",
            help="bands, or planes such as clear or mask:scl, that the model is to do without",
        )  # fmt: skip
        parser.add_argument(
            "--window", type=int, default=WINDOW, metavar="PX",
            help="what the network sees at once; a multiple of its step (default: %(default)s)",
        )  # fmt: skip
        parser.add_argument(
            "--overlap", type=int, default=OVERLAP, metavar="PX", help="default: %(default)s"
        )
        parser.add_argument(
            "--overwrite", action="store_true", help="replace another file at OUT.tif"
        )
        parser.add_argument("--dry-run", action="store_true", help="see that it can be made")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = campaign_named(options["campaign"]) if options["campaign"] else None
        model = chosen_model(
            weights=options["weights"], name=options["model"], campaign=campaign, blobs=store()
        )
        wanted = Wanted(
            product=options["product"],
            target=options["out"],
            window=options["window"],
            overlap=options["overlap"],
            bands=options["bands"].split(",") if options["bands"] else None,
            without=options["without"],
            replace=options["overwrite"],
            colours=colours_of(campaign),
        )
        if options["dry_run"]:
            self.tell("Would write", wanted, predict(wanted, model, dry=True), options)
            return
        self.tell("Wrote", wanted, self.run(wanted, model, as_json=options["json"]), options)

    def run(self, wanted: Wanted, model: Path, *, as_json: bool) -> dict[str, Any]:
        with Progress(self.stdout, total=None, unit="window", as_json=as_json) as progress:

            def show(said: dict[str, Any] | None) -> None:
                if said and said["done"] > progress.done:
                    progress.expect(said["total"])
                    progress.step(said["done"] - progress.done)

            return predict(wanted, model, tick=show)

    def tell(self, did: str, wanted: Wanted, told: dict[str, Any], options: dict[str, Any]) -> None:
        facts = {name: value for name, value in told.items() if name != "event"}
        painted = " SYNTHETIC." if told["synthetic"] else ""
        again = f" {told['resumed']} windows were there before." if told.get("resumed") else ""
        self.say(
            f"{did} {wanted.target}: {told['height']} × {told['width']} px, "
            f"{', '.join(told['planes'])}; {told['windows']} windows, model "
            f"{told['model'][:12]}.{again}{painted}",
            as_json=options["json"], out=str(wanted.target), **facts,
        )  # fmt: skip
