"""`queue show|rules|reference|pick`: look at a campaign's queue, and say what goes into it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from labelling import clock
from labelling.errors import BadInput
from labelling.insights.queue_health import LaneHealth, lane_counts, lane_health
from labelling.management.base import WorkbenchCommand, campaign_named, settings_words
from labelling.models import Campaign
from labelling.workflow.picks import pick
from labelling.workflow.queue_rules import change_rules, queue_rules
from labelling.workflow.reference import draw_reference

VERBS = "show|rules|reference|pick"


class Command(WorkbenchCommand):
    help = "Look at a campaign's queue, set its rules, draw a reference sample, pick tiles."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar=VERBS)
        show = verbs.add_parser("show", help="depth, age and share of each lane")
        rules = verbs.add_parser("rules", help="show the rules, or change them")
        rules.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE",
            help="such as lease_minutes=45; null sets it back",
        )  # fmt: skip
        rules.add_argument(
            "--lane", action="append", default=[], metavar="LANE=SHARE",
            help="such as control=0.2; 0 pauses the lane, null sets it back",
        )  # fmt: skip
        reference = verbs.add_parser(
            "reference", help="draw a probability sample of the validation and test places"
        )
        reference.add_argument("--places", type=int, required=True, help="in the whole sample")
        reference.add_argument("--seed", type=int, required=True)
        picks = verbs.add_parser("pick", help="have these tiles labelled")
        picks.add_argument("tiles", nargs="+", metavar="TILE", help="UUIDs, as `tiles list` shows")
        picks.add_argument("--why", default="", help="told to leads and reviewers")
        for each in (rules, reference, picks):
            each.add_argument("--dry-run", action="store_true", help="check, change nothing")
        for each in (show, rules, reference, picks):
            each.add_argument("--campaign", required=True, metavar="SLUG")
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        getattr(self, verb)(campaign_named(options["campaign"]), options)

    def show(self, campaign: Campaign, options: dict[str, Any]) -> None:
        counts = lane_counts(campaign, now=clock.now())
        lanes = lane_health(counts, shares=queue_rules(campaign).shares)
        self.tell("\n".join(line(each) for each in lanes), {"lanes": lanes_told(lanes)}, options)

    def rules(self, campaign: Campaign, options: dict[str, Any]) -> None:
        wanted = {"queue": settings_words(options["set"]), "lanes": settings_words(options["lane"])}
        with transaction.atomic():
            if any(wanted.values()):
                change_rules(campaign, who=None, now=clock.now(), **wanted)
            transaction.set_rollback(options["dry_run"])
        facts = asdict(queue_rules(campaign))
        text = "\n".join(f"{name:<14} {value}" for name, value in facts.items() if name != "shares")
        shares = "\n".join(f"lane {lane:<10} {share}" for lane, share in facts["shares"].items())
        self.tell(f"{text}\n{shares}", facts, options)

    def reference(self, campaign: Campaign, options: dict[str, Any]) -> None:
        dry = options["dry_run"]
        sample = draw_reference(
            campaign=campaign,
            places=options["places"],
            seed=options["seed"],
            who=None,
            now=clock.now(),
            dry_run=dry,
        )
        frame = ", ".join(f"{count} {split}" for split, count in sample.places.items())
        text = (
            f"{'Would draw' if dry else 'Drew'} {len(sample.drawn)} of {frame} places, "
            f"{sample.new} of them new; each is labelled twice."
        )
        self.tell(text, sample.facts(), options)

    def pick(self, campaign: Campaign, options: dict[str, Any]) -> None:
        with transaction.atomic():
            tasks = pick(
                campaign=campaign,
                tiles=[tile_id(name) for name in options["tiles"]],
                why=options["why"],
                who=None,
                now=clock.now(),
            )
            transaction.set_rollback(options["dry_run"])
        verb = "Would pick" if options["dry_run"] else "Picked"
        facts = {"picked": [str(task.tile.uuid) for task in tasks]}
        self.tell(f"{verb} {len(tasks)} tiles.", facts, options)

    def tell(self, text: str, facts: dict[str, Any], options: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(facts, cls=DjangoJSONEncoder) if options["json"] else text)


def lanes_told(lanes: list[LaneHealth]) -> list[dict[str, Any]]:
    return [asdict(each) for each in lanes]


def line(each: LaneHealth) -> str:
    oldest = f"oldest {each.oldest:%Y-%m-%d %H:%M}" if each.oldest else ""
    kept = f"{each.kept} kept for some" if each.kept else ""
    served = "nothing served" if each.served_share is None else f"served {each.served_share:.0%}"
    told = (f"{each.waiting} waiting", kept, f"{each.in_hand} in hand", oldest)
    shares = f"share {each.share:.0%}, {served} in seven days"
    return f"{each.lane:<10} {', '.join(part for part in told if part)}; {shares}"


def tile_id(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise BadInput(
            f"{name!r} is no UUID of a tile.", field="tiles", help="`tiles list --json` shows them."
        ) from None
