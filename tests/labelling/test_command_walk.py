"""Every command of ours keeps the same manners: help, JSON, a dry run, exit codes, its place in the
manual. Found by asking the parsers, so that a new command is walked, too."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand

from labelling.management.base import STATUS, verbs_of
from labelling.models import Campaign, Event
from tests.factories import CampaignFactory

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "operating.md"
READS = {
    "agreement", "audit", "campaign list", "cvat check", "cvat status", "extras list", "flags list",
    "flags rates", "gold list", "gold scores", "jobs list", "jobs show", "masks list",
    "masks tables", "models list", "models show", "monitor picks", "monitor show", "queue show",
    "release list", "review list", "schedule show", "schema show", "snapshot diff",
    "snapshot list", "snapshot show", "split plan", "split show", "tiles fences", "tiles list",
    "tiles show", "tokens list", "verify",
}  # fmt: skip
"""Commands that write nothing and need no dry run."""
LOOKS_UNTIL_TOLD = {"cvat reconcile": "--fix"}
"""Commands that only look unless they are told to write."""

TELL_THEIR_FINDINGS = {"cvat check", "split plan"}
"""Commands whose answer with status 1 is a list of what is wrong, and no error."""


def commands() -> list[str]:
    return sorted(name for name, app in get_commands().items() if app == "labelling")


def leaves() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """(command and verb, what reads its words) of everything that can be run."""
    for name in commands():
        parser = load_command_class("labelling", name).create_parser("manage.py", name)
        verbs = verbs_of(parser)
        if not verbs:
            yield name, parser
        yield from ((f"{name} {verb}", each) for verb, each in verbs.items())


def takes(parser: argparse.ArgumentParser, option: str) -> bool:
    return any(option in action.option_strings for action in parser._actions)


def least(parser: argparse.ArgumentParser) -> Iterator[str]:
    """As few words as it takes, naming what isn't there; dry where that can be."""
    for action in parser._actions:
        if action.required or (not action.option_strings and action.nargs not in ("*", "?")):
            yield from action.option_strings[-1:]
            yield filler(action)
    for group in parser._mutually_exclusive_groups:
        if group.required:
            first = group._group_actions[0]
            yield first.option_strings[-1]
            yield from [filler(first)] * (first.nargs != 0)
    yield from (each for each in ("--json", "--dry-run") if takes(parser, each))


def filler(action: argparse.Action) -> str:
    if action.choices:
        return str(next(iter(action.choices)))
    if action.type in (int, float):
        return "1"
    return "2026-06-01" if action.metavar == "DATE" else "nowhere"


def walked(words: list[str]) -> tuple[int, str]:
    """Exit status and output, as of a shell; what isn't a refusal is raised."""
    out = StringIO()
    try:
        call_command(*words, stdout=out, stderr=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_every_command_answers_in_json_and_tells_its_exit_codes():
    for name, parser in leaves():
        assert takes(parser, "--json"), name
        assert STATUS in " ".join(parser.format_help().split()), name


def test_every_command_that_writes_can_be_tried_first():
    tried = {name for name, parser in leaves() if takes(parser, "--dry-run")}
    written = {
        name
        for name, parser in leaves()
        if name not in READS and not takes(parser, LOOKS_UNTIL_TOLD.get(name, "--no such"))
    }

    assert written - tried == set()
    assert tried & READS == set()


def test_wrong_usage_ends_with_2(capsys):
    for name in commands():
        command = load_command_class("labelling", name)
        with pytest.raises(SystemExit) as ended:
            BaseCommand.run_from_argv(command, ["manage.py", name, "--no-such-option"])
        assert ended.value.code == 2, name
        assert "usage:" in capsys.readouterr().err, name


@pytest.mark.django_db(transaction=True)
def test_what_is_not_there_is_refused_with_1_in_json_and_nothing_is_written():
    CampaignFactory(slug="north")
    refused, reasons = set(), {}
    for name, parser in leaves():
        status, out = walked([*name.split(), *least(parser)])

        assert status in (0, 1, 3), (name, out)
        lines = [json.loads(line) for line in out.splitlines() if line.strip().startswith("{")]
        if status == 1:
            refused.add(name)
            assert lines, name
            reasons[name] = lines[-1].get("error", {}).get("message", "")
    assert {"ingest", "round", "cvat status", "restore", "schema show", "compare"} <= refused
    assert {name for name, reason in reasons.items() if not reason} <= TELL_THEIR_FINDINGS
    assert not Event.objects.exists()
    assert Campaign.objects.count() == 1


def test_the_manual_lists_every_command():
    """Where this fails: put the table that it tells into docs/operating.md."""
    rows: dict[str, list[str]] = {}
    for name, parser in leaves():
        command, _, verb = name.partition(" ")
        mark = "\\*" if takes(parser, "--dry-run") else ""
        rows.setdefault(command, []).append(f"{verb}{mark}" if verb else mark or "—")
    table = [f"| `{name}` | {' · '.join(verbs)} |" for name, verbs in rows.items()]

    told = re.findall(
        r"^\| `[a-z_]+` \| (?:—|\\\*|[a-z]+(?:\\\*)?(?: · .*)?) \|$", MANUAL.read_text(), re.M
    )

    assert told == table, "\n".join(table)
