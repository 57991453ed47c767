"""Recovery: what workers and people left behind is put right from the leases in the database."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from labelling import enqueue
from labelling.insights.tallies import keep_tallies
from labelling.models import Campaign, Gold, Job
from labelling.workflow.claims import return_expired
from labelling.workflow.comparing import missed
from labelling.workflow.gold_tasks import top_up
from labelling.workflow.rankings import put_right


def sweep(*, now: datetime) -> dict[str, int]:
    """Return expired reservations; send jobs whose lease has ended to a worker again, and labels
    that nobody has compared; mark ranks of tasks that were taken while a ranking was inserted; open
    the gold tasks that are due; count large campaigns again."""
    campaigns = Campaign.objects.exclude(ranking=None)
    return {
        "reservations": return_expired(now=now),
        "jobs": requeue_orphans(now=now),
        "ranks": sum(put_right(campaign) for campaign in campaigns),
        "labels": send_missed(now=now),
        "tallies": sum(keep_tallies(campaign, now=now) for campaign in Campaign.objects.all()),
        "gold": sum(top_up(campaign=campaign, now=now) for campaign in with_gold()),
    }


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
    for job in Job.objects.orphaned(now=now):
        if job.requeue(now=now):
            enqueue.enqueue(enqueue.Job(job.kind), job_id=job.pk)
            sent += 1
    return sent
