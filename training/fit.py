"""From a snapshot to a model: survey, train each member, calibrate, evaluate, write."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from typing import Any

import torch

from training.checkpoint import (
    CARD,
    WEIGHTS,
    Card,
    State,
    check_fits,
    describe_network,
    pack,
    read_model,
    read_weights,
    write_model,
)
from training.config import FitConfig
from training.crops import CropSource
from training.device import choose_device, choose_precision, code_hash, environment
from training.errors import BadCheckpoint
from training.evaluate import agreement, calibrate
from training.files import sha256, sweep, write_whole
from training.member import Bench, Learner, check_finite, class_weights
from training.predict import Ensemble, prepared
from training.resume import CHECKPOINT, Look, Progress, Run, differences, restore, save
from training.snapshot import SPLITS, Sample, Snapshot, open_snapshot
from training.survey import Survey, survey
from training.unet import UNetConfig

Event = Mapping[str, Any]
Report = Callable[[Event], None]

REPORTS = 100
"""Progress lines a member prints, at most one a step."""


def fit(
    config: FitConfig,
    snapshot_dir: Path,
    out: Path,
    *,
    init: Path | None = None,
    resume: Path | None = None,
    report: Report = lambda event: None,
) -> Card:
    """Train on split `pool` and write weights.safetensors and card.json into `out`, card last.

    `init`: weights to start every member from. `resume`: a folder (it may be `out`) where an
    attempt at the very same run was interrupted; with the same number of threads the result
    has the same bits as if it never was. `report` gets progress events.
    Raises Refusal (see `training.errors`), OSError where `out` cannot be written.
    """
    snapshot = open_snapshot(snapshot_dir)
    first = None if init is None else read_weights(init)
    run = identity(config, snapshot, first)
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    if resume is not None and (card := _adopt_finished(resume, out, run)):
        return card
    (out / CARD).unlink(missing_ok=True)
    threads = config.threads or torch.get_num_threads()
    progress = (restore(resume, run) if resume else None) or Progress(threads)
    torch.set_num_threads(progress.threads)
    card = _Fit(config, snapshot, out, run, report).finish(progress, first)
    (out / CHECKPOINT).unlink(missing_ok=True)
    return card


def identity(config: FitConfig, snapshot: Snapshot, first: list[State] | None) -> Run:
    """What decides the result. How often a checkpoint is written does not."""
    settings = config.as_json()
    settings.pop("checkpoint_every")
    device = choose_device(config.device)
    return {
        "config": settings,
        "snapshot": snapshot.hash,
        "init": None if first is None else sha256(pack(first)),
        "code": code_hash(),
        "device": device.type,
        "precision": str(choose_precision(config.precision, device)).removeprefix("torch."),
    }


def _adopt_finished(resume: Path, out: Path, run: Run) -> Card | None:
    """The model in `resume` if the interrupted attempt had finished after all, moved to `out`."""
    if not (resume / CARD).exists():
        return None
    card, _ = read_model(resume)
    if different := differences(card.content["run"], run):
        raise BadCheckpoint(
            f"{resume} holds the model of another run: {'; '.join(different)}. "
            "Start in another folder, or without resuming.",
            field=str(resume),
        )
    if resume.resolve() != out.resolve():
        for name in (WEIGHTS, CARD):
            write_whole(out / name, (resume / name).read_bytes())
    return card


@dataclass(frozen=True)
class _Fit:
    config: FitConfig
    snapshot: Snapshot
    out: Path
    run: Run
    report: Report

    def finish(self, progress: Progress, first: list[State] | None) -> Card:
        """Train what is left, then calibrate, evaluate and write."""
        bench, counted = self._bench()
        for member in range(len(progress.finished), self.config.members):
            source = CropSource(
                self.snapshot, self._of("pool"), counted, self.config, member=member
            )
            learner = Learner(bench, source, first=_start(first, member, bench.network))
            if progress.current is not None:
                learner.go_on_from(progress.current)
            self._train(learner, progress)
            progress.finished.append((learner.outcome(), learner.looks))
            progress.current = None
            save(self.out, self.run, progress)
        return self._write(bench, counted, progress)

    def _of(self, split: str) -> list[Sample]:
        return self.snapshot.of_split(split)

    def _bench(self) -> tuple[Bench, Survey]:
        config, pool = self.config, self._of("pool")
        device = choose_device(config.device)
        counted = survey(self.snapshot, pool, report=self._counter("survey", len(pool)))
        bench = Bench(
            config=config,
            network=UNetConfig(
                bands=len(self.snapshot.bands),
                classes=len(self.snapshot.classes),
                width=config.width,
                depth=config.depth,
                dropout=config.dropout,
            ),
            normalisation=counted.normalisation,
            class_weight=class_weights(config, counted.pixels).to(device),
            device=device,
            precision=choose_precision(config.precision, device),
        )
        return bench, counted

    def _train(self, learner: Learner, progress: Progress) -> None:
        config, pace = self.config, Pace(self.config, begun=learner.step)
        before, total = len(progress.finished) * config.steps, config.members * config.steps
        for loss in learner.learn():
            step, last = learner.step, learner.step == config.steps
            if last or step % pace.every == 0:
                check_finite(float(loss), step)
                self._tell("fit", before + step, total, **pace.figures(step, float(loss)))
            if self._of("validation") and (last or step % config.evaluate_every == 0):
                learner.look(self._judge(learner))
            if last or learner.weary:
                return
            if step % config.checkpoint_every == 0:
                progress.current = learner.state()
                save(self.out, self.run, progress)

    def _judge(self, learner: Learner) -> float:
        """Class-mean IoU of the moving average on the validation split."""
        ensemble = self._ensemble(learner.bench, [learner.average])
        found = agreement(ensemble, self.snapshot, self._of("validation"), report=_silent)
        iou = found.class_mean_iou
        self.report(
            {"event": "look", "step": learner.step, "class_mean_iou": None if isnan(iou) else iou}
        )
        return iou

    def _ensemble(self, bench: Bench, states: list[State]) -> Ensemble:
        return Ensemble(
            [prepared(bench.network, state, bench.device, bench.precision) for state in states],
            normalisation=bench.normalisation,
            temperatures=[1.0] * len(states),
            classes=self.snapshot.classes,
        )

    def _write(self, bench: Bench, counted: Survey, progress: Progress) -> Card:
        states = [state for state, _ in progress.finished]
        ensemble, validation = self._ensemble(bench, states), self._of("validation")
        metrics = None
        if validation:
            told = self._counter("calibrate", len(validation))
            ensemble.temperatures = calibrate(
                ensemble, self.snapshot, validation, seed=self.config.seed, report=told
            )
            told = self._counter("evaluate", len(validation))
            found = agreement(ensemble, self.snapshot, validation, report=told)
            metrics = {"split": "validation", **found.as_json(self.snapshot.class_names)}
        content = {
            "network": describe_network(bench.network),
            "bands": list(self.snapshot.bands),
            "classes": [asdict(one) for one in self.snapshot.classes],
            "normalisation": bench.normalisation.as_json(),
            "temperatures": ensemble.temperatures,
            "members": [_history(looks) for _, looks in progress.finished],
            "metrics": metrics,
            "snapshot": self._provenance(counted),
            "config": self.config.as_json(),
            "run": self.run,
            "environment": environment(bench.device, bench.precision),
        }
        return write_model(self.out, states, content)

    def _provenance(self, counted: Survey) -> dict[str, Any]:
        return {
            "sha256": self.snapshot.hash,
            "name": self.snapshot.folder.name,
            "campaign": self.snapshot.campaign,
            "tile_size": self.snapshot.tile_size,
            "synthetic": self.snapshot.synthetic,
            "samples": {split: len(self._of(split)) for split in SPLITS},
            "labelled_pixels": dict(
                zip(self.snapshot.class_names, counted.pixels.sum(axis=0).tolist(), strict=True)
            ),
        }

    def _tell(self, stage: str, done: int, total: int, **figures: float) -> None:
        self.report({"event": "progress", "stage": stage, "done": done, "total": total, **figures})

    def _counter(self, stage: str, total: int) -> Callable[[int], None]:
        return lambda done: self._tell(stage, done, total)


class Pace:
    """Samples a second since a member was begun or resumed."""

    def __init__(
        self, config: FitConfig, *, begun: int, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.batch, self.begun, self.clock = config.batch, begun, clock
        self.every = max(1, config.steps // REPORTS)
        self.started = clock()

    def figures(self, step: int, loss: float) -> dict[str, float]:
        seconds = max(self.clock() - self.started, 1e-9)
        rate = (step - self.begun) * self.batch / seconds
        return {"loss": round(loss, 5), "rate": round(rate, 2)}


def _start(first: list[State] | None, member: int, network: UNetConfig) -> State | None:
    """The weights that a member starts from: its own where there are as many, else the first."""
    if first is None:
        return None
    state = first[member if member < len(first) else 0]
    check_fits(state, network, "--init")
    return state


def _history(looks: list[Look]) -> dict[str, Any]:
    ious = [None if isnan(look.class_mean_iou) else look.class_mean_iou for look in looks]
    known = [iou for iou in ious if iou is not None]
    return {
        "best_step": looks[ious.index(max(known))].step if known else None,
        "looks": [{"step": look.step, "class_mean_iou": iou} for look, iou in zip(looks, ious)],
    }


def _silent(done: int) -> None:
    """Progress that nobody asked for."""
