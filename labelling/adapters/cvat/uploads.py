"""Sending a task's images: one ZIP, in a few resumable parts (the TUS protocol, as the server has
it), then waiting for the server to take it in."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.seen import RequestSeen, understood
from labelling.errors import CvatAway, CvatGone, CvatProtocol, CvatRefused

PARTS = 6
"""Requests that carry a large file; each is held in memory once."""
SMALLEST_PART = 8 * 2**20
"""Bytes; a file up to that size is one part."""
RESUMED = 3
"""Times that one part is gone on with after its answer was lost."""
TUS = {"Tus-Resumable": "1.0.0"}
FIRST_POLL, LONGEST_POLL = 0.25, 5.0
"""Seconds between two looks at background work: doubled each time."""
POLLS = 240
"""Looks before background work counts as stuck: some 20 minutes."""


def upload(cvat: Cvat, task: int, path: Path, *, quality: int) -> str:
    """Send a ZIP as the data of a task without any; the id of the background work to wait for.

    `quality` is that of the pictures which the server makes of it, 1 to 100. Raises what a call of
    Cvat raises. Not safe to repeat: whoever doesn't know how far it came deletes the task.
    """
    where = f"/api/tasks/{task}/data/"
    cvat.call("POST", where, headers={"Upload-Start": ""})
    _send(cvat, where, path)
    body = {"image_quality": quality, "use_cache": True, "sorting_method": "lexicographical"}
    told = cvat.call("POST", where, headers={"Upload-Finish": ""}, body=body).json()
    return understood(lambda answer: str(answer["rq_id"]), told, f"Upload to task {task}")


def work_of(task: int) -> str:
    """Id of the background work that takes in a task's data."""
    return f"action=create&target=task&target_id={task}"


def settled(
    cvat: Cvat, work: str, *, pause: Callable[[float], None], alive: Callable[[], None]
) -> RequestSeen | None:
    """How background work ended: finished or failed; None where the server has forgotten it.

    `alive` is called at each look. Raises CvatAway for work that takes for ever.
    """
    wait = FIRST_POLL
    for _ in range(POLLS):
        alive()
        try:
            seen = cvat.request(work)
        except CvatGone:
            return None
        if seen.status in ("finished", "failed"):
            return seen
        pause(wait)
        wait = min(2 * wait, LONGEST_POLL)
    raise CvatAway(f"CVAT has been at it for too long: {work}.", help="Look at CVAT's workers.")


def _send(cvat: Cvat, where: str, path: Path) -> None:
    size = path.stat().st_size
    name = base64.b64encode(path.name.encode()).decode()
    announced = TUS | {"Upload-Length": str(size), "Upload-Metadata": f"filename {name}"}
    answer = cvat.call("POST", where, headers=announced)
    file = urlsplit(answer.headers.get("location", "")).path
    if not file.startswith(where):
        raise CvatProtocol(f"{where}: the server doesn't say where to send the file.")
    step = max(SMALLEST_PART, -(-size // PARTS))
    with path.open("rb") as content:
        sent = 0
        while sent < size:
            sent = _send_part(cvat, file, content, sent=sent, step=step)


def _send_part(cvat: Cvat, file: str, content: IO[bytes], *, sent: int, step: int) -> int:
    """Send the part from byte `sent` on; how many bytes the server has then."""
    kind = {"Content-Type": "application/offset+octet-stream"}
    for attempt in range(1, RESUMED + 1):
        content.seek(sent)
        headers = TUS | kind | {"Upload-Offset": str(sent)}
        try:
            answer = cvat.call("PATCH", file, headers=headers, body=content.read(step))
            return _offset(answer.headers, sent, file)
        except (CvatAway, CvatRefused):
            # The part may have come, and only the answer was lost: the server knows.
            if attempt == RESUMED:
                raise
            known = cvat.call("HEAD", file, headers=TUS)
            there = int(known.headers.get("upload-offset", -1))
            if there > sent:
                return there
    raise AssertionError("the last attempt either returns or raises")


def _offset(headers: Mapping[str, str], sent: int, file: str) -> int:
    there = int(headers.get("upload-offset", -1))
    if there <= sent:
        raise CvatProtocol(f"{file}: the server says that it has {there} bytes, after {sent}.")
    return there
