"""A release's files written out again, each compared with the hash it was released with."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from labelling.adapters.beside import UNFINISHED, beside, settle, sha256_of
from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, Conflict
from labelling.models import Release
from labelling.workflow.export.folder import writing

LIST = "release.json"
"""Names every other file of a release with its sha256."""


def put(target: Path, source: Path | bytes) -> dict[str, Any]:
    """Write a file whole, from bytes or another file; its {sha256, bytes}."""
    with beside(target) as draft:
        if isinstance(source, Path):
            shutil.copyfile(source, draft)
        else:
            draft.write_bytes(source)
        told = {"sha256": sha256_of(draft), "bytes": draft.stat().st_size}
        settle(draft, target)
    return told


def copy_release(release: Release, out: Path, *, blobs: Blobs, dry_run: bool = False) -> int:
    """Write a release's files into the new or empty folder `out`, each compared with its hash; how
    many. What is there and right from an earlier try stays. A dry run only compares.

    Raises Conflict for a folder with other things in it, NotFound for a release that storage has
    lost, BadInput for one of which a file is missing or was changed.
    """
    source = blobs.folder(release.folder)
    if not (source / LIST).is_file():
        raise damaged(release, LIST)
    content = (source / LIST).read_bytes()
    if hashlib.sha256(content).hexdigest() != release.sha256:
        raise damaged(release, LIST)
    files = json.loads(content)["files"]
    check_out(out, known={*files, LIST})
    for name, told in files.items():
        if not (source / name).is_file() or (
            dry_run and sha256_of(source / name) != told["sha256"]
        ):
            raise damaged(release, name)
    if not dry_run:
        _write_out(release, files, content, source=source, out=out)
    return len(files) + 1


def _write_out(
    release: Release, files: dict[str, Any], content: bytes, *, source: Path, out: Path
) -> None:
    with writing(out):
        for left in out.rglob(f".*{UNFINISHED}"):
            left.unlink()
        for name, told in files.items():
            if put(out / name, source / name)["sha256"] != told["sha256"]:
                (out / name).unlink()
                raise damaged(release, name)
        put(out / LIST, content)


def check_out(out: Path, *, known: Collection[str] = ()) -> None:
    """Raises Conflict for a folder with files that aren't `known`, nor left by a try that died."""
    if out.exists() and not out.is_dir():
        raise Conflict(f"{out} is no folder.", field="out", help="Choose a new or an empty folder.")
    left = set(out.rglob(f".*{UNFINISHED}"))
    there = (path for path in out.rglob("*") if path.is_file() and path not in left)
    if others := sorted({path.relative_to(out).as_posix() for path in there} - set(known)):
        raise Conflict(
            f"{out} holds other things: {others[0]}.",
            field="out",
            help="Choose a new or an empty folder.",
        )


def damaged(release: Release, name: str) -> BadInput:
    return BadInput(
        f"{release.folder}/{name} isn't what was released.",
        field="version",
        help="Bring it back from a backup; `verify` names all that is damaged.",
    )
