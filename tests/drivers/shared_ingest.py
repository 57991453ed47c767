"""What test_io_workers.py does inside an installation, in processes of their own.

python -m tests.drivers.shared_ingest setup|begin|status|expire|outcome
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from labelling import clock
from labelling.adapters.blobs import store
from labelling.models import Campaign, Job, Shard
from labelling.workflow.ingest import plan
from labelling.workflow.ingest.jobs import start_ingest
from labelling.workflow.ingest.plan import Plan
from labelling.workflow.ingest.products import Intake, ingest_all
from labelling.workflow.ingest.sources import find_sources
from labelling.workflow.sweep import requeue_orphans
from tests.labelling.products import campaign, left_behind
from tests.rasters import FOUR, pixels, write_stack

PRODUCTS, SIDE = 12, 512
"""Of four tiles each."""


def products() -> Path:
    return Path(settings.WORKBENCH_VAR) / "products"


def setup() -> None:
    call_command("migrate", verbosity=0)
    campaign(bands=list(FOUR))
    for number in range(PRODUCTS):
        scene = pixels(height=SIDE, width=SIDE, seed=number % (PRODUCTS - 2))  # two are copies
        write_stack(products() / f"scene-{number:02}.tif", scene)


def begin(*stuck: str) -> None:
    """As `ingest --workers` does, each product a shard. Whoever opens a `stuck` one waits: a pipe
    that nobody writes to stands for it."""
    plan.MOST = 1
    wanted = Plan.of(find_sources([products()]))
    for name in stuck:
        path = products() / name
        path.rename(path.with_suffix(".real"))
        os.mkfifo(path)
    start_ingest(wanted, campaign=Campaign.objects.get(), blobs=store(), now=clock.now())


def alone() -> None:
    job = Intake(Campaign.objects.get(), store(), clock.now(), clock=clock.now)
    ingest_all(find_sources([products()]), job)
    outcome()


def status() -> None:
    """Who holds which shard: main processes' ids."""
    job = Job.objects.first()
    held = Shard.objects.filter(state="running", by_conductor=False)
    told = {
        "state": job.state if job else "none",
        "error": job.error if job else "",
        "helpers": {shard.worker.rpartition(":")[2]: shard.n for shard in held},
        "done": Shard.objects.filter(state="done").count(),
        "workers": sorted(set(Shard.objects.values_list("worker", flat=True))),
    }
    sys.stdout.write(json.dumps(told))


def expire() -> None:
    """The leases of shards end now; of the job, too, if no worker renews it."""
    past = clock.now() - timedelta(seconds=1)
    Shard.objects.filter(state="running").update(lease_ends=past)
    requeue_orphans(now=clock.now())


def outcome() -> None:
    left = left_behind()
    left["blobs"] = [each for each in left["blobs"] if not each[0].startswith("ingests/")]
    sys.stdout.write(json.dumps(left))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
