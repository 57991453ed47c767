"""Sign-in: as Django does it, except that demo accounts are let in from this machine alone."""

from __future__ import annotations

from typing import Any

from axes.backends import AxesBackend
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from labelling.api.loopback import from_loopback
from labelling.models.prepared import prepared

DEMO_MAIL = "@demo.invalid"


class Backend(AxesBackend):
    """Refuses a name that failed too often from its address (django-axes), and accounts whose
    e-mail ends in @demo.invalid unless the browser is on loopback."""

    def authenticate(
        self, request: HttpRequest | None, **credentials: Any
    ) -> AbstractBaseUser | None:
        super().authenticate(request, **credentials)
        user = ModelBackend.authenticate(self, request, **credentials)
        email = getattr(user, "email", "")
        if email.endswith(DEMO_MAIL) and not from_loopback(request):
            raise PermissionDenied
        return user

    def get_user(self, user_id: Any) -> AbstractBaseUser | None:
        user: User | None = _person.one(pk=int(user_id))
        return user if user and self.user_can_authenticate(user) else None


@prepared
def _person(pk: int):
    return User.objects.filter(pk=pk)
