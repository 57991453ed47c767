"""Who one of our people is on the CVAT server: found by user name or e-mail, or said by a lead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.seen import UserSeen
from labelling.errors import Conflict, NotFound
from labelling.insights.cvat_people import Person, person_of
from labelling.models import CvatLink, CvatUser, Event, Membership, record


def match_people(
    link: CvatLink, cvat: Cvat, *, who: User | None, now: datetime, dry_run: bool = False
) -> list[Person]:
    """Map the members that aren't mapped yet; those it found.

    By the same user name, else by the same e-mail address, upper and lower case alike; nobody who
    fits two people or is somebody else already. What a lead said stays.
    """
    return match_seen(link, cvat.users(), who=who, now=now, dry_run=dry_run)


def match_seen(
    link: CvatLink,
    seen: Sequence[UserSeen],
    *,
    who: User | None,
    now: datetime,
    dry_run: bool = False,
) -> list[Person]:
    """The same, of people that were asked for before."""
    taken = set(CvatUser.objects.filter(link=link).values_list("remote", flat=True))
    free = [each for each in seen if each.id not in taken]
    members = Membership.objects.filter(campaign=link.campaign_id).select_related("user")
    missing = members.exclude(user__in=CvatUser.objects.filter(link=link).values("user"))
    found = _matched(list(missing.order_by("user__username")), free)
    if not dry_run:
        for member, there in found:
            _map(link, member.user, there, serves=True, who=who, now=now)
    return [
        person_of(member, CvatUser(remote=there.id, username=there.username))
        for member, there in found
    ]


def map_person(
    link: CvatLink, found: UserSeen, *, user: User, serves: bool, who: User | None, now: datetime
) -> CvatUser:
    """Say who a member is there (`somebody` finds him). Raises Conflict when that is somebody else
    already."""
    return _map(link, user, found, serves=serves, who=who, now=now)


def somebody(cvat: Cvat, there: str) -> UserSeen:
    """Who is called exactly so there. Raises NotFound."""
    found = [each for each in cvat.users(there) if each.username == there]
    if not found:
        raise NotFound(
            f"Nobody on the CVAT server is called {there!r}.",
            field="there",
            help="Look at the spelling; the person must have an account there.",
        )
    return found[0]


def forget_person(link: CvatLink, *, user: User, who: User | None, now: datetime) -> None:
    """Give the person no more tiles there. Raises NotFound."""
    gone, _ = CvatUser.objects.filter(link=link, user=user).delete()
    if not gone:
        raise NotFound(f"{user.username} is nobody on the CVAT server.", field="username")
    _record(link, user, "", who=who, now=now)


def _matched(
    members: Sequence[Membership], free: Sequence[UserSeen]
) -> list[tuple[Membership, UserSeen]]:
    by_name = _unique(free, lambda each: each.username)
    by_mail = _unique(free, lambda each: each.email)
    mails = Counter(member.user.email.casefold() for member in members)
    found, used = [], set()
    for member in members:
        mail = member.user.email.casefold()
        there = by_name.get(member.user.username.casefold())
        if there is None and mail and mails[mail] == 1:
            there = by_mail.get(mail)
        if there is not None and there.id not in used:
            used.add(there.id)
            found.append((member, there))
    return found


def _unique(seen: Iterable[UserSeen], told: Callable[[UserSeen], str]) -> dict[str, UserSeen]:
    """{what is told, in lower case: who}, where only one person tells it."""
    rows = [(told(each).casefold(), each) for each in seen if told(each)]
    counts = Counter(word for word, _ in rows)
    return {word: each for word, each in rows if counts[word] == 1}


@transaction.atomic
def _map(
    link: CvatLink, user: User, there: UserSeen, *, serves: bool, who: User | None, now: datetime
) -> CvatUser:
    values = {"remote": there.id, "username": there.username, "serves": serves}
    try:
        with transaction.atomic():
            row, _ = CvatUser.objects.update_or_create(link=link, user=user, defaults=values)
    except IntegrityError:
        raise Conflict(
            f"{there.username} is somebody else of this campaign already.",
            field="there",
            help="Unmap the other person first.",
        ) from None
    _record(link, user, there.username, who=who, now=now)
    return row


def _record(link: CvatLink, user: User, there: str, *, who: User | None, now: datetime) -> None:
    told = {"cvat_user": there, "person": user.username}
    record(Event.Verb.CHANGED, link.campaign, campaign=link.campaign, who=who, now=now, **told)
