"""`snapshot export`: write a snapshot in a format that others read."""

from __future__ import annotations

from argparse import _SubParsersAction
from pathlib import Path
from typing import Any

from labelling import clock
from labelling.adapters.blobs import store
from labelling.imagery.exports.forms import FORMATS
from labelling.insights.snapshots import snapshot_named
from labelling.management.base import WorkbenchCommand
from labelling.management.progress import Progress
from labelling.workflow.export.jobs import note_export
from labelling.workflow.export.order import Order, contents_of
from labelling.workflow.export.run import export


def add_export(verbs: _SubParsersAction[Any]) -> None:
    export = verbs.add_parser(
        "export",
        help="write it as files that others read; run again, it goes on where it stopped",
    )
    export.add_argument("snapshot", metavar="HASH", help="or its first letters, at least 8")
    export.add_argument("out", type=Path, metavar="OUT", help="a new or empty folder")
    export.add_argument("--format", required=True, choices=list(FORMATS))
    export.add_argument("--with-bands", action="store_true", help="imagery, too")
    export.add_argument(
        "--with-provenance", action="store_true", help="how each pixel came about, too (geotiff)"
    )
    export.add_argument("--threads", type=int, default=0, help="default: one a core")
    export.add_argument("--dry-run", action="store_true", help="check and count, write nothing")
    export.add_argument("--json", action="store_true", help="print JSON for machines")


def export_snapshot(command: WorkbenchCommand, options: dict[str, Any]) -> None:
    out, as_json = options["out"], options["json"]
    order = Order.of(
        snapshot_named(options["snapshot"]),
        form=options["format"],
        with_bands=options["with_bands"],
        with_provenance=options["with_provenance"],
    )
    contents = contents_of(order.snapshot, blobs=store())
    order.form.check(contents.legend, with_bands=order.with_bands)
    tiles, shards = len(contents.samples), contents.shards
    if options["dry_run"]:
        command.say(
            f"Would export {tiles} tiles of snapshot {order.snapshot} to {out} as "
            f"{order.form.name}, in {shards} shards.",
            as_json=as_json, tiles=tiles, shards=shards, **order.as_json(),
        )  # fmt: skip
        return
    with Progress(command.stdout, total=tiles, unit="tile", as_json=as_json) as progress:
        done = export(
            order, out, blobs=store(), threads=max(options["threads"], 0), tell=progress.step
        )
    if done.shards_new:
        note_export(order, sha256=done.sha256, who=None, now=clock.now(), tiles=done.tiles)
    how = f"{done.shards_new} of {shards} shards written now" if done.shards_new else "whole"
    command.say(
        f"{out}: {done.tiles} tiles as {order.form.name} in {done.files} files, "
        f"{done.bytes / 2**20:.1f} MiB, {how}. Its list has sha256 {done.sha256[:12]}.",
        as_json=as_json, out=str(out), **order.as_json(), **done.as_json(),
    )  # fmt: skip
