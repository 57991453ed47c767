"""Recovery: what workers and people left behind is put right from the leases in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet

from labelling import enqueue
from labelling.adapters.blobs import store
from labelling.insights.clouds import keep_clouds
from labelling.insights.tallies import keep_tallies
from labelling.models import Campaign, Gold, IdempotencyKey, Job
from labelling.workflow.claims import return_expired
from labelling.workflow.comparing import missed
from labelling.workflow.cvat.errands import ask_for_errands
from labelling.workflow.export.jobs import clear_away as clear_away_exports
from labelling.workflow.gold_tasks import top_up
from labelling.workflow.helping import call_for_help
from labelling.workflow.ingest.jobs import clear_away as clear_away_ingests
from labelling.workflow.rankings import clear_away, put_right

KEPT = timedelta(days=1)
"""A write that is sent again so long after it was answered is a new one."""
MOST_KEYS = 10_000


def sweep(*, now: datetime) -> dict[str, int]:
    """Return expired reservations; send jobs whose lease has ended to a worker again, and labels
    that nobody has compared; mark ranks of tasks that were taken while a ranking was inserted, and
    remove those of the past; open the gold tasks that are due; count large campaigns again; forget
    old Idempotency-Keys; send a worker to each CVAT server."""
    campaigns = list(Campaign.objects.exclude(ranking=None))
    return {
        "reservations": return_expired(now=now),
        "jobs": requeue_orphans(now=now),
        "helpers": call_for_help(),
        "ranks": sum(put_right(campaign) for campaign in campaigns),
        "past_ranks": sum(clear_away(campaign, now=now) for campaign in campaigns),
        "keys": forget_keys(),
        "exports": clear_away_exports(blobs=store(), now=now),
        "ingests": clear_away_ingests(blobs=store(), clock=lambda: now),
        "labels": send_missed(now=now),
        "tallies": sum(keep_tallies(campaign, now=now) for campaign in Campaign.objects.all()),
        "clouds": sum(keep_clouds(campaign) for campaign in Campaign.objects.all()),
        "gold": sum(top_up(campaign=campaign, now=now) for campaign in with_gold()),
        "cvat": ask_for_errands(),
    }


def forget_keys() -> int:
    """Forget Idempotency-Keys that are older than a day, MOST_KEYS at once; how many.

    By the real time: it measures servers, which don't run faster with CLOCK_SPEED.
    """
    old = IdempotencyKey.objects.filter(created__lt=datetime.now(UTC) - KEPT).order_by("created")
    return IdempotencyKey.objects.filter(
        pk__in=list(old.values_list("pk", flat=True)[:MOST_KEYS])
    ).delete()[0]


def send_missed(*, now: datetime) -> int:
    """Send labels to be compared whose job was lost on the way; how many."""
    lost = missed(now=now)
    for annotation in lost:
        enqueue.enqueue(enqueue.Job.COMPARE_LABEL, annotation_id=annotation)
    return len(lost)


def with_gold() -> QuerySet[Campaign]:
    return Campaign.objects.filter(pk__in=Gold.objects.filter(active=True).values("campaign"))


def requeue_orphans(*, now: datetime) -> int:
    sent = 0
    Job.objects.all().brought_near(now=now)
    for job in Job.objects.orphaned(now=now):
        if job.requeue(now=now):
            enqueue.enqueue(enqueue.Job(job.kind), job_id=job.pk)
            sent += 1
    return sent
