"""A replay from its plan to its report, in one folder that it can be taken up in again.

OUT/plan.json, pool/, source.safetensors   made first, kept
OUT/cells/<arm>-<seed>.npz                 one training history each
OUT/replay.json                            every figure that is printed anywhere
OUT/report.html                            drawn from replay.json alone
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from labelling.compute.replay.cells import PLAN, SOURCE, Cell, keep_source, work_off
from labelling.compute.replay.plan import Plan
from labelling.compute.replay.pools import build_pool, check_pool
from labelling.compute.replay.report import page
from labelling.compute.replay.rounds import Room
from labelling.compute.replay.summary import summary
from labelling.compute.replay.tiles import ReplayPool, keep, kept
from training.files import write_whole

RESULT, REPORT = "replay.json", "report.html"
PREPARED = "prepared.json"

Report = Callable[[str, int, int], None]
"""Told what was done, how many of it, of how many."""


def replay(plan: Plan, out: Path, *, jobs: int, report: Report) -> dict[str, Any]:
    """Do what is left of the plan in `out`, and write its result and report.

    The same plan gives the same result bit for bit, whatever `jobs` and however often it was
    interrupted. Raises BadInput, RasterRejected or training's Refusal for a pool of no use.
    """
    check_pool(plan)
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    plan, pool = prepared(plan, out, report)

    def told(cell: Cell, done: int, total: int) -> None:
        report(cell.arm, done, total)

    work_off(plan, out, jobs=jobs, report=told)
    result = summary(plan, pool, out)
    text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(out / RESULT, text.encode())
    write_whole(out / REPORT, page(result).encode())
    return result


def prepared(plan: Plan, out: Path, report: Report) -> tuple[Plan, ReplayPool]:
    """The plan as it will be done, and its pool; what lies there of another plan is replaced."""
    stamp = out / PREPARED
    if not stamp.exists() or json.loads(stamp.read_text()) != plan.digest():
        stamp.unlink(missing_ok=True)
        shutil.rmtree(out / "pool", ignore_errors=True)
        (out / SOURCE).unlink(missing_ok=True)
        report("pool", 0, 1)
        pool = build_pool(plan)
        keep(pool, out / "pool")
        if pool.source is not None:
            report("source", 0, 1)
        keep_source(Room(plan, pool, None).school.pretrained(seed=plan.generator), out)
        write_whole(stamp, json.dumps(plan.digest()).encode())
    pool = kept(out / "pool")
    fitting = plan.reaching(pool.pool.count)
    write_whole(out / PLAN, json.dumps(fitting.as_json()).encode())
    return fitting, pool
