"""The way back: a pull of changed jobs, and one when nothing changed, on the fake server."""

from __future__ import annotations

import time
from datetime import timedelta

from benchmarks._figures import figure

JOBS = 1000
EACH = 40
"""Jobs of one person: nobody has hundreds in hand."""


def pulls(*, quick: bool) -> None:
    """Print what a pull of so many drawn jobs takes, each taken in as a label, and an idle poll.

    In an installation that was set up already (benchmarks._cvat_scratch).
    """
    from tests.contract.fake import running
    from tests.factories import CampaignFactory

    jobs = 40 if quick else JOBS
    with running() as server:
        run = drawn(CampaignFactory(slug="pulls"), server, jobs)
        transport = run.site.cvat.transport
        waited, started = transport.seconds, time.perf_counter()
        run.pull()
        whole = time.perf_counter() - started
        http = transport.seconds - waited
        server.state.skew += timedelta(hours=1)
        run.pull()  # what the first pull itself changed is known now
        server.log.clear()
        run.pull()
        idle = len(server.log)
    note = f"{jobs} jobs of 256², each with a synthetic label of 64 blocks, fake server"
    bar = "" if quick else "<= 60"
    figure(f"cvat.pull_{jobs}_s", whole, unit="s", bar=bar, note=note, http_s=round(http, 2))
    figure("cvat.idle_requests", idle, unit="requests", bar="== 1", note=note)


def drawn(campaign, server, jobs: int):
    """A campaign whose jobs are all drawn and finished there, each by who holds its tile here."""
    from labelling.models import CvatJob, CvatUser, Reservation, Task
    from labelling.workflow.claims import claim_this
    from tests.labelling.cvat.fault_run import prepared

    run = prepared(campaign, server, tiles=jobs, seed=0)
    run.push()
    run.pull()
    people = run.site.people(*(f"annotator-{n}" for n in range(-(-jobs // EACH))))
    # The database may hold the jobs of another campaign and server, with the same numbers.
    mine = CvatJob.objects.filter(task__campaign=campaign).order_by("pk")
    for at, row in enumerate(mine):
        who = people[at % len(people)]
        claim_this(task=Task.objects.get(pk=row.task_id), person=who, now=run.site.now)
        remote = CvatUser.objects.get(user=who).remote
        CvatJob.objects.filter(pk=row.pk).update(assignee=who, remote_assignee=remote)
        job = run.there.jobs[row.remote]
        job.assignee = remote
        run.paint(job, "completed")
    assert Reservation.objects.filter(ended=None).count() == jobs
    return run
