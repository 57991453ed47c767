"""The recordings of a real server, played to the fake one.

The fake gets the rows that the recording starts from, under the same numbers. Each request is sent
as it was recorded; status and body must come back the same, but for times, secrets and addresses.
"""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from PIL import Image

from tests.contract.fake import Server

VOLATILE = {
    "created_date", "updated_date", "assignee_updated_date", "chunks_updated_date", "last_login",
    "date_joined", "started_date", "finished_date", "expiry_date", "url", "logo_url", "description",
    "last_used_date", "next", "previous", "message", "progress", "dimension", "data",
}  # fmt: skip
"""Not compared but for being there: times, addresses, and how far background work is."""
TRIMMED = "...["


def pairs(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text())["pairs"]


def played(server: Server, request: dict[str, Any], token: str) -> tuple[int, Any]:
    """Status and body (parsed, where it is JSON) of a recorded request."""
    body, kind = _body(request)
    headers = {"Accept": "application/vnd.cvat+json", "Authorization": f"Bearer {token}"}
    kept = ("upload-start", "upload-finish", "upload-multiple", "upload-length", "upload-metadata")
    headers |= {n: v for n, v in request["headers"].items() if n in kept or n == "upload-offset"}
    if kind:
        headers["Content-Type"] = kind
    asked = urllib.request.Request(
        server.url + request["path"], data=body, headers=headers, method=request["method"]
    )
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, _read(answer.read())
    except HTTPError as refused:
        return refused.code, _read(refused.read())


def differences(recorded: Any, told: Any, where: str = "") -> Iterator[str]:
    """Where what the fake told isn't what the server told."""
    if where.rsplit(".", 1)[-1] in VOLATILE or _trimmed(recorded):
        return
    if isinstance(recorded, dict) and isinstance(told, dict):
        if set(recorded) != set(told):
            yield f"{where}: fields {sorted(set(recorded) ^ set(told))}"
        for name in set(recorded) & set(told):
            yield from differences(recorded[name], told[name], f"{where}.{name}")
    elif isinstance(recorded, list) and isinstance(told, list):
        yield from _differences_of_rows(_whole(recorded), told, where)
    elif recorded != told and "parse error" not in str(recorded):
        yield f"{where}: {recorded!r} recorded, {told!r} told"


def _differences_of_rows(recorded: list[Any], told: list[Any], where: str) -> Iterator[str]:
    if len(recorded) != len(told):
        yield f"{where}: {len(recorded)} rows recorded, {len(told)} told"
    for place, (one, other) in enumerate(zip(recorded, told)):
        yield from differences(one, other, f"{where}[{place}]")


def recorded_body(response: dict[str, Any]) -> Any:
    body = response.get("body") or {}
    return body.get("json", body.get("text"))


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (512, 512)).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(names: list[str]) -> bytes:
    """Tiles of these names, each with one context image."""
    buffer, picture = io.BytesIO(), png()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name in names:
            packed.writestr(name, picture)
            packed.writestr(f"related_images/{name.replace('.', '_')}/false_colour.png", picture)
    return buffer.getvalue()


def _body(request: dict[str, Any]) -> tuple[bytes | None, str]:
    body = request.get("body") or {}
    if "json" in body:
        return json.dumps(_whole(body["json"])).encode(), "application/json"
    if "multipart" in body:
        return _multipart(body["multipart"]), "multipart/form-data; boundary=xxB"
    return (None if request["method"] in ("GET", "DELETE") else b""), ""


def _multipart(parts: list[dict[str, Any]]) -> bytes:
    """The parts, with images in place of the files that the recording left out."""
    lines = []
    for part in parts:
        name = (part["filename"] or "").rsplit("/", 1)[-1]
        head = f'Content-Disposition: form-data; name="{part["name"]}"'
        head += f'; filename="{name}"' if name else ""
        lines.append(f"--xxB\r\n{head}\r\n\r\n".encode() + _content(name, part) + b"\r\n")
    return b"".join(lines) + b"--xxB--\r\n"


def _content(name: str, part: dict[str, Any]) -> bytes:
    if name.endswith(".zip"):
        return zipped(ZIPS[name])
    if name.endswith(".png"):
        return b"no image at all!" if name == "broken.png" else png()
    return str(part.get("value", "")).encode()


ZIPS = {
    "with_context.zip": ["tile_0000.png", "tile_0001.png", "tile_0002.png"],
    "b.zip": ["tile_0049.png"],
}


def _read(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()


def _whole(value: Any) -> Any:
    """A recorded value without the notes on what was left out of a long list."""
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value if not (_trimmed(each) and "numbers in" in each)]
    return value


def _trimmed(value: Any) -> bool:
    return isinstance(value, str) and ("..." in value or value.startswith("<"))
