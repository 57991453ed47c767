"""Who a command acts for."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User

from labelling.errors import NotAllowed, NotFound
from labelling.models import Campaign, role_of


def person_named(username: str, *, campaign: Campaign, roles: Collection[str]) -> User:
    """Raises NotFound, and NotAllowed for somebody without one of `roles` in the campaign."""
    person = User.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise NotFound(
            f"There is no account {username!r}.",
            field="by",
            help="Make it in the admin, or by `manage.py createsuperuser`.",
        )
    role = role_of(person, campaign)
    if role not in roles:
        raise NotAllowed(
            f"{username} is {role or 'nobody'} in {campaign.slug}; it takes "
            f"{' or '.join(sorted(roles))}.",
            help="`manage.py campaign admit` gives somebody a role.",
        )
    return person
