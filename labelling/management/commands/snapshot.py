"""`snapshot create|list|show|diff|export`: freeze labelled tiles by a rule, compare, export."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput
from labelling.insights.snapshots import LARGEST_PAGE, snapshot_named, snapshots
from labelling.management.base import WorkbenchCommand, campaign_named
from labelling.management.commands.campaign import read_json
from labelling.management.export_verb import add_export, export_snapshot
from labelling.management.progress import Progress
from labelling.models import Snapshot
from labelling.workflow.snapshots.choosing import chosen, schema_of
from labelling.workflow.snapshots.datasheet_page import datasheet_page
from labelling.workflow.snapshots.diff import Diff, Tiles, diff
from labelling.workflow.snapshots.freezing import check_teaches, counted, freeze
from labelling.workflow.snapshots.rule import CHOICES, Rule, read_rule

LISTS = ("states", "lanes", "verdicts", "sources", "licences", "splits")
SINGLE = ("schema", "min_trust", "since", "until")
NAMED = 10
"""Tiles of each kind that a diff names to a person."""


class Command(WorkbenchCommand):
    help = "Freeze the labelled tiles that a rule takes, list and show snapshots, compare two."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(
            dest="verb", required=True, metavar="create|list|show|diff|export"
        )
        create = verbs.add_parser("create", help="freeze the labels that a rule takes")
        create.add_argument("--campaign", required=True, metavar="SLUG")
        add_rule(create)
        create.add_argument("--dry-run", action="store_true", help="count, freeze nothing")
        listing = verbs.add_parser("list", help="a page of a campaign's snapshots")
        listing.add_argument("--campaign", required=True, metavar="SLUG")
        listing.add_argument("--limit", type=int, default=50, help=f"1 to {LARGEST_PAGE}")
        listing.add_argument("--cursor", help="from the last page")
        show = verbs.add_parser("show", help="a snapshot's rule, counts and datasheet")
        show.add_argument("snapshot", metavar="HASH", help="or its first letters, at least 8")
        compare = verbs.add_parser("diff", help="tiles, pixels per class and authors of two")
        compare.add_argument("first", metavar="A")
        compare.add_argument("second", metavar="B")
        for each in (create, listing, show, compare):
            each.add_argument("--json", action="store_true", help="print JSON for machines")

        add_export(verbs)

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        if verb == "export":
            export_snapshot(self, options)
            return
        verbs = {
            "create": self.create, "list": self.listing, "show": self.show, "diff": self.compare,
        }  # fmt: skip
        verbs[verb](options)

    def create(self, options: dict[str, Any]) -> None:
        campaign, rule = campaign_named(options["campaign"]), rule_of(options)
        if options["dry_run"]:
            schema = schema_of(campaign, rule)
            samples = chosen(campaign, schema, rule)
            check_teaches(samples, rule)
            counts = counted(samples)
            told = {**rule.as_json(), "schema": schema.version}
            self.say(f"Would freeze {in_words(counts)}.", as_json=options["json"],
                     rule=told, counts=counts)  # fmt: skip
            return
        with Progress(self.stdout, total=None, unit="tile", as_json=options["json"]) as progress:

            def tell(done: int, total: int) -> None:
                progress.expect(total)
                progress.step()

            made = freeze(campaign, blobs=store(), now=clock.now(), rule=rule, progress=tell)
        self.tell(made, options)

    def listing(self, options: dict[str, Any]) -> None:
        campaign = campaign_named(options["campaign"])
        page = snapshots(campaign, cursor=options["cursor"], limit=options["limit"])
        if options["json"]:
            rows = [facts(each) for each in page.results]
            self.say("", as_json=True, results=rows, cursor=page.cursor)
            return
        for each in page.results:
            self.say(f"{each.hash[:12]}  {each.created:%Y-%m-%d %H:%M}  {in_words(each.counts)}")
        if not page.results:
            self.say(f"Campaign {campaign.slug} has no snapshot.")
        if page.cursor:
            self.say(f"More: --cursor {page.cursor}")

    def show(self, options: dict[str, Any]) -> None:
        found = snapshot_named(options["snapshot"])
        if options["json"]:
            self.say("", as_json=True, **facts(found), datasheet=found.datasheet)
            return
        self.say(f"{in_words(found.counts)}\nRule: {json.dumps(found.rule, sort_keys=True)}\n")
        if found.datasheet:
            self.say(datasheet_page(found.hash, found.datasheet))
        else:
            self.say("It was made before snapshots had a datasheet.")

    def compare(self, options: dict[str, Any]) -> None:
        first, second = snapshot_named(options["first"]), snapshot_named(options["second"])
        found = diff(first, second, blobs=store())
        self.say("\n".join(compared(found)), as_json=options["json"], **asdict(found))

    def tell(self, made: Snapshot, options: dict[str, Any]) -> None:
        self.say(
            f"Snapshot {made.hash[:12]}: {in_words(made.counts)}.",
            as_json=options["json"],
            **facts(made),
        )


def add_rule(parser: ArgumentParser) -> None:
    """The options a rule is put together from."""
    parser.add_argument(
        "--rule", metavar="JSON|FILE", help='such as \'{"states": ["accepted"]}\'; default: all'
    )
    for name in LISTS:
        known = f"of {', '.join(CHOICES[name])}" if name in CHOICES else "as `show` names them"
        parser.add_argument(f"--{name}", metavar="A,B", help=known)
    parser.add_argument("--min-trust", type=float, help="0 to 1")
    parser.add_argument("--schema", type=int, metavar="N", help="version of the classes")
    parser.add_argument("--since", metavar="DATE", help="labels from then on, UTC")
    parser.add_argument("--until", metavar="DATE", help="labels from before then, UTC")
    parser.add_argument(
        "--unrestricted", action="store_true",
        help="leave out labels whose licence forbids commercial use or changed copies",
    )  # fmt: skip


def rule_of(options: dict[str, Any]) -> Rule:
    """The rule of `--rule`, with the other options above it. Raises BadInput naming the field."""
    given = read_given(options["rule"]) if options["rule"] else {}
    if not isinstance(given, dict):
        return read_rule(given)
    for name in LISTS:
        if options[name] is not None:
            given[name] = [word.strip() for word in options[name].split(",") if word.strip()]
    given |= {name: options[name] for name in SINGLE if options[name] is not None}
    if options["unrestricted"]:
        given["restricted"] = False
    return read_rule(given)


def read_given(text: str) -> Any:
    """JSON itself, or a file of it."""
    if not text.lstrip().startswith("{"):
        return read_json(Path(text), field="rule")
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadInput(f"The rule is no JSON: {error}.", field="rule") from None


def facts(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "hash": snapshot.hash,
        "created": snapshot.created.isoformat(),
        "folder": snapshot.folder,
        "rule": snapshot.rule,
        "counts": snapshot.counts,
    }


def in_words(counts: dict[str, Any]) -> str:
    return (
        f"{counts['samples']} tiles: {counts['pool']} pool, {counts['validation']} validation, "
        f"{counts['test']} test"
    )


def compared(found: Diff) -> list[str]:
    """A diff for a person."""
    lines = [f"{found.first[:12]} → {found.second[:12]}"]
    for word, tiles in (
        ("added", found.added), ("removed", found.removed), ("relabelled", found.relabelled),
        ("other imagery", found.reread),
    ):  # fmt: skip
        lines += [f"{tiles.count:>8}  {word}", *named(tiles)]
    lines += [f"{found.unchanged:>8}  unchanged", "Pixels:"]
    for name, each in found.pixels.items():
        lines.append(
            f"  {name:<18} {each['first']:>12} → {each['second']:>12} ({each['change']:+})"
        )
    lines.append("Authors (tiles):")
    lines += [
        f"  {name:<18} {each['first']:>12} → {each['second']:>12}"
        for name, each in found.authors.items()
    ]
    for name, (before, after) in found.rule.items():
        lines.append(f"Rule, {name}: {json.dumps(before)} → {json.dumps(after)}")
    return lines


def named(tiles: Tiles) -> list[str]:
    lines = [f"          {key}" for key in tiles.keys[:NAMED]]
    return lines + ([f"          … {tiles.count - NAMED} more"] if tiles.count > NAMED else [])
