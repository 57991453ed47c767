"""`gold add|retire|list|scores|rules`: tiles that people are measured by, and rules of quality."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import transaction

from labelling import clock
from labelling.errors import BadInput, NotFound
from labelling.insights.gold import gold_rows
from labelling.insights.paging import Order, page
from labelling.insights.work import Work, work_of
from labelling.management.base import WorkbenchCommand, campaign_named, settings_words
from labelling.models import Annotation, Campaign, Gold, Membership
from labelling.workflow.gold import add_gold, retire_gold
from labelling.workflow.quality_rules import change_rules, quality_rules

LARGEST_PAGE = 500


class Command(WorkbenchCommand):
    help = "Choose gold tiles, retire them, list them, and see how people's labels meet them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(
            dest="verb", required=True, metavar="add|retire|list|scores|rules"
        )
        add = verbs.add_parser("add", help="measure people by a label")
        add.add_argument("annotation", help="UUID of an accepted or trusted label")
        add.add_argument("--guide", default="", help="what a newcomer learns from it")
        add.add_argument("--test-too", action="store_true", help="a test place is meant")
        retire = verbs.add_parser("retire", help="serve a gold tile no more")
        retire.add_argument("annotation", help="UUID of its label")
        listing = verbs.add_parser("list", help="a page of gold tiles, the newest first")
        scores = verbs.add_parser("scores", help="a page of people, by when they joined")
        rules = verbs.add_parser("rules", help="settings of gold, agreement and pre-labels")
        rules.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="null: the default"
        )
        for each in (add, retire, rules):
            each.add_argument("--dry-run", action="store_true", help="check, change nothing")
        for each in (listing, scores):
            each.add_argument("--limit", type=int, default=50, help=f"1 to {LARGEST_PAGE}")
            each.add_argument("--cursor", help="from the last page")
        for each in (add, retire, listing, scores, rules):
            each.add_argument("--campaign", required=True, metavar="SLUG")
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        campaign = campaign_named(options["campaign"])
        getattr(self, {"list": "listing"}.get(verb, verb))(campaign, options)

    def add(self, campaign: Campaign, options: dict[str, Any]) -> None:
        annotation = label_named(campaign, options["annotation"])
        with transaction.atomic():
            gold = add_gold(
                campaign=campaign,
                annotation=annotation,
                who=None,
                now=clock.now(),
                guide=options["guide"],
                test_too=options["test_too"],
            )
            transaction.set_rollback(options["dry_run"])
        said = "Would be gold" if options["dry_run"] else "Gold"
        self.say(
            f"{said}: {gold.acquisition.key}, measured by {annotation.uuid}.",
            as_json=options["json"],
            annotation=str(annotation.uuid),
            tile=gold.acquisition.key,
            dry_run=options["dry_run"],
        )

    def retire(self, campaign: Campaign, options: dict[str, Any]) -> None:
        gold = gold_named(campaign, options["annotation"])
        with transaction.atomic():
            closed = retire_gold(gold=gold, who=None, now=clock.now())
            transaction.set_rollback(options["dry_run"])
        said = "Would be retired" if options["dry_run"] else "Retired"
        self.say(
            f"{said}: {gold.acquisition.key}. Waiting tasks closed: {closed}.",
            as_json=options["json"],
            annotation=options["annotation"],
            closed=closed,
            dry_run=options["dry_run"],
        )

    def listing(self, campaign: Campaign, options: dict[str, Any]) -> None:
        newest = Order("gold", None, descending=True)
        rows, cursor = page(gold_rows(campaign), newest, **asked_page(options))
        facts = [gold_facts(gold) for gold in rows]
        lines = [
            f"{fact['annotation']}  {fact['tile']}  {fact['split']}  labels {fact['labels']}  "
            f"waiting {fact['waiting']}{'' if fact['active'] else '  retired'}"
            for fact in facts
        ]
        self.tell(lines or ["No tile is gold."], cursor, options, results=facts)

    def scores(self, campaign: Campaign, options: dict[str, Any]) -> None:
        members = Membership.objects.filter(campaign=campaign).select_related("user")
        found, cursor = page(members, Order("people", None), **asked_page(options))
        people = work_of(campaign, found)
        facts = [score_facts(each) for each in people]
        self.tell([score_line(fact) for fact in facts], cursor, options, results=facts)

    def rules(self, campaign: Campaign, options: dict[str, Any]) -> None:
        wanted = settings_words(options["set"])
        with transaction.atomic():
            rules = quality_rules(campaign)
            if wanted:
                rules = change_rules(campaign, quality=wanted, who=None, now=clock.now())
            transaction.set_rollback(options["dry_run"])
        facts = asdict(rules)
        lines = [f"{name:<16} {value}" for name, value in facts.items()]
        self.say("\n".join(lines), as_json=options["json"], **facts)

    def tell(
        self, lines: list[str], cursor: str | None, options: dict[str, Any], **facts: Any
    ) -> None:
        more = [f"More: --cursor {cursor}"] if cursor else []
        self.say("\n".join(lines + more), as_json=options["json"], cursor=cursor, **facts)


def asked_page(options: dict[str, Any]) -> dict[str, Any]:
    """{limit, cursor}. Raises BadInput for a limit out of range."""
    if not 1 <= options["limit"] <= LARGEST_PAGE:
        raise BadInput(
            f"A page has 1 to {LARGEST_PAGE} rows, not {options['limit']}.", field="limit"
        )
    return {"limit": options["limit"], "cursor": options["cursor"]}


def label_named(campaign: Campaign, name: str) -> Annotation:
    """Raises NotFound."""
    found = Annotation.objects.filter(uuid=_uuid(name), schema__campaign=campaign)
    label = found.select_related("task", "acquisition__place").first()
    if label is None:
        raise NotFound(f"There is no label {name} in {campaign.slug}.", field="annotation")
    return label


def gold_named(campaign: Campaign, name: str) -> Gold:
    """Raises NotFound."""
    found = Gold.objects.filter(campaign=campaign, annotation__uuid=_uuid(name))
    gold = found.select_related("campaign", "acquisition__place").first()
    if gold is None:
        raise NotFound(
            f"{name} is no gold label of {campaign.slug}.",
            field="annotation",
            help="`gold list` names them.",
        )
    return gold


def gold_facts(gold: Gold) -> dict[str, Any]:
    return {
        "annotation": str(gold.annotation.uuid),
        "tile": gold.acquisition.key,
        "split": gold.acquisition.place.split,
        "author": gold.annotation.author.username if gold.annotation.author else "",
        "guide": gold.guide,
        "active": gold.active,
        "labels": gold.labels,
        "waiting": gold.waiting,
    }


def score_facts(work: Work) -> dict[str, Any]:
    return {
        "username": work.username,
        "level": work.level,
        "tiles": work.gold.tiles,
        "mean": work.gold.mean,
        "named": work.gold.named,
        "classes": work.gold.classes,
        "qualified": work.qualified,
        "drift": work.drift,
    }


def score_line(fact: dict[str, Any]) -> str:
    mean = "?" if fact["mean"] is None else f"{fact['mean']:.3f}"
    by_class = ", ".join(
        f"{code}: {value:.3f}" for code, value in fact["classes"].items() if value is not None
    )
    parts = [
        f"{fact['username']:<16} level {fact['level']}  tiles {fact['tiles']}  mean F1 {mean}",
        f"by class {by_class}" if by_class else "",
        "qualified" if fact["qualified"] else "",
        f"worse since {fact['drift'][:10]}" if fact["drift"] else "",
    ]
    return "  ".join(part for part in parts if part)


def _uuid(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise NotFound(f"{name!r} is no UUID.", field="annotation") from None
