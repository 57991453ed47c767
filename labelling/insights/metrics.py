"""What processes count for Prometheus while they work; metrics_rows.py reads the rest from rows.

Several processes that serve one `/metrics` (gunicorn's workers, a Celery worker's places) each keep
their counts in a file of PROMETHEUS_MULTIPROC_DIR, and whoever is asked adds them up. Files belong
to places, not to processes: a process that replaces another goes on with its file, so that months
of replaced processes leave no files behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from billiard.process import current_process
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client.core import REGISTRY, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable with the folder of the processes' counts; unset: one process alone."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_place = {"name": "main"}


def take_place(name: str) -> None:
    """Count in the file of this place from now on; no two living processes may have the same."""
    _place["name"] = name


def place() -> str:
    """`main`, what `take_place` said, or the place in a Celery worker's pool."""
    index = getattr(current_process(), "index", None)
    return _place["name"] if index is None else f"pool-{index}"


def lowest_free(taken: Iterable[int]) -> int:
    """From 0 on."""
    places = set(taken)
    return next(place for place in range(len(places) + 1) if place not in places)


SHARED = FOLDER in os.environ
if SHARED:
    # Before the first metric is made: each keeps the kind of value that there is then.
    values.ValueClass = values.MultiProcessValue(process_identifier=place)

QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
"""Seconds: what somebody waits for."""
LONG = (0.1, 1, 10, 60, 600, 3600, 21600)
"""Seconds: what nobody waits for."""

REQUESTS = Histogram(
    "workbench_request_seconds",
    "Time to answer a request, by method, route and status.",
    ["method", "route", "status"],
    buckets=QUICK,
)
CLAIMS = Histogram("workbench_claim_seconds", "Time to give out a tile.", buckets=QUICK)
SUBMISSIONS = Histogram("workbench_submission_seconds", "Time to take a label in.", buckets=QUICK)
REFUSALS = Counter(
    "workbench_errors",
    "Errors answered, by their code; crash: nobody foresaw it.",
    ["code"],
)
TASKS = Histogram(
    "workbench_worker_task_seconds",
    "Time that a worker had a task, by its name and how it ended.",
    ["task", "outcome"],
    buckets=LONG,
)
EXPIRIES = Counter("workbench_lease_expiries", "Tiles taken back because their lease ran out.")
SWEPT = Gauge(
    "workbench_sweep_last_success_timestamp_seconds",
    "When a sweep last ended well here, in seconds since 1970.",
    multiprocess_mode="mostrecent",
)


def exposition(*rows: Collector) -> bytes:
    """Prometheus' text form of what the processes counted, and of `rows`."""
    registry = CollectorRegistry()
    if SHARED:
        MultiProcessCollector(registry)
    else:
        registry.register(_OfThisProcess())
    for each in rows:
        registry.register(each)
    return generate_latest(registry)


class _OfThisProcess(Collector):
    def collect(self) -> Iterable[Metric]:
        return REGISTRY.collect()
