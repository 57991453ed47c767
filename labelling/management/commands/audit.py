"""`audit`: who did what, and when."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict, fields
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from labelling.insights.audit import LARGEST_PAGE, WORKBENCH, Entry, Wanted, events
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.models import Event


class Command(WorkbenchCommand):
    help = "Read the events of a campaign, or of all, the newest first. Nothing can change them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--campaign", metavar="SLUG", help="default: all, and what has none")
        parser.add_argument("--who", metavar="NAME", help=f"{WORKBENCH}: the workbench itself")
        parser.add_argument("--verb", choices=Event.Verb.values)
        parser.add_argument("--kind", help="of what it was done to: task, annotation, model …")
        parser.add_argument("--object", metavar="NAME", help="with --kind: UUID, hash or slug")
        parser.add_argument("--since", metavar="DATE", help="from then on, UTC")
        parser.add_argument("--until", metavar="DATE", help="before then, UTC")
        parser.add_argument("--limit", type=int, default=50, help=f"1 to {LARGEST_PAGE}")
        parser.add_argument("--cursor", help="from the last page")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = campaign_named(options["campaign"]) if options["campaign"] else None
        wanted = Wanted(**{each.name: options[each.name] or "" for each in fields(Wanted)})
        page = events(campaign, wanted=wanted, cursor=options["cursor"], limit=options["limit"])
        if options["json"]:
            self.stdout.write(json.dumps(asdict(page), cls=DjangoJSONEncoder))
            return
        for each in page.results:
            self.say(line(each))
        if not page.results:
            self.say("No event fits.")
        if page.cursor:
            self.say(f"More: --cursor {page.cursor}")


def line(each: Entry) -> str:
    who = each.who or "workbench"
    detail = json.dumps(each.detail, sort_keys=True) if each.detail else ""
    about = f"{each.kind} {each.object}".strip()
    return f"{each.when:%Y-%m-%d %H:%M:%S}  {who:<12} {each.verb:<11} {about}  {detail}".rstrip()
