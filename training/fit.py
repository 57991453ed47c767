"""From a snapshot to a model: survey, train each member, calibrate, evaluate, write."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from training.checkpoint import (
    CARD,
    WEIGHTS,
    Card,
    State,
    pack,
    read_model,
    read_weights,
    write_model,
)
from training.config import FitConfig
from training.crops import CropSource
from training.device import choose_device, choose_precision, code_hash
from training.errors import BadCheckpoint
from training.features.sets import parse
from training.files import sha256, sweep, write_whole
from training.member import Bench, Learner, check_finite, class_weights
from training.memory import ran_out, tidy
from training.outcome import Outcome, memory
from training.pace import Keeping, Pace
from training.policies import check_gain, first_weights, scratch_arm, scratch_rows
from training.resume import CHECKPOINT, Finished, Progress, Run, differences, restore, save
from training.sampling import Sampler
from training.snapshot import Sample, Snapshot, open_snapshot
from training.survey import Survey, survey
from training.unet import UNetConfig
from training.validating import Report, Validation, counter


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
    first = None if init is None else read_weights(init, features=config.features)
    run = identity(config, snapshot, first)
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    if resume is not None and (card := _adopt_finished(resume, out, run)):
        return card
    (out / CARD).unlink(missing_ok=True)
    threads = config.threads or torch.get_num_threads()
    progress = (restore(resume, run) if resume else None) or Progress(threads)
    if resume is None or resume.resolve() != out.resolve():
        # When memory runs out the fit goes on from `out`: what lies there must be this attempt's.
        (out / CHECKPOINT).unlink(missing_ok=True)
    torch.set_num_threads(progress.threads)
    card = _Fit(config, snapshot, out, run, report, resume).finish(progress, first)
    (out / CHECKPOINT).unlink(missing_ok=True)
    return card


def identity(config: FitConfig, snapshot: Snapshot, first: list[State] | None) -> Run:
    """What decides the result. When a checkpoint is written does not, nor who reads crops."""
    settings = {**config.as_json(), "features": parse(config.features).text}
    for without_effect in ("checkpoint_every", "checkpoint_minutes", "readers"):
        settings.pop(without_effect)
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
class Arm:
    """Members that are trained alike: the ones to keep, or those from scratch to compare with."""

    config: FitConfig
    samples: list[Sample]
    counted: Survey
    bench: Bench
    first: list[State] | None


@dataclass(frozen=True)
class _Fit:
    config: FitConfig
    snapshot: Snapshot
    out: Path
    run: Run
    report: Report
    resumed: Path | None

    def finish(self, progress: Progress, first: list[State] | None) -> Card:
        """Train what is left, then calibrate, evaluate and write."""
        check_gain(self.config, given=first is not None, validation=len(self._of("validation")))
        arms = self._arms(first)
        for place in range(len(progress.finished), len(arms) * self.config.members):
            arm, member = divmod(place, self.config.members)
            progress = self._taught(arms[arm], member, progress)
        return self._write(arms[0], progress)

    def _arms(self, first: list[State] | None) -> list[Arm]:
        bench, counted = self._bench()
        pool = self._of("pool")
        arms = [Arm(self.config, pool, counted, bench, first)]
        if self.config.gain:
            config, rows = scratch_arm(self.config), scratch_rows(self.config, pool)
            counted = replace(counted, pixels=counted.pixels[rows])
            weight = class_weights(config, counted.pixels).to(bench.device)
            bench = replace(bench, config=config, class_weight=weight)
            arms.append(Arm(config, [pool[row] for row in rows], counted, bench, None))
        return arms

    def _taught(self, arm: Arm, member: int, progress: Progress) -> Progress:
        """Train a member to its end; with smaller pieces of a batch where memory runs out."""
        while True:
            learner = None
            try:
                learner = self._learner(arm, member, progress)
                self._train(learner, progress)
            except (RuntimeError, MemoryError) as problem:
                if not ran_out(problem) or progress.parts >= self.config.batch:
                    raise
                told = str(problem)
            else:
                progress.finished.append(
                    Finished(learner.outcome(), learner.looks, dict(learner.drawn))
                )
                progress.current = None
                save(self.out, self.run, progress)
                return progress
            # Outside the handler: its traceback keeps alive what did not fit.
            learner = None
            progress = self._in_smaller_pieces(progress.parts, told)

    def _learner(self, arm: Arm, member: int, progress: Progress) -> Learner:
        source = CropSource(self.snapshot, arm.samples, arm.counted, arm.config, member=member)
        first = first_weights(arm.first, member, arm.bench.network)
        learner = Learner(arm.bench, source, first=first, parts=progress.parts)
        if progress.current is not None:
            learner.go_on_from(progress.current)
        return learner

    def _in_smaller_pieces(self, parts: int, told: str) -> Progress:
        """Back to the last checkpoint, with half as many crops at once."""
        tidy()
        newest = self.out if (self.out / CHECKPOINT).exists() else self.resumed
        kept = None if newest is None else restore(newest, self.run)
        progress = kept or Progress(torch.get_num_threads())
        progress.parts = min(2 * parts, self.config.batch)
        save(self.out, self.run, progress)
        at_once = memory(self.config, progress.parts)["crops_at_once"]
        self.report({"event": "memory", "crops_at_once": at_once, "message": told})
        return progress

    def _of(self, split: str) -> list[Sample]:
        return self.snapshot.of_split(split)

    def _bench(self) -> tuple[Bench, Survey]:
        config, pool = self.config, self._of("pool")
        device = choose_device(config.device)
        told, features = counter(self.report, "survey", len(pool)), parse(config.features)
        counted = survey(self.snapshot, pool, report=told, features=features)
        bench = Bench(
            config=config,
            network=UNetConfig(
                bands=counted.layout.size(len(self.snapshot.bands)),
                classes=len(self.snapshot.classes),
                width=config.width,
                depth=config.depth,
                dropout=config.dropout,
            ),
            normalisation=counted.normalisation,
            class_weight=class_weights(config, counted.pixels).to(device),
            device=device,
            precision=choose_precision(config.precision, device),
            layout=counted.layout,
        )
        return bench, counted

    def _train(self, learner: Learner, progress: Progress) -> None:
        config, pace = self.config, Pace(self.config, begun=learner.step)
        keeping, validation = Keeping(config), self.validation
        before = len(progress.finished) * config.steps
        for loss in learner.learn():
            step, last = learner.step, learner.step == config.steps
            if last or step % pace.every == 0:
                check_finite(float(loss), step)
                figures = pace.figures(step, float(loss), waited=learner.source.waited)
                self._tell("fit", before + step, self._steps, **figures)
            if validation.samples and (last or step % config.evaluate_every == 0):
                learner.look(self.validation.look(learner))
            if last or learner.weary:
                return
            if keeping.due(step):
                progress.current = learner.state()
                save(self.out, self.run, progress)

    @property
    def _steps(self) -> int:
        """Of all members of all arms."""
        return (2 if self.config.gain else 1) * self.config.members * self.config.steps

    def _write(self, arm: Arm, progress: Progress) -> Card:
        count = self.config.members
        members, scratch = progress.finished[:count], progress.finished[count:]
        judged = self.validation.judged(arm.bench, members)
        if scratch:
            judged["gain"] = self.validation.gain(arm.bench, judged, scratch)
        outcome = Outcome(
            bench=arm.bench,
            snapshot=self.snapshot,
            counted=arm.counted,
            sampler=Sampler(self.snapshot, arm.samples, arm.counted, self.config, member=0),
            members=members,
            parts=progress.parts,
            run=self.run,
            judged=judged,
        )
        return write_model(self.out, [member.state for member in members], outcome.content())

    @property
    def validation(self) -> Validation:
        return Validation(self.snapshot, self.config.seed, self.report)

    def _tell(self, stage: str, done: int, total: int, **figures: float) -> None:
        self.report({"event": "progress", "stage": stage, "done": done, "total": total, **figures})
