"""`release create|list|copy`: give a snapshot, its model and their papers away as one folder."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput, NotFound
from labelling.imagery.exports.forms import FORMATS
from labelling.insights.snapshots import snapshot_named
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.management.progress import Progress
from labelling.models import Campaign, Release
from labelling.workflow.releasing.copying import check_out, copy_release
from labelling.workflow.releasing.evidence import model_named
from labelling.workflow.releasing.release import Wanted, check, create_release

STORAGE = "storage"


class Command(WorkbenchCommand):
    help = (
        "Bundle a snapshot's labels with a model, its evaluations, datasheet, licences and "
        "citation. A release never changes. Exit status: 0 done, 1 refused, 2 usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|copy")
        create = verbs.add_parser("create", help="bundle, store and note a release")
        create.add_argument("--snapshot", required=True, metavar="HASH")
        create.add_argument("--model", metavar="HASH", help="or champion; default: none")
        create.add_argument(
            "--format", action="append", choices=list(FORMATS), help="default geotiff; repeatable"
        )
        create.add_argument("--with-bands", action="store_true", help="imagery, too")
        create.add_argument(
            "--licence", default="", metavar="SPDX", help="of the team's own labels"
        )
        create.add_argument(
            "--source-licence", action="append", default=[], metavar="SOURCE=LICENCE",
            help="of a source whose labels don't say; repeatable",
        )  # fmt: skip
        create.add_argument("--authors", default="", help="whom to cite; default: the team")
        create.add_argument(
            "--allow-non-commercial", action="store_true",
            help="let labels in that forbid commercial use; the release says so",
        )  # fmt: skip
        listing = verbs.add_parser("list", help="a campaign's releases")
        copy = verbs.add_parser("copy", help="write a release out again, compared with its hashes")
        for each in (create, copy):
            each.add_argument("--dry-run", action="store_true", help="check, write nothing")
            each.add_argument("--version", dest="release", required=True, metavar="VERSION")
        create.add_argument(
            "out", nargs="?", default=STORAGE, metavar="OUT|storage",
            help="a new or empty folder to copy it to; it lies in storage in any case",
        )  # fmt: skip
        copy.add_argument("out", type=Path, metavar="OUT", help="a new or empty folder")
        for each in (create, listing, copy):
            each.add_argument("--campaign", required=True, metavar="SLUG")
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        campaign = campaign_named(options["campaign"])
        {"create": self.create, "list": self.listing, "copy": self.copy}[verb](campaign, options)

    def create(self, campaign: Campaign, options: dict[str, Any]) -> None:
        wanted, as_json = wanted_release(campaign, options), options["json"]
        if options["out"] != STORAGE:
            check_out(Path(options["out"]))
        ready = check(wanted, blobs=store(), now=clock.now())
        tiles = len(ready.contents.samples)
        if options["dry_run"]:
            sources = [each.name for each in ready.sources]
            self.say(
                f"Would release {tiles} tiles as version {wanted.version}: "
                f"labels of {', '.join(sources)}.",
                as_json=as_json, version=wanted.version, tiles=tiles, sources=sources,
            )  # fmt: skip
            return
        total = tiles * len(ready.orders)
        with Progress(self.stdout, total=total, unit="tile", as_json=as_json) as progress:
            made = create_release(
                wanted, blobs=store(), by=None, now=clock.now(), tell=progress.step
            )
        where = made.folder
        if options["out"] != STORAGE:
            copy_release(made, Path(options["out"]), blobs=store())
            where = options["out"]
        self.show(made, options, where=f", in {where}")

    def listing(self, campaign: Campaign, options: dict[str, Any]) -> None:
        rows = campaign.releases.select_related("snapshot", "model").order_by("pk")
        for each in rows.iterator(chunk_size=500):
            self.show(each, options)

    def copy(self, campaign: Campaign, options: dict[str, Any]) -> None:
        version = options["release"]
        found = campaign.releases.filter(version=version).first()
        if found is None:
            raise NotFound(f"{campaign.slug} has no release {version!r}.", field="version")
        dry_run = options["dry_run"]
        files = copy_release(found, options["out"], blobs=store(), dry_run=dry_run)
        where = "would go to" if dry_run else "in"
        self.say(
            f"Release {version}: {files} files {where} {options['out']}, as they were released.",
            as_json=options["json"], version=version, files=files, sha256=found.sha256,
        )  # fmt: skip

    def show(self, each: Release, options: dict[str, Any], *, where: str = "") -> None:
        model = each.model.hash if each.model else None
        self.say(
            f"Release {each.version} of {each.created:%Y-%m-%d}: snapshot {each.snapshot}, "
            f"model {model[:12] if model else 'none'}, sha256 {each.sha256[:12]}{where}",
            as_json=options["json"], version=each.version, created=each.created.isoformat(),
            snapshot=each.snapshot.hash, model=model, sha256=each.sha256, folder=each.folder,
        )  # fmt: skip


def wanted_release(campaign: Campaign, options: dict[str, Any]) -> Wanted:
    model = options["model"]
    return Wanted(
        campaign=campaign,
        version=options["release"],
        snapshot=snapshot_named(options["snapshot"]),
        model=model_named(campaign, model) if model else None,
        forms=options["format"] or ("geotiff",),
        with_bands=options["with_bands"],
        licence=options["licence"],
        source_licences=dict(pair(word) for word in options["source_licence"]),
        authors=options["authors"],
        allow_non_commercial=options["allow_non_commercial"],
    )


def pair(word: str) -> tuple[str, str]:
    name, sign, licence = word.partition("=")
    if not (name and sign and licence):
        raise BadInput(
            f"--source-licence wants SOURCE=LICENCE, not {word!r}.", field="source_licence"
        )
    return name, licence
