"""`python -m labelling.compute.replay REQUEST.json OUT`: a replay in a child process."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from al_engine.errors import EngineError
from labelling.compute.lines import tell
from labelling.compute.replay.arms import ablations
from labelling.compute.replay.plan import Plan, read_plan
from labelling.compute.replay.pools import check_pool
from labelling.compute.replay.run import replay
from labelling.errors import WorkbenchError
from training.errors import Refusal
from training.lifeline import die_with_parent


def main() -> int:
    die_with_parent()
    parser = argparse.ArgumentParser(prog="python -m labelling.compute.replay", description=__doc__)
    parser.add_argument("request", type=Path, help='{"plan": {…}, "jobs": 2}')
    parser.add_argument("out", type=Path)
    words = parser.parse_args()
    try:
        told = carried_out(json.loads(words.request.read_text()), words.out)
    except (EngineError, Refusal, WorkbenchError) as refused:
        message = f"{refused} {getattr(refused, 'help', '')}".strip()
        tell("error", code="refused", message=message, field=getattr(refused, "field", ""))
        return 1
    tell("done", **told)
    return 0


def carried_out(asked: dict[str, Any], out: Path) -> dict[str, Any]:
    """The request: `plan`, `jobs`, and whether to `ablate`, or to `dry_run` and write nothing."""
    plan = read_plan(asked["plan"])
    if asked.get("ablate"):
        plan = with_ablations(plan)
    check_pool(plan)
    if not asked.get("dry_run"):
        replay(plan, out, jobs=asked["jobs"], report=report)
    return {"out": str(out), "plan": plan.as_json()}


def with_ablations(plan: Plan) -> Plan:
    """The plan with `auto` and every switch of it as arms beside what it has."""
    arms = dict.fromkeys([*plan.strategies, "auto", *ablations()])
    return replace(plan, strategies=tuple(arms))


def report(what: str, done: int, total: int) -> None:
    tell("progress", stage=what, done=done, total=total)


if __name__ == "__main__":
    sys.exit(main())
