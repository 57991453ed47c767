"""`campaign create|admit|scope|list`: begin a campaign, and say who may do what in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput, NotFound
from labelling.management.base import WorkbenchCommand, campaign_named, settings_words
from labelling.models import Campaign, Membership
from labelling.workflow.founding import admit, check_slug, checked_classes, found_campaign
from labelling.workflow.rounds import check_plan
from labelling.workflow.scope import PRESETS, change_scope, checked_rule, counts, preview

EVERYTHING = "everything"
RULE = (
    f"{', '.join(PRESETS)}, {EVERYTHING}, or a file of JSON: "
    '{"polygon": GeoJSON, "months": [4, …], "land_share": 0.5, "allow_unknown": true}'
)


class Command(WorkbenchCommand):
    help = "Begin a campaign with its bands and classes, give people a role in it, or list them."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|admit|scope|list")
        create = verbs.add_parser("create", help="begin a campaign")
        create.add_argument("slug", help="its name in addresses: a-z, digits, hyphens")
        create.add_argument("--name", help="its name for people; default: the slug")
        create.add_argument("--bands", help="such as B02,B03,B04; default: Sentinel-2's thirteen")
        create.add_argument("--tile-size", type=int, default=512, help="512 or 256 pixels")
        create.add_argument(
            "--classes", type=Path, metavar="FILE.json",
            help='[{"code": 0, "name": "clear", "colour": "#3b7d4f", "hotkey": "1"}, …]; '
            "default: clear, cloud, semi-transparent, shadow",
        )  # fmt: skip
        create.add_argument("--scope", metavar="RULE", help=RULE)
        create.add_argument("--strategy", default="auto")
        create.add_argument("--batch-size", type=int, default=20, help="tasks a round opens")
        create.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE", help="of the training"
        )
        admits = verbs.add_parser("admit", help="give somebody a role")
        admits.add_argument("slug")
        admits.add_argument("username")
        admits.add_argument("--role", choices=Membership.Role.values, default="annotator")
        scope = verbs.add_parser("scope", help="show which tiles it is about, or change the rule")
        scope.add_argument("slug")
        scope.add_argument("rule", nargs="?", metavar="RULE", help=RULE)
        lists = verbs.add_parser("list", help="all campaigns")
        for each in (create, admits, scope):
            each.add_argument("--dry-run", action="store_true", help="check, change nothing")
        for each in (create, admits, scope, lists):
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        getattr(self, verb)(options)

    def create(self, options: dict[str, Any]) -> None:
        check_plan(options["strategy"], options["batch_size"], None)
        classes = checked_classes(read_classes(options["classes"])) if options["classes"] else None
        rule = read_rule(options["scope"]) if options["scope"] else {}
        if options["dry_run"]:
            check_slug(options["slug"])
            self.say(f"Would begin {options['slug']}.", as_json=options["json"])
            return
        bands = [name.strip() for name in (options["bands"] or "").split(",") if name.strip()]
        campaign = found_campaign(
            slug=options["slug"],
            name=options["name"] or options["slug"],
            now=clock.now(),
            bands=bands or None,
            tile_size=options["tile_size"],
            classes=classes,
            strategy=options["strategy"],
            batch_size=options["batch_size"],
            training=settings_words(options["set"]),
            scope=rule,
        )
        self.show(campaign, options)

    def admit(self, options: dict[str, Any]) -> None:
        campaign = campaign_named(options["slug"])
        person = User.objects.filter(username=options["username"]).first()
        if person is None:
            raise NotFound(
                f"There is no account {options['username']!r}.",
                field="username",
                help="Make it in the admin, or by `manage.py createsuperuser`.",
            )
        if not options["dry_run"]:
            admit(person, campaign=campaign, role=options["role"], now=clock.now())
        self.say(
            f"{person.username} is {options['role']} of {campaign.slug}.",
            as_json=options["json"],
            username=person.username,
            role=options["role"],
            campaign=campaign.slug,
        )

    def scope(self, options: dict[str, Any]) -> None:
        campaign = campaign_named(options["slug"])
        if options["rule"] is None:
            self.say_scope(campaign.scope, counts(campaign), options)
            return
        rule = read_rule(options["rule"])
        if options["dry_run"]:
            found = preview(campaign, rule, blobs=store())
        else:
            found = change_scope(campaign, rule, who=None, now=clock.now(), blobs=store())
        self.say_scope(rule, found, options)

    def say_scope(
        self, rule: dict[str, Any], found: dict[str, int], options: dict[str, Any]
    ) -> None:
        allowed = "served" if rule.get("allow_unknown", True) else "kept back"
        text = f"{in_words(rule)} {found['in']} tiles in scope, {found['out']} out"
        text += f", {found['unknown']} unknown ({allowed})."
        if "moved" in found:
            would = "would be" if options["dry_run"] else "were"
            text += f" {found['moved']} {would} judged otherwise than before."
        self.say(text, as_json=options["json"], scope=rule, tiles=found)

    def list(self, options: dict[str, Any]) -> None:
        for campaign in Campaign.objects.select_related("schema").order_by("slug"):
            self.show(campaign, options)

    def show(self, campaign: Campaign, options: dict[str, Any]) -> None:
        classes = campaign.schema.classes if campaign.schema else []
        found = counts(campaign)
        self.say(
            f"{campaign.slug}: {campaign.name}, {len(campaign.bands)} bands, "
            f"{campaign.tile_size} px, classes {', '.join(each['name'] for each in classes)}; "
            f"{found['in']} tiles in scope, {found['out']} out, {found['unknown']} unknown",
            as_json=options["json"],
            slug=campaign.slug,
            name=campaign.name,
            bands=campaign.bands,
            tile_size=campaign.tile_size,
            classes=classes,
            strategy=campaign.strategy,
            scope=campaign.scope,
            tiles=found,
        )


def read_classes(path: Path) -> Any:
    """Raises BadInput naming a file that is missing or no JSON."""
    return read_json(path, field="classes")


def read_rule(name: str) -> dict[str, Any]:
    """A scope by the name of a preset, `everything`, or from a file of JSON. Raises BadInput."""
    if name == EVERYTHING:
        return {}
    rule = PRESETS.get(name)
    return checked_rule(read_json(Path(name), field="scope") if rule is None else rule)


def read_json(path: Path, *, field: str) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise BadInput(f"{path} can't be read: {error.strerror}.", field=field) from None
    except ValueError as error:
        raise BadInput(f"{path} is no JSON: {error}.", field=field) from None


def in_words(rule: dict[str, Any]) -> str:
    """A rule in one sentence."""
    parts = []
    if "polygon" in rule:
        parts.append("centre inside the polygon")
    if "months" in rule:
        parts.append(f"months {', '.join(map(str, rule['months']))}")
    if "land_share" in rule:
        parts.append(f"at least {rule['land_share']:.0%} land")
    return f"Scope: {'; '.join(parts)}." if parts else "Everything is in scope."
