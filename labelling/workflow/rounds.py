"""One turn of the loop: freeze a snapshot, fit, judge, score the pool, pick and open a batch.

A round is done by a worker that holds the lease of its Job. Each step writes into a folder of its
own attempt, `rounds/<campaign>/<n>/<fencing token>/`, and is adopted by a rename and one
transaction; so a round whose worker died goes on from its last finished step, with the same result.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from django.db import IntegrityError, transaction

from al_engine.errors import EngineError
from al_engine.strategies import STRATEGIES
from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, Conflict, LostLease, StorageAway, WorkbenchError
from labelling.models import JOB_LEASE, Campaign, Event, Job, Round, record
from labelling.workflow.attempt import Attempt
from labelling.workflow.lease import DATABASE_AWAY, Cancelled
from labelling.workflow.leased import MOST_ATTEMPTS, hand_on, leave_to_the_sweep
from labelling.workflow.shutdown import Stopping
from labelling.workflow.steps import STEPS

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Verb = Event.Verb
MOST_TASKS = 100_000
LARGEST_SEED = 2**32 - 1
logger = logging.getLogger(__name__)


class Why(TypedDict, total=False):
    """Why a round was planned, where it isn't that somebody asked."""

    because: list[str]
    """The rules of the schedule that were met."""


def plan_round(
    *,
    campaign: Campaign,
    strategy: str,
    batch: int,
    seed: int | None,
    asked_by: User | None,
    now: datetime,
    **why: Unpack[Why],
) -> Round:
    """Write down a round and its job, and send it to the workers.

    `seed` None draws one. Raises BadInput for an unknown strategy, or a batch or seed out of range;
    Conflict while another round of the campaign is unfinished.
    """
    check_plan(strategy, batch, seed)
    last = campaign.rounds.order_by("-n").first()
    try:
        with transaction.atomic():
            planned = Round.objects.create(
                campaign=campaign,
                n=last.n + 1 if last else 1,
                strategy=strategy,
                batch=batch,
                seed=secrets.randbits(32) if seed is None else seed,
                training=campaign.training,
                asked_by=asked_by,
                created=now,
            )
            job = Job.objects.create(
                kind=enqueue.Job.RUN_JOB,
                campaign=campaign,
                round=planned,
                created=now,
                lease_ends=now + JOB_LEASE,
            )
            record(Verb.PLANNED, planned, campaign=campaign, who=asked_by, now=now, **why)
            enqueue.enqueue(enqueue.Job.RUN_JOB, job_id=job.pk)
    except IntegrityError:
        raise Conflict(
            f"A round of {campaign.slug} is still running.",
            help="Wait until it is done, or cancel it.",
        ) from None
    return planned


def check_plan(strategy: str, batch: int, seed: int | None) -> None:
    if strategy not in STRATEGIES:
        raise BadInput(
            f"There is no strategy {strategy!r}; there are {', '.join(STRATEGIES)}.",
            field="strategy",
        )
    if not 1 <= batch <= MOST_TASKS:
        raise BadInput(f"A batch has 1 to {MOST_TASKS} tiles, not {batch}.", field="batch")
    if seed is not None and not 0 <= seed <= LARGEST_SEED:
        raise BadInput(f"A seed lies between 0 and {LARGEST_SEED}, not {seed}.", field="seed")


@transaction.atomic
def cancel_round(*, round: Round, by: User | None, now: datetime) -> Round:
    """Ask an unfinished round to stop; one that no worker has begun is cancelled at once.

    Raises Conflict when it is finished.
    """
    # The job's row first, as workers do: whoever ends the round just now is waited for.
    round.jobs.update(cancel=True)
    round.refresh_from_db()
    if not round.unfinished:
        raise Conflict(f"Round {round.n} is {round.state} already.")
    record(Verb.CANCELLED, round, campaign=round.campaign, who=by, now=now)
    waiting = round.jobs.filter(state=Job.State.WAITING)
    if waiting.update(state=Job.State.CANCELLED, lease_ends=None, finished=now):
        Round.objects.filter(pk=round.pk).update(state=Round.State.CANCELLED, finished=now)
    round.refresh_from_db()
    return round


def run_round(job: Job, *, blobs: Blobs, clock: Callable[[], datetime]) -> None:
    """Do what is left of the job's round. The caller has taken the job.

    What goes wrong is written into round and job, and nothing is raised. A worker that lost its
    lease just stops (another one goes on); so does one that is to end, and one whose database or
    storage is away (a later sweep sends the job again).
    """
    assert job.round is not None
    attempt = Attempt(job=job, round=job.round, blobs=blobs, clock=clock)
    try:
        take_steps(attempt)
        finish(attempt, Round.State.DONE)
    except LostLease:
        logger.warning("%s: another worker took over from token %d", job.round, job.token)
    except Cancelled:
        finish(attempt, Round.State.CANCELLED)
    except Stopping:
        hand_on(attempt)
    except (*DATABASE_AWAY, StorageAway) as away:
        leave_to_the_sweep(attempt, away)
    except (WorkbenchError, EngineError) as refused:
        help = getattr(refused, "help", "")
        finish(attempt, Round.State.FAILED, error=f"{refused} {help}".strip())
    except Exception as crash:
        logger.exception("%s crashed in step %s", job.round, attempt.round.step)
        finish(attempt, Round.State.FAILED, error=f"{type(crash).__name__}: {crash}")


def take_steps(attempt: Attempt) -> None:
    """All that are left. Raises Conflict where too many workers died in the next one."""
    if attempt.job.tries > MOST_ATTEMPTS:
        raise Conflict(
            f"Given up: the worker died {MOST_ATTEMPTS} times in step {attempt.round.step}.",
            help="See the workers' logs (out of memory?); then `jobs retry` goes on there.",
        )
    start(attempt)
    while attempt.round.step != Round.Step.DONE:
        take_step(attempt)


def start(attempt: Attempt) -> None:
    round = attempt.round
    if round.state == Round.State.PLANNED:
        with attempt.fenced() as now:
            round.state = Round.State.RUNNING
            round.save(update_fields=["state"])
            record(Verb.STARTED, round, campaign=round.campaign, who=round.asked_by, now=now)


def take_step(attempt: Attempt) -> None:
    """Do the round's next step and move on, in the transaction that writes the step's rows."""
    round = attempt.round
    name = round.step
    attempt.begin(name)
    prepare, write = STEPS[name]
    made = prepare(attempt)
    with attempt.fenced() as now:
        attempt.check()
        told = write(attempt, made, now)
        round.steps[name] = {**round.steps[name], "finished": now.isoformat(), **told}
        round.step = following(name)
        round.save(update_fields=["steps", "step", "snapshot", "model", "ranked_by"])
        attempt.job.step_done()


def following(step: str) -> str:
    order = Round.Step.values
    return order[order.index(step) + 1]


def finish(attempt: Attempt, state: Round.State, *, error: str = "") -> None:
    """End round and job in `state`, unless another worker took over."""
    round, verb = attempt.round, ENDINGS[state]
    try:
        with attempt.fenced() as now:
            detail: dict[str, Any] = {"error": error} if error else {}
            record(verb, round, campaign=round.campaign, who=None, now=now, **detail)
            Round.objects.filter(pk=round.pk).update(state=state, finished=now, error=error)
            attempt.job.end(state.value, now=now, error=error)
    except LostLease:
        logger.warning("%s: another worker took over before its end", round)
    round.refresh_from_db()


ENDINGS = {
    Round.State.DONE: Verb.FINISHED,
    Round.State.FAILED: Verb.FAILED,
    Round.State.CANCELLED: Verb.CANCELLED,
}
