"""`cvat check`: from the address to the webhook, what is right and what to do about what isn't.

Each step is only worth a look when the one before it is right, so the first refusal ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings

from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.door import first_look, said_of, server_url
from labelling.errors import Conflict, WorkbenchError
from labelling.models import Campaign, CvatLink
from labelling.workflow.cvat.connecting import check_mark
from labelling.workflow.cvat.labels import match
from labelling.workflow.cvat.options import options_of

OK, WARNING, WRONG = "ok", "warning", "wrong"
MOST_SKEW = timedelta(minutes=2)
"""Beyond it times in CVAT and here can't be read side by side."""
ENDS_SOON = timedelta(days=14)


@dataclass(frozen=True)
class Finding:
    """What one step of a check found."""

    step: str
    level: str
    """ok, warning or wrong."""
    message: str
    help: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def check(campaign: Campaign | None, *, now: datetime) -> list[Finding]:
    """Look at the server and, with a campaign, at its project. Changes nothing."""
    found: list[Finding] = []
    steps: list[tuple[str, Callable[[Cvat], Iterator[Finding]]]] = [
        ("server", _server),
        ("clock", lambda cvat: _clock(cvat, now)),
        ("token", lambda cvat: _token(cvat, now)),
    ]
    if campaign is not None:
        steps += [("project", lambda cvat: _project(cvat, campaign))]
    step = "settings"
    try:
        cvat = first_look()
        found.append(Finding(step, OK, f"CVAT_URL is {server_url()}; a token is set."))
        for name, look in steps:
            step = name
            found += look(cvat)
    except WorkbenchError as wrong:
        found.append(Finding(step, WRONG, str(wrong), wrong.help))
    return found


def _server(cvat: Cvat) -> Iterator[Finding]:
    version = cvat.version()
    if said := said_of(version):
        yield Finding("server", WARNING, said, "Try it on a project of its own first.")
    else:
        yield Finding("server", OK, f"It answers, and is CVAT {version}, which was tested.")


def _clock(cvat: Cvat, now: datetime) -> Iterator[Finding]:
    told = cvat.call("GET", "/api/server/about").headers.get("date", "")
    try:
        skew = parsedate_to_datetime(told) - now
    except (TypeError, ValueError):
        return  # it doesn't say
    if abs(skew) > MOST_SKEW:
        seconds = round(skew.total_seconds())
        ahead = f"{abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'}"
        yield Finding(
            "clock", WARNING, f"The server's clock is {ahead} this machine's.",
            "Nothing is lost: changes are found by the server's own clock. Set both all the same.",
        )  # fmt: skip


def _token(cvat: Cvat, now: datetime) -> Iterator[Finding]:
    me, token = cvat.me(), cvat.token()
    if token.read_only:
        make = "Make a personal access token that isn't read-only, and set CVAT_TOKEN."
        yield Finding("token", WRONG, f"The token of {me.username} may only read.", make)
    elif token.ends and token.ends - now < ENDS_SOON:
        when = f"{token.ends:%Y-%m-%d}"
        renew = "Make a new one in CVAT's settings, and set CVAT_TOKEN."
        yield Finding("token", WARNING, f"The token of {me.username} ends on {when}.", renew)
    else:
        yield Finding("token", OK, f"It is {me.username}'s, and may write.")


def _project(cvat: Cvat, campaign: Campaign) -> Iterator[Finding]:
    link = CvatLink.objects.select_related("campaign__schema").filter(campaign=campaign).first()
    if link is None:
        connect = f"Run manage.py cvat connect --campaign {campaign.slug}."
        yield Finding("project", WARNING, f"{campaign.slug} isn't connected yet.", connect)
        return
    if link.url != server_url():
        raise Conflict(
            f"{campaign.slug} is connected to {link.url}.", help="Set CVAT_URL back to it."
        )
    options_of(link)
    project = cvat.project(link.project)
    check_mark(project, link)
    yield Finding("project", OK, f"Project {project.id} ({project.name}) is this campaign's.")
    yield from _labels(cvat, link)
    yield from _webhook(cvat, link)


def _labels(cvat: Cvat, link: CvatLink) -> Iterator[Finding]:
    there = cvat.labels(link.project)
    found = match(link.campaign, there, known=link.labels, guide=link.guide_label)
    again = "Run manage.py cvat connect again: it adds what is missing. Mend the rest in CVAT."
    for drift in found.drift:
        yield Finding("labels", WRONG if found.missing else WARNING, f"{drift}.", again)
    if not found.drift:
        yield Finding("labels", OK, f"{len(found.labels)} labels fit the campaign's classes.")


def _webhook(cvat: Cvat, link: CvatLink) -> Iterator[Finding]:
    poll = "Changes are found by polling; a webhook makes it quicker."
    if link.webhook is None:
        yield Finding("webhook", OK, f"None is set. {poll}")
        return
    there = next((each for each in cvat.webhooks(link.project) if each.id == link.webhook), None)
    again = "Run manage.py cvat connect --webhook ADDRESS again."
    if there is None:
        yield Finding("webhook", WARNING, f"It was deleted in CVAT. {poll}", again)
    elif not there.active:
        yield Finding("webhook", WARNING, f"It is switched off in CVAT. {poll}", again)
    elif not settings.CVAT_WEBHOOK_SECRET:
        yield Finding("webhook", WRONG, "CVAT_WEBHOOK_SECRET isn't set: all are refused.", again)
    else:
        yield Finding("webhook", OK, f"It goes to {there.target}.")
