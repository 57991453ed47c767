"""Connecting a campaign to a project on a CVAT server: made or adopted, with labels and webhook.

Run again it goes on where it stopped, and mends what is missing.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.door import first_look, said_of, server_url
from labelling.adapters.cvat.seen import ProjectSeen, WebhookSeen
from labelling.errors import BadInput, Conflict, CvatForbidden
from labelling.models import Campaign, CvatLink, Event, record
from labelling.workflow.cvat.labels import Match, Wish, match, wishes
from labelling.workflow.cvat.options import options_from

MARK = "cloudmask-workbench:"
MARKED = re.compile(rf"^{MARK}([0-9a-f-]{{36}}) ")
EVENTS = (
    "create:issue", "delete:job", "delete:project", "delete:task", "update:issue", "update:job",
    "update:project", "update:task",
)  # fmt: skip
"""What is worth a look at once; all else is found by polling."""
LONGEST_SECRET, SHORTEST_SECRET = 64, 16
"""Characters of a webhook's secret; the server refuses a longer one."""


@dataclass(frozen=True)
class Order:
    """What a lead asks for."""

    project: int = 0
    """Id of a project to adopt; 0: the one of the campaign's name, made where there is none."""
    webhook: str = ""
    """Address of the receiver, as the server reaches it; empty: none, changes are polled."""
    take_over: bool = False
    """Whether a project that another workbench has marked may be taken from it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the link (options.py); null sets one back to its default."""


@dataclass(frozen=True)
class Connected:
    """What was done, or with a dry run would be."""

    project: int
    """Id there; 0: it is still to be made."""
    steps: Sequence[str]
    drift: Sequence[str]
    said: Sequence[str]
    """What a lead should know."""


def connect(
    campaign: Campaign, order: Order, *, who: User | None, now: datetime, dry_run: bool = False
) -> Connected:
    """Link the campaign to its project, or bring the link up to date.

    Raises BadInput (settings, webhook, options, classes), Conflict (the project belongs to another
    workbench or campaign; the campaign is linked elsewhere), and what a call of Cvat raises.
    """
    cvat = first_look()
    said = said_of(version := cvat.version())
    link = _known(campaign) or _new(campaign, who=who, now=now)
    _check(link, order)
    writable(cvat)
    project = _find(cvat, link, order)
    told = _told_to(cvat, link, project, order)
    found = _labels(cvat, link, project)
    steps = _steps(campaign, project, told, found, order)
    if dry_run:
        return Connected(project.id if project else 0, steps, found.drift, [said] if said else [])
    project = _mark(cvat, link, project)
    found = _complete(cvat, link, project, found)
    if order.webhook:
        link.webhook = _hook(cvat, project, order.webhook, told)
    link.project, link.server_version = project.id, version
    link.labels, link.guide_label = dict(found.labels), found.guide
    _save(link, steps, who=who, now=now)
    return Connected(project.id, steps, found.drift, [said] if said else [])


def writable(cvat: Cvat) -> None:
    """Raises CvatForbidden for a token that may only read."""
    if cvat.token().read_only:
        raise CvatForbidden(
            "The token in CVAT_TOKEN may only read.",
            field="CVAT_TOKEN",
            help="Make a personal access token that isn't read-only.",
        )


def marker_of(project: ProjectSeen) -> uuid.UUID | None:
    """Whose the project is, by the mark in it; None: nobody's."""
    found = MARKED.match(project.tracker + " ")
    return uuid.UUID(found[1]) if found else None


def check_mark(project: ProjectSeen, link: CvatLink, *, take_over: bool = False) -> None:
    """Raises Conflict for a project that isn't this link's, or holds something else's mark."""
    marker = marker_of(project)
    if marker == link.marker or (marker is not None and take_over):
        return
    if marker is not None:
        raise Conflict(
            f"Project {project.id} ({project.name}) is connected to another workbench, or to "
            f"another campaign: {project.tracker}.",
            field="project",
            help="Two would undo each other's work. Disconnect the other one, then use "
            "--take-over; or name another project.",
        )
    if project.tracker:
        raise Conflict(
            f"The issue tracker of project {project.id} is set to {project.tracker!r}.",
            field="project",
            help="The workbench marks its project there: empty that field in CVAT first.",
        )


def _known(campaign: Campaign) -> CvatLink | None:
    link = CvatLink.objects.select_related("campaign__schema").filter(campaign=campaign).first()
    if link and link.url != server_url():
        raise Conflict(
            f"{campaign.slug} is connected to {link.url}, but CVAT_URL is {server_url()}.",
            field="CVAT_URL",
            help="Set CVAT_URL back: what is drawn there would be lost.",
        )
    return link


def _new(campaign: Campaign, *, who: User | None, now: datetime) -> CvatLink:
    """A link with a mark that is the same at each try: one that broke off leaves a project that
    the next one knows for ours."""
    seed = salted_hmac("cvat link", f"{campaign.slug} {campaign.created.isoformat()}").digest()
    marker = uuid.UUID(bytes=seed[:16])
    return CvatLink(campaign=campaign, url=server_url(), marker=marker, created=now, who=who)


def _check(link: CvatLink, order: Order) -> None:
    merged = {**link.options, **order.options}
    options = {name: value for name, value in merged.items() if value is not None}
    options_from(options)
    link.options = options
    if link.pk and order.project not in (0, link.project):
        raise Conflict(
            f"{link.campaign.slug} is connected to project {link.project}.",
            field="project",
            help="A campaign has one project; what was drawn there would be lost.",
        )
    names = [wish.name for wish in wishes(link.campaign)]
    if len(set(names)) < len(names):
        raise BadInput(
            f"Labels in CVAT need different names, and these aren't: {', '.join(names)}.",
            field="classes",
            help="Rename the class; the workbench adds the last two itself.",
        )
    if order.webhook:
        _check_hook(order.webhook)


def _check_hook(target: str) -> None:
    parts = urlsplit(target)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(
            f"{target!r} is no address.",
            field="webhook",
            help="Give the address of this workbench as CVAT reaches it, with its path.",
        )
    if not SHORTEST_SECRET <= len(settings.CVAT_WEBHOOK_SECRET) <= LONGEST_SECRET:
        raise BadInput(
            f"CVAT_WEBHOOK_SECRET has {len(settings.CVAT_WEBHOOK_SECRET)} characters.",
            field="CVAT_WEBHOOK_SECRET",
            help=f"Set it to {SHORTEST_SECRET} to {LONGEST_SECRET} random characters, here and for "
            "every process of the workbench.",
        )


def _find(cvat: Cvat, link: CvatLink, order: Order) -> ProjectSeen | None:
    """The project that is there, ours or free; None: it is to be made."""
    if id := link.project or order.project:
        project: ProjectSeen | None = cvat.project(id)
    else:
        named = cvat.projects(name=link.campaign.name)
        # One of ours first: an earlier try may have made it without hearing of it.
        named.sort(key=lambda each: (marker_of(each) != link.marker, each.id))
        project = next((each for each in named), None)
    if project is not None:
        check_mark(project, link, take_over=order.take_over)
    return project


def _told_to(
    cvat: Cvat, link: CvatLink, project: ProjectSeen | None, order: Order
) -> WebhookSeen | None:
    """The webhook that is there for this receiver, or was for the last one."""
    if project is None or not order.webhook:
        return None
    there = cvat.webhooks(project.id)
    return next((each for each in there if each.target == order.webhook), None) or next(
        (each for each in there if each.id == link.webhook), None
    )


def _labels(cvat: Cvat, link: CvatLink, project: ProjectSeen | None) -> Match:
    there = cvat.labels(project.id) if project else []
    return match(link.campaign, there, known=link.labels, guide=link.guide_label)


def _steps(
    campaign: Campaign,
    project: ProjectSeen | None,
    told: WebhookSeen | None,
    found: Match,
    order: Order,
) -> list[str]:
    steps = []
    if project is None:
        steps.append(f"make project {campaign.name!r}")
    elif marker_of(project) is None or order.take_over:
        steps.append(f"adopt project {project.id} ({project.name})")
    steps += [f"add label {wish.name!r}" for wish in found.missing]
    if order.webhook:
        verb = "renew" if told else "make"
        steps.append(f"{verb} webhook to {order.webhook}")
    return steps


def _mark(cvat: Cvat, link: CvatLink, project: ProjectSeen | None) -> ProjectSeen:
    """The project, made where there is none, with our mark."""
    mark = f"{MARK}{link.marker} {link.campaign.slug}"
    if project is None:
        labels = [wish.as_json() for wish in wishes(link.campaign)]
        return cvat.create_project(link.campaign.name, labels=labels, tracker=mark)
    if project.tracker != mark:
        return cvat.change_project(project.id, bug_tracker=mark)
    return project


def _complete(cvat: Cvat, link: CvatLink, project: ProjectSeen, found: Match) -> Match:
    there = {label.name for label in cvat.labels(project.id)}
    new: list[Wish] = [wish for wish in found.missing if wish.name not in there]
    if new:
        cvat.change_project(project.id, labels=[wish.as_json() for wish in new])
    return _labels(cvat, link, project)


def _hook(cvat: Cvat, project: ProjectSeen, target: str, told: WebhookSeen | None) -> int:
    """Id of the webhook to `target`, with our secret: it can't be read, so it is set anew."""
    values = {"target": target, "secret": settings.CVAT_WEBHOOK_SECRET, "events": EVENTS}
    if told is not None:
        return cvat.change_webhook(told.id, **values).id
    return cvat.create_webhook(project.id, **values).id


@transaction.atomic
def _save(link: CvatLink, steps: Sequence[str], *, who: User | None, now: datetime) -> None:
    campaign = link.campaign
    try:
        with transaction.atomic():
            link.save()
    except IntegrityError:
        raise Conflict(
            f"Project {link.project} is connected to another campaign.",
            field="project",
            help="Name another project.",
        ) from None
    told = {"cvat": "connected", "project": link.project, "steps": list(steps)}
    record(Event.Verb.CHANGED, campaign, campaign=campaign, who=who, now=now, **told)
