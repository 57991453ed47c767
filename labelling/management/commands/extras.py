"""`extras import|list`: other rasters beside the tiles, for networks that see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count

from labelling import clock
from labelling.adapters.blobs import store
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.models import Layer
from labelling.workflow.masking.extras import Extra, bring_extra


class Command(WorkbenchCommand):
    help = (
        "Bring a georeferenced raster in as a layer beside tiles, such as radar backscatter, or "
        "say what there is. A campaign's models see it once its training settings say "
        "features=sqrt+extra:NAME. Exit status: 0 done, 1 refused, 2 usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="import|list")
        brings = verbs.add_parser("import", help="cut a raster to the tiles it reaches")
        brings.add_argument("path", type=Path, metavar="RASTER.tif")
        brings.add_argument("--name", required=True, help="what features call it, such as s1")
        brings.add_argument("--version", required=True, help="such as its date or release")
        of = brings.add_mutually_exclusive_group(required=True)
        of.add_argument("--product", default="", metavar="ID", help="beside this product's tiles")
        of.add_argument(
            "--every-date", action="store_true", help="beside all tiles, as a terrain model"
        )
        brings.add_argument("--dry-run", action="store_true", help="look, and write nothing")
        lists = verbs.add_parser("list", help="names, versions and how many tiles have them")
        for each in (brings, lists):
            each.add_argument("--campaign", required=True, metavar="SLUG")
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        (self.bring if verb == "import" else self.list)(options)

    def bring(self, options: dict[str, Any]) -> None:
        campaign = campaign_named(options["campaign"])
        extra = Extra(options["path"], options["name"], options["version"], options["product"])
        report = bring_extra(
            extra, campaign=campaign, blobs=store(), now=clock.now(), dry_run=options["dry_run"]
        )
        would = "would be " if report.dry_run else ""
        self.say(
            f"{report.file}: {report.name} {report.version} of {report.planes} planes: "
            f"{report.tiles_new} layers {would}new, {report.tiles_known} known, "
            f"{report.tiles_beyond} tiles out of its reach.",
            as_json=options["json"],
            **report.as_json(),
        )

    def list(self, options: dict[str, Any]) -> None:
        campaign = campaign_named(options["campaign"])
        layers = Layer.objects.filter(tile__enrolments__campaign=campaign, provides=[], classes={})
        found = [
            {"name": name, "version": version, "tiles": tiles}
            for name, version, tiles in layers.values_list("source", "version")
            .annotate(tiles=Count("pk"))
            .order_by("source", "version")
        ]
        lines = [f"{each['name']} {each['version']}: {each['tiles']} tiles" for each in found]
        self.say("\n".join(lines) or "None.", as_json=options["json"], extras=found)
