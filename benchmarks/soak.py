"""Soak: a day of sixteen annotators with a round every hour, in a quarter of an hour.

    python -m benchmarks.soak [--hours 24] [--speed 108] [--quick]

Time runs through labelling/clock, sped up: leases of people, schedules and rounds follow it, while
processes take the time they take. Web, worker and beat are real, on PostgreSQL and a broker, as
benchmarks/chaos has them. Each person labels a tile in 12 to 28 minutes. The network is small, so
that an hour has room for a round. What is measured: labels lost and doubled, memory after a warm-up
and at the end, and how long claims take at the beginning and at the end. Exit status 1, and the
figure's name on standard error, where a bar is missed. All data are synthetic.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks._figures import figure
from benchmarks._insisting import Insisting
from benchmarks._kept import kept_labels
from benchmarks._queue_crowd import _free_port
from benchmarks._site import Site, seconds_until
from benchmarks.chaos import fail_early, scratch_installation

SEED = int(os.environ.get("BENCH_SEED", "0"))
PEOPLE = 16
MINUTES = (12.0, 28.0)
"""Simulated, for a tile: at least, at most."""
TILES_AN_HOUR = 60 * PEOPLE / MINUTES[0]
EVERY = 5.0
"""Seconds between two looks at the memory."""
PARTS = ("web", "worker", "beat")
QUARTER = 0.25
GROWTH, SLOWER = 0.05, 1.5
"""At most: of memory after the warm-up, and of claims' times as a multiple."""


@dataclass
class Watched:
    """What was seen of the processes: (part of the run that was over, MiB) by process."""

    memory: dict[str, list[tuple[float, float]]] = field(
        default_factory=lambda: {name: [] for name in PARTS}
    )

    def growth(self, name: str) -> float:
        """Memory of the last quarter as a multiple of the second quarter's, medians."""
        seen = self.memory[name]
        warm = [mib for at, mib in seen if QUARTER <= at < 2 * QUARTER]
        late = [mib for at, mib in seen if at >= 1 - QUARTER]
        return float(np.median(late) / np.median(warm))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0, help="simulated")
    parser.add_argument("--speed", type=float, default=108.0, help="simulated seconds a second")
    parser.add_argument("--quick", action="store_true", help="three simulated hours")
    options = parser.parse_args()
    hours = 3.0 if options.quick else options.hours
    epoch = datetime.now(UTC).isoformat()
    with scratch_installation(CLOCK_SPEED=f"{options.speed}", CLOCK_EPOCH=epoch) as (_, folder):
        well = run(folder, hours=hours, seconds=3600 * hours / options.speed)
    sys.exit(0 if well else 1)


def run(folder: Path, *, hours: float, seconds: float) -> bool:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from benchmarks._soak_rows import SIDE, SLUG, fill
    from labelling.clock import now

    call_command("migrate", verbosity=0)
    sessions = fill(
        folder / "painted", tiles=round(TILES_AN_HOUR * hours), people=PEOPLE, now=now()
    )
    connection.close()
    site, stop = Site(folder, port=_free_port(), environment={}), threading.Event()
    pause = (MINUTES[0] * seconds / (60 * hours), MINUTES[1] * seconds / (60 * hours))
    crowd = [
        Insisting(site.port, key, SLUG, SIDE, pause, SEED * 1000 + n, stop, waits=True)
        for n, key in enumerate(sessions)
    ]
    try:
        site.start()
        seconds_until(lambda: site.answers("/readyz"), "The installation")
        seconds_until(first_round_is_open, "The first round", patience=600)
        began = time.monotonic()
        watched = worked(site, crowd, stop, seconds=seconds)
    except RuntimeError:
        sys.stderr.write(site.last_lines())
        raise
    finally:
        site.stop()
    return show(crowd, watched, began=began, seconds=seconds, hours=hours)


def first_round_is_open() -> bool:
    """Raises RuntimeError with the reason where it failed: nobody need wait for it then."""
    from labelling.models import Round

    first = Round.objects.order_by("n").first()
    if first and first.state == Round.State.FAILED:
        raise RuntimeError(f"The first round failed: {first.error}")
    return first is not None and first.state == Round.State.DONE


def worked(site: Site, crowd: list[Insisting], stop: threading.Event, *, seconds: float) -> Watched:
    """Let the crowd work, and look at the processes' memory meanwhile."""
    watched, began = Watched(), time.monotonic()
    with ThreadPoolExecutor(len(crowd)) as pool:
        working = [pool.submit(each.work) for each in crowd]
        try:
            while (gone := time.monotonic() - began) < seconds:
                fail_early(working)
                for name in PARTS:
                    watched.memory[name].append((gone / seconds, site.memory_mib(name)))
                time.sleep(EVERY)
        finally:
            stop.set()
        for each in working:
            each.result()
    return watched


def show(
    crowd: list[Insisting], watched: Watched, *, began: float, seconds: float, hours: float
) -> bool:
    """Print all figures; whether every bar holds. Those that don't go to standard error by name."""
    from labelling.models import Round

    kept = kept_labels()
    there = {(each.task, each.planes) for each in kept}
    said = {(task, sha) for person in crowd for task, sha in person.handed_in.items()}
    lost, doubled = len(said - there), len(kept) - len({each.task for each in kept})
    refused = [each for person in crowd for each in person.refused]
    rounds = list(Round.objects.values_list("state", flat=True))
    note = (
        f"{len(said)} labels of {PEOPLE} people in {hours:g} simulated hours ({seconds:.0f} s), "
        f"{rounds.count('done')} rounds, synthetic"
    )
    figure("soak.lost", lost, unit="labels", bar="== 0", note=note)
    figure("soak.doubled", doubled, unit="labels", bar="== 0", note=note)
    figure("soak.refused", len(refused), unit="labels", bar="== 0", note=note, said=refused[:3])
    figure(
        "soak.rounds_failed", rounds.count("failed"), unit="rounds", bar="== 0", note=note,
        done=rounds.count("done"),
    )  # fmt: skip
    drift = {name: abs(watched.growth(name) - 1) for name in PARTS}
    for name in PARTS:
        figure(
            f"soak.{name}_memory_drift", drift[name], unit="of the warmed-up",
            bar=f"<= {GROWTH}", note="last quarter against the second",
            end_mib=round(watched.memory[name][-1][1], 1),
        )  # fmt: skip
    figure(
        "soak.memory_growth", max(drift.values()), unit="of the warmed-up",
        bar=f"<= {GROWTH}", note="of the process that drifted most",
    )  # fmt: skip
    slowed = late(crowd, began, seconds)
    figure("soak.claim_p95_ratio", slowed, unit="", bar=f"<= {SLOWER}", note="last quarter / first")
    figure("soak.empty", sum(each.empty for each in crowd), unit="claims", note="nothing waited")
    missed = {
        "labels handed in": not said,
        "lost": lost > 0,
        "doubled": doubled > 0,
        "refused": bool(refused),
        "rounds_failed": "failed" in rounds,
        "memory_growth": round(max(drift.values()), 4) > GROWTH,
        "claim_p95_ratio": round(slowed, 4) > SLOWER,
    }
    if any(missed.values()):
        names = ", ".join(name for name, short in missed.items() if short)
        sys.stderr.write(f"Bars missed: {names}.\n")
    return not any(missed.values())


def late(crowd: list[Insisting], began: float, seconds: float) -> float:
    """95th percentile of claims in the last quarter as a multiple of the first quarter's.

    A person's very first isn't counted: it meets cold processes, and would flatter the last.
    """
    claims = [
        ((asked - began) / seconds, took) for person in crowd for asked, took in person.claims[1:]
    ]
    first = [took for at, took in claims if at < QUARTER]
    last = [took for at, took in claims if at >= 1 - QUARTER]
    if not (first and last):
        raise RuntimeError(f"{len(first)} claims in the first quarter, {len(last)} in the last.")
    return float(np.quantile(last, 0.95) / np.quantile(first, 0.95))


if __name__ == "__main__":
    main()
