"""A worker process that can be told where to die; test_kill.py runs it, in a var folder of its own.

python -m tests.drivers.dying_worker setup
python -m tests.drivers.dying_worker work [STEP:MOMENT]    MOMENT is `midway` or `prepared`
python -m tests.drivers.dying_worker report
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import timedelta

from django.core.management import call_command

from labelling import clock
from labelling.adapters.blobs import store
from labelling.models import Campaign, Evaluation, Event, Job, Model, Round, Score, Task, Tile
from labelling.workflow.attempt import Attempt
from labelling.workflow.claims import claim_next
from labelling.workflow.rounds import plan_round, run_round
from labelling.workflow.steps import STEPS, Step
from labelling.workflow.sweep import requeue_orphans
from tests.factories import person
from tests.worlds import TINY, world

LACKING = "semi-transparent"


def setup(steps: int = 30, checkpoint_every: int = 5, **training: int) -> None:
    call_command("migrate", verbosity=0)
    campaign = world(pool=8, validation=1, labelled=3, slug="north")
    campaign.training = {
        **TINY, "steps": steps, "checkpoint_every": checkpoint_every, **training
    }  # fmt: skip
    campaign.quality = {"overlap_share": 0}  # a second copy by lot would be a sixth task
    # The one validation tile lacks a class; the others are enough to decide by.
    campaign.promotion = {
        "reference_scenes": 0, "least_scenes": 1, "ece_limit": 1, "unjudged": [LACKING],
    }  # fmt: skip
    campaign.save()
    plan_round(campaign=campaign, strategy="auto", batch=5, seed=11, asked_by=None, now=clock.now())


def setup_long() -> None:
    """A fit of minutes, which keeps what it has only when it is told to end."""
    setup(steps=2000, checkpoint_every=1_000_000, evaluate_every=1000)


def work(death: str = "") -> None:
    """What a worker does that finds the job of a dead one; dies by SIGKILL where it is told to."""
    if death:
        prepare_to_die(*death.split(":"))
    Job.objects.filter(state="running").update(lease_ends=clock.now() - timedelta(seconds=1))
    requeue_orphans(now=clock.now())
    job = Job.objects.get()
    assert job.take(now=clock.now()), job
    run_round(job, blobs=store(), clock=clock.now)


def prepare_to_die(step: str, moment: str) -> None:
    prepare, _ = STEPS[step]
    if moment == "prepared":
        STEPS[step] = Step(prepare, lambda *_: die())
        return
    show = Attempt.tick

    def tick(attempt: Attempt, progress: dict | None = None) -> None:
        if progress and progress.get("done", 0) >= 1 and attempt.round.step == step:
            die()
        show(attempt, progress)

    Attempt.tick = tick


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def status() -> None:
    round, job = Round.objects.get(), Job.objects.get()
    told = {
        "state": round.state,
        "step": round.step,
        "job": job.state,
        "attempts": job.attempts,
        "progress": job.progress,
        "reserved": Task.objects.filter(state="reserved").count(),
    }
    sys.stdout.write(json.dumps(told))


def expire() -> None:
    """All leases end now: of the job, and of a tile that somebody claimed and left."""
    past = clock.now() - timedelta(seconds=1)
    Job.objects.filter(state__in=["running", "waiting"]).update(lease_ends=past)
    Task.objects.filter(state="reserved").update(lease_ends=past)


def claim() -> None:
    campaign = Campaign.objects.get()
    claim_next(campaign=campaign, person=person("ana", campaign=campaign), now=clock.now())


def report() -> None:
    """All that a round leaves behind, without what may differ: times, attempts, database ids."""
    round, blobs = Round.objects.get(), store()
    picks = blobs.folder("rounds/north/1/pick") / "picks.json"
    # By what both installations have alike: uuids are drawn anew in each.
    rasters = {str(tile.uuid): tile.raster for tile in Tile.objects.all()}
    told = {
        "state": round.state,
        "error": round.error,
        "snapshot": round.snapshot and round.snapshot.hash,
        "decision": {**round.model.decision, "champion": round.ranked_by == round.model},
        "crowned": [
            Event.objects.filter(verb="promoted").count(),
            Evaluation.objects.count(),
            Model.objects.filter(state="champion").count(),
        ],
        "weights": blobs.index("rounds/north/1/fit").files["weights.safetensors"].sha256,
        "picks": [
            {**each, **{name: rasters.get(each[name]) for name in ("tile", "nearest")}}
            for each in json.loads(picks.read_text())["picks"]
        ],
        "tasks": [
            [task.tile.key, task.lane, task.state, bool(task.prelabel)]
            for task in Task.objects.by_rank(round.campaign.ranking_id).select_related(
                "tile__acquisition__place"
            )
        ],
        "scores": sorted(
            [score.tile.raster, score.score, score.picked, score.slice, score.fractions]
            for score in Score.objects.select_related("tile")
        ),
        "prelabels": sorted(
            blobs.checksum(task.prelabel.raster) for task in Task.objects.exclude(prelabel=None)
        ),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
