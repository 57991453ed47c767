"""One more worker, so much faster: scoring and export in shards, by one worker and by two.

    python -m benchmarks.scale [--quick]
    python -m benchmarks.scale --size      # what docs/scaling.md is computed from: bytes and rows

Each run has an installation of its own: a database (on the PostgreSQL server that DATABASE_URL
names, else SQLite), a folder for storage and broker. Its workers are real Celery processes, started
as docs/operating.md says, each held to one core as if that were its machine, one thread in torch.
Tiles a second count from the first shard begun to the last one done: loading torch is in it. In a
third run a worker that holds a shard is killed; its shard waits out the lease (a minute), so that
run has no rate. Then tiles lost, tiles doubled and files that differ from one worker's are
counted. All tiles are painted (synthetic).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from benchmarks._figures import figure
from benchmarks.queue import scratch_database

CORES = sorted(os.sched_getaffinity(0))
REPEATS = 3
WORKS = ("score", "export")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer tiles, once")
    parser.add_argument("--size", action="store_true", help="bytes a tile and a row, nothing else")
    parser.add_argument("--phase", choices=WORKS, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--kill", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.size:
        from benchmarks._scale_sizes import sizes

        sizes(quick=options.quick)
    elif options.phase:
        from benchmarks._scale_run import run

        told = run(options.phase, workers=options.workers, kill=options.kill, quick=options.quick)
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        for work in WORKS:
            report(work, quick=options.quick)


def report(work: str, *, quick: bool) -> None:
    """Run one kind of work by one worker, by two, and by two of which one dies."""
    repeats = 1 if quick else REPEATS
    # They take turns, so that a machine that slows down is not held against one of them.
    turns = [[phase(work, workers=n, quick=quick) for n in (1, 2)] for _ in range(repeats)]
    rates = {n: [turn[n - 1]["rate"] for turn in turns] for n in (1, 2)}
    medians = {n: statistics.median(each) for n, each in rates.items()}
    first = turns[0][0]
    note = f"{first['tiles']} painted (synthetic) tiles, {first['shards']} shards"
    for n, each in rates.items():
        figure(
            f"scale.{work}_tiles_per_s", medians[n], unit="tiles/s", workers=n,
            note=f"{note}, {n} worker(s) of one core each, median of {repeats}",
            runs=[round(rate, 2) for rate in each], cores=len(CORES),
        )  # fmt: skip
    enough = len(CORES) > 1
    figure(
        f"scale.{work}_speed_up", medians[2] / medians[1], unit="times",
        bar=">= 1.8" if enough and not quick else "",
        note="two workers against one" + ("" if enough else "; both on the only core there is"),
        by_worker=turns[0][1]["by_worker"],
    )  # fmt: skip
    tell_death(work, first, phase(work, workers=2, kill=True, quick=quick), note)


def tell_death(work: str, first: dict[str, Any], after: dict[str, Any], note: str) -> None:
    what = f"{note}; one of two workers killed in a shard"
    for name in ("lost", "doubled"):
        figure(f"scale.{work}_{name}", after[name], unit="tiles", bar="== 0", note=what)
    files = set(first["files"].items()) ^ set(after["files"].items())
    figure(
        f"scale.{work}_files_that_differ", len(files), unit="files", bar="== 0",
        note=f"{what}; against those of one worker", files=len(first["files"]),
        killed_in=after["killed_in"],
    )  # fmt: skip


def phase(work: str, *, workers: int, quick: bool, kill: bool = False) -> dict[str, Any]:
    """One run in an installation of its own; what it found."""
    words = [sys.executable, "-m", "benchmarks.scale", "--phase", work, "--workers", str(workers)]
    words += ["--kill"] * kill + ["--quick"] * quick
    with installation() as environment:
        done = subprocess.run(
            words, env=os.environ | environment, stdout=subprocess.PIPE, check=True, text=True
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def installation() -> Iterator[dict[str, str]]:
    """Settings of a new installation, which is gone afterwards."""
    given = os.environ.get("DATABASE_URL", "")
    server = scratch_database(given) if given.startswith("postgres") else nullcontext("")
    with tempfile.TemporaryDirectory() as folder, server as database:
        yield {
            "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
            "WORKBENCH_VAR": folder,
            "DATABASE_URL": database or f"sqlite:///{Path(folder)}/workbench.sqlite3",
            "STORAGE_URL": f"file://{folder}/blobs",
            "CELERY_BROKER_URL": "filesystem://localhost",
            "TORCH_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "CHILD_NICENESS": "0",
        }


if __name__ == "__main__":
    main()
