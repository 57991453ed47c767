"""Whether this process is alive, and whether it can do its work. Open to everybody: probes ask."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from labelling.adapters.readiness import readiness


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the process answers. It asks nothing of others: a restart of this one doesn't help
    a database that is away."""
    return JsonResponse({"alive": True})


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 while all that the work needs is there, else 503; each check with what is wrong."""
    found = readiness()
    ready = not any(found.values())
    checks = {name: {"ok": not why, "why": why} for name, why in found.items()}
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)
