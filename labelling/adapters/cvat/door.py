"""Opening the door: settings, the one connection of a process, and which servers are known."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings

from labelling import clock as the_clock
from labelling.adapters.cvat.breaker import Breaker
from labelling.adapters.cvat.client import Cvat
from labelling.errors import BadInput, Conflict, CvatProtocol
from labelling.models import CvatLink

if TYPE_CHECKING:
    from labelling.adapters.cvat.transport import Transport

OLDEST = (2, 54)
"""Before it there are no personal access tokens of the kind used here."""
TESTED = (2, 54)
"""What the recordings come from; a newer one is used, and said to be untested."""
logger = logging.getLogger(__name__)


def open_door(link: CvatLink, *, clock: Callable[[], datetime] = the_clock.now) -> Cvat:
    """The campaign's server. The first call of a process asks for its version.

    Raises BadInput (CVAT_URL or CVAT_TOKEN isn't set, or makes no sense), Conflict (the link is to
    another server), CvatProtocol (too old) and what a call raises.
    """
    url = server_url()
    if link.url != url:
        raise Conflict(
            f"{link.campaign.slug} is linked to {link.url}, but CVAT_URL is {url}.",
            field="CVAT_URL",
            help="Set CVAT_URL back, or connect the campaign anew.",
        )
    cvat = Cvat(_transport(url), guard=Breaker(link, clock=clock).guarded)
    _shake_hands(cvat, link)
    return cvat


def first_look() -> Cvat:
    """The server of the settings, before a campaign is linked to it: without a breaker.

    Raises BadInput (CVAT_URL or CVAT_TOKEN isn't set, or makes no sense).
    """
    return Cvat(_transport(server_url()), guard=nullcontext)


def server_url() -> str:
    """CVAT_URL without a slash at its end. Raises BadInput."""
    url = settings.CVAT_URL.strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        raise BadInput(
            f"CVAT_URL is {url!r}, which is no server's address." if url else "CVAT_URL isn't set.",
            field="CVAT_URL",
            help="Set it to such as https://cvat.example.org, without a path.",
        )
    if parts.username or parts.query or parts.fragment:
        raise BadInput(
            "CVAT_URL holds more than an address.",
            field="CVAT_URL",
            help="Give the token in CVAT_TOKEN, and nothing but the address in CVAT_URL.",
        )
    return url


def said_of(version: str) -> str:
    """What is to be said of a server's version: empty where it is the tested one.

    Raises CvatProtocol for one that is too old, or no version.
    """
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST:
        raise CvatProtocol(
            f"The server is CVAT {version!r}; it takes {_dotted(OLDEST)} or newer.",
            field="CVAT_URL",
            help="Update CVAT, or name another server.",
        )
    if (int(numbers[1]), int(numbers[2])) == TESTED:
        return ""
    return f"CVAT {version} hasn't been tested with this workbench; {_dotted(TESTED)} has."


def _shake_hands(cvat: Cvat, link: CvatLink) -> None:
    version = _versions.get(cvat.transport)
    if version is None:
        version = cvat.version()
        if said := said_of(version):
            logger.warning("%s", said)
        _versions[cvat.transport] = version
    if link.server_version != version:
        CvatLink.objects.filter(pk=link.pk).update(server_version=version)
        link.server_version = version


_versions: dict[object, str] = {}
"""{connection: the server's version}, asked once a process."""


def _transport(url: str) -> Transport:
    if not settings.CVAT_TOKEN:
        raise BadInput(
            "CVAT_TOKEN isn't set.",
            field="CVAT_TOKEN",
            help="Make a personal access token in CVAT's settings; it may also come from a file "
            "that CVAT_TOKEN_FILE names.",
        )
    return _connected(url, settings.CVAT_TOKEN, settings.CVAT_CA_FILE, os.getpid())


@lru_cache(maxsize=4)
def _connected(url: str, token: str, trusted: str, process: int) -> Transport:
    # 600 modules, which a process that never speaks to a server can do without; a child process
    # must not share its parent's connections, so each has its own.
    from labelling.adapters.cvat.transport import Transport

    return Transport(url, token, trusted=trusted)


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
