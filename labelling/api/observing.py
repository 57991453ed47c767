"""Every request gets an id, a line in the log, and its place in the counts of `/metrics`."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject, empty

from labelling.api.health import healthz, readyz
from labelling.api.metrics import metrics
from labelling.insights.metrics import CLAIMS, REFUSALS, REQUESTS, SUBMISSIONS

SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
"""An X-Request-Id like this is taken over; of any other one a new one is made."""
PROBES = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
"""Asked every few seconds, by whatever name the machine has: answered here, before hosts and
sessions are looked at, and without a line unless the answer is bad."""
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
WATCHED = {
    "api/v1/campaigns/<slug:slug>/queue/next": CLAIMS,
    "api/v1/tasks/<uuid:id>/submit": SUBMISSIONS,
}
"""Routes with a count of their own, of what was given out or taken in."""
CRASH = "crash"
logger = logging.getLogger("labelling.access")


class Observing:
    """Outermost, so that it sees every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        name = request_id(request)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=name, user=Whoever(request))
        try:
            response = PROBES.get(request.path, self.get_response)(request)
            response["X-Request-Id"] = name
            self.tell(request, response, seconds=time.perf_counter() - began)
        finally:
            structlog.contextvars.clear_contextvars()
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]
    ) -> None:
        """What the address names stands on every line of this request."""
        named = {"campaign": kwargs["slug"]} if "slug" in kwargs else {}
        if route_of(request).startswith("api/v1/tasks/") and "id" in kwargs:
            named["task"] = str(kwargs["id"])
        structlog.contextvars.bind_contextvars(**named)

    def tell(self, request: HttpRequest, response: HttpResponseBase, *, seconds: float) -> None:
        route, status = route_of(request), response.status_code
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method, route, status).observe(seconds)
        if route in WATCHED and method == "POST" and status < 300:
            WATCHED[route].observe(seconds)
        code = code_of(response)
        if code:
            REFUSALS.labels(code).inc()
        logger.log(
            logging.DEBUG if request.path in PROBES and status < 400 else logging.INFO,
            "%s %s %d",
            request.method,
            path_shown(request),
            status,
            extra={
                "method": request.method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 1),
                "bytes": size_of(response),
                "code": code or None,
            },
        )


def request_id(request: HttpRequest) -> str:
    """The caller's, where it is one; else a new one."""
    given = request.headers.get("X-Request-Id", "")
    return given if SANE_ID.fullmatch(given) else uuid.uuid4().hex


def route_of(request: HttpRequest) -> str:
    """`api/v1/tasks/<uuid:id>`; `static` and `none` for what no view answers."""
    match = request.resolver_match
    if request.path in PROBES:
        return request.path[1:]
    if match is not None:
        return match.route or "home"
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"


def path_shown(request: HttpRequest) -> str:
    """The path, but of one that has a key in it (an invitation's) the route."""
    route = route_of(request)
    return f"/{route}" if "<token>" in route else request.path


def code_of(response: HttpResponseBase) -> str:
    """The stable name of the refusal; empty for a good answer."""
    if response.status_code < 400:
        return ""
    told = getattr(response, "data", None)
    if isinstance(told, dict) and isinstance(told.get("code"), str):
        return told["code"]
    return CRASH if response.status_code == 500 else f"http_{response.status_code}"


def size_of(response: HttpResponseBase) -> int | None:
    """Bytes of the body; None: it is streamed, and nobody has said."""
    if not response.streaming:
        return len(response.content)
    said = response.headers.get("Content-Length", "")
    return int(said) if said.isdigit() else None


@dataclass(frozen=True)
class Whoever:
    """Who is signed in, found out when a line is written: that is no reason for a query."""

    request: HttpRequest

    def __str__(self) -> str:
        """The id; empty where nobody is, or where it isn't known by then."""
        user = self.request.__dict__.get("user")
        if isinstance(user, SimpleLazyObject) and user._wrapped is empty:
            return ""
        return str(getattr(user, "pk", None) or "")
