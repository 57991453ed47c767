"""How much one caller may ask for. Far above what an editor asks; for programs that run wild."""

from __future__ import annotations

import ipaddress
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

WINDOW = 60
"""Seconds."""


def client_address(request: HttpRequest) -> str:
    """The browser's address: past the PROXIES that stand before us, which each add the one they
    were asked from to X-Forwarded-For. What comes before these anybody can have written."""
    before = settings.PROXIES
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    told = forwarded[-before].strip() if 0 < before <= len(forwarded) else ""
    return _address(told) or request.META.get("REMOTE_ADDR", "")


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


class Throttle(BaseThrottle):
    """Counts by the minute: by person where one is signed in, else by address. Each web process
    counts for itself, so that nothing has to be asked of anybody."""

    def allow_request(self, request: Request, view: Any) -> bool:
        known = request.user.is_authenticated
        limit = settings.REQUESTS_A_MINUTE["person" if known else "stranger"]
        who = f"person {request.user.pk}" if known else f"address {client_address(request)}"
        key = f"asked:{int(_seconds() // WINDOW)}:{who}".replace(" ", "-")
        cache.add(key, 0, timeout=2 * WINDOW)
        return _counted(key) <= limit

    def wait(self) -> float:
        return WINDOW - _seconds() % WINDOW


def _counted(key: str) -> int:
    try:
        return cache.incr(key)
    except ValueError:
        return 1  # culled meanwhile: there are more callers than the cache keeps


def _seconds() -> float:
    # The real time: it measures callers, which don't run faster with CLOCK_SPEED.
    return time.time()
