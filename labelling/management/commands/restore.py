"""`restore`: a backup back into an empty database and empty storage."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from labelling.adapters.blobs import Blobs, store
from labelling.errors import BadInput
from labelling.management.base import PARTLY, WorkbenchCommand
from labelling.management.progress import Progress
from labelling.management.sizes import in_words
from labelling.workflow.backup.papers import Manifest, names, read_manifest
from labelling.workflow.backup.places import place_of
from labelling.workflow.backup.restoring import Restored, Watcher, check, chosen, restore


class Command(WorkbenchCommand):
    help = (
        "Bring a backup back into an empty database and empty storage, as DATABASE_URL and "
        "STORAGE_URL name them. Everything is compared with its hash before a row is written. "
        "Exit status 3: blobs of the backup are damaged or missing."
    )
    examples = (
        "restore /mnt/backups/north --list",
        "restore /mnt/backups/north --dry-run",
        "restore s3://north-backups/workbench --backup 000031-20260601T021500Z-3fa91c",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "place", metavar="SRC", help="folder, file:///folder or s3://bucket/prefix"
        )
        parser.add_argument("--backup", default="", metavar="NAME", help="default: the newest")
        parser.add_argument("--list", action="store_true", help="show the backups there are")
        parser.add_argument(
            "--despite-damage",
            action="store_true",
            help="leave out blobs that are damaged or missing in the backup, and name them",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="read the whole backup, compare it with its hashes, write nothing",
        )

    def handle(self, *args: Any, place: str, backup: str, **options: Any) -> None:
        as_json, source = options["json"], place_of(place)
        if options["list"]:
            self.list_all(source, as_json=as_json)
            return
        manifest = chosen(source, backup)
        unit = Progress(self.stdout, total=manifest.blobs, unit="blob", as_json=as_json)
        with unit as progress:
            watcher = Watcher(blob=progress.step)
            if options["dry_run"]:
                told = check(source, manifest, watcher)
            else:
                told = restore(
                    source,
                    manifest,
                    target=store(),
                    despite_damage=options["despite_damage"],
                    watcher=watcher,
                )
        self.tell(manifest, told, dry_run=options["dry_run"], as_json=as_json)

    def tell(self, manifest: Manifest, told: Restored, *, dry_run: bool, as_json: bool) -> None:
        for damage in told.damaged:
            self.say(f"damaged  {damage}", as_json=as_json, damaged=asdict(damage))
        did = "compared" if dry_run else "restored"
        self.say(
            f"Backup {manifest.name}: {told.rows} rows and {told.blobs} blobs {did}, "
            f"{len(told.damaged)} blobs damaged.",
            as_json=as_json,
            backup=manifest.name,
            dry_run=dry_run,
            rows=told.rows,
            blobs=told.blobs,
            kept=told.kept,
            damaged=len(told.damaged),
        )
        if told.damaged:
            sys.exit(PARTLY)

    def list_all(self, source: Blobs, *, as_json: bool) -> None:
        whole, begun = names(source)
        damaged = 0
        for name in whole:
            try:
                told = read_manifest(source, name)
            except BadInput as error:
                damaged += 1
                self.say(f"{name}  {error}", as_json=as_json, backup=name, damaged=str(error))
                continue
            text = f"{name}  {told.rows} rows, {told.blobs} blobs, {in_words(told.size)}"
            self.say(
                text, as_json=as_json, backup=name, began=told.began, rows=told.rows,
                blobs=told.blobs, size=told.size, database=told.database,
            )  # fmt: skip
        for name in begun:
            self.say(f"{name}  unfinished", as_json=as_json, backup=name, unfinished=True)
        if damaged:
            sys.exit(PARTLY)
