"""`cvat check|connect|push|users`: the way out: the server, the project, tiles and people."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, _SubParsersAction
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User

from labelling import clock
from labelling.adapters.cvat.door import open_door
from labelling.errors import BadInput, CvatAway, NotFound
from labelling.insights.cvat import link_of
from labelling.insights.cvat_people import Person, people
from labelling.management.base import (
    PARTLY,
    REFUSED,
    WorkbenchCommand,
    campaign_named,
    settings_words,
)
from labelling.models import CvatLink, Membership
from labelling.workflow.cvat.batches import plan, push
from labelling.workflow.cvat.checkup import WARNING, WRONG, check
from labelling.workflow.cvat.connecting import Order, connect
from labelling.workflow.cvat.errands import run_errands
from labelling.workflow.cvat.people import (
    forget_person,
    map_person,
    match_people,
    somebody,
)
from labelling.workflow.outbox import unsent

SIGNS = {WARNING: "!", WRONG: "x"}


def add_linking(verbs: _SubParsersAction[ArgumentParser]) -> None:
    """The verbs `check`, `connect`, `push` and `users`."""
    looks = verbs.add_parser("check", help="server, token and, with a campaign, its project")
    links = verbs.add_parser("connect", help="make or adopt the project; run again, it mends it")
    links.add_argument("--project", type=int, default=0, metavar="ID", help="adopt this one")
    links.add_argument("--webhook", default="", metavar="URL", help="of this workbench, for CVAT")
    links.add_argument(
        "--take-over", action="store_true", help="even if another workbench has marked it"
    )
    links.add_argument(
        "--set", action="append", default=[], metavar="KEY=JSON",
        help="such as batch=100, ahead=1 or keep=200; null: the default",
    )  # fmt: skip
    sends = verbs.add_parser("push", help="the highest ranked tiles that aren't there yet")
    sends.add_argument("--limit", type=int, default=100, help="tiles at most (100)")
    sends.add_argument("--later", action="store_true", help="leave the sending to a worker")
    who = verbs.add_parser("users", help="who is who there: list, find, map")
    who.add_argument("--match", action="store_true", help="find them by user name and e-mail")
    who.add_argument("--map", action="append", default=[], metavar="HERE=THERE", help="say who")
    who.add_argument("--unmap", action="append", default=[], metavar="HERE", help="no more tiles")
    who.add_argument(
        "--paused", action="store_true", help="with --map: known there, but given no tiles there"
    )
    for each in (links, sends, who):
        each.add_argument(
            "--dry-run", action="store_true", help="tell what would be, change nothing"
        )
    for each in (looks, links, sends, who):
        each.add_argument("--campaign", required=each is not looks, metavar="SLUG")
        each.add_argument("--json", action="store_true", help="print JSON for machines")


def check_now(command: WorkbenchCommand, options: dict[str, Any]) -> None:
    """Exits with status 1 where something is wrong."""
    slug = options["campaign"]
    found = check(campaign_named(slug) if slug else None, now=clock.now())
    lines = [
        f"{SIGNS.get(each.level, ' ')} {each.step}: {each.message} {each.help}".rstrip()
        for each in found
    ]
    wrong = any(each.level == WRONG for each in found)
    facts = [each.as_json() for each in found]
    command.say("\n".join(lines), as_json=options["json"], ok=not wrong, findings=facts)
    if wrong:
        sys.exit(REFUSED)


def connect_now(command: WorkbenchCommand, options: dict[str, Any]) -> None:
    campaign = campaign_named(options["campaign"])
    order = Order(
        project=options["project"],
        webhook=options["webhook"],
        take_over=options["take_over"],
        options=settings_words(options["set"]),
    )
    dry_run = options["dry_run"]
    done = connect(campaign, order, who=None, now=clock.now(), dry_run=dry_run)
    would = "Would " if dry_run else "Done: "
    lines = [f"{would}{step}." for step in done.steps] or ["Nothing was missing."]
    lines += [f"! {each}." for each in done.drift] + [f"! {each}" for each in done.said]
    if not dry_run:
        lines.append(f"{campaign.slug} is connected to project {done.project}.")
    command.say("\n".join(lines), as_json=options["json"], dry_run=dry_run, **asdict(done))


def push_now(command: WorkbenchCommand, options: dict[str, Any]) -> None:
    """Exits with status 3 where something is still to be sent: the next sweep goes on with it."""
    link = link_of(campaign_named(options["campaign"]))
    chosen = plan(link, limit=options["limit"])
    tiles, batches = len(chosen.tasks), len(chosen.batches)
    facts: dict[str, Any] = {"tiles": tiles, "batches": batches, "dry_run": options["dry_run"]}
    if options["dry_run"]:
        text = f"Would push {tiles} tiles in {batches} batches to project {link.project}."
        command.say(text, as_json=options["json"], **facts)
        return
    push(link, chosen, now=clock.now())
    if not options["later"]:
        _send(link, facts)
    facts["waiting"] = unsent(link).count()
    text = f"{tiles} tiles in {batches} batches; {facts['waiting']} messages wait to be sent."
    away = f"\n{facts['away']}" if facts.get("away") else ""
    command.say(text + away, as_json=options["json"], **facts)
    if facts["waiting"] and not options["later"]:
        sys.exit(PARTLY)


def users_now(command: WorkbenchCommand, options: dict[str, Any]) -> None:
    link = link_of(campaign_named(options["campaign"]))
    found = _change_people(link, options)
    lines = [_line(each) for each in found] or ["Nobody."]
    facts = [asdict(each) for each in found]
    text = "\n".join(lines)
    command.say(text, as_json=options["json"], people=facts, dry_run=options["dry_run"])


def _send(link: CvatLink, facts: dict[str, Any]) -> None:
    try:
        facts |= run_errands(link, clock=clock.now)
    except CvatAway as away:
        facts["away"] = str(away)


def _change_people(link: CvatLink, options: dict[str, Any]) -> list[Person]:
    """The people afterwards; with a dry run those that would be found."""
    told = {"who": None, "now": clock.now()}
    pairs = [_pair(link, each) for each in options["map"]]
    gone = [_member(link, each) for each in options["unmap"]]
    if options["match"] or pairs:
        cvat = open_door(link)
        there = [(user, somebody(cvat, name)) for user, name in pairs]
        if options["dry_run"]:
            return match_people(link, cvat, dry_run=True, **told)
        for user, seen in there:
            map_person(link, seen, user=user, serves=not options["paused"], **told)
        if options["match"]:
            match_people(link, cvat, **told)
    if not options["dry_run"]:
        for user in gone:
            forget_person(link, user=user, **told)
    members = Membership.objects.filter(campaign=link.campaign_id).select_related("user")
    return people(link, members.order_by("user__username"))


def _pair(link: CvatLink, word: str) -> tuple[User, str]:
    here, sign, there = word.partition("=")
    if not sign or not there:
        raise BadInput(f"--map wants HERE=THERE, not {word!r}.", field="map")
    return _member(link, here), there


def _member(link: CvatLink, username: str) -> User:
    members = Membership.objects.filter(campaign=link.campaign_id, user__username=username)
    found = members.select_related("user").first()
    if found is None:
        raise NotFound(
            f"{username} isn't a member of {link.campaign.slug}.",
            field="username",
            help="manage.py campaign admit makes somebody one.",
        )
    return found.user


def _line(person: Person) -> str:
    there = f"{person.there} (id {person.remote})" if person.remote else "nobody there"
    paused = "" if person.serves or not person.remote else ", is given no tiles there"
    return f"{person.username} ({person.role}) is {there}{paused}"
