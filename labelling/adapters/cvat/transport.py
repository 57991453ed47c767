"""One request to a CVAT server, through the connection that `cvat_sdk` keeps.

The SDK's generated calls aren't used. They check each value's type, which makes a push of masks
take 2.6 times as long; they raise urllib3's own errors, and plain TypeErrors for an answer of
another shape; and they repeat what may be repeated and what may not by the same rule.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import urllib3
from cvat_sdk.api_client import ApiClient, Configuration

from labelling.adapters.cvat.faults import BUSY, Answer, refusal, unreachable, wait_asked
from labelling.errors import CvatAway

logger = logging.getLogger(__name__)
TRIES = 3
"""Times that a request is sent, where sending it twice does what sending it once does."""
FIRST_PAUSE = 0.25
"""Seconds before the second try, doubled for the next; each is drawn between half and whole."""
PATIENCE = 10.0
"""Seconds that a call waits on the server's word at most; longer, and the outbox waits instead."""
CONNECT, READ = 5.0, 60.0
"""Seconds until a connection stands, and until an answer's next part is there."""
UPLOAD_READ = 600.0
"""Seconds until the server has taken in a part of an upload."""
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
"""PATCH is among them: what is sent by it sets fields to values, never adds."""
ACCEPT = "application/vnd.cvat+json"
"""A plain application/json is answered with 406."""


class Transport:
    """A server, the right to speak to it, and how long to wait; holds no state of a campaign."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        trusted: str = "",
        pause: Callable[[float], None] = time.sleep,
        read: float = READ,
    ) -> None:
        """`trusted` is a file with the certificates to trust; empty: what the machine trusts."""
        configuration = Configuration(host=url, access_token=token)
        configuration.ssl_ca_cert = trusted or None
        configuration.retries = False  # repeating is decided here
        self.url = url
        self._client = ApiClient(configuration)
        self._pause = pause
        self._read = read
        self.requests = 0
        """Sent so far, tries counted one by one."""
        self.seconds = 0.0
        """Spent waiting on the server."""
        self.clock: datetime | None = None
        """The server's, at its last answer, to a second; None before the first, or untold."""

    def __repr__(self) -> str:
        return f"Transport({self.url!r})"

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, Any]] = (),
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """The answer, 200 to 299. `body` is bytes as they are, or anything that JSON can hold.

        Sent again where that is safe and the server was busy or the connection broke. Raises
        CvatAway, CvatRefused, CvatForbidden, CvatGone and CvatProtocol.
        """
        asked = f"{method} {path}"
        sent = _headed(body, headers or {})
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        last = TRIES if method in REPEATABLE else 1
        for attempt in range(1, last + 1):
            try:
                answer = self._send(method, path, query, content, sent)
            except CvatAway:
                if attempt == last:
                    raise
                self._pause(_backoff(attempt))
                continue
            if answer.status < 300:
                return answer
            wait = wait_asked(answer.headers)
            if answer.status not in BUSY or attempt == last or wait > PATIENCE:
                raise refusal(answer, asked)
            self._pause(wait or _backoff(attempt))
        raise AssertionError("the last attempt either answers or raises")

    def _send(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, Any]],
        content: bytes | None,
        headers: dict[str, str],
    ) -> Answer:
        """One try. Raises CvatAway when no answer came."""
        pool = self._client.rest_client.pool_manager
        address = f"{self.url}{path}?{urlencode(query)}" if query else f"{self.url}{path}"
        known = self._client.get_common_headers() | _token(self._client)
        read = UPLOAD_READ if "Upload-Offset" in headers else self._read
        started = time.monotonic()
        self.requests += 1
        try:
            came = pool.request(
                method,
                address,
                body=content,
                headers=known | headers,
                timeout=urllib3.Timeout(connect=CONNECT, read=read),
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            logger.info("%s %s: no answer: %s", method, path, type(error).__name__)
            raise unreachable(f"{method} {path}", error) from None
        finally:
            self.seconds += time.monotonic() - started
        lower = {name.lower(): value for name, value in came.headers.items()}
        self.clock = _moment(lower.get("date", ""))
        logger.debug("%s %s: %d", method, path, came.status)
        return Answer(came.status, lower, came.data)


def _moment(told: str) -> datetime | None:
    """A Date header's; None for one without a sense or a zone."""
    try:
        moment = parsedate_to_datetime(told)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def _headed(body: Any, headers: dict[str, str]) -> dict[str, str]:
    kind = {} if body is None or isinstance(body, bytes) else {"Content-Type": "application/json"}
    return {"Accept": ACCEPT} | kind | headers


def _token(client: ApiClient) -> dict[str, str]:
    bearer = client.configuration.auth_settings()["accessTokenAuth"]
    return {bearer["key"]: bearer["value"]}


def _backoff(attempt: int) -> float:
    """Seconds: about twice as long each time, spread so that many clients don't come at once."""
    longest = FIRST_PAUSE * 2 ** (attempt - 1)
    return random.uniform(longest / 2, longest)
