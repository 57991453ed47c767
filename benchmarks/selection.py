"""`auto` over a pool of 10⁶ tiles whose scores and 64-d embeddings are given: one batch of 100.

    python -m benchmarks.selection [--quick]

Scores and embeddings are drawn (synthetic); what they hold doesn't change the time. Each repeat is
a process of its own, so that the peak of memory is that of one choice: pool included.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

from al_engine.strategies import Pool, Request, select
from benchmarks._figures import figure, peak_mib

SEED = int(os.environ.get("BENCH_SEED", "0"))
BATCH = 100
KNOWN = 1500
"""Labelled and in-flight tiles."""
CLASSES = 4
WIDTH = 64
PRODUCTS = 5000
REPEATS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 000 tiles, one repeat")
    parser.add_argument("--child", type=int, metavar="TILES", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        sys.stdout.write(json.dumps(chosen(given.child)))
        return
    tiles, repeats = (20_000, 1) if given.quick else (10**6, REPEATS)
    measured = [in_a_child(tiles) for _ in range(repeats)]
    show(tiles, measured)


def in_a_child(tiles: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.selection", "--child", str(tiles)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def chosen(tiles: int) -> dict[str, float]:
    """Seconds of one `select`, and the most memory the process had."""
    pool = drawn_pool(tiles)
    request = Request(count=BATCH, seed=SEED, round_no=3)
    started = time.perf_counter()
    batch = select(pool, request, strategy="auto")
    seconds = time.perf_counter() - started
    assert len(set(batch.indices.tolist())) == BATCH
    return {"seconds": seconds, "peak_mib": peak_mib()}


def drawn_pool(tiles: int) -> Pool:
    rng = np.random.default_rng(SEED)
    class_scores = rng.random((tiles, CLASSES), dtype=np.float32)
    return Pool(
        scores=class_scores.max(axis=1),
        means=class_scores.mean(axis=1),
        disagreement=rng.random(tiles, dtype=np.float32),
        class_scores=class_scores,
        embeddings=rng.standard_normal((tiles, WIDTH), dtype=np.float32),
        groups=rng.integers(PRODUCTS, size=tiles),
        known_embeddings=rng.standard_normal((KNOWN, WIDTH), dtype=np.float32),
        neighbourhoods=rng.integers(tiles // 9, size=tiles),
    )


def show(tiles: int, measured: list[dict[str, float]]) -> None:
    note = (
        f"auto, {tiles} drawn (synthetic) tiles of {PRODUCTS} products, {WIDTH}-d embeddings, "
        f"{KNOWN} known, batch {BATCH}; median of {len(measured)}, each in a process of its own"
    )
    whole = tiles == 10**6
    figure(
        "selection.seconds_1e6" if whole else "selection.seconds",
        statistics.median(each["seconds"] for each in measured),
        unit="s",
        bar="<= 10" if whole else "",
        note=note,
    )
    figure(
        "selection.peak_mib",
        max(each["peak_mib"] for each in measured),
        unit="MiB",
        bar="<= 2048" if whole else "",
        note=f"{note}; the largest; the pool itself included",
    )


if __name__ == "__main__":
    main()
