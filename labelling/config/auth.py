"""Sign-in: as Django does it, except that demo accounts are let in from this machine alone."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

DEMO_MAIL = "@demo.invalid"


class Backend(ModelBackend):
    """Refuses accounts whose e-mail ends in @demo.invalid unless the browser is on loopback."""

    def authenticate(
        self, request: HttpRequest | None, **credentials: Any
    ) -> AbstractBaseUser | None:
        user = super().authenticate(request, **credentials)
        email = getattr(user, "email", "")
        if email.endswith(DEMO_MAIL) and not from_loopback(request):
            raise PermissionDenied
        return user


def from_loopback(request: HttpRequest | None) -> bool:
    """Whether the request comes straight from this machine; what a proxy passed on does not."""
    if (
        request is None
        or "HTTP_X_FORWARDED_FOR" in request.META
        or "HTTP_FORWARDED" in request.META
    ):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
