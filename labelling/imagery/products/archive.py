"""The files of one product, in a folder or inside a zip that is read in place."""

from __future__ import annotations

import errno
import stat
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from labelling.errors import RasterRejected

DAMAGED = "damaged, cut short or no zip ({})"
MARKS = ("MTD_MSIL1C.xml", "MTD_MSIL2A.xml")
"""Files of which a product's folder holds exactly one."""
LARGEST_XML = 16 * 2**20
"""Bytes. MTD_TL.xml, the largest, has 0.6 MB; a parser needs many times the file's size."""
MOST_MEMBERS = 10_000
"""Files in a zip; a product has some 150, and every entry costs memory when listed."""
LARGEST_TOTAL = 8 * 2**30
"""Bytes unpacked; the fullest product has below 2 GB."""
HIGHEST_RATIO = 100
"""Unpacked to packed bytes. JPEG 2000 hardly packs (below 2), and metadata about 30 times."""
LARGEST_DIRECTORY = 512 * MOST_MEMBERS
"""Bytes of a zip's own list of its files, which is all read before any of it can be judged."""
SMALL = 2**20
"""Bytes up to which a member's ratio doesn't matter: an empty mask packs to nearly nothing."""
LONGEST_END = 2**16 + 200
"""Bytes from the end of a zip in which its closing records lie, comment included."""
ZIP64 = 2**32 - 1
"""A length that stands in the Zip64 record instead, 40 bytes into the 76 before the last one."""
METHODS = {ZIP_STORED, ZIP_DEFLATED}
"""What both GDAL and we can unpack."""


@dataclass(frozen=True)
class Files(ABC):
    """A product's files by their path from its folder, `/` between the parts."""

    path: Path
    """The folder or the zip."""
    folder: str
    """Name of the product's folder; empty when a zip has none around its files."""
    sizes: Mapping[str, int]
    """Bytes of each file, unpacked."""

    @abstractmethod
    def opened(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """The file's bytes."""

    @abstractmethod
    def for_gdal(self, name: str) -> str:
        """What GDAL opens."""

    def read(self, name: str, *, limit: int = LARGEST_XML) -> bytes:
        """A whole file. Raises RasterRejected for one that is missing or above `limit` bytes."""
        if name not in self.sizes:
            raise refused(self, f"it holds no {name}", field=name)
        if self.sizes[name] > limit:
            reason = f"{name} has {self.sizes[name]} bytes, more than {limit}"
            raise refused(self, reason, field=name)
        return self.head(name, count=limit)

    def head(self, name: str, *, count: int) -> bytes:
        """The first `count` bytes of a file. Raises RasterRejected when they can't be read."""
        try:
            with self.opened(name) as file:
                return file.read(count)
        except (OSError, BadZipFile, EOFError, ValueError, zlib.error) as error:
            raise refused(self, f"{name} can't be read ({error})", field=name) from error


class Folder(Files):
    """A product as a folder."""

    def opened(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")

    def for_gdal(self, name: str) -> str:
        return str(self.path.absolute() / name)


@dataclass(frozen=True)
class Zipped(Files):
    """A product inside a zip whose members were checked."""

    prefix: str
    """The product's folder in the zip, with a slash behind; or empty."""

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        with ZipFile(self.path) as archive, archive.open(self.prefix + name) as file:
            yield file

    def for_gdal(self, name: str) -> str:
        # Braces end the archive's path for GDAL, whatever the archive is called.
        return f"/vsizip/{{{self.path.absolute()}}}/{self.prefix}{name}"


def files_of(path: Path) -> Files:
    """The files of the product at `path`, a folder or a zip; nothing is unpacked.

    Raises RasterRejected when it holds no product or several, and for a zip that is damaged,
    encrypted, larger than any product, or that names files outside itself.
    """
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise _rejected(path, "no such file or folder")
    return _zipped(path)


def refused(files: Files, reason: str, *, field: str = "file", help: str = "") -> RasterRejected:
    """A refusal that names the product."""
    return RasterRejected(
        f"{files.path.name}: {reason}.",
        field=field,
        help=help or "Get the product again from its source.",
    )


def _folder(path: Path) -> Folder:
    _check_one(path, [mark for mark in MARKS if (path / mark).is_file()])
    sizes = {
        file.relative_to(path).as_posix(): file.stat().st_size
        for file in path.rglob("*")
        if file.is_file()
    }
    return Folder(path, path.resolve().name, sizes)


def _zipped(path: Path) -> Zipped:
    try:
        _check_directory(path)
        with ZipFile(path) as archive:
            members = archive.infolist()
    except OSError as error:
        if error.errno != errno.EINVAL:  # the reader seeks before the start of a file cut short
            raise _rejected(
                path,
                f"it can't be read ({error.strerror or error})",
                help="See that the workbench may read the file, and that its disk is sound.",
            ) from error
        raise _rejected(path, DAMAGED.format(error)) from error
    except (BadZipFile, ValueError, NotImplementedError) as error:
        raise _rejected(path, DAMAGED.format(error)) from error
    _check_members(path, members)
    marks = [each.filename for each in members if PurePosixPath(each.filename).name in MARKS]
    _check_one(path, marks)
    prefix = marks[0].removesuffix(PurePosixPath(marks[0]).name)
    inside = [each for each in members if each.filename.startswith(prefix) and not each.is_dir()]
    _check_sizes(path, inside)
    sizes = {each.filename.removeprefix(prefix): each.file_size for each in inside}
    return Zipped(path, PurePosixPath(prefix).name, sizes, prefix)


def _check_directory(path: Path) -> None:
    """Refuse a zip whose list of files is too long to be read: its length stands at the end.

    Of the usual and the Zip64 record (PKWARE, APPNOTE.TXT, 4.3.14 to 4.3.16). Where there are both
    they have to agree: what we check and what GDAL opens would be two lists otherwise. A zip
    without a record is left to the reader, which refuses it.
    """
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, LONGEST_END), SEEK_END)
        end = file.read()
    alone = end[-22:-18] == b"PK\x05\x06" and end[-2:] == bytes(2)  # no comment behind it
    at = len(end) - 22 if alone else end.rfind(b"PK\x05\x06")
    size = int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0
    if at >= 20 and end[at - 20 : at - 16] == b"PK\x06\x07":
        usual, size = size, int.from_bytes(end[max(at - 36, 0) : max(at - 28, 0)], "little")
        if usual not in (ZIP64, size):
            raise _rejected(
                path, f"its list of files has {usual} bytes, and {size} elsewhere in it"
            )
    if size > LARGEST_DIRECTORY:
        raise _rejected(path, f"its list of files has {size} bytes, more than {LARGEST_DIRECTORY}")


def _check_one(path: Path, marks: Sequence[str]) -> None:
    if not marks:
        raise _rejected(path, f"it holds neither {' nor '.join(MARKS)}")
    if len(marks) > 1:
        raise _rejected(path, f"it holds several products ({', '.join(sorted(marks)[:4])})")


def _check_members(path: Path, members: Sequence[ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise _rejected(path, f"it holds {len(members)} files, more than {MOST_MEMBERS}")
    for member in members:
        if reason := _suspicious(member):
            raise _rejected(path, f"its member {member.filename!r} {reason}")
    for name, times in Counter(member.filename for member in members).items():
        if times > 1:
            raise _rejected(path, f"its member {name!r} occurs {times} times")


def _suspicious(member: ZipInfo) -> str:
    """Why a member is not to be touched; empty when there is no reason."""
    name = member.filename
    if name.startswith("/") or name[1:2] == ":":
        return "has an absolute path"
    if ".." in name.split("/"):
        return "leads out of the archive"
    if "\\" in name or not name.isprintable():
        return "has a name that systems read differently"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & 0x1:
        return "is encrypted"
    if member.compress_type not in METHODS:
        return f"is packed by method {member.compress_type}, not deflate"
    return ""


def _check_sizes(path: Path, members: Sequence[ZipInfo]) -> None:
    total = sum(member.file_size for member in members)
    if total > LARGEST_TOTAL:
        raise _rejected(path, f"unpacked it would have {total} bytes, more than {LARGEST_TOTAL}")
    for member in members:
        if member.file_size > max(SMALL, HIGHEST_RATIO * member.compress_size):
            raise _rejected(
                path,
                f"its member {member.filename!r} grows from {member.compress_size} to "
                f"{member.file_size} bytes, more than {HIGHEST_RATIO} times",
            )


def _rejected(path: Path, reason: str, *, help: str = "") -> RasterRejected:
    return RasterRejected(
        f"{path.name}: {reason}.",
        field="file",
        help=help or "Give one product, as it came from its source.",
    )
