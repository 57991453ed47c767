"""What needs a lead: troubles of a campaign, the gravest first, each with what to do."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db.models import QuerySet

from labelling.models import (
    Annotation,
    Campaign,
    CvatLink,
    Flag,
    Job,
    Membership,
    Place,
    Reservation,
    Round,
    Task,
)

from .cvat import CLOSED, cvat_status
from .jobs import WORDS
from .queue_health import LATELY, review_backlog
from .tallies import lane_counts_of

GRAVE, WARNING, NOTICE = GRAVITIES = ("grave", "warning", "notice")
OLD = timedelta(days=14)
"""A tile that has waited longer in the queue is stale."""
OLD_REVIEW = timedelta(days=7)
UNSERVED = timedelta(minutes=10)
"""A job that has waited longer for a worker says that there is none."""
BEHIND = timedelta(hours=1)
"""CVAT's changes that wait longer."""
SCARCE, FULL = 0.10, 0.03
"""Share of the disk that is free, below which it is a warning, and grave."""


@dataclass(frozen=True)
class Alert:
    code: str
    """Which trouble: one of a closed set, for the page to link to its rows."""
    gravity: str
    """One of GRAVITIES."""
    title: str
    what: str
    act: str
    """What to do."""
    since: datetime | None = None


@dataclass(frozen=True)
class Asked:
    """Whose troubles, when, and what the campaign's rules say."""

    campaign: Campaign
    now: datetime
    least_scenes: Mapping[str, int]
    """{class name: validation scenes that a decision about a model takes}."""
    folder: Path
    """Where the installation writes."""


def alerts(asked: Asked) -> list[Alert]:
    """By gravity, then the oldest first. About fifteen queries, none of which reads all tiles."""
    found = [alert for look in LOOKS for alert in look(asked)]
    return sorted(found, key=lambda each: (GRAVITIES.index(each.gravity), each.since or asked.now))


def _failed_round(asked: Asked) -> Iterator[Alert]:
    newest = Round.objects.filter(campaign=asked.campaign).order_by("-n").first()
    if newest and newest.state == Round.State.FAILED:
        yield Alert(
            "round_failed", GRAVE, f"Round {newest.n} failed",
            newest.error or "The reason is in the worker's log.",
            "Put right what the message names, then start a round again; labels and queue are as "
            "they were.",
            newest.finished or newest.created,
        )  # fmt: skip


def _failed_jobs(asked: Asked) -> Iterator[Alert]:
    """By kind, where the newest has failed; rounds tell of their own."""
    for job in _newest_of_kind(asked.campaign):
        if job.state == Job.State.FAILED:
            yield Alert(
                "job_failed", WARNING, f"The last job “{WORDS.get(job.kind, job.kind)}” failed",
                job.error or "The reason is in the worker's log.",
                "Read why, put it right, and ask for the job again.",
                job.finished or job.created,
            )  # fmt: skip


def _newest_of_kind(campaign: Campaign) -> QuerySet[Job]:
    jobs = Job.objects.filter(campaign=campaign, round=None)
    kinds = list(jobs.order_by().values_list("kind", flat=True).distinct())
    newest = [jobs.filter(kind=kind).order_by("-pk").values_list("pk", flat=True).first()
              for kind in kinds]  # fmt: skip
    return Job.objects.filter(pk__in=[pk for pk in newest if pk]).order_by("pk")


def _no_worker(asked: Asked) -> Iterator[Alert]:
    waiting = Job.objects.filter(campaign=asked.campaign, state=Job.State.WAITING)
    oldest = waiting.filter(created__lt=asked.now - UNSERVED).order_by("created").first()
    if oldest:
        kind, waited = WORDS.get(oldest.kind, oldest.kind), UNSERVED // timedelta(minutes=1)
        yield Alert(
            "no_worker", GRAVE, "Nobody takes up the jobs",
            f"“{kind}” has waited for a worker for more than {waited} minutes.",
            "Look whether a worker runs, and whether it is busy with something longer.",
            oldest.created,
        )  # fmt: skip


def _drifting(asked: Asked) -> Iterator[Alert]:
    members = Membership.objects.filter(campaign=asked.campaign).exclude(qualification={})
    for member in members.select_related("user").order_by("user__username"):
        if since := (member.qualification.get("drift") or {}).get("since"):
            name = member.user.get_full_name() or member.user.username
            yield Alert(
                "drift", WARNING, f"{name} meets gold less well than before",
                "The newest gold scores are lower than the ones before, beyond chance.",
                "Look at the person's newest labels together, and at the guide's examples.",
                datetime.fromisoformat(since),
            )  # fmt: skip


def _queue(asked: Asked) -> Iterator[Alert]:
    lanes = lane_counts_of(asked.campaign, now=asked.now)
    oldest = min((lane.oldest for lane in lanes if lane.oldest), default=None)
    if oldest is None:
        if Task.objects.of(asked.campaign).exists():
            yield Alert(
                "queue_empty", GRAVE, "The queue is empty",
                "Nobody can claim a tile.", "Start a round, or pick tiles in the catalogue.",
            )  # fmt: skip
    elif asked.now - oldest > OLD and _somebody_works(asked):
        yield Alert(
            "queue_stale", NOTICE, "Tiles grow old in the queue",
            f"The oldest has waited for {(asked.now - oldest).days} days.",
            "Raise the share of its lane, or start a round: it closes what nobody took.",
            oldest,
        )  # fmt: skip


def _somebody_works(asked: Asked) -> bool:
    spells = Reservation.objects.filter(task__campaign=asked.campaign)
    return spells.filter(started__gte=asked.now - LATELY).exists()


def _reviews(asked: Asked) -> Iterator[Alert]:
    backlog = review_backlog(asked.campaign)
    if backlog.oldest and asked.now - backlog.oldest > OLD_REVIEW:
        days = (asked.now - backlog.oldest).days
        yield Alert(
            "reviews_wait", WARNING, "Labels wait for review",
            f"{backlog.waiting} wait, the oldest for {days} days.",
            "Ask reviewers for some hours, or review a smaller share.",
            backlog.oldest,
        )  # fmt: skip


def _flags(asked: Asked) -> Iterator[Alert]:
    flags = Flag.objects.filter(outcome="", task__campaign=asked.campaign).order_by("created")
    oldest = flags.first()
    if oldest:
        yield Alert(
            "flags_wait", NOTICE, "Flags wait for a decision",
            f"{flags.count()} tiles were skipped or flagged, and nobody has decided.",
            "Close them, or reopen them for somebody else.",
            oldest.created,
        )  # fmt: skip


def _cvat(asked: Asked) -> Iterator[Alert]:
    if not CvatLink.objects.filter(campaign=asked.campaign).exists():
        return
    status = cvat_status(asked.campaign, now=asked.now)
    if status.breaker != CLOSED:
        yield Alert(
            "cvat_away", GRAVE, "CVAT doesn't answer", status.last_error or "It fails.",
            "Nothing is lost: messages wait. Look whether the server runs and its token holds.",
            status.failing_since,
        )  # fmt: skip
    elif status.refused:
        yield Alert(
            "cvat_refuses", GRAVE, "CVAT refuses what is asked of it", status.refused,
            "Nothing is lost: shapes stay there, and messages wait. `cvat check` tells more.",
            status.refused_since,
        )  # fmt: skip
    elif status.lag_seconds > BEHIND.total_seconds():
        yield Alert(
            "cvat_behind", WARNING, "CVAT's changes aren't taken in",
            f"{status.unfetched} wait.", "Fetch now; look whether a worker runs.",
            status.oldest.changed if status.oldest else None,
        )  # fmt: skip
    if held := sum(status.held.values()):
        yield Alert(
            "cvat_held", WARNING, "CVAT jobs are held",
            f"The shapes of {held} jobs can't be taken in.",
            "Open each in CVAT, mend what its reason names, and complete it again.",
        )  # fmt: skip


def _disk(asked: Asked) -> Iterator[Alert]:
    disk = shutil.disk_usage(asked.folder)
    free = disk.free / disk.total
    if free < SCARCE:
        yield Alert(
            "disk", GRAVE if free < FULL else WARNING, "The disk is nearly full",
            f"{disk.free / 2**30:.1f} GiB are free, {100 * free:.0f} % of it.",
            "Make room, or move the installation's folder, before tiles or labels are refused.",
        )  # fmt: skip


def _validation(asked: Asked) -> Iterator[Alert]:
    """Only from the first label on: before, everything is missing."""
    labels = Annotation.objects.usable(asked.campaign.schema_id)
    if not asked.least_scenes or not labels.exists():
        return
    known = validation_scenes(asked.campaign)
    short = {
        name: (known.get(name, 0), least)
        for name, least in asked.least_scenes.items()
        if known.get(name, 0) < least
    }
    if short:
        told = ", ".join(f"{name} {has} of {least}" for name, (has, least) in short.items())
        yield Alert(
            "validation_scarce", WARNING, "Too few validation scenes to judge a model",
            f"Scenes that hold the class: {told}.",
            "Draw a reference sample, and have it labelled first.",
        )  # fmt: skip


def validation_scenes(campaign: Campaign) -> dict[str, int]:
    """{class name: independent scenes of validation that hold it, by usable labels}. One query."""
    if campaign.schema is None:
        return {}
    labels = Annotation.objects.usable(campaign.schema_id).filter(
        acquisition__place__split=Place.Split.VALIDATION
    )
    scenes = defaultdict(set)
    rows = labels.values_list("acquisition__place__square", "acquisition__taken", "pixels")
    for square, taken, pixels in rows.iterator():
        for code, n in pixels.items():
            if n:
                scenes[code].add((square, taken))
    return {each["name"]: len(scenes[str(each["code"])]) for each in campaign.schema.classes}


LOOKS: tuple[Callable[[Asked], Iterator[Alert]], ...] = (
    _failed_round, _failed_jobs, _no_worker, _drifting, _queue, _reviews, _flags, _cvat, _disk,
    _validation,
)  # fmt: skip
