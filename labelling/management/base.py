"""What all commands share: `--json`, and refusals as exit codes: 1 refused, 3 partly done."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, _SubParsersAction
from typing import Any

from django.core.management.base import BaseCommand, CommandParser, DjangoHelpFormatter
from django.db import OperationalError

from labelling.adapters.full import database_refusal, refusal
from labelling.errors import BadInput, NotFound, WorkbenchError
from labelling.models import Campaign

REFUSED, PARTLY = 1, 3
STATUS = "Exit status: 0 done, 1 refused, 2 wrong usage, 3 partly done or something was found."


class HelpWithExamples(DjangoHelpFormatter):
    """Examples, which are indented, stay on lines of their own."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        lines = text.splitlines()
        return "\n".join(
            line if line.startswith(" ") else fill(line, width, indent) for line in lines
        )


class WorkbenchCommand(BaseCommand):
    """A command that says things to a person, or with `--json` to a machine."""

    examples: tuple[str, ...] = ()
    """Shown by --help, without `manage.py`."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        shown = "".join(f"\n  manage.py {example}" for example in self.examples)
        parser = super().create_parser(
            prog_name,
            subcommand,
            formatter_class=HelpWithExamples,
            epilog=f"examples:{shown}\n\n{STATUS}" if shown else STATUS,
            **kwargs,
        )
        parser.add_argument("--json", action="store_true", help="print JSON for machines")
        for verb in verbs_of(parser).values():
            verb.epilog = STATUS
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except WorkbenchError as refused:
            self.refuse(refused, as_json=options.get("json", False))
        except (OSError, OperationalError) as error:
            told = refusal(error) if isinstance(error, OSError) else database_refusal(error)
            if told is None:
                raise
            self.refuse(told, as_json=options.get("json", False))
        sys.exit(REFUSED)

    def refuse(self, refused: WorkbenchError, *, as_json: bool) -> None:
        if as_json:
            told = {
                "code": type(refused).__name__,
                "message": str(refused),
                "field": refused.field,
                "help": refused.help,
            }
            self.stdout.write(json.dumps({"error": told}))
            return
        self.stderr.write(f"{refused} {refused.help}".strip())

    def say(self, text: str, *, as_json: bool = False, **facts: Any) -> None:
        """`text` for a person; with `as_json` one line of JSON with the facts instead."""
        self.stdout.write(json.dumps(facts) if as_json else text)
        self.stdout.flush()


def verbs_of(parser: ArgumentParser) -> dict[str, ArgumentParser]:
    """{verb: what reads its words}; empty for a command without verbs."""
    found = [each for each in parser._actions if isinstance(each, _SubParsersAction)]
    return {name: verb for each in found for name, verb in each.choices.items()}


def campaign_named(slug: str) -> Campaign:
    """Raises NotFound, naming the campaigns there are."""
    found = Campaign.objects.select_related("schema").filter(slug=slug).first()
    if found is None:
        known = ", ".join(Campaign.objects.values_list("slug", flat=True)) or "none yet"
        raise NotFound(
            f"There is no campaign {slug!r}.", field="campaign", help=f"There is: {known}."
        )
    return found


def settings_words(words: list[str]) -> dict[str, Any]:
    """`key=value` words as a dictionary; values are JSON where they can be. Raises BadInput."""
    settings: dict[str, Any] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign:
            raise BadInput(f"--set wants key=value, not {word!r}.", field="set")
        try:
            settings[name] = json.loads(value)
        except ValueError:
            settings[name] = value
    return settings
