"""Neighbours: how soon the web answers beside a training and a scoring job on the same cores.

    python -m benchmarks.neighbours [--seconds 60] [--quick]

The production server, and one worker of two places, on PostgreSQL and a broker. Eight annotators
claim, save drafts and submit, a lead looks at a page, all at the same pace all the time. In turn
nothing else runs, then one campaign's network is trained while another's pool is scored, then
nothing again; each turn is as long. The figure is the 95th percentile of all answers' times beside
the jobs, as a multiple of that without them. Exit status 1 where the bar is missed. Synthetic.
"""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._figures import figure
from benchmarks._insisting import Insisting
from benchmarks._queue_crowd import _free_port
from benchmarks._site import Site, seconds_until
from benchmarks.chaos import fail_early, scratch_installation

SEED = int(os.environ.get("BENCH_SEED", "0"))
PEOPLE, SIDE, SLUG = 8, 512, "bench"
PAUSE = (0.5, 1.5)
"""Seconds between claim and submission: at least, at most."""
LOOK_EVERY = 0.5
"""Seconds between two pages that the lead looks at."""
PAGES = ("campaigns/bench", "campaigns/bench/progress", "campaigns/bench/queue")
BAR = 1.5
POOL = 20_000
"""Tiles to score: they last longer than a turn."""
TRAINED = {
    "width": 16, "depth": 4, "crop": 128, "batch": 8, "steps": 100_000, "evaluate_every": 50_000,
    "checkpoint_every": 50_000, "warm_up": 10, "threads": 2,
}  # fmt: skip
"""Longer than a turn lasts, on all cores."""
JOBS = {"trained": "fit", "scored": "score"}
"""{campaign: the step that its round is in while answers are timed}"""


@dataclass
class Timed(Insisting):
    """Notes how long each answer took."""

    answers: list[tuple[float, float]] = field(default_factory=list)
    """(when it was asked, seconds it took)"""

    def post(self, path: str, body: bytes, kind: str, key: str) -> tuple[int, dict[str, Any]]:
        asked = time.monotonic()
        told = super().post(path, body, kind, key)
        self.answers.append((asked, time.monotonic() - asked))
        return told


@dataclass
class Looking:
    """A lead who looks at one page after the other until `stop` is set."""

    port: int
    session: str
    stop: threading.Event
    answers: list[tuple[float, float]] = field(default_factory=list)

    def work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.stop.wait(LOOK_EVERY):
            asked = time.monotonic()
            page = PAGES[len(self.answers) % len(PAGES)]
            connection.request(
                "GET", f"/api/v1/{page}", headers={"Cookie": f"sessionid={self.session}"}
            )
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{page} was answered {answer.status}.")
            self.answers.append((asked, time.monotonic() - asked))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each turn")
    parser.add_argument("--quick", action="store_true", help="turns of ten seconds")
    options = parser.parse_args()
    with scratch_installation() as (_, folder):
        well = run(folder, seconds=10.0 if options.quick else options.seconds)
    sys.exit(0 if well else 1)


def run(folder: Path, *, seconds: float) -> bool:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from benchmarks._queue_rows import Size, fill, store_raster
    from benchmarks._soak_rows import TRAINING, founded, multiply
    from labelling.clock import now

    call_command("migrate", verbosity=0)
    sessions = fill(Size(open=20_000, closed=0, each=0, people=PEOPLE))
    store_raster(SEED)
    founded("trained", TRAINED, folder / "painted", now=now())
    multiply(founded("scored", TRAINING, folder / "painted", now=now()), POOL)
    connection.close()
    site, stop = Site(folder, port=_free_port(), environment={}), threading.Event()
    crowd: list[Timed | Looking] = [
        Timed(site.port, key, SLUG, SIDE, PAUSE, SEED * 1000 + n, stop)
        for n, key in enumerate(sessions.annotators)
    ]
    crowd.append(Looking(site.port, sessions.lead, stop))
    try:
        site.start()
        seconds_until(lambda: site.answers("/readyz"), "The installation")
        turns = worked(crowd, stop, seconds=seconds)
    except RuntimeError:
        sys.stderr.write(site.last_lines())
        raise
    finally:
        site.stop()
    return show([each for one in crowd for each in one.answers], turns, seconds=seconds)


def worked(
    crowd: list[Timed | Looking], stop: threading.Event, *, seconds: float
) -> list[tuple[float, bool]]:
    """Have the crowd work through all turns; (when it began, whether beside jobs) of each."""
    turns = []
    with ThreadPoolExecutor(len(crowd)) as pool:
        working = [pool.submit(each.work) for each in crowd]
        try:
            time.sleep(seconds / 4)  # the first answers come from cold processes
            for beside in (False, True, False):
                if beside:
                    begin_jobs()
                turns.append((time.monotonic(), beside))
                time.sleep(seconds)
                fail_early(working)
                if beside:
                    check_jobs()
                    end_jobs()
        finally:
            stop.set()
        for each in working:
            each.result()
    return turns


def begin_jobs() -> None:
    """A round of each campaign, each in its step."""
    from benchmarks._soak_rows import BATCH
    from labelling.clock import now
    from labelling.models import Campaign
    from labelling.workflow.rounds import plan_round

    for slug in JOBS:
        plan_round(
            campaign=Campaign.objects.get(slug=slug), strategy="entropy", batch=BATCH, seed=SEED,
            asked_by=None, now=now(),
        )  # fmt: skip
    seconds_until(both_at_work, "Both jobs' work", patience=300)


def both_at_work() -> bool:
    from labelling.models import Job

    at = {job.round.campaign.slug: job for job in Job.objects.filter(round__isnull=False)}
    for slug, job in at.items():
        if job.state == Job.State.FAILED:
            raise RuntimeError(f"The round of {slug} failed: {job.error}")
    return all(
        at[slug].progress.get("stage") == stage and at[slug].progress.get("done", 0) > 0
        for slug, stage in JOBS.items()
    )


def check_jobs() -> None:
    """Raises RuntimeError where one of them ended before the turn did."""
    if not both_at_work():
        raise RuntimeError("A job ended before its turn did: the figure would say too little.")


def end_jobs() -> None:
    from labelling.clock import now
    from labelling.models import Job
    from labelling.workflow.jobs import cancel_job

    for job in Job.objects.unfinished().filter(round__isnull=False):
        cancel_job(job=job, by=None, now=now())
    seconds_until(lambda: not Job.objects.unfinished().exists(), "The jobs' end")


def show(
    answers: list[tuple[float, float]], turns: list[tuple[float, bool]], *, seconds: float
) -> bool:
    """Print the figures; whether the bar holds."""
    times: dict[bool, list[float]] = {False: [], True: []}
    for asked, took in answers:
        for began, beside in turns:
            if began <= asked < began + seconds:
                times[beside].append(1000 * took)
    idle, busy = (float(np.quantile(times[beside], 0.95)) for beside in (False, True))
    note = f"p95 of {len(times[False])} answers without and {len(times[True])} beside, synthetic"
    figure("neighbours.idle_p95_ms", idle, unit="ms", note=note)
    figure("neighbours.beside_p95_ms", busy, unit="ms", note=note)
    ratio = busy / idle
    figure("neighbours.web_p95_ratio", ratio, unit="", bar=f"<= {BAR}", note=note)
    return ratio <= BAR


if __name__ == "__main__":
    main()
