"""The queue under 32 annotators: claims, a ranking swapped in, a burst, submits and pages.

    python -m benchmarks.queue [--quick]

PostgreSQL holds a million open tasks behind 200 000 better-ranked ones that are labelled, 5 000 by
each annotator; 32 more are in other hands. Everybody acts once a second, over HTTP, on the
production server as the container starts it: claims a tile, and a second later hands in its label
of 512 by 512 pixels. DATABASE_URL names the server (postgres://postgres@127.0.0.1:5432/postgres
where it names none); a database is made there and dropped. All rows and labels are synthetic.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import numpy as np
import psycopg2
from psycopg2 import sql

from benchmarks._figures import figure
from benchmarks._queue_crowd import (
    ROOT,
    Annotator,
    Grant,
    burst,
    double_served,
    empty_hands,
    order_violations,
    paced,
    serving,
)

SEED = int(os.environ.get("BENCH_SEED", "0"))
SERVER = "postgres://postgres@127.0.0.1:5432/postgres"
SIDE = 512
PAGES = {
    "catalogue": "catalogue",
    "catalogue by score": "catalogue?sort=-score",
    "catalogue by date": "catalogue?sort=-taken",
    "dashboard": "progress",
    "queue": "queue",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 000 open tasks, 10 seconds")
    quick = parser.parse_args().quick
    given = os.environ.get("DATABASE_URL", "")
    server = given if given.startswith("postgres") else SERVER
    with scratch_database(server) as database, tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATABASE_URL": database,
            "WORKBENCH_VAR": folder,
            "STORAGE_URL": f"file://{folder}/blobs",
            "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
        }
        measure(quick=quick)


def measure(*, quick: bool) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from benchmarks._queue_rows import Size, fill, store_raster

    call_command("migrate", verbosity=0)
    size = Size(20_000, 4_000, 100) if quick else Size(1_000_000, 200_000, 5_000)
    sessions = fill(size)
    store_raster(SEED)
    connection.close()
    told = f"{size.open} open behind {size.closed} closed, {size.people} annotators, PostgreSQL"
    with serving({}) as port:
        label = drawn(np.random.default_rng(SEED))
        crowd = [Annotator(port, session, label) for session in sessions.annotators]
        lead = Annotator(port, sessions.lead, label)
        warm_up(crowd, lead)
        began, busy = time.monotonic(), time.process_time()
        before = work_for(crowd, seconds=10 if quick else 60)
        own = (time.process_time() - busy) / (time.monotonic() - began)
        figure(
            "queue.claim_p95_ms", p95(before), unit="ms", bar="<= 25", note=told,
            claims=len(before), median=median(before), load_generator_cores=round(own, 2),
            load_average=round(os.getloadavg()[0], 1),
        )  # fmt: skip
        in_a_burst = bursts(crowd, times=2 if quick else 5)
        submits = [seconds for each in crowd for seconds in each.submits]
        figure(
            "queue.submit_p95_ms", p95(submits), unit="ms", bar="<= 80",
            note=f"a label of {SIDE} by {SIDE} pixels; {told}", median=median(submits),
        )  # fmt: skip
        by_old_ranking = [grant for each in crowd for grant in each.grants]
        swap_in(crowd, told)
        in_a_burst += bursts(crowd, times=2)
        show_order(crowd, by_old_ranking)
        figure(
            "queue.burst_ms", 1000 * max(in_a_burst), unit="ms",
            note=f"the slowest of {size.people} claims at once; no bar",
        )  # fmt: skip
        sweep_once()
        show_pages(lead, times=5 if quick else 20)


def work_for(crowd: list[Annotator], *, seconds: float) -> list[float]:
    """Seconds of each claim while everybody acts once a second."""
    end = time.monotonic() + seconds
    return claims_until(crowd, lambda: time.monotonic() >= end)


def claims_until(crowd: list[Annotator], until: Callable[[], bool]) -> list[float]:
    for each in crowd:
        each.claims.clear()
    paced(crowd, until)
    return [seconds for each in crowd for seconds in each.claims]


def warm_up(crowd: list[Annotator], lead: Annotator) -> None:
    """Both server processes have answered everything once."""
    work_for(crowd, seconds=4)
    empty_hands(crowd)
    for each in crowd:
        each.submits.clear()


def bursts(crowd: list[Annotator], *, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        empty_hands(crowd)
        taken += burst(crowd)
    empty_hands(crowd)
    return taken


def swap_in(crowd: list[Annotator], told: str) -> None:
    """Claims go on while another process inserts a new ranking of every open task."""
    command = [sys.executable, "-m", "benchmarks._queue_swap", str(SEED)]
    began = time.monotonic()
    swap = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    claims = claims_until(crowd, lambda: swap.poll() is not None)
    took = time.monotonic() - began
    out, _ = swap.communicate()
    if swap.returncode:
        raise RuntimeError(f"The new ranking ended with {swap.returncode}.")
    figure(
        "queue.claim_swap_p95_ms", p95(claims), unit="ms", bar="<= 25", claims=len(claims),
        median=median(claims), note=f"while {out.strip()} tasks were ranked anew in {took:.0f} s; "
        f"{told}",
    )  # fmt: skip


def show_order(crowd: list[Annotator], by_old_ranking: list[Grant]) -> None:
    """Doubles over everything; order before the swap by the old ranking, after it by the new."""
    grants = [grant for each in crowd for grant in each.grants]
    figure(
        "queue.double_served", double_served(grants), unit="", bar="== 0", claims=len(grants),
        note="paced, while the ranking was swapped in, and in bursts",
    )  # fmt: skip
    last = max(grant.got for grant in by_old_ranking)
    after = [grant for each in crowd for grant in each.grants[-2:] if grant.asked > last]
    found = order_violations(by_old_ranking, ranks_of(by_old_ranking, newest=False))
    found += order_violations(after, ranks_of(after, newest=True))
    figure(
        "queue.order_violations", found, unit="", bar="== 0",
        claims=len(by_old_ranking) + len(after),
        note="a claim got a better rank than one of its lane that had ended before it began",
    )  # fmt: skip


def ranks_of(grants: list[Grant], *, newest: bool) -> dict[str, tuple[str, int]]:
    """{task: (lane, rank)} in the first ranking, or in the newest."""
    from labelling.models import Ranking, TaskRank

    ranking = Ranking.objects.order_by("-n" if newest else "n")[0]
    ranks = TaskRank.objects.filter(ranking=ranking, task__uuid__in=[each.task for each in grants])
    found = ranks.values_list("task__uuid", "task__lane", "rank")
    return {str(name): (lane, rank) for name, lane, rank in found}


def sweep_once() -> None:
    """What beat does every twenty seconds: among others it counts large campaigns."""
    from labelling.clock import now
    from labelling.workflow.sweep import sweep

    began = time.monotonic()
    sweep(now=now())
    figure(
        "queue.sweep_s", time.monotonic() - began, unit="s",
        note="one sweep that counts the campaign anew, as every two minutes; no bar",
    )  # fmt: skip


def show_pages(lead: Annotator, *, times: int) -> None:
    taken = {}
    for name, path in PAGES.items():
        lead.get(f"campaigns/bench/{path}")
        taken[name] = [lead.get(f"campaigns/bench/{path}") for _ in range(times)]
    slowest = max(taken, key=lambda name: p95(taken[name]))
    figure(
        "queue.page_p95_ms", p95(taken[slowest]), unit="ms", bar="<= 200", page=slowest,
        note="the slowest of the pages", pages={name: round(p95(taken[name])) for name in taken},
    )  # fmt: skip


def drawn(rng: np.random.Generator) -> bytes:
    """A label and its provenance: a round cloud with its shadow on clear ground, all painted."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    label = np.zeros((SIDE, SIDE), np.uint8)
    row, column = rng.integers(180, 330, size=2)
    label[np.hypot(rows - row + 90, columns - column - 30) < 60] = 3
    label[np.hypot(rows - row, columns - column) < 70] = 1
    return np.stack([label, np.ones_like(label)]).tobytes()


def p95(seconds: list[float]) -> float:
    """Milliseconds."""
    return 1000 * float(np.quantile(seconds, 0.95))


def median(seconds: list[float]) -> float:
    """Milliseconds."""
    return round(1000 * statistics.median(seconds), 1)


@contextmanager
def scratch_database(server: str) -> Iterator[str]:
    """The URL of a new, empty database, dropped afterwards."""
    name = f"bench_queue_{uuid.uuid4().hex}"
    database = sql.Identifier(name)
    try:
        connection = psycopg2.connect(server)
    except psycopg2.OperationalError as error:
        sys.exit(f"PostgreSQL doesn't answer at {server}: {error}Set DATABASE_URL to a server.")
    with closing(connection):
        connection.autocommit = True
        connection.cursor().execute(sql.SQL("CREATE DATABASE {}").format(database))
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database)
            connection.cursor().execute(drop)


if __name__ == "__main__":
    main()
