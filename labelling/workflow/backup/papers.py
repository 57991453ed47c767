"""What a backup says of itself: a manifest, and the files of JSON lines that it names.

At a destination `backups/<name>/` holds one backup's rows, lists of blobs and, last of all, its
manifest; `blobs/` holds the blobs of all backups, each under the sha256 of its bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from labelling.adapters.beside import sha256_of
from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, NotFound

FORMAT = "cloudmask-backup/1"
BACKUPS, POOL = "backups/", "blobs/"
MANIFEST = "manifest.json"
NAME = re.compile(r"\d{6,}-\d{8}T\d{6}Z-[0-9a-f]{6}")
"""Of a backup: its number, when it began, and letters of its own."""


@dataclass(frozen=True)
class Piece:
    """A file of a backup: JSON lines, packed by gzip."""

    key: str
    sha256: str
    size: int
    """Bytes, packed."""
    count: int
    """Lines."""


@dataclass(frozen=True)
class Table:
    """The rows of one model."""

    model: str
    """Such as `labelling.tile`."""
    fields: tuple[str, ...]
    """Of each line, in order, as the model names its attributes."""
    last: int
    """The highest number ever given to a row; 0: none, or the database doesn't number them."""
    rows: Piece


@dataclass(frozen=True)
class Entry:
    """A blob in a backup."""

    key: str
    size: int
    """Bytes."""
    sha256: str
    modified: str
    """When it was last changed in storage, ISO 8601."""


@dataclass(frozen=True)
class Manifest:
    """The last thing to appear of a backup, so that half of one is never taken for a whole."""

    name: str
    began: str
    """The moment that the rows show, ISO 8601, UTC."""
    database: str
    """Kind of the database that the rows came from."""
    migrations: dict[str, list[str]]
    """The schema: {app: names of the migrations that were applied}."""
    tables: tuple[Table, ...]
    lists: tuple[Piece, ...]
    """Files of entries, in the order of keys."""
    blobs: int
    size: int
    """Bytes of all blobs."""
    lost: tuple[str, ...]
    """Keys that rows referred to and storage didn't hold."""

    @property
    def rows(self) -> int:
        return sum(table.rows.count for table in self.tables)

    def dump(self) -> bytes:
        told = {"format": FORMAT, **asdict(self)}
        return json.dumps({**told, "sha256": _hash(told)}, indent=1, ensure_ascii=False).encode()

    @classmethod
    def load(cls, content: bytes, key: str) -> Self:
        """The inverse of `dump`. Raises BadInput naming `key`."""
        try:
            told = json.loads(content)
            stated, form = told.pop("sha256"), told["format"]
        except (ValueError, KeyError, AttributeError, TypeError):
            raise _damaged(key, "it can't be read") from None
        if form != FORMAT:
            raise BadInput(
                f"{key} is of the format {form!r}; this version reads {FORMAT!r}.",
                field="backup",
                help="Restore with the version that wrote it.",
            )
        if stated != _hash(told):
            raise _damaged(key, "its content has another hash than the one it states")
        del told["format"]
        told["tables"] = tuple(
            Table(each["model"], tuple(each["fields"]), int(each["last"]), Piece(**each["rows"]))
            for each in told["tables"]
        )
        told["lists"] = tuple(Piece(**each) for each in told["lists"])
        told["lost"] = tuple(told["lost"])
        return cls(**told)


def pool_key(sha256: str) -> str:
    """Where the blob with that hash lies at a destination."""
    return f"{POOL}{sha256[:2]}/{sha256}"


def manifest_key(name: str) -> str:
    return f"{BACKUPS}{name}/{MANIFEST}"


def read_manifest(place: Blobs, name: str) -> Manifest:
    """Raises NotFound, and BadInput where it is damaged or of another format."""
    return Manifest.load(place.read(manifest_key(name)), manifest_key(name))


def names(place: Blobs) -> tuple[list[str], list[str]]:
    """Backups that are whole, and unfinished ones; each the first made first."""
    whole, begun = set(), set()
    for stored in place.listing(BACKUPS):
        name, _, file = stored.key.removeprefix(BACKUPS).partition("/")
        if not NAME.fullmatch(name):
            continue  # not ours
        begun.add(name)
        if file == MANIFEST:
            whole.add(name)
    return sorted(whole, key=_number), sorted(begun - whole, key=_number)


def write_piece(place: Blobs, key: str, lines: Iterable[Any]) -> Piece:
    """Store `lines` as JSON, without ever holding more than one. Raises as `lines` does."""
    counted = {"count": 0, "size": 0}

    def write(path: Path) -> None:
        with path.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
            for line in lines:
                packed.write(_line(line))
                counted["count"] += 1
        counted["size"] = path.stat().st_size

    return Piece(key, place.write_with(key, write), **counted)


def read_piece(place: Blobs, piece: Piece) -> Iterator[Any]:
    """Its lines, once all of its bytes were compared with their hash. Raises BadInput."""
    try:
        path = place.local(piece.key)
    except NotFound:
        raise _damaged(piece.key, "it is missing") from None
    size = path.stat().st_size
    if size != piece.size:
        raise _damaged(piece.key, f"it has {size} bytes, not {piece.size}")
    if sha256_of(path) != piece.sha256:
        raise _damaged(piece.key, "its content has another hash than the one in the manifest")
    yield from lines_of(path, piece.key)


def lines_of(path: Path, key: str) -> Iterator[Any]:
    """What a file of a backup says. Raises BadInput naming `key` where it can't be read."""
    try:
        with gzip.open(path, "rb") as packed:
            for line in packed:
                yield json.loads(line)
    except (EOFError, gzip.BadGzipFile, zlib.error, ValueError) as error:
        raise _damaged(key, str(error)) from None


def check_pieces(place: Blobs, manifest: Manifest) -> None:
    """Compare every file of rows and every list with its hash and its number of lines.

    Raises BadInput naming the first that is damaged or missing.
    """
    for piece in (*(table.rows for table in manifest.tables), *manifest.lists):
        lines = sum(1 for _ in read_piece(place, piece))
        if lines != piece.count:
            raise _damaged(piece.key, f"it has {lines} lines, not {piece.count}")


def entries(place: Blobs, manifest: Manifest) -> Iterator[Entry]:
    """The blobs of a backup, by key. Raises BadInput where a list is damaged."""
    for piece in manifest.lists:
        for line in read_piece(place, piece):
            yield Entry(*line)


def _number(name: str) -> tuple[int, str]:
    return int(name.partition("-")[0]), name


def _line(line: Any) -> bytes:
    packed = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    return packed.encode() + b"\n"


def _hash(told: dict[str, Any]) -> str:
    plain = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def _damaged(key: str, why: str) -> BadInput:
    return BadInput(
        f"{key} of the backup is damaged: {why}.",
        field="backup",
        help="Take another backup: `manage.py restore SRC --list` shows them.",
    )
