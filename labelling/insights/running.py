"""The round under way: which step it is in, how fast that goes and when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labelling.models import Campaign, Job, Round

STEPS = [step.value for step in Round.Step if step != Round.Step.DONE]
STEP_STATES = ["done", "running", "waiting", "failed"]


@dataclass(frozen=True)
class StepRow:
    name: str
    state: str
    """One of STEP_STATES."""


@dataclass(frozen=True)
class StepProgress:
    """The newest progress line of the step's work."""

    stage: str
    done: float
    total: float
    rate: float | None
    """Of `done`, a second."""
    eta_seconds: float | None
    loss: float | None
    workers: list[str]
    """Who does parts of it: machine and process; none where it isn't shared out."""


@dataclass(frozen=True)
class Running:
    n: int
    state: str
    steps: list[StepRow]
    progress: StepProgress | None
    attempts: int
    """Workers that took the job up so far: above 1, one of them died."""
    error: str


def running(campaign: Campaign) -> Running | None:
    """The campaign's unfinished round, if there is one. Causes at most two queries."""
    unfinished = [Round.State.PLANNED, Round.State.RUNNING]
    round = Round.objects.filter(campaign=campaign, state__in=unfinished).first()
    if round is None:
        return None
    job = round.jobs.order_by("-pk").first()
    return Running(
        n=round.n,
        state=round.state,
        steps=[StepRow(name, _state(name, round=round, job=job)) for name in STEPS],
        progress=progress(job.progress) if job else None,
        attempts=job.attempts if job else 0,
        error=round.error or (job.error if job else ""),
    )


def progress(line: dict[str, Any]) -> StepProgress | None:
    """A progress line with its time to go; None for a line that counts nothing."""
    if not {"done", "total"} <= line.keys():
        return None
    done, total, rate = line["done"], line["total"], line.get("rate")
    return StepProgress(
        stage=line.get("stage", ""),
        done=done,
        total=total,
        rate=rate,
        eta_seconds=max(total - done, 0) / rate if rate else None,
        loss=line.get("loss"),
        workers=list(line.get("workers", [])),
    )


def _state(name: str, *, round: Round, job: Job | None) -> str:
    if round.step == Round.Step.DONE or STEPS.index(name) < STEPS.index(round.step):
        return "done"
    if name != round.step or job is None:
        return "waiting"
    at_work = {Job.State.RUNNING: "running", Job.State.FAILED: "failed"}
    return at_work.get(job.state, "waiting")
