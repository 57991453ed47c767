"""CVAT's XML, opened safely: its images, and who drew them."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from labelling.errors import BadInput

LARGEST = 256 * 2**20
"""Bytes; a task of 1 500 tiles with a mask in each takes a tenth of that."""
BESIDE = "annotations.xml"
"""What CVAT calls its export, and where the KappaZeta team keeps it: beside the sub-tile."""
PEOPLE = (("assignee", "job"), ("assignee", "task"), ("owner", "task"), ("owner", "project"))
"""(what the person is, of what), the likeliest to have drawn first."""


def document_at(file: Path) -> Element:
    """The root of a CVAT for images 1.1 file.

    Raises BadInput, naming the file, for one that is too large, isn't well formed, declares
    entities, or holds another format such as CVAT for video.
    """
    root = _parsed(file)
    if root.tag != "annotations" or root.find("image") is None:
        kind = "CVAT for video" if root.find("track") is not None else f"<{root.tag}>"
        raise BadInput(
            f"{file.name}: holds {kind} without images, not CVAT for images 1.1.",
            field="format",
            help="Export the task as CVAT for images 1.1.",
        )
    if (version := (root.findtext("version") or "").strip()) not in ("", "1.1"):
        raise BadInput(f"{file.name}: has version {version}, not 1.1.", field="version")
    return root


def person_of(root: Element, *, task: str = "") -> tuple[str, str]:
    """(name, `assignee` or `owner`) of who may be taken for the author; empty: not said.

    `task` is the id of the image's task, which tells whose it is in a project's export. Where
    several people could be meant, none of them is.
    """
    meta = root.find("meta")
    for role, kind in PEOPLE if meta is not None else ():
        holders = meta.findall(f".//{kind}")
        if kind == "task" and len(holders) > 1:
            holders = [each for each in holders if (each.findtext("id") or "").strip() == task]
        names = {_name(each.find(role)) for each in holders}
        if len(names) == 1 and (name := names.pop()):
            return name, role
    return "", ""


def _name(person: Element | None) -> str:
    """A person is an element with a username, or one whose text is the name."""
    if person is None:
        return ""
    return (person.findtext("username") or person.text or "").strip()


def author_beside(file: Path) -> str:
    """The person named by the CVAT export in the same folder; empty when there is none."""
    export = file.with_name(BESIDE)
    return person_of(_parsed(export))[0] if export.is_file() else ""


def number(element: Element, name: str, default: str | None = None) -> float:
    """An attribute as a number. Raises BadInput naming element and attribute."""
    text = element.get(name, default)
    try:
        return float(text if text is not None else "")
    except ValueError as error:
        raise BadInput(f"a {element.tag} has {name} {text!r}, not a number", field=name) from error


def whole(element: Element, name: str, default: str | None = None) -> int:
    """An attribute as a whole number. Raises BadInput naming element and attribute."""
    value = number(element, name, default)
    if value != value // 1 or abs(value) == float("inf"):
        raise BadInput(f"a {element.tag} has {name} {value:g}, not a whole number", field=name)
    return int(value)


def _parsed(file: Path) -> Element:
    try:
        root: Any = fromstring(_octets(file), forbid_dtd=True)
    except (OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{file.name}: can't be read ({reason}).", field="file") from error
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BadInput(
            f"{file.name}: not well-formed XML, or XML with entities ({error}).",
            field="file",
            help="Export it again from CVAT.",
        ) from error
    return root


def _octets(file: Path) -> bytes:
    """Of the XML itself, or of the one in CVAT's archive; none is larger than LARGEST."""
    if not zipfile.is_zipfile(file):
        _check_length(file.name, file.stat().st_size)
        return file.read_bytes()
    with zipfile.ZipFile(file) as packed:
        if BESIDE not in packed.namelist():
            raise BadInput(
                f"{file.name}: an archive without {BESIDE}.",
                field="file",
                help="Export the task as CVAT for images 1.1.",
            )
        _check_length(file.name, packed.getinfo(BESIDE).file_size)
        return packed.read(BESIDE)


def _check_length(name: str, length: int) -> None:
    if length > LARGEST:
        raise BadInput(
            f"{name}: is larger than {LARGEST // 2**20} MiB.",
            field="file",
            help="Export the tasks one by one.",
        )
