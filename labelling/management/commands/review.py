"""`review list|accept|reject|rules`: labels that wait for a second look, on the command line."""

from __future__ import annotations

import json
import uuid
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from labelling.clock import now
from labelling.errors import NotFound
from labelling.insights.reviewing import LARGEST_PAGE, ReviewRow, WaitingRow, reviews, waiting
from labelling.management.base import WorkbenchCommand, campaign_named, settings_words
from labelling.management.people import person_named
from labelling.models import Campaign, Membership, Review, Task
from labelling.workflow.review import accept, reject
from labelling.workflow.review_queue import claim_review
from labelling.workflow.review_rules import REASONS, change_rules, review_rules

REVIEWERS = (Membership.Role.REVIEWER.value, Membership.Role.LEAD.value)
VERBS = "list|accept|reject|rules"


class Command(WorkbenchCommand):
    help = "List labels that wait for review, accept or reject one, show or change the rules."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar=VERBS)
        listing = verbs.add_parser("list", help="what waits, or what was said")
        listing.add_argument("--done", action="store_true", help="verdicts, the newest first")
        listing.add_argument("--verdict", choices=Review.Verdict.values, help="with --done")
        listing.add_argument("--limit", type=int, default=50, help=f"1 to {LARGEST_PAGE}")
        listing.add_argument("--cursor", help="from the last page")
        accepts = verbs.add_parser("accept", help="take a label as it is")
        rejects = verbs.add_parser("reject", help="send a label back to its author")
        told = "; ".join(f"{code}: {words}" for code, words in REASONS.items())
        rejects.add_argument("--reason", required=True, metavar="CODE", help=told)
        for each in (accepts, rejects):
            each.add_argument("task", help="its UUID")
            each.add_argument("--by", required=True, metavar="USERNAME", help="who says so")
            each.add_argument("--note", default="")
        rules = verbs.add_parser("rules", help="what is checked and how much is reviewed")
        rules.add_argument(
            "--set", action="append", default=[], metavar="KEY=JSON",
            help='such as rates=[1,1,0.5] or limits={"slivers": 50}; null: the default',
        )  # fmt: skip
        rules.add_argument("--by", metavar="USERNAME", help="who changes them")
        for each in (accepts, rejects, rules):
            each.add_argument("--dry-run", action="store_true", help="check, change nothing")
        for each in (listing, accepts, rejects, rules):
            each.add_argument("--campaign", required=True, metavar="SLUG")
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        campaign = campaign_named(options["campaign"])
        does = {"list": self.listing, "accept": self.judge, "reject": self.judge}
        does.get(verb, self.rules)(campaign, options)

    def listing(self, campaign: Campaign, options: dict[str, Any]) -> None:
        asked = {"cursor": options["cursor"], "limit": min(max(options["limit"], 1), LARGEST_PAGE)}
        if options["done"]:
            done = reviews(campaign, verdict=options["verdict"] or "", **asked)
            lines, facts = [verdict_line(row) for row in done.results], asdict(done)
        else:
            page = waiting(campaign, asked_by=None, **asked)
            lines, facts = [waiting_line(row) for row in page.results], asdict(page)
        if facts["cursor"]:
            lines.append(f"More: --cursor {facts['cursor']}")
        self.tell("\n".join(lines) or "Nothing.", facts, options)

    def judge(self, campaign: Campaign, options: dict[str, Any]) -> None:
        """Claim the label, then say the verdict: one transaction."""
        reviewer = person_named(options["by"], campaign=campaign, roles=REVIEWERS)
        with transaction.atomic():
            review = self.verdict(task_named(campaign, options["task"]), reviewer, options)
            transaction.set_rollback(options["dry_run"])
        would = "Would be " if options["dry_run"] else ""
        told = {"task": options["task"], "verdict": review.verdict, "by": reviewer.username}
        text = f"{would}{review.verdict}: {options['task']} by {reviewer.username}."
        self.tell(text, told | {"dry_run": options["dry_run"]}, options)

    def verdict(self, task: Task, reviewer: User, options: dict[str, Any]) -> Review:
        claim_review(campaign=task.campaign, reviewer=reviewer, now=now(), task=task)
        said = {"task": task, "reviewer": reviewer, "note": options["note"], "now": now()}
        if "reason" in options:
            return reject(reason=options["reason"], **said)
        return accept(**said)

    def rules(self, campaign: Campaign, options: dict[str, Any]) -> None:
        rules = review_rules(campaign)
        if options["set"]:
            lead = (Membership.Role.LEAD.value,)
            by = options["by"]
            who = person_named(by, campaign=campaign, roles=lead) if by else None
            with transaction.atomic():
                changes = settings_words(options["set"])
                rules = change_rules(campaign=campaign, changes=changes, who=who, now=now())
                transaction.set_rollback(options["dry_run"])
        facts = asdict(rules)
        lines = [f"{name:<18} {value}" for name, value in (facts | facts.pop("limits")).items()]
        self.tell("\n".join(lines), asdict(rules), options)

    def tell(self, text: str, facts: dict[str, Any], options: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(facts, cls=DjangoJSONEncoder) if options["json"] else text)


def task_named(campaign: Campaign, text: str) -> Task:
    """Raises NotFound."""
    try:
        found = Task.objects.select_related("campaign__schema", "tile", "acquisition")
        return found.get(campaign=campaign, uuid=uuid.UUID(text))
    except (ValueError, Task.DoesNotExist):
        raise NotFound(
            f"{campaign.slug} has no task {text!r}.",
            field="task",
            help="`manage.py review list` names them.",
        ) from None


def waiting_line(row: WaitingRow) -> str:
    overruled = f"overruled {', '.join(row.overruled)}" if row.overruled else ""
    taken = f"with {row.reviewer}" if row.reviewer else ""
    parts = (
        str(row.task), f"{row.submitted:%Y-%m-%d %H:%M}", row.place, row.lane, row.author, taken,
        overruled, row.note,
    )  # fmt: skip
    return "  ".join(part for part in parts if part)


def verdict_line(row: ReviewRow) -> str:
    parts = (
        str(row.task or ""), f"{row.created:%Y-%m-%d %H:%M}", row.place, row.verdict, row.reason,
        f"{row.author} by {row.reviewer}", row.note,
    )  # fmt: skip
    return "  ".join(part for part in parts if part)
