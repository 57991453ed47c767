"""Whether somebody is at this very machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest


def from_loopback(request: HttpRequest | None) -> bool:
    """Whether the request comes straight from this machine; what a proxy passed on does not."""
    return request is not None and is_local(request.META)


def is_local(environ: Mapping[str, Any]) -> bool:
    """The same, of a WSGI environment."""
    if "HTTP_X_FORWARDED_FOR" in environ or "HTTP_FORWARDED" in environ:
        return False
    try:
        return ipaddress.ip_address(environ.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
