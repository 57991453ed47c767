"""`tokens create|list|revoke`: let programs in, campaign by campaign, and shut them out again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from labelling import clock
from labelling.errors import BadInput, NotFound
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.management.people import person_named
from labelling.models import Campaign, Membership, Token
from labelling.workflow.tokens import LONGEST_DAYS, Wanted, make_token, revoke_token


class Command(WorkbenchCommand):
    help = "Make, list or revoke tokens, with which programs use the API of one campaign."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|revoke")
        create = verbs.add_parser("create", help="make one; its secret is shown once")
        create.add_argument("slug", help="the campaign")
        create.add_argument("username", help="the account for which it acts")
        create.add_argument("name", help="what it is for")
        create.add_argument(
            "--role", choices=Membership.Role.values, default="", help="default: the account's own"
        )
        create.add_argument("--read-only", action="store_true", help="it may look and not touch")
        create.add_argument("--days", type=int, default=90, help=f"1 to {LONGEST_DAYS}; default 90")
        lists = verbs.add_parser("list", help="of a campaign, the newest first")
        lists.add_argument("slug")
        revoke = verbs.add_parser("revoke", help="from the next request on it opens nothing")
        revoke.add_argument("slug")
        revoke.add_argument("token", help="its first letters, or its id")
        for each in (create, revoke):
            each.add_argument("--dry-run", action="store_true", help="check, change nothing")
        for each in (create, lists, revoke):
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        campaign = campaign_named(options["slug"])
        getattr(self, verb)(campaign, options)

    def create(self, campaign: Campaign, options: dict[str, Any]) -> None:
        person = person_named(options["username"], campaign=campaign, roles=Membership.Role.values)
        wanted = Wanted(
            campaign,
            person,
            name=options["name"],
            days=options["days"],
            role=options["role"],
            read_only=options["read_only"],
        )
        if options["dry_run"]:
            self.say(
                f"Would make a token for {person.username} as {wanted.role} of {campaign.slug}.",
                as_json=options["json"],
                username=person.username,
                role=wanted.role,
                campaign=campaign.slug,
            )
            return
        token, secret = make_token(wanted, by=None, now=clock.now())
        self.say(
            f"{secret}\nThis is shown once. {in_words(token)}",
            as_json=options["json"],
            **facts(token),
            secret=secret,
        )

    def list(self, campaign: Campaign, options: dict[str, Any]) -> None:
        rows = Token.objects.filter(campaign=campaign).select_related("user", "created_by")
        for token in rows.order_by("-pk").iterator():
            self.say(in_words(token), as_json=options["json"], **facts(token))

    def revoke(self, campaign: Campaign, options: dict[str, Any]) -> None:
        token = token_named(campaign, options["token"])
        if not options["dry_run"]:
            revoke_token(token=token, by=None, now=clock.now())
        text = "Would revoke" if options["dry_run"] else "Revoked"
        self.say(f"{text} {token}.", as_json=options["json"], **facts(token))


def token_named(campaign: Campaign, name: str) -> Token:
    """By its id, or by the letters that are shown of it. Raises NotFound, BadInput where two do."""
    rows = Token.objects.filter(campaign=campaign).select_related("user", "campaign", "created_by")
    try:
        found = list(rows.filter(uuid=UUID(name)))
    except ValueError:
        found = list(rows.filter(shown=name.rstrip("…"))[:2])
    if not found:
        raise NotFound(
            f"{campaign.slug} has no token {name!r}.",
            field="token",
            help=f"`manage.py tokens list {campaign.slug}` shows them.",
        )
    if len(found) > 1:
        raise BadInput(f"Two tokens begin with {name}.", field="token", help="Give its id.")
    return found[0]


def facts(token: Token) -> dict[str, Any]:
    times = {name: getattr(token, name) for name in ("created", "expires", "revoked", "used")}
    return {
        "id": str(token.uuid),
        "shown": token.shown,
        "name": token.name,
        "username": token.user.username,
        "role": token.role,
        "read_only": token.read_only,
        "created_by": token.created_by.username if token.created_by else "",
        **{name: time.isoformat() if time else None for name, time in times.items()},
    }


def in_words(token: Token) -> str:
    """One line."""
    said = [f"{token}: {token.user.username} as {token.role}"]
    if token.read_only:
        said.append("read-only")
    said.append(f"ends {token.expires:%Y-%m-%d}")
    said.append(f"used {token.used:%Y-%m-%d}" if token.used else "never used")
    if token.revoked:
        said.append(f"revoked {token.revoked:%Y-%m-%d}")
    return ", ".join(said) + f"; id {token.uuid}"
