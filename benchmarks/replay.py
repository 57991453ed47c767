"""Whether choosing tiles pays: active learning replayed in painted (synthetic) worlds.

    python -m benchmarks.replay [--quick | --smoke] [--jobs N] [--out FOLDER]

The full run replays the natural flavour with 16 seeds and the others with 6; hyper-parameters were
frozen on generator seed 0, so judge on another: BENCH_SEED is the generator's seed, 1 if not set.
--quick is a small run for a look; --smoke runs twice what CI gates on: that it runs, that it is
deterministic, and that `auto` is not below random by more than a point.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks._figures import figure, peak_mib
from labelling.compute.replay.comparison import Row, rows_of
from labelling.compute.replay.curves import FEWEST_PRODUCTS
from labelling.compute.replay.evidence import CLASS_MEAN
from labelling.compute.replay.plan import Budgets, Net, Plan, Sizes
from labelling.compute.replay.run import RESULT, replay

SEED = int(os.environ.get("BENCH_SEED", "1"))
SAMPLES = Path(os.environ.get("WORKBENCH_SAMPLES") or "../shared/data")
ARMS = ("random", "kmeans", "stratified", "auto")
"""The plain k-means stands beside every report, as the honest rival's poor relation."""
SHORT: dict[str, Budgets] = {
    "random": (24, 48, 96, 192),
    "kmeans": (24, 48, 96, 192),
    "stratified": (24, 48, 96, 192),
}
REAL: dict[str, Budgets] = {"*": (4, 7, 10, 13)}
SMOKE = {
    "sizes": Sizes(products=60, tiles=12, test_products=60, source_products=40),
    "net": Net(steps=120, source_steps=600),
    "budgets": {"*": (24, 48, 72)},
    "resamples": 200,
}
RATIO_BARS = {("random", 0.5): ">= 2.5", ("stratified", 0.7): ">= 1.2"}
LIMIT = 1.0
"""Points of class-mean IoU that `auto` may ever lie below random."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--quick", action="store_true", help="the natural flavour, two seeds")
    kind.add_argument("--smoke", action="store_true", help="small, twice, with a gate")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, help="keep the folders here, and go on in them")
    words = parser.parse_args()
    with folder(words.out) as out:
        if words.smoke:
            return smoke(out, words.jobs)
        plans = {"natural": quick()} if words.quick else everything()
        for name, plan in plans.items():
            place = out / f"{name}-{plan.generator}"
            measure(name, plan, place, words.jobs, judged=not words.quick)
    return 0


@contextmanager
def folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="replay-") as scratch:
        yield Path(scratch)


def everything() -> dict[str, Plan]:
    """The natural flavour in full; the others shorter; the real tiles where there are any."""
    natural = Plan(pool="natural", strategies=ARMS, seeds=16, generator=SEED)
    plans = {"natural": natural}
    for flavour in ("curated", "noisy", "semi-real"):
        samples = str(SAMPLES.resolve())
        plans[flavour] = replace(natural, pool=flavour, seeds=6, budgets=SHORT, samples=samples)
    real = SAMPLES / "l8_biome"
    if not real.is_dir():
        del plans["semi-real"]
        sys.stderr.write(f"Left out: semi-real and real tiles. There is no folder {SAMPLES}.\n")
        return plans
    plans["l8_biome"] = replace(
        natural, pool=str(real.resolve()), strategies=("random", "auto"), seeds=4, budgets=REAL
    )
    return plans


def quick() -> Plan:
    return Plan(
        pool="natural",
        strategies=("random", "stratified", "auto"),
        seeds=2,
        budgets={"*": (24, 48, 96)},
        generator=SEED,
        resamples=200,
    )


def measure(name: str, plan: Plan, out: Path, jobs: int, *, judged: bool = True) -> Row:
    """Replay, then print every figure; all of them are read off the result.

    judged: whether ratios have bars, which only a run in full can be held to.
    """
    began = time.monotonic()
    result = replay(plan, out, jobs=jobs, report=told(name))
    minutes = (time.monotonic() - began) / 60
    about = result["pool"]["about"]
    for row in figures(result):
        if not judged and row["unit"] == "x":
            row["bar"] = ""
        figure(**row, flavour=name, seeds=plan.seeds, note=f"{about} {settings(result)}")
    figure("replay.minutes", minutes, unit="min", flavour=name, jobs=jobs, peak_mib=peak_mib())
    return result


def figures(result: Row) -> Iterator[dict[str, Any]]:
    """What is judged of `auto`: ratios, the worst gap, and the share of the pool for g = 0.9.

    Where the products to judge on are too few for a ratio, the curves alone.
    """
    if result["pool"]["test_products"] < FEWEST_PRODUCTS:
        yield from curves(result)
        return
    for baseline, share in (("random", 0.5), ("stratified", 0.7), ("kmeans", 0.7)):
        yield from ratios(result, baseline, share, CLASS_MEAN, f"ler_{share}_vs_{baseline}")
    for baseline in ("random", "stratified"):
        yield from ratios(result, baseline, 0.7, "shadow", "ler_0.7_shadow")
    for row in rows_of(result["pairs"], arm="auto"):
        yield {
            "name": f"replay.worst_gap_vs_{row['baseline']}_points",
            "value": row["worst_gap_points"],
            "unit": "points",
            "bar": f"<= {LIMIT}" if row["baseline"] == "random" else "",
            "low": row["worst_gap_low"],
            "high": row["worst_gap_high"],
            "p": row.get("p_holm"),
            "budget": row["worst_gap_at"],
            "area_difference_points": points(row.get("area_difference")),
        }
    reached = result["arms"]["auto"]["reaches"]["0.9"]
    yield {
        "name": "replay.pool_share_at_g09",
        "value": reached["tiles"] / result["pool"]["tiles"],
        "unit": "share",
        "censored": reached["censored"] != "",
        "bound": {"above": ">", "below": "<"}.get(reached["censored"], ""),
    }


def curves(result: Row) -> Iterator[dict[str, Any]]:
    """Every arm's class-mean IoU at every budget."""
    for name, arm in result["arms"].items():
        for tiles, look in zip(arm["tiles"], arm["iou"][CLASS_MEAN]):
            interval = {"low": look["low"], "high": look["high"]}
            told = {"arm": name, "tiles": round(tiles), **interval}
            yield {"name": "replay.class_mean_iou", "value": look["mean"], "unit": "IoU", **told}


def ratios(
    result: Row, baseline: str, share: float, metric: str, name: str
) -> Iterator[dict[str, Any]]:
    wanted = {"arm": "auto", "baseline": baseline, "share": share, "metric": metric}
    for row in rows_of(result["ratios"], cost="tiles", **wanted):
        yield {
            "name": "replay." + name.replace("0.", "0"),
            "value": row["value"],
            "unit": "x",
            "bar": RATIO_BARS.get((baseline, share), "") if metric == CLASS_MEAN else "",
            "low": row["low"],
            "high": row["high"],
            "p": row["p_holm"],
            "censored": row["censored"],
            "bound": row["bound"],
            "weak": row["weak"],
            "baseline": baseline,
        }


def settings(result: Row) -> str:
    """The margin, block size and caps that were really used."""
    used = result["effective"]["auto"]
    return (
        f"auto: margin {used['margin']} px, block {used['block']} px, caps "
        f"{used['product_caps']} a product for batches of {used['batches']}; "
        f"start {mean(result['start']):.4f}, ceiling {mean(result['ceiling']):.4f} "
        f"({mean(result['ceiling_in_as_many_steps']):.4f} in as many steps as the arms)."
    )


def mean(end: Row) -> float:
    return float(end["iou"][CLASS_MEAN]["mean"])


def points(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 3)


def smoke(out: Path, jobs: int) -> int:
    """Twice the same small replay; 1 unless both agree to the bit and `auto` is not behind."""
    plan = Plan(pool="natural", strategies=("random", "stratified", "auto"), seeds=2, **SMOKE)
    plan = replace(plan, generator=SEED)
    once = measure("natural", plan, out / "once", jobs, judged=False)
    again = replace(plan, strategies=("auto",), seeds=1)
    replay(again, out / "again", jobs=1, report=told("again"))
    same = cells(out / "once", ["auto-000.npz", "ceiling-000.npz"]) == cells(
        out / "again", ["auto-000.npz", "ceiling-000.npz"]
    )
    (row,) = rows_of(once["pairs"], arm="auto", baseline="random")
    figure("replay.deterministic", float(same), unit="", bar="== 1", result=RESULT)
    return 0 if same and row["worst_gap_points"] <= LIMIT else 1


def cells(out: Path, names: list[str]) -> list[bytes]:
    return [(out / "cells" / name).read_bytes() for name in names]


def told(name: str) -> Any:
    """Progress belongs on standard error: standard output is figures alone."""

    def tell(what: str, done: int, total: int) -> None:
        sys.stderr.write(f"{name}: {what} {done} of {total}\n")

    return tell


if __name__ == "__main__":
    sys.exit(main())
