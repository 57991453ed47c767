"""What a CVAT server calls out to us: a poke, and no more.

A webhook has neither an id nor a time, and may come late, twice or never. So nothing in it is
believed but which project it is of; what happened is found by a pull, which is harmless however
often it is asked for.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from labelling import enqueue
from labelling.errors import BadInput, NotAllowed
from labelling.models import CvatLink

LARGEST = 2**20
"""Bytes; the longest that was recorded has some thousand."""
SIGNED = "sha256="
ECHOES = ("ping", "update:task", "update:project")
"""Events that change nothing here: an edit of a job tells of its task and project as well."""


def receive(raw: bytes, *, signature: str, secret: str) -> int:
    """Take a webhook's body as it came; how many campaigns were poked.

    Raises NotAllowed for one that wasn't signed with our secret, BadInput for one that is too long
    or no webhook's.
    """
    check_length(len(raw))
    _check_signature(raw, signature, secret)
    event, project = _read(raw)
    if event in ECHOES or project is None:
        return 0
    links = CvatLink.objects.filter(project=project).values_list("pk", flat=True)
    for link in links:
        enqueue.enqueue(enqueue.Job.CVAT_PULL, link_id=link)
    return len(links)


def check_length(length: int) -> None:
    """Raises BadInput."""
    if length > LARGEST:
        raise BadInput(f"A webhook of {length} bytes is too long.", field="body")


def _check_signature(raw: bytes, signature: str, secret: str) -> None:
    if not secret:
        raise NotAllowed(
            "No webhook is taken: CVAT_WEBHOOK_SECRET isn't set.",
            field="CVAT_WEBHOOK_SECRET",
            help="Set it, and connect the campaign again; until then changes are found by polling.",
        )
    own = SIGNED + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(own.encode(), signature.encode(errors="replace")):
        raise NotAllowed(
            "The webhook's signature isn't ours.",
            field="X-Signature-256",
            help="Is CVAT_WEBHOOK_SECRET the one that the campaign was connected with?",
        )


def _read(raw: bytes) -> tuple[str, int | None]:
    """(event, id of the project it is of). Raises BadInput."""
    try:
        told: Any = json.loads(raw)
        event = str(told["event"])
        of = told.get("job") or told.get("task") or {}
        project = told["project"]["id"] if "project" in told else of.get("project_id")
        return event, None if project is None else int(project)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadInput("The body is no webhook of CVAT's.", field="body") from error
