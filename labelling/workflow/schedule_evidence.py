"""What decides whether a campaign trains by itself, asked for in few and cheap questions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from labelling.models import Annotation, Campaign, Event, Place, Review, Round

COUNTED = 10_000
"""New labels are counted up to here: so many make every rule due."""
ACCEPTING = (Review.Verdict.ACCEPTED.value, Review.Verdict.FIXED.value)
UNFINISHED = (Round.State.PLANNED, Round.State.RUNNING)


@dataclass(frozen=True)
class History:
    """A campaign's rounds, as its schedule sees them."""

    running: int | None
    """Number of the unfinished round."""
    since: datetime
    """When the last round that didn't fail was planned, else the campaign was made: labels that
    were accepted later are new."""
    ended: datetime | None
    """When the last round ended, however."""
    failed: int
    """Rounds that failed since the last one that didn't."""


def with_history(campaigns: QuerySet[Campaign]) -> QuerySet[Campaign]:
    """The campaigns with schedule, and what `history_of` reads: one query for all of them."""
    rounds = Round.objects.filter(campaign=OuterRef("pk")).order_by("-n")
    good = rounds.filter(state__in=[*UNFINISHED, Round.State.DONE])
    annotated = campaigns.annotate(
        running=Subquery(rounds.filter(state__in=UNFINISHED).values("n")[:1]),
        good=Coalesce(Subquery(good.values("n")[:1]), 0),
        planned=Subquery(good.values("created")[:1]),
        ended=Subquery(rounds.filter(finished__isnull=False).values("finished")[:1]),
    )
    later = Round.objects.filter(campaign=OuterRef("pk"), n__gt=OuterRef("good"))
    failures = later.filter(state=Round.State.FAILED).order_by().values("campaign")
    count = failures.annotate(of=Count("pk")).values("of")
    return annotated.annotate(
        failed=Coalesce(Subquery(count, output_field=IntegerField()), 0)
    ).select_related("schedule", "schema")


def history_of(campaign: Any) -> History:
    """Of a row of `with_history`."""
    return History(
        running=campaign.running,
        since=campaign.planned or campaign.created,
        ended=campaign.ended,
        failed=campaign.failed,
    )


def accepted_since(campaign: Campaign, moment: datetime) -> int:
    """Labels accepted after `moment`, by a reviewer or because they weren't drawn for review;
    at most COUNTED. One query, a walk along the index of events by verb and time."""
    verdicts = Event.objects.filter(
        campaign=campaign,
        verb=Event.Verb.REVIEWED,
        when__gt=moment,
        detail__verdict__in=ACCEPTING,
    )
    return verdicts.values("pk")[:COUNTED].count()


def drifted_since(campaign: Campaign, moment: datetime) -> int:
    """People whose gold tiles have raised the alarm after `moment`. One query, as above."""
    alarms = Event.objects.filter(
        campaign=campaign, verb=Event.Verb.FLAGGED, when__gt=moment, detail__cause="drift"
    )
    return alarms.values("object_id").distinct().count()


def labels_up_to(campaign: Campaign, most: int) -> int:
    """Labels that can teach, counted up to `most`."""
    usable = Annotation.objects.usable(campaign.schema_id).order_by()
    return usable.values("pk")[:most].count()


def has_validation(campaign: Campaign) -> bool:
    usable = Annotation.objects.usable(campaign.schema_id).order_by()
    return usable.filter(acquisition__place__split=Place.Split.VALIDATION).exists()
