"""Who belongs to a campaign: brought in, given another role or level, taken out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from labelling.errors import BadInput, Conflict, NotAllowed, NotFound
from labelling.models import Campaign, Event, Membership, Reservation, record
from labelling.workflow.claims import release
from labelling.workflow.rules import check_whole
from labelling.workflow.spells import one_at_a_time

Role = Membership.Role
LEVELS = (0, 9)
RANKS = {Role.SERVICE: 0, Role.ANNOTATOR: 1, Role.REVIEWER: 2, Role.LEAD: 3}
"""More may more."""


@dataclass(frozen=True)
class Standing:
    """What a membership says of what somebody may."""

    role: str
    level: int


@dataclass(frozen=True)
class Newcomer:
    username: str
    name: str = ""
    email: str = ""
    """Of an account that isn't there yet."""


@transaction.atomic
def add_member(
    newcomer: Newcomer, *, campaign: Campaign, standing: Standing, who: User, now: datetime
) -> tuple[Membership, bool]:
    """Bring somebody in; (the membership, whether an account was made for it).

    An account is made where nobody has the name; it has no password until the person sets one.
    Raises BadInput (username, email, role, level), Conflict for somebody who is in already, and
    NotAllowed for a superuser who brings himself in: he leads every campaign as it is.
    """
    _lock(campaign)
    _check_standing(standing)
    user, made = _account(newcomer)
    if user == who:
        raise NotAllowed("You can't bring yourself in.", help="Ask another lead.")
    if Membership.objects.filter(campaign=campaign, user=user).exists():
        raise Conflict(
            f"{user.username} belongs to {campaign.slug} already.",
            field="username",
            help="Change the role in the list instead.",
        )
    member = Membership.objects.create(
        campaign=campaign, user=user, role=standing.role, level=standing.level
    )
    record(
        Event.Verb.GRANTED, member, campaign=campaign, who=who, now=now, person=user.username,
        role=member.role, level=member.level, account="made" if made else "there",
    )  # fmt: skip
    return member, made


@transaction.atomic
def change_member(
    username: str,
    *,
    campaign: Campaign,
    was: Standing,
    standing: Standing,
    who: User,
    now: datetime,
) -> Membership:
    """Give a member another role or level.

    `was` is what the person who asks saw. Raises NotFound, BadInput (role, level), Conflict where
    it isn't so any more, NotAllowed for one's own promotion, and Conflict for the last lead.
    """
    _lock(campaign)
    _check_standing(standing)
    member = member_named(campaign, username)
    if (member.role, member.level) != (was.role, was.level):
        raise Conflict(
            f"{username} is {member.role} of level {member.level} by now: somebody changed it "
            "meanwhile.",
            field="was",
            help="Look at it again. Nothing was changed.",
        )
    if member.user == who and _raises(was, standing):
        raise NotAllowed("Nobody raises himself.", help="Ask another lead.")
    if standing.role != Role.LEAD:
        _keep_a_lead(member)
    member.role, member.level = standing.role, standing.level
    member.save(update_fields=["role", "level"])
    record(
        Event.Verb.GRANTED, member, campaign=campaign, who=who, now=now, person=username,
        role=member.role, level=member.level, was={"role": was.role, "level": was.level},
    )  # fmt: skip
    return member


@transaction.atomic
def remove_member(username: str, *, campaign: Campaign, who: User, now: datetime) -> Standing:
    """End somebody's part in the campaign; what he had in hand goes back, his labels stay.

    The account stays, too: whoever is brought in again is the same person. Raises NotFound, and
    Conflict for the last lead.
    """
    _lock(campaign)
    member = member_named(campaign, username)
    _keep_a_lead(member)
    # What he claims or hands in at this moment is either there by then, or not begun.
    one_at_a_time(member.user)
    held = Reservation.objects.filter(
        person=member.user, task__campaign=campaign, ended__isnull=True
    ).select_related("task__campaign")
    for spell in held:
        release(task=spell.task, person=member.user, now=now)
    left = Standing(member.role, member.level)
    record(
        Event.Verb.GRANTED, member, campaign=campaign, who=who, now=now, person=username,
        role="", was={"role": left.role, "level": left.level}, returned=len(held),
    )  # fmt: skip
    member.delete()
    return left


def member_named(campaign: Campaign, username: str) -> Membership:
    """With `user` loaded. Raises NotFound."""
    members = Membership.objects.filter(campaign=campaign, user__username=username)
    member = members.select_related("user").first()
    if member is None:
        raise NotFound(
            f"{username} doesn't belong to {campaign.slug}.", field="username", help="Add him."
        )
    return member


def _lock(campaign: Campaign) -> None:
    """Two leads who take each other out at once: the second one finds himself the last."""
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)


def _check_standing(standing: Standing) -> None:
    if standing.role not in Role.values:
        raise BadInput(
            f"There is no role {standing.role!r}.",
            field="role",
            help=f"There is: {', '.join(Role.values)}.",
        )
    check_whole("level", standing.level, *LEVELS)


def _account(newcomer: Newcomer) -> tuple[User, bool]:
    """The person's account, and whether it was made just now."""
    # As accounts are kept: else a name that is there could look like a new one.
    username = User.normalize_username(newcomer.username)
    known = User.objects.filter(username=username).first()
    if known:
        if not known.is_active:
            raise Conflict(
                f"The account {known.username} is closed.",
                field="username",
                help="Whoever runs the workbench can open it again in the admin.",
            )
        return known, False
    _check_newcomer(newcomer)
    try:
        with transaction.atomic():
            return User.objects.create_user(
                username, newcomer.email, first_name=newcomer.name
            ), True
    except IntegrityError:
        raise Conflict(
            f"{newcomer.username} was added just now.", field="username", help="Send it again."
        ) from None


def _check_newcomer(newcomer: Newcomer) -> None:
    longest = User._meta.get_field("username").max_length or 0
    try:
        UnicodeUsernameValidator()(newcomer.username)
    except ValidationError:
        raise BadInput(
            f"{newcomer.username!r} can't name an account.",
            field="username",
            help="Use letters, digits and @ . + - _.",
        ) from None
    if len(newcomer.username) > longest or "\0" in newcomer.name or len(newcomer.name) > longest:
        raise BadInput(f"A name has at most {longest} characters.", field="username")
    if newcomer.email:
        try:
            validate_email(newcomer.email)
        except ValidationError:
            raise BadInput(f"{newcomer.email!r} is no e-mail address.", field="email") from None


def _raises(was: Standing, standing: Standing) -> bool:
    return RANKS[Role(standing.role)] > RANKS[Role(was.role)] or standing.level > was.level


def _keep_a_lead(member: Membership) -> None:
    leads = Membership.objects.filter(
        campaign=member.campaign_id, role=Role.LEAD, user__is_active=True
    )
    if member.role == Role.LEAD and not leads.exclude(pk=member.pk).exists():
        raise Conflict(
            f"{member.user.username} is the last lead of the campaign.",
            field="username",
            help="Make somebody else lead first.",
        )
