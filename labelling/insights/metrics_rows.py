"""Gauges read from the database when Prometheus asks: queue, leases, rounds, jobs, CVAT.

At most 13 queries, however many campaigns there are. In a campaign of a million tiles the queue's
depth is what the sweep counted last (tallies.py), and how old that count is stands beside it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import Case, Count, Min, QuerySet, When
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from labelling.models import Campaign, Chore, CvatJob, CvatLink, DeadTask, Job, Outbox, Round, Task
from labelling.models.task import IN_HAND

from .cvat import unfetched_jobs
from .running import progress

SECOND = timedelta(seconds=1)
logger = logging.getLogger(__name__)
UNFINISHED_JOB = [Job.State.WAITING, Job.State.RUNNING]
LATELY = timedelta(days=1)
"""Jobs that ended in this time are counted."""


class Rows(Collector):
    """What the database says at one moment; where it is away, that alone."""

    def __init__(self, *, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        up, found = True, list[Metric]()
        try:
            found = [each for asked in ASKED for each in asked(self.now)]
        except DatabaseError as error:
            up = False
            logger.warning("metrics without rows: %s", error)
        yield GaugeMetricFamily("workbench_database_up", "1: the database answers.", value=up)
        yield from found


def queue(now: datetime) -> Iterator[Metric]:
    """Two queries."""
    depth = _gauge("workbench_tasks", "Tasks.", "campaign", "lane", "state")
    oldest = _gauge(
        "workbench_queue_oldest_seconds", "Age of the oldest open task.", "campaign", "lane"
    )
    counted = _gauge(
        "workbench_queue_counted_age_seconds",
        "How old the count is, of campaigns that are too large to count each time.",
        "campaign",
    )
    campaigns = list(Campaign.objects.values_list("pk", "slug", "tallies"))
    for _, slug, tallies in campaigns:
        if tallies:
            counted.add_metric([slug], _age(datetime.fromisoformat(tallies["counted"]), now))
            _as_kept(slug, tallies, depth, oldest, now=now)
    small = {campaign: slug for campaign, slug, tallies in campaigns if not tallies}
    for row in _counted(small):
        where = [small[row["campaign"]], row["lane"]]
        depth.add_metric([*where, row["state"]], row["n"])
        if row["state"] == Task.State.OPEN:
            oldest.add_metric(where, _age(row["oldest"], now))
    return iter([depth, oldest, counted])


def _as_kept(
    slug: str,
    tallies: dict[str, Any],
    depth: GaugeMetricFamily,
    oldest: GaugeMetricFamily,
    *,
    now: datetime,
) -> None:
    for lane, states in tallies["lanes"].items():
        for state, n in states.items():
            depth.add_metric([slug, lane, state], n)
    for lane in tallies["queue"]:
        if lane["oldest"]:
            since = datetime.fromisoformat(lane["oldest"])
            oldest.add_metric([slug, lane["lane"]], _age(since, now))


def _counted(campaigns: Iterable[int]) -> Iterable[dict[str, Any]]:
    """By their ids: asked by what they are like, PostgreSQL would read the large ones as well."""
    open_since = Min(Case(When(state=Task.State.OPEN, then="created")))
    return (
        Task.objects.filter(campaign__in=list(campaigns))
        .order_by("campaign", "lane", "state")
        .values("campaign", "lane", "state")
        .annotate(n=Count("pk"), oldest=open_since)
    )


def leases(now: datetime) -> Iterator[Metric]:
    """Two queries, over what somebody holds."""
    held = _gauge("workbench_leases", "Tiles in somebody's hands.", "campaign", "state")
    rows = in_hand().order_by("campaign__slug", "state").values_list("campaign__slug", "state")
    for slug, state, n in rows.annotate(n=Count("pk")):
        held.add_metric([slug, state], n)
    overdue = Task.objects.expired(now=now).aggregate(n=Count("pk"), since=Min("lease_ends"))
    yield held
    yield GaugeMetricFamily(
        "workbench_leases_overdue", "Leases that ran out and weren't swept.", value=overdue["n"]
    )
    yield GaugeMetricFamily(
        "workbench_lease_overdue_oldest_seconds",
        "How long the oldest of them has been; above a minute no sweep runs.",
        value=_age(overdue["since"], now),
    )


def in_hand() -> QuerySet[Task]:
    """What somebody holds."""
    return Task.objects.filter(state__in=IN_HAND)


def rounds(now: datetime) -> Iterator[Metric]:
    """Two queries."""
    under_way = _gauge(
        "workbench_round_seconds", "Age of the unfinished round.", "campaign", "state", "step"
    )
    latest = _gauge("workbench_rounds", "Rounds.", "campaign", "state")
    unfinished = Round.objects.filter(state__in=[Round.State.PLANNED, Round.State.RUNNING])
    rows = unfinished.values_list("campaign__slug", "state", "step", "created")
    for slug, state, step, created in rows:
        under_way.add_metric([slug, state, step], _age(created, now))
    every = Round.objects.order_by("campaign__slug", "state")
    for slug, state, n in every.values_list("campaign__slug", "state").annotate(n=Count("pk")):
        latest.add_metric([slug, state], n)
    return iter([under_way, latest])


def jobs(now: datetime) -> Iterator[Metric]:
    """Two queries."""
    unfinished = _gauge("workbench_jobs", "Jobs that aren't finished.", "kind", "state")
    oldest = _gauge("workbench_job_oldest_seconds", "Age of the oldest of them.", "kind", "state")
    ended = _gauge("workbench_jobs_ended", "Jobs that ended within a day.", "kind", "state")
    speed = _gauge(
        "workbench_job_rate", "What a running job does a second: tiles, steps.", "kind", "stage"
    )
    rows = list(Job.objects.filter(state__in=UNFINISHED_JOB).order_by("pk"))
    for kind, state in sorted({(row.kind, row.state) for row in rows}):
        alike = [row for row in rows if (row.kind, row.state) == (kind, state)]
        unfinished.add_metric([_bare(kind), state], len(alike))
        oldest.add_metric([_bare(kind), state], _age(min(row.created for row in alike), now))
    for (kind, stage), rate in _rates(rows).items():
        speed.add_metric([_bare(kind), stage], rate)
    lately = Job.objects.filter(finished__gte=now - LATELY).order_by("kind", "state")
    for kind, state, n in lately.values_list("kind", "state").annotate(n=Count("pk")):
        ended.add_metric([_bare(kind), state], n)
    scoring = GaugeMetricFamily(
        "workbench_scoring_tiles_per_second",
        "Tiles scored a second, by all jobs that score now.",
        value=sum(rate for (_, stage), rate in _rates(rows).items() if stage == "score"),
    )
    return iter([unfinished, oldest, speed, ended, scoring])


def cvat(now: datetime) -> Iterator[Metric]:
    """Three queries, where a campaign is linked to CVAT; else one."""
    lag = _gauge(
        "workbench_cvat_lag_seconds", "Age of the oldest change there not fetched.", "campaign"
    )
    behind = _gauge("workbench_cvat_unfetched", "Jobs with a change not fetched.", "campaign")
    unsent = _gauge("workbench_outbox", "Messages that wait to be sent to CVAT.", "campaign")
    waits = _gauge("workbench_outbox_oldest_seconds", "Age of the oldest of them.", "campaign")
    failures = _gauge("workbench_cvat_failures", "Calls in a row that failed.", "campaign")
    links = dict(CvatLink.objects.values_list("campaign__slug", "health"))
    changed = unfetched_jobs() if links else CvatJob.objects.none()
    found = _by_campaign(changed, "batch__link__campaign__slug", "updated")
    sent = _by_campaign(Outbox.objects.filter(sent=None), "campaign__slug", "created")
    for slug, health in links.items():
        failures.add_metric([slug], float(health.get("failures") or 0))
        for (n, since), number, age in [
            (found.get(slug, (0, None)), behind, lag),
            (sent.get(slug, (0, None)), unsent, waits),
        ]:
            number.add_metric([slug], n)
            age.add_metric([slug], _age(since, now))
    return iter([lag, behind, unsent, waits, failures])


def chores(now: datetime) -> Iterator[Metric]:
    """Two queries: what beat sends, and which short tasks failed for good."""
    ages = _gauge("workbench_chore_sent_age_seconds", "Since beat sent it last.", "chore")
    for name, since in Chore.objects.filter(on=True).order_by("name").values_list("name", "sent"):
        ages.add_metric([name], _age(since, now))
    dead = _gauge("workbench_dead_tasks", "Short tasks that failed for good.", "task")
    for name, n in DeadTask.objects.order_by("name").values_list("name").annotate(n=Count("pk")):
        dead.add_metric([_bare(name)], n)
    return iter([ages, dead])


ASKED = (queue, leases, rounds, jobs, chores, cvat)


def _by_campaign(rows: Any, slug: str, since: str) -> dict[str, tuple[int, datetime | None]]:
    counted = rows.order_by(slug).values_list(slug).annotate(n=Count("pk"), since=Min(since))
    return {name: (n, oldest) for name, n, oldest in counted}


def _rates(rows: Iterable[Job]) -> dict[tuple[str, str], float]:
    """{(kind, stage): of `done`, a second, over all running jobs}."""
    rates: dict[tuple[str, str], float] = {}
    for row in rows:
        line = progress(row.progress) if row.state == Job.State.RUNNING else None
        if line and line.rate:
            key = (row.kind, line.stage)
            rates[key] = rates.get(key, 0.0) + line.rate
    return rates


def _gauge(name: str, said: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, said, labels=labels)


def _bare(kind: str) -> str:
    """`labelling.run_job` → `run_job`."""
    return kind.rpartition(".")[2]


def _age(since: datetime | None, now: datetime) -> float:
    """Seconds; 0 for nothing, and for what a clock ahead of ours wrote."""
    return max((now - since) / SECOND, 0.0) if since else 0.0
