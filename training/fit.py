"""From a snapshot to a model: survey, train each member, calibrate, evaluate, write."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from training import shutdown
from training.checkpoint import CARD, Card, State, read_weights, write_model
from training.config import FitConfig
from training.crops import CropSource
from training.device import choose_device, choose_precision, repeatable
from training.features.sets import parse
from training.files import sweep
from training.member import Bench, Learner, check_finite, class_weights
from training.memory import ran_out, tidy
from training.outcome import Outcome, memory
from training.pace import Keeping, Pace
from training.policies import check_gain, first_weights, scratch_arm, scratch_rows
from training.resume import (
    CHECKPOINT,
    Finished,
    Progress,
    Run,
    adopt_finished,
    identity,
    restore,
    save,
)
from training.sampling import Sampler
from training.scale.means import Means
from training.scale.memory import pieces_for
from training.scale.team import ALONE, Team
from training.snapshot import Sample, Snapshot, open_snapshot
from training.survey import Survey, survey
from training.unet import UNetConfig
from training.validating import Event, Report, Validation, counter


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
    card = fit_by(Means(report), config, snapshot_dir, out, init=init, resume=resume)
    assert card is not None
    return card


def fit_by(
    means: Means,
    config: FitConfig,
    snapshot_dir: Path,
    out: Path,
    *,
    init: Path | None = None,
    resume: Path | None = None,
) -> Card | None:
    """The same by a team, whose processes all call this and see the same folders; None in those
    that don't lead it. Raises RankLost too, where another process has ended."""
    team, snapshot = means.team, open_snapshot(snapshot_dir)
    first = None if init is None else read_weights(init, features=config.features)
    run = identity(config, snapshot, first, processes=team.size)
    team.pieces(config.batch, 1)  # refuses a batch that can't be shared out
    if resume is not None and (card := _adopted(team, resume, out, run)):
        return card
    threads = config.threads or torch.get_num_threads()
    progress = (restore(resume, run) if resume else None) or Progress(threads)
    team.agree(progress.steps(config.steps), "the steps that --resume goes on from")
    if team.leads:
        _clear(out, resume)
    torch.set_num_threads(progress.threads)
    repeatable(choose_device(config.device))
    card = _Fit(config, snapshot, out, run, means, resume).finish(progress, first)
    if team.leads:
        (out / CHECKPOINT).unlink(missing_ok=True)
    return card


def _adopted(team: Team, resume: Path, out: Path, run: Run) -> Card | None:
    if team.leads:
        out.mkdir(parents=True, exist_ok=True)
    card = adopt_finished(resume, out, run, write=team.leads)
    team.agree(int(card is not None), "whether the fit to resume was finished")
    return card


def _clear(out: Path, resume: Path | None) -> None:
    """An empty place for this attempt; what it goes on from has been read."""
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    (out / CARD).unlink(missing_ok=True)
    if resume is None or resume.resolve() != out.resolve():
        # When memory runs out the fit goes on from `out`: what lies there must be this attempt's.
        (out / CHECKPOINT).unlink(missing_ok=True)


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
    means: Means
    resumed: Path | None

    @property
    def team(self) -> Team:
        return self.means.team

    def report(self, event: Event) -> None:
        if self.team.leads:
            self.means.report(event)

    def finish(self, progress: Progress, first: list[State] | None) -> Card | None:
        """Train what is left, then calibrate, evaluate and write; None where others do that."""
        check_gain(self.config, given=first is not None, validation=len(self._of("validation")))
        arms = self._arms(first)
        for place in range(len(progress.finished), len(arms) * self.config.members):
            arm, member = divmod(place, self.config.members)
            if progress.untouched:
                self._fit_into_memory(arms[arm], member, progress)
            progress = self._taught(arms[arm], member, progress)
        return self._write(arms[0], progress) if self.team.leads else None

    def _fit_into_memory(self, arm: Arm, member: int, progress: Progress) -> None:
        """Choose the pieces that batches are learnt in by what is free on the device."""
        alone = replace(arm, bench=replace(arm.bench, team=ALONE))
        crops = len(self.team.rows(self.config.batch, 1))
        learner = self._learner(alone, member, Progress(progress.threads))
        reading = self.means.weigh(arm.bench.device, learner.weigh)
        parts = 1 if reading is None else pieces_for(crops, reading)
        del learner
        tidy()
        progress.parts = -self.team.least(-parts)
        if progress.parts > 1:
            at_once = memory(self.config, progress.parts)["crops_at_once"]
            told = "a whole batch is more than the memory that is free"
            self.report({"event": "memory", "crops_at_once": at_once, "message": told})

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
                given_up = not self.team.alone or progress.parts >= self.config.batch
                if given_up or not ran_out(problem):
                    raise
                told = str(problem)
            else:
                progress.finished.append(
                    Finished(learner.outcome(), learner.looks, dict(learner.drawn))
                )
                progress.current = None
                self._save(progress)
                return progress
            # Outside the handler: its traceback keeps alive what did not fit.
            learner = None
            progress = self._in_smaller_pieces(progress.parts, told)

    def _learner(self, arm: Arm, member: int, progress: Progress) -> Learner:
        team = arm.bench.team
        rows = None if team.alone else team.rows(self.config.batch, progress.parts)
        source = CropSource(
            self.snapshot, arm.samples, arm.counted, arm.config, member=member, rows=rows
        )
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
        self._save(progress)
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
            team=self.team,
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
            if keeping.due(step) or shutdown.asked():
                progress.current = learner.state()
                self._save(progress)
                shutdown.check()

    def _save(self, progress: Progress) -> None:
        if self.team.leads:
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
        return Validation(self.snapshot, self.config.seed, self.report, self.team)

    def _tell(self, stage: str, done: int, total: int, **figures: float) -> None:
        self.report({"event": "progress", "stage": stage, "done": done, "total": total, **figures})
