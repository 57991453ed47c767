"""`models list|show|promote|rollback|rules|rerun`: the registry, and who ranks the pool."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import NotFound
from labelling.insights.comparison import model_named
from labelling.insights.models import models_of, row_of
from labelling.management.base import PARTLY, WorkbenchCommand, campaign_named, settings_words
from labelling.management.model_words import line, lines
from labelling.models import Campaign, Model
from labelling.workflow import promotion
from labelling.workflow.promotion_rules import change_rules, promotion_rules
from labelling.workflow.rerun import plan, read_card, rerun

VERBS = "list|show|promote|rollback|rules|rerun"


class Command(WorkbenchCommand):
    help = (
        "List a campaign's models and what was decided about them, make one champion or go back to "
        "the one before, set the rules, or train one again from its card. Exit status: 0 done, "
        "1 refused, 2 usage, 3 trained again, but other weights came out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar=VERBS)
        listing = verbs.add_parser("list", help="every model, the newest first")
        show = verbs.add_parser("show", help="what was decided about a model, class by class")
        promote = verbs.add_parser("promote", help="make a model champion by hand")
        rollback = verbs.add_parser("rollback", help="make the champion before this one it again")
        rules = verbs.add_parser("rules", help="show the rules of promotion, or change them")
        again = verbs.add_parser("rerun", help="train a model again, and compare the weights")
        for each in (show, promote):
            each.add_argument("model", metavar="HASH", help="first letters, champion or newest")
        promote.add_argument("--why", default="", help="needed, and kept")
        rollback.add_argument("--why", default="", help="kept")
        rules.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE",
            help='such as margin=0.03 or margins={"shadow":0.05}; null sets it back',
        )  # fmt: skip
        again.add_argument("model", metavar="CARD|HASH", help="a card.json, or a model's hash")
        again.add_argument("--init", type=Path, metavar="WEIGHTS", help="what it began from")
        for each in (promote, rollback, rules, again):
            each.add_argument("--dry-run", action="store_true", help="check, change nothing")
        for each in (listing, show, promote, rollback, rules):
            each.add_argument("--campaign", required=True, metavar="SLUG")
        again.add_argument("--campaign", metavar="SLUG", help="needed for a hash")
        for each in (listing, show, promote, rollback, rules, again):
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        if verb == "rerun":
            self.rerun(options)
            return
        getattr(self, verb)(campaign_named(options["campaign"]), options)

    def list(self, campaign: Campaign, options: dict[str, Any]) -> None:
        cursor = None
        while True:
            page = models_of(campaign, cursor=cursor, limit=100)
            for row in page.results:
                self.say(line(row), as_json=options["json"], **plain(asdict(row)))
            cursor = page.cursor
            if cursor is None:
                break
        if not options["json"]:
            self.stdout.write(
                f"The frozen test was opened {page.test_openings} times "
                "(`compare --openings` lists them)."
            )

    def show(self, campaign: Campaign, options: dict[str, Any]) -> None:
        row = row_of(named(campaign, options["model"]))
        self.say("\n".join(lines(row)), as_json=options["json"], **plain(asdict(row)))

    def promote(self, campaign: Campaign, options: dict[str, Any]) -> None:
        model = promotion.promote(
            named(campaign, options["model"]),
            why=options["why"],
            who=None,
            blobs=store(),
            now=clock.now(),
            dry_run=options["dry_run"],
        )
        would = "Would make" if options["dry_run"] else "Made"
        self.say(
            f"{would} {model} champion of {campaign.slug}.",
            as_json=options["json"], model=model.hash, dry_run=options["dry_run"],
        )  # fmt: skip

    def rollback(self, campaign: Campaign, options: dict[str, Any]) -> None:
        before, so_far = promotion.rollback(
            campaign,
            why=options["why"],
            who=None,
            blobs=store(),
            now=clock.now(),
            dry_run=options["dry_run"],
        )
        would = "Would go" if options["dry_run"] else "Went"
        self.say(
            f"{would} back from {so_far} to {before}.",
            as_json=options["json"], champion=before.hash, retired=so_far.hash,
            dry_run=options["dry_run"],
        )  # fmt: skip

    def rules(self, campaign: Campaign, options: dict[str, Any]) -> None:
        changes = settings_words(options["set"])
        with transaction.atomic():
            if changes:
                change_rules(campaign, promotion=changes, who=None, now=clock.now())
            rules = promotion_rules(campaign).as_json()
            if options["dry_run"]:
                transaction.set_rollback(True)
        self.say(
            "\n".join(f"{name}: {value}" for name, value in rules.items()),
            as_json=options["json"], rules=rules,
        )  # fmt: skip

    def rerun(self, options: dict[str, Any]) -> None:
        wanted = plan(card_named(options), init=options["init"])
        if options["dry_run"]:
            self.say(
                f"Would train {wanted.hash[:12]} again on snapshot {wanted.snapshot} with "
                f"{wanted.threads} threads.",
                as_json=options["json"], model=wanted.hash, snapshot=wanted.snapshot.hash,
            )  # fmt: skip
            return
        told = rerun(wanted, blobs=store())
        self.say("\n".join(came_out(told)), as_json=options["json"], **told)
        if not told["same"]:
            sys.exit(PARTLY)


def named(campaign: Campaign, name: str) -> Model:
    """Raises NotFound, BadInput."""
    found = model_named(campaign, name)
    if found is None:
        raise NotFound(f"{name!r} is no model.", field="model", help="`models list` names them.")
    return found


def card_named(options: dict[str, Any]) -> dict[str, Any]:
    """The card in a file, or that of a campaign's model. Raises NotFound, BadInput."""
    name = options["model"]
    if options["campaign"]:
        card: dict[str, Any] = named(campaign_named(options["campaign"]), name).card
        return card
    path = Path(name)
    if not path.is_file():
        raise NotFound(
            f"There is no file {name}.", field="model", help="A hash takes --campaign, too."
        )
    return read_card(path)


def came_out(told: dict[str, Any]) -> list[str]:
    was, now = (told["weights"][each][:12] for each in ("was", "is"))
    first = f"The same weights: {now}." if told["same"] else f"Other weights: {now}, were {was}."
    rest = [
        f"  {name} was {each['was']}, is {each['is']}" for name, each in told["differs"].items()
    ]
    if not told["same"] and not rest:
        rest = ["  Code, machine and versions are the same: this should not be."]
    return [first, *rest]


def plain(facts: dict[str, Any]) -> dict[str, Any]:
    """With times as text."""
    encode = DjangoJSONEncoder().default
    return {
        name: encode(value) if hasattr(value, "isoformat") else value
        for name, value in facts.items()
    }
