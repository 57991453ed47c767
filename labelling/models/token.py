from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from .campaign import Membership

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MARK = "cmwb_"
"""Every token begins so: who finds one in a log or a repository knows what it opens."""
SHOWN = len(MARK) + 6
"""Letters of a token that are kept, to tell one from another."""

Role = Membership.Role
GRANTS = {
    Role.LEAD.value: frozenset(Role.values),
    Role.REVIEWER.value: frozenset({Role.REVIEWER.value, Role.ANNOTATOR.value}),
    Role.ANNOTATOR.value: frozenset({Role.ANNOTATOR.value}),
    Role.SERVICE.value: frozenset({Role.SERVICE.value}),
}
"""{role of a person: roles that a token of his may have}"""


class TokenQuerySet(models.QuerySet["Token"]):
    def live(self, *, now: datetime) -> TokenQuerySet:
        return self.filter(revoked__isnull=True, expires__gt=now)


class Token(models.Model):
    """Lets a program act for a person, in one campaign and with one role. Only its hash is kept."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    campaign = models.ForeignKey("Campaign", models.CASCADE, related_name="tokens")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens")
    """For whom it acts."""
    name = models.CharField(max_length=80)
    """What it is for, in people's words."""
    shown = models.CharField(max_length=16)
    """Its first letters."""
    digest = models.CharField(max_length=64, unique=True)
    """SHA-256, in hex: of 256 random bits, which nobody guesses, a slow hash would gain nothing."""
    role = models.CharField(max_length=10, choices=Role.choices)
    """At most this; less where the person's own role has become less."""
    read_only = models.BooleanField(default=False)
    created = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    """null: whoever runs the workbench, by the command."""
    expires = models.DateTimeField()
    revoked = models.DateTimeField(null=True)
    used = models.DateTimeField(null=True)
    """Last, to about an hour."""

    objects = TokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="token_role_is_known",
                condition=Q(role__in=["annotator", "reviewer", "lead", "service"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.shown}… ({self.name})"

    def role_in(self, campaign_id: int, role: str | None) -> str | None:
        """What is left of the person's `role` in a campaign for who comes with this token."""
        if role is None or campaign_id != self.campaign_id or self.role not in GRANTS[role]:
            return None
        return self.role


def new_secret() -> str:
    return f"{MARK}{secrets.token_urlsafe(32)}"


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def token_of(user: User) -> Token | None:
    """What the person's request came with, if it was a token (api/bearing.py)."""
    return getattr(user, "token", None)
