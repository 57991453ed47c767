"""Workers that share a round's scoring; test_workers.py of tests/labelling/sharing runs them.

python -m tests.drivers.sharing_worker setup MODEL     a campaign, its model, a round at its scoring
python -m tests.drivers.sharing_worker conduct [HOW]   the job's worker
python -m tests.drivers.sharing_worker help [HOW]      another worker that heard the call
python -m tests.drivers.sharing_worker report          the shards, and what the pool's files hold
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

from django.core.management import call_command

from labelling import clock
from labelling.adapters.blobs import store
from labelling.models import Job, Round, Shard
from labelling.workflow.attempt import Attempt
from labelling.workflow.helping import help_job
from labelling.workflow.rounds import plan_round
from labelling.workflow.scoring import plan as plans
from labelling.workflow.scoring.step import score
from labelling.workflow.sharing.hold import Hold
from tests.labelling.judged import kept
from tests.worlds import world

plans.SMALLEST, plans.AIM = 1, 4
TILES = 8
HELPED = {"state": "running", "by_conductor": False}


def setup(model: str) -> None:
    call_command("migrate", verbosity=0)
    campaign = world(pool=TILES, validation=0, slug="north")
    round = plan_round(
        campaign=campaign, strategy="bald", batch=3, seed=5, asked_by=None, now=clock.now()
    )
    ranker = kept(Path(model), campaign)
    Round.objects.filter(pk=round.pk).update(
        step="score", state="running", model=ranker, ranked_by=ranker
    )


def conduct(how: str = "") -> None:
    """Take the job, as a worker does that a sweep has sent it to, and do the round's scoring."""
    prepare(how)
    Job.objects.filter(state="running").update(state="waiting")
    job = Job.objects.select_related("round__campaign__schema").get()
    assert job.take(now=clock.now()), job
    assert job.round is not None
    score(Attempt(job=job, round=job.round, blobs=store(), clock=clock.now))


def help(how: str = "") -> None:
    prepare(how)
    while "nothing to help with" in help_job(Job.objects.get().pk, blobs=store(), clock=clock.now):
        if Shard.objects.exists() and not Shard.objects.unfinished().exists():
            return
        time.sleep(0.05)


def prepare(how: str) -> None:
    """`dying-N`: by SIGKILL in the middle of the Nth shard that is begun here. `patient`: the first
    one isn't gone on with before somebody helps."""
    begun: set[int] = set()
    show = Hold.tick

    def tick(hold: Hold, progress: dict | None = None) -> None:
        begun.add(hold.n)
        if progress and how == f"dying-{len(begun)}":
            os.kill(os.getpid(), signal.SIGKILL)
        while how == "patient" and not (helped or Shard.objects.filter(**HELPED).exists()):
            time.sleep(0.05)
        helped.append(hold.n)
        show(hold, progress)

    helped: list[int] = []
    Hold.tick = tick


def expire() -> None:
    """The leases of shards whose worker died end now."""
    past = clock.now() - timedelta(seconds=1)
    Shard.objects.filter(state="running", by_conductor=False).update(lease_ends=past)


def report() -> None:
    blobs = store()
    whole = blobs.whole("rounds/north/1/score")
    files = blobs.index("rounds/north/1/score").files if whole else {}
    rows = Shard.objects.order_by("n")
    told = {
        "files": {name: entry.sha256 for name, entry in files.items()},
        "shards": list(rows.values("n", "state", "tries", "token", "worker", "by_conductor")),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
