"""The command line: `python -m training fit | predict | evaluate`, nothing else.

Standard output is JSON, one event a line; the last is `done` or `error`. Exit status: 0 done,
1 refused (a line `error` says what and why), 2 usage.
"""

import argparse
import errno
import io
import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import shutdown
from training.config import read_config
from training.device import choose_device
from training.errors import BadConfig, BadTile, DiskFull, OutOfMemory, Refusal, Unforeseen
from training.evaluate import agreement, check_same_kind, samples_of
from training.evaluation.counts import total
from training.evaluation.judge import evidence_of, write_report
from training.evaluation.report import suite
from training.evaluation.resampling import Resampling
from training.files import write_whole
from training.fit import fit_by
from training.lifeline import die_with_parent
from training.memory import keep_what_is_freed, ran_out
from training.planes import Tile, planes_in
from training.predict import load, predict_codes
from training.scale.means import Means
from training.scale.team import team
from training.snapshot import SPLITS, open_snapshot

DONE, REFUSED, USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. Usage errors exit with 2 by argparse."""
    options = parser().parse_args(arguments)
    try:
        options.command(options)
    except BadConfig as refusal:
        _tell_refusal(refusal)
        return USAGE
    except Exception as problem:
        _tell_refusal(_named(problem))
        return REFUSED
    return DONE


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="fit|predict|evaluate")

    fits = commands.add_parser("fit", help="train on a snapshot, write a model")
    fits.add_argument("snapshot", type=Path, help="folder that holds manifest.json")
    fits.add_argument("out", type=Path, help="folder for weights.safetensors and card.json")
    fits.add_argument("--config", type=Path, metavar="FILE.json")
    fits.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    fits.add_argument("--seed", type=int)
    fits.add_argument("--init", type=Path, metavar="WEIGHTS.safetensors")
    fits.add_argument("--resume", type=Path, metavar="DIR", help="an interrupted run's folder")
    fits.set_defaults(command=_fit)

    predicts = commands.add_parser("predict", help="label codes of one tile")
    predicts.add_argument("model", type=Path)
    predicts.add_argument("tile", type=Path, metavar="IN.npy", help="uint16 (bands, H, W)")
    predicts.add_argument("out", type=Path, metavar="OUT.npy", help="uint8 (H, W), 255 no data")
    predicts.add_argument(
        "--planes",
        type=Path,
        metavar="FILE.npz",
        help="what lies beside the bands, for a model that sees more: sun, clear, mask:NAME, "
        "extra:NAME; an empty array says that there is none",
    )
    predicts.set_defaults(command=_predict)

    evaluates = commands.add_parser("evaluate", help="agreement with the labels of a split")
    evaluates.add_argument("model", type=Path)
    evaluates.add_argument("snapshot", type=Path)
    evaluates.add_argument("--split", choices=SPLITS, default="validation", help="(validation)")
    evaluates.add_argument("--suite", type=Path, metavar="OUT.json", help="the whole report")
    evaluates.set_defaults(command=_evaluate)
    return top


def _fit(options: argparse.Namespace) -> None:
    config = read_config(options.config, options.settings, seed=options.seed)
    with team(choose_device(config.device)) as us:
        card = fit_by(
            Means(_tell, us),
            config,
            options.snapshot,
            options.out,
            init=options.init,
            resume=options.resume,
        )
        if card is not None and us.leads:
            _tell({"event": "done", "card": card.hash, **(card.content["metrics"] or {})})


def _predict(options: argparse.Namespace) -> None:
    try:
        tile = np.load(options.tile, allow_pickle=False)
    except (OSError, ValueError, EOFError) as problem:
        raise BadTile(f"{options.tile} is no .npy: {problem}", field=str(options.tile)) from None
    given = Tile(tile, planes_in(options.planes)) if options.planes else tile
    codes = predict_codes(load(options.model), given)
    write_whole(options.out, _as_npy(codes))
    _tell({"event": "done", "out": str(options.out), "pixels": _counts(codes)})


def _evaluate(options: argparse.Namespace) -> None:
    ensemble, snapshot = load(options.model), open_snapshot(options.snapshot)
    check_same_kind(ensemble, snapshot)
    samples = samples_of(snapshot, options.split)
    told = {"split": options.split, "tiles": len(samples), "synthetic": snapshot.synthetic}
    if options.suite:
        evidence = evidence_of(ensemble, snapshot, samples)
        report = suite(evidence, Resampling())
        write_report(options.suite, {**told, "model": options.model.name, **report})
        told["suite"] = str(options.suite)
        found = total(evidence.scenes).agreement
    else:
        found = agreement(ensemble, snapshot, samples, report=lambda done: None)
    _tell({"event": "done", **told, **found.as_json(snapshot.class_names)})


def _tell(event: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def _tell_refusal(refusal: Refusal) -> None:
    _tell(
        {
            "event": "error",
            "code": refusal.code,
            "message": refusal.message,
            "field": refusal.field,
        }
    )


def _named(problem: Exception) -> Refusal:
    """What happened, as a refusal; what nobody foresaw leaves its traceback on standard error."""
    if isinstance(problem, Refusal):
        return problem
    if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFull(
            f"The disk is full: {problem}. Free some space, then resume.",
            field=str(problem.filename or ""),
        )
    if ran_out(problem):
        return OutOfMemory(
            f"Out of memory: {problem}. Lower batch or crop, then start again.", field="batch"
        )
    traceback.print_exc()
    return Unforeseen(f"{type(problem).__name__}: {problem}")


def _as_npy(array: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _counts(codes: NDArray[np.uint8]) -> dict[str, int]:
    values, counts = np.unique(codes, return_counts=True)
    return dict(zip(map(str, values.tolist()), counts.tolist(), strict=True))


if __name__ == "__main__":
    die_with_parent()
    if os.environ.get("WORLD_SIZE", "1") == "1":  # in a team, who starts it ends all of it
        shutdown.listen()
    keep_what_is_freed()
    sys.exit(main())
