"""Tokens: made for a person and shown once, taken back, and known again by their hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from labelling.errors import BadInput, Conflict
from labelling.models import Campaign, Event, Membership, Token, record, role_of
from labelling.models.token import GRANTS, MARK, SHOWN, digest_of, new_secret

LONGEST_DAYS = 366
COARSE = timedelta(hours=1)
"""How exactly it is noted when a token was used last: a write an hour, not one a request."""
MOST = 200
"""Live tokens of a campaign."""


@dataclass(frozen=True)
class Wanted:
    """A token to be made. Raises BadInput (name, days, username, role)."""

    campaign: Campaign
    person: User
    """For whom it acts."""
    name: str
    days: int
    role: str = ""
    """"": the person's own."""
    read_only: bool = False

    def __post_init__(self) -> None:
        check_name_and_days(self.name, self.days)
        object.__setattr__(self, "role", checked_role(self.person, self.campaign, self.role))


def make_token(wanted: Wanted, *, by: User | None, now: datetime) -> tuple[Token, str]:
    """The token, and the secret, which is kept nowhere. Raises Conflict: there are too many."""
    campaign, secret = wanted.campaign, new_secret()
    with transaction.atomic():
        # One after the other: else two at once could both be the last.
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        if Token.objects.filter(campaign=campaign).live(now=now).count() >= MOST:
            raise Conflict(
                f"{campaign.slug} has {MOST} tokens.", help="Revoke those that nobody uses."
            )
        token = Token.objects.create(
            campaign=campaign,
            user=wanted.person,
            name=wanted.name.strip(),
            shown=secret[:SHOWN],
            digest=digest_of(secret),
            role=wanted.role,
            read_only=wanted.read_only,
            created=now,
            created_by=by,
            expires=now + timedelta(days=wanted.days),
        )
        record(
            Event.Verb.GRANTED, token, campaign=campaign, who=by, now=now,
            token=token.shown, name=token.name, person=token.user.username, role=token.role,
            read_only=token.read_only, expires=token.expires.isoformat(),
        )  # fmt: skip
    return token, secret


def checked_role(person: User, campaign: Campaign, role: str) -> str:
    """The role of a token for the person; "" is his own. Raises BadInput (username, role)."""
    own = role_of(person, campaign)
    if own is None or not person.is_active:
        raise BadInput(
            f"{person.username} has no part in {campaign.slug}.",
            field="username",
            help="Give him a role first: `manage.py campaign admit`.",
        )
    if role and role not in GRANTS[own]:
        raise BadInput(
            f"As {own}, {person.username} can't have a token as {role}.",
            field="role",
            help=f"It can be {' or '.join(sorted(GRANTS[own]))}.",
        )
    return role or own


def check_name_and_days(name: str, days: int) -> None:
    """Raises BadInput."""
    if not 0 < len(name.strip()) <= 80 or not name.isprintable():
        raise BadInput(
            "A token's name has 1 to 80 letters.", field="name", help="Say what it is for."
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise BadInput(
            f"A token lasts 1 to {LONGEST_DAYS} days, not {days}.",
            field="days",
            help="Make a new one before it ends.",
        )


def revoke_token(*, token: Token, by: User | None, now: datetime) -> Token:
    """From the next request on it opens nothing. Once more changes nothing."""
    with transaction.atomic():
        if Token.objects.filter(pk=token.pk, revoked__isnull=True).update(revoked=now):
            record(
                Event.Verb.WITHDREW, token, campaign=token.campaign, who=by, now=now,
                token=token.shown, name=token.name, person=token.user.username,
            )  # fmt: skip
    token.refresh_from_db(fields=["revoked"])
    return token


def token_for(secret: str, *, now: datetime) -> Token | None:
    """The live token with this secret, of an account that is in use; notes that it was used."""
    if not secret.startswith(MARK):
        return None
    live = Token.objects.live(now=now).filter(digest=digest_of(secret), user__is_active=True)
    token = live.select_related("user", "campaign").first()
    if token is not None:
        long_ago = Q(used__isnull=True) | Q(used__lt=now - COARSE)
        if token.used is None or token.used < now - COARSE:
            Token.objects.filter(long_ago, pk=token.pk).update(used=now)
    return token


def holders(campaign: Campaign) -> Q:
    """For whom a lead may make a token beside himself: accounts that are programs, not people."""
    return Q(memberships__campaign=campaign, memberships__role=Membership.Role.SERVICE)
