"""What a CVAT server and the way to it can answer, as refusals that say what to do."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from labelling import clock
from labelling.errors import (
    CvatAway,
    CvatError,
    CvatForbidden,
    CvatGone,
    CvatProtocol,
    CvatRefused,
)

SECRET = re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.~+/=-]+")
TOLD = 300
"""Characters of an answer that a message repeats at most."""
BUSY = (429, 502, 503, 504)
"""Statuses after which the same may work later, whatever was asked."""
LONGEST_WAIT = 3600.0
"""Seconds; a server that wants to be asked later than that is asked then all the same."""


@dataclass(frozen=True)
class Answer:
    """What came back: a status, headers with names in lower case, and the body as it came."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """Raises CvatProtocol for what isn't JSON, such as a login page."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise CvatProtocol(
                f"CVAT answered {self.status} with something that isn't JSON: {told(self.body)!r}.",
                field="CVAT_URL",
                help="Is CVAT_URL the server itself, with no login page or proxy's page before it?",
            ) from error


def refusal(answer: Answer, asked: str) -> CvatError:
    """The refusal that an answer of 300 or more stands for; `asked` says what of, in words."""
    status = answer.status
    if status in (401, 403):
        return _forbidden(answer, asked)
    if status == 404:
        return CvatGone(
            f"{asked}: CVAT has no such thing (any more).",
            help="Look with manage.py cvat check; manage.py cvat reconcile lists what is gone.",
        )
    if 300 <= status < 400:
        return CvatProtocol(
            f"{asked}: CVAT sends us on to {told(answer.headers.get('location', ''))!r}.",
            field="CVAT_URL",
            help="Set CVAT_URL to where the server itself answers, with https:// if it wants that.",
        )
    if status in BUSY or status >= 500:
        return _away(answer, asked)
    return CvatRefused(f"{asked}: CVAT answered {status}: {told(answer.body)}")


def unreachable(asked: str, error: Exception) -> CvatAway:
    """The refusal for a connection that couldn't be made, broke or took too long."""
    reason = str(getattr(error, "reason", error) or error)
    if "certificate" in reason.lower() or "ssl" in type(error).__name__.lower():
        return _unproven(asked, reason)
    return CvatAway(
        f"{asked}: CVAT can't be reached: {told(reason)}",
        field="CVAT_URL",
        help="Is CVAT_URL right, and the server up? What waits is sent when it is back.",
    )


UNPROVEN = (
    (
        "expired",
        "the server's certificate has ended",
        "CVAT_URL",
        "Have it renewed on the server; is this machine's clock right?",
    ),
    (
        "is not valid for|mismatch|doesn't match",
        "the server's certificate is for another name",
        "CVAT_URL",
        "Set CVAT_URL to a name that the certificate has.",
    ),
    (
        "certificate",
        "the server's certificate isn't trusted",
        "CVAT_CA_FILE",
        "Set CVAT_CA_FILE to a file with the certificate, or with its authority's, as who runs the "
        "server gave it to you.",
    ),
    (
        "",
        "no https connection came about",
        "CVAT_URL",
        "Does the server speak https there? If it speaks http, write http:// in CVAT_URL.",
    ),
)
"""What is wrong with a server that can't prove who it is: (words of the reason, message, field,
what to do); the first that fits."""


def _unproven(asked: str, reason: str) -> CvatAway:
    fits = (each for each in UNPROVEN if re.search(each[0], reason, re.IGNORECASE))
    _, message, field, help = next(fits)
    return CvatAway(f"{asked}: {message}: {told(reason)}", field=field, help=help)


def told(text: bytes | str) -> str:
    """The first words of what a server said: one line, without anything like a token."""
    if isinstance(text, bytes):
        text = text[: 4 * TOLD].decode("utf-8", "replace")
    plain = SECRET.sub(r"\1 …", re.sub(r"<[^>]*>|\s+", " ", text)).strip()
    return re.sub(r" {2,}", " ", plain)[:TOLD]


def wait_asked(headers: Mapping[str, str]) -> float:
    """Seconds of a Retry-After header, as a number or a date; 0 where there is none."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return 0.0
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - clock.now()).total_seconds()
        except (TypeError, ValueError):
            return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT) if math.isfinite(seconds) else 0.0


def _forbidden(answer: Answer, asked: str) -> CvatForbidden:
    if answer.status == 401:
        return CvatForbidden(
            f"{asked}: CVAT doesn't know the token, or it has ended.",
            field="CVAT_TOKEN",
            help="Make a personal access token in CVAT's settings and set CVAT_TOKEN.",
        )
    return CvatForbidden(
        f"{asked}: the token may not do this: {told(answer.body)}",
        field="CVAT_TOKEN",
        help="The token's owner must own the project or maintain it, and the token must not be "
        "read-only.",
    )


def _away(answer: Answer, asked: str) -> CvatAway:
    away = CvatAway(
        f"{asked}: CVAT answered {answer.status}: {told(answer.body)}",
        field="CVAT_URL",
        help="What waits is sent when the server is well again.",
    )
    away.retry_after = wait_asked(answer.headers)
    # A 500 is how CVAT answers some requests it doesn't like: that alone doesn't mean it is ill.
    away.unwell = answer.status in BUSY
    return away
