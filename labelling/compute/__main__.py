"""Work that needs torch: `python -m labelling.compute WORK REQUEST OUT`, WORK as listed below."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
import torch
from django.core.management import call_command

from al_engine.errors import EngineError
from labelling.compute.compare import compare
from labelling.compute.judge import judge
from labelling.compute.lines import Telling, tell
from labelling.compute.mining import mine
from labelling.compute.predicting.request import Request as MaskRequest
from labelling.compute.predicting.work import predict
from labelling.compute.prelabel import draw_prelabels
from labelling.compute.scoring import answer
from labelling.errors import StorageAway, WorkbenchError
from training import shutdown
from training.errors import Interrupted, Refusal
from training.lifeline import die_with_parent


def simulate(content: dict[str, Any], out: Path) -> dict[str, Any]:
    """Unlike the others it needs a database: that of the scratch installation it is started in."""
    django.setup()
    # Models can be imported only once Django is set up.
    from labelling import clock
    from labelling.adapters.blobs import store
    from labelling.compute import simulation

    call_command("migrate", verbosity=0)
    return simulation.simulate(content, blobs=store(), clock=clock.now)


WORK: dict[str, Callable[[dict[str, Any], Path], dict[str, Any]]] = {
    "score": lambda content, out: answer(content, sys.stdin),
    "prelabel": draw_prelabels,
    "compare": compare,
    "judge": judge,
    "mine": mine,
    "predict": lambda content, out: predict(MaskRequest.read(content)),
    "simulate": simulate,
}


KEEPING = ("score", "mine")
"""Work that keeps what it has when it is asked to end; all other is ended."""
CODES = {StorageAway: "storage_away", Interrupted: Interrupted.code}
"""Refusals that the parent tells from all others (workflow/children.py)."""


def main() -> int:
    die_with_parent()
    parser = argparse.ArgumentParser(prog="python -m labelling.compute", description=__doc__)
    parser.add_argument("work", choices=sorted(WORK))
    parser.add_argument("request", type=Path)
    parser.add_argument("out", type=Path)
    words = parser.parse_args()
    if words.work in KEEPING:
        shutdown.listen()
    if threads := int(os.environ.get("TORCH_THREADS", "0")):
        torch.set_num_threads(threads)
    words.out.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.WARNING, handlers=[Telling()])
    try:
        done = WORK[words.work](json.loads(words.request.read_text()), words.out)
    except (EngineError, Refusal, WorkbenchError) as refused:
        code = next((code for kind, code in CODES.items() if isinstance(refused, kind)), "refused")
        message = f"{refused} {getattr(refused, 'help', '')}".strip()
        tell("error", code=code, message=message, field=getattr(refused, "field", ""))
        return 1
    tell("done", **done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
