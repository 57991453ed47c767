"""`schedule show|set|chores`: when rounds and other recurring work start by themselves."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.db import transaction

from labelling import clock
from labelling.errors import BadInput
from labelling.management.base import WorkbenchCommand, campaign_named, settings_words
from labelling.models import Campaign, Chore, Schedule
from labelling.workflow.chores import DUTIES, chores, due_at, set_chore
from labelling.workflow.schedule import change_schedule, told, weigh
from labelling.workflow.schedule_verdict import Verdict, by_itself


class Command(WorkbenchCommand):
    help = "Show or set when a campaign trains by itself, and the rhythms of recurring work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="show|set|chores")
        show = verbs.add_parser("show", help="the rules, and whether it would train now")
        change = verbs.add_parser("set", help="set rules; the rest stays as it is")
        for each in (show, change):
            each.add_argument("campaign", metavar="SLUG")
        change.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE", dest="words", required=True,
            help='such as on=true labels=50 cron="30 2 * * 1-5" drift=true quiet_days=7 '
            "gap_hours=6 least_labels=20; labels=null switches that rule off",
        )  # fmt: skip
        rhythms = verbs.add_parser("chores", help="recurring work of the whole installation")
        rhythms.add_argument("name", nargs="?", help=f"to change: {', '.join(DUTIES)}")
        rhythms.add_argument("--rhythm", help="seconds, or five fields of cron in UTC")
        switch = rhythms.add_mutually_exclusive_group()
        switch.add_argument("--on", action="store_true", default=None)
        switch.add_argument("--off", action="store_false", dest="on", default=None)
        for each in (change, rhythms):
            each.add_argument("--dry-run", action="store_true", help="check, change nothing")
        for each in (show, change, rhythms):
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        getattr(self, verb)(options)

    def show(self, options: dict[str, Any]) -> None:
        campaign = campaign_named(options["campaign"])
        self.tell(campaign, *weigh(campaign, now=clock.now()), as_json=options["json"])

    def set(self, options: dict[str, Any]) -> None:
        campaign = campaign_named(options["campaign"])
        changes = settings_words(options["words"])
        with transaction.atomic():
            change_schedule(campaign, changes=changes, who=None, now=clock.now())
            found = weigh(campaign, now=clock.now())
            if options["dry_run"]:
                transaction.set_rollback(True)
        self.tell(campaign, *found, as_json=options["json"])

    def chores(self, options: dict[str, Any]) -> None:
        name, given = options["name"], (options["rhythm"], options["on"])
        if name is None and given != (None, None):
            raise BadInput("Say which chore.", field="name", help=f"One of {', '.join(DUTIES)}.")
        with transaction.atomic():
            if name is not None:
                set_chore(name, rhythm=given[0], on=given[1], now=clock.now())
            rows = [each for each in chores(now=clock.now()) if name in (None, each.name)]
            if options["dry_run"]:
                transaction.set_rollback(True)
        for each in rows:
            self.tell_chore(each, as_json=options["json"])

    def tell(
        self, campaign: Campaign, schedule: Schedule, verdict: Verdict, *, as_json: bool
    ) -> None:
        rules = told(schedule)
        words = ", ".join(f"{name} {value}" for name, value in rules.items())
        now = by_itself(verdict)
        due = f"{verdict.next_due:%Y-%m-%d %H:%M}Z" if verdict.next_due else "no clock decides"
        self.say(
            f"{campaign.slug}: {words}\n{now}\nnext due: {due}",
            as_json=as_json,
            campaign=campaign.slug,
            rules=rules,
            now=verdict.as_json(),
        )

    def tell_chore(self, chore: Chore, *, as_json: bool) -> None:
        rhythm = chore.cron or f"every {chore.every:g} s"
        due = due_at(chore)
        self.say(
            f"{chore.name:<10} {rhythm:<16} {'on ' if chore.on else 'off'} sent "
            f"{chore.sent:%Y-%m-%d %H:%M:%S}Z  {DUTIES[chore.name].what}",
            as_json=as_json,
            name=chore.name,
            every=chore.every,
            cron=chore.cron,
            on=chore.on,
            sent=chore.sent.isoformat(),
            next_due=due.isoformat(),
        )
