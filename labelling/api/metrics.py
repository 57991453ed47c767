"""`/metrics` for Prometheus: to who has METRICS_TOKEN, and without one to this machine alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from prometheus_client.registry import Collector

from labelling import clock
from labelling.api.loopback import is_local
from labelling.insights.metrics import CONTENT_TYPE, exposition
from labelling.insights.metrics_rows import Rows


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": CONTENT_TYPE})


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """What the web processes counted, and what the rows say now."""
    told = answer(request.META, Rows(now=clock.now()))
    return HttpResponse(told.body, status=told.status, headers=told.headers)


def answer(environ: Mapping[str, Any], *rows: Collector) -> Answer:
    """To a request with this WSGI environment."""
    if settings.METRICS_TOKEN:
        given = environ.get("HTTP_AUTHORIZATION", "")
        if not given:
            message = "Metrics take the token of METRICS_TOKEN."
            return _refusal(401, "not_authenticated", message, "Send Authorization: Bearer TOKEN.")
        if not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
            return _refusal(403, "not_allowed", "That isn't the token of METRICS_TOKEN.", "")
    elif not is_local(environ):
        message = "Without METRICS_TOKEN metrics are told to this machine alone."
        return _refusal(
            403, "not_allowed", message, "Set METRICS_TOKEN, and send it as a bearer token."
        )
    return Answer(200, exposition(*rows))


def _refusal(status: int, code: str, message: str, help: str) -> Answer:
    told = {"code": code, "message": message, "field": "Authorization", "help": help}
    headers = {"Content-Type": "application/json"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Answer(status, json.dumps(told).encode(), headers)
