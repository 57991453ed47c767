"""`cvat …`: a campaign whose tiles are drawn in CVAT; each verb is in management/cvat_verbs/."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from labelling.management.base import WorkbenchCommand
from labelling.management.cvat_verbs.linking import (
    add_linking,
    check_now,
    connect_now,
    push_now,
    users_now,
)
from labelling.management.cvat_verbs.papers import add_papers, export_papers, import_papers
from labelling.management.cvat_verbs.sync import add_sync, pull_now, reconcile_now, tell_status

DOES: dict[str, Callable[[WorkbenchCommand, dict[str, Any]], None]] = {
    "check": check_now,
    "connect": connect_now,
    "push": push_now,
    "users": users_now,
    "pull": pull_now,
    "reconcile": reconcile_now,
    "status": tell_status,
    "import": import_papers,
    "export": export_papers,
}


class Command(WorkbenchCommand):
    help = "Check and connect a CVAT server; push, pull and compare; its XML without a server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="|".join(DOES))
        for add in (add_linking, add_sync, add_papers):
            add(verbs)

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        DOES[verb](self, options)
