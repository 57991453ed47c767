"""`cvat pull|reconcile|status`: what comes back, whether both sides agree, how the server fares."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, _SubParsersAction
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from labelling import clock
from labelling.adapters.cvat.door import open_door
from labelling.insights.cvat import CvatStatus, cvat_status, held_jobs, link_of, unfetched
from labelling.management.base import PARTLY, REFUSED, WorkbenchCommand, campaign_named
from labelling.workflow.cvat.pulling import pull
from labelling.workflow.cvat.reconciling import KINDS, Findings, mend, reconcile

SHOWN = 20
"""Held jobs that a person is shown; --json has the first page of them."""


def add_sync(verbs: _SubParsersAction[ArgumentParser]) -> None:
    """The verbs `pull`, `reconcile` and `status`."""
    bring = verbs.add_parser("pull", help="take in what was drawn; run again, it takes in the rest")
    bring.add_argument("--whole", action="store_true", help="compare all jobs, and try held ones")
    bring.add_argument("--dry-run", action="store_true", help="count what waits, change nothing")
    look = verbs.add_parser(
        "reconcile", help="compare both sides; exit status 1: they differ, 3: still after --fix"
    )
    look.add_argument("--fix", action="store_true", help="put right what can be, and look again")
    tell = verbs.add_parser("status", help="how far behind, what is held and why, the breaker")
    for each in (bring, look, tell):
        each.add_argument("--campaign", required=True, metavar="SLUG")
        each.add_argument("--json", action="store_true", help="print JSON for machines")


def pull_now(command: WorkbenchCommand, options: dict[str, Any]) -> None:
    """Raises what a pull does; exits with status 3 where jobs were held."""
    link = link_of(campaign_named(options["campaign"]))
    as_json = options["json"]
    if options["dry_run"]:
        waiting = unfetched(link).count()
        text = f"{waiting} changes that were noted wait to be taken in; the server isn't asked."
        command.say(text, as_json=as_json, unfetched=waiting, dry_run=True)
        return
    pulled = pull(link, open_door(link), clock=clock.now, whole=options["whole"])
    command.say(
        f"{pulled.listed} jobs listed, {pulled.fetched} fetched: {pulled.imported} labels taken "
        f"in, {pulled.unchanged} unchanged, {pulled.held} held, {pulled.gone} gone.",
        as_json=as_json,
        **pulled.as_json(),
    )
    if pulled.held:
        sys.exit(PARTLY)


def reconcile_now(command: WorkbenchCommand, options: dict[str, Any]) -> None:
    link = link_of(campaign_named(options["campaign"]))
    cvat = open_door(link)
    if options["fix"]:
        findings = mend(link, cvat, clock=clock.now)
    else:
        findings = reconcile(link, cvat, now=clock.now())
    command.say("\n".join(_differences(findings)), as_json=options["json"], **findings.as_json())
    if findings.total:
        sys.exit(PARTLY if options["fix"] else REFUSED)


def tell_status(command: WorkbenchCommand, options: dict[str, Any]) -> None:
    campaign = campaign_named(options["campaign"])
    # One moment for all that is told.
    with transaction.atomic():
        status = cvat_status(campaign, now=clock.now())
        held = held_jobs(campaign, limit=SHOWN).results
    facts = {name: _plain(value) for name, value in asdict(status).items()}
    listed = [{name: _plain(value) for name, value in asdict(each).items()} for each in held]
    lines = [
        *_status_lines(status),
        *(f"  {each.tile}: {each.reason} {each.where}" for each in held),
    ]
    command.say("\n".join(lines), as_json=options["json"], **facts, held_jobs=listed)


def _differences(findings: Findings) -> list[str]:
    lines = [f"{findings.counts[kind]:6d} {words}" for kind, words in KINDS.items()]
    for kind, names in findings.named.items():
        lines += [f"{kind}: {name}" for name in names]
    return [*lines, f"{findings.held:6d} jobs held for a person (cvat status names them)"]


def _status_lines(status: CvatStatus) -> list[str]:
    held = ", ".join(f"{n} {code}" for code, n in status.held.items()) or "none"
    oldest = f"; oldest: {status.oldest.tile}, {status.oldest.where}" if status.oldest else ""
    failing = f", since {status.failing_since}: {status.last_error}" if status.failing_since else ""
    return [
        f"{status.url}, project {status.project}, CVAT {status.server_version or 'not asked yet'}",
        f"breaker: {status.breaker}{failing}; answered: {_plain(status.answered) or 'never'}",
        f"lag: {status.lag_seconds:.0f} s, {status.unfetched} changes not taken in{oldest}",
        f"jobs: {status.jobs}, {status.imported} with labels here, {status.gone} deleted there",
        f"waiting to be sent: {status.unsent}; batches not all there: {status.unready}"
        + (f": {status.waits_because}" if status.waits_because else ""),
        *([f"refused since {status.refused_since}: {status.refused}"] if status.refused else []),
        f"held: {held}",
    ]


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value if isinstance(value, int | float | str | None) else str(value)
