"""Who must wait before signing in again: a name at an address, or an address that tries many."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.db.models import Sum
from django.http import HttpRequest

from labelling.api.throttling import client_address
from labelling.config.security import FAILURES, LOCKED_FOR, SPRAYED


class Lockout(AxesDatabaseHandler):
    """Beside what django-axes counts, the failures of an address over all names.

    A right password forgives what was tried for that name alone: an account of one's own doesn't
    help to go on guessing at those of others.
    """

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Those of the name at the address; as many as lock it out, where the address is."""
        own: int = super().get_failures(request, credentials)
        return max(own, FAILURES) if failures_of(request) >= SPRAYED else own


def failures_of(request: HttpRequest) -> int:
    """Wrong passwords from the request's address while LOCKED_FOR, for all names."""
    # The real time, as django-axes notes it.
    tried = AccessAttempt.objects.filter(
        ip_address=client_address(request), attempt_time__gte=datetime.now(UTC) - LOCKED_FOR
    )
    return tried.aggregate(all=Sum("failures_since_start"))["all"] or 0
