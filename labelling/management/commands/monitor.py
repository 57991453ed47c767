"""`monitor show|picks|rules|duel`: whether choosing tiles pays, and how rounds choose."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from labelling.adapters.blobs import store
from labelling.api.monitor import MonitorSerializer
from labelling.clock import now
from labelling.errors import Conflict
from labelling.insights.duels import next_hand
from labelling.insights.monitor import random
from labelling.management.base import WorkbenchCommand, campaign_named, settings_words
from labelling.models import Campaign
from labelling.workflow.duelling import check_ready, fight
from labelling.workflow.monitoring import Monitor, check_worth, monitor
from labelling.workflow.picking_again import chosen_again
from labelling.workflow.picking_rules import change_rules, picking_rules

VERBS = "show|picks|rules|duel"


class Command(WorkbenchCommand):
    help = "Show what control tiles tell and what more labels would buy, choose a round's tiles "
    help += "again from what is stored, set how rounds choose, or let choosing and chance compete."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar=VERBS)
        show = verbs.add_parser("show", help="the estimate, the duel, advice on stopping, the cost")
        show.add_argument("--worth", metavar="MINUTES", help="that a point is worth")
        picks = verbs.add_parser("picks", help="choose a round's tiles again and compare")
        picks.add_argument("--round", type=int, required=True, metavar="N")
        rules = verbs.add_parser("rules", help="show how rounds choose, or change it")
        rules.add_argument(
            "--set", action="append", default=[], metavar="KEY=JSON",
            help="such as ramp_from=100; null: the default",
        )  # fmt: skip
        rules.add_argument("--dry-run", action="store_true", help="check, change nothing")
        duel = verbs.add_parser("duel", help="train on chosen and on control tiles, and compare")
        duel.add_argument("--seed", type=int, default=0, help="of both fits; default 0")
        duel.add_argument("--dry-run", action="store_true", help="say what there is for it")
        for each in (show, picks, rules, duel):
            each.add_argument("campaign")
            each.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, verb: str, campaign: str, **options: Any) -> None:
        getattr(self, verb)(campaign_named(campaign), options)

    def show(self, campaign: Campaign, options: dict[str, Any]) -> None:
        found = monitor(campaign, worth=check_worth(options["worth"]), now=now())
        facts = MonitorSerializer(found).data
        text = json.dumps(facts, cls=DjangoJSONEncoder) if options["json"] else words(found)
        self.stdout.write(text)

    def picks(self, campaign: Campaign, options: dict[str, Any]) -> None:
        """Raises Conflict where the stored pool gives other picks than the stored ones."""
        told = chosen_again(campaign, options["round"], blobs=store())
        if not told.same:
            raise Conflict(
                f"Round {told.round} would choose otherwise: {told.different} of {told.picked} "
                "places differ.",
                field="round",
                help="Its files were changed, or the engine was: see docs/engine.md.",
            )
        self.say(
            f"Round {told.round}: the stored pool gives the same {told.picked} tiles in the same "
            "order.",
            as_json=options["json"],
            **asdict(told),
        )

    def rules(self, campaign: Campaign, options: dict[str, Any]) -> None:
        rules = picking_rules(campaign)
        if options["set"]:
            with transaction.atomic():
                wanted = settings_words(options["set"])
                rules = change_rules(campaign, picking=wanted, who=None, now=now())
                transaction.set_rollback(options["dry_run"])
        facts = rules.as_json()
        lines = [f"{name:<18} {value}" for name, value in facts.items()]
        self.say("\n".join(lines), as_json=options["json"], **facts)

    def duel(self, campaign: Campaign, options: dict[str, Any]) -> None:
        """Raises Conflict where there are too few labels."""
        hand = next_hand(campaign)
        check_ready(hand)
        if options["dry_run"]:
            self.say(
                f"Would train on {hand.arm} tiles twice and judge on {hand.products} products.",
                as_json=options["json"],
                arm=hand.arm,
                products=hand.products,
            )
            return
        kept = fight(
            campaign, seed=options["seed"], blobs=store(), clock=now, tick=lambda progress: None
        )
        found = random(campaign, now=now())
        self.say(
            f"Duel {kept.n}: {len(kept.pairs)} products. {found.text}",
            as_json=options["json"],
            n=kept.n,
            pairs=kept.pairs,
            state=found.state,
        )


def words(found: Monitor) -> str:
    """The monitor for a person."""
    minutes = found.cost.minutes_per_tile
    cost = f"{minutes.median:g} minutes a tile" if minutes else "no label's minutes known"
    return "\n".join(
        [
            f"Control:  {found.control.text}",
            f"Random:   {found.random.text}",
            f"Stopping: {found.stopping.verdict}. {' '.join(found.stopping.text)}",
            f"Cost:     {cost}, {found.cost.labels} labels.",
        ]
    )
