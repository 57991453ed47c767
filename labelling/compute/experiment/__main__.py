"""`python -m labelling.compute.experiment plan|look|cell|report REQUEST.json OUT`, a child each.

`look` and `plan` check the file against the snapshot and list the cells (`plan` writes them);
`cell` trains and judges one of them, `report` makes experiment.json and report.html.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from labelling.compute.experiment.cells import FAILURE, cells_of
from labelling.compute.experiment.judging import judge, train
from labelling.compute.experiment.planning import Request, begin, look, taken_up, told
from labelling.compute.experiment.report import page
from labelling.compute.experiment.summary import summary
from labelling.compute.lines import tell
from labelling.errors import WorkbenchError
from training.errors import Refusal
from training.files import write_whole
from training.lifeline import die_with_parent
from training.memory import keep_what_is_freed

RESULT, REPORT = "experiment.json", "report.html"
Done = dict[str, Any]


def plan_cells(asked: dict[str, Any], out: Path) -> Done:
    return told(begin(Request(**asked), out), out)


def look_at(asked: dict[str, Any], out: Path) -> Done:
    return told(look(Request(**asked), out), out)


def do_cell(asked: dict[str, Any], out: Path) -> Done:
    begun = taken_up(out)
    cell = next(each for each in cells_of(begun.experiment) if each.name == asked["cell"])
    keep_what_is_freed()
    if threads := cell.config.threads:
        torch.set_num_threads(threads)

    def report(stage: str, done: int, total: int) -> None:
        tell("progress", stage=stage, done=done, total=total)

    train(cell, begun.snapshot, out, report=report)
    judged = judge(cell, begun.experiment, begun.snapshot, out, report=report)
    (cell.folder(out) / FAILURE).unlink(missing_ok=True)
    return {"cell": cell.name, "scenes": len(judged.scenes)}


def write_report(asked: dict[str, Any], out: Path) -> Done:
    result = summary(taken_up(out), out)
    text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(out / RESULT, text.encode())
    write_whole(out / REPORT, page(result).encode())
    return {"result": str(out / RESULT), "report": str(out / REPORT), "partly": result["partly"]}


WORK: dict[str, Callable[[dict[str, Any], Path], Done]] = {
    "plan": plan_cells,
    "look": look_at,
    "cell": do_cell,
    "report": write_report,
}


def main() -> int:
    die_with_parent()
    parser = argparse.ArgumentParser(
        prog="python -m labelling.compute.experiment", description=__doc__
    )
    parser.add_argument("work", choices=sorted(WORK))
    parser.add_argument("request", type=Path)
    parser.add_argument("out", type=Path)
    words = parser.parse_args()
    try:
        done = WORK[words.work](json.loads(words.request.read_text()), words.out)
    except (Refusal, WorkbenchError) as refused:
        message = f"{refused} {getattr(refused, 'help', '')}".strip()
        tell("error", code="refused", message=message, field=getattr(refused, "field", ""))
        return 1
    tell("done", **done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
