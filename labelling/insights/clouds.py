"""How cloudy each tile of a large campaign is, counted beforehand, so that an index can order it.

A tile's best source changes with labels, verdicts, masks and rounds. None of these has to remember
this column: the sweep walks over all enrolments, a piece at a time, and again from the start.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from labelling.models import Campaign, CampaignTile

from .cover import About, about, counted_cloud

PIECE = 20_000
"""Enrolments looked at in one sweep."""
AT_ONCE = 1000
"""Of those that changed, written by one statement."""


def keep_clouds(campaign: Campaign) -> int:
    """Count the next piece of a large campaign; how many of its tiles have changed.

    Where the walk is, and whether one has gone over the whole, is kept among the tallies; a small
    campaign has none, and is counted when it is asked.
    """
    if not campaign.tallies:
        return 0
    walk = campaign.tallies.get("clouds") or {"after": 0, "whole": False}
    asked = about(campaign)
    piece = _piece(campaign, asked, after=walk["after"])
    changed = [id for id, was, found in piece if was != found]
    for first in range(0, len(changed), AT_ONCE):
        _write(changed[first : first + AT_ONCE], asked)
    ended = len(piece) < PIECE
    _remember(
        campaign,
        after=0 if ended else piece[-1][0],
        whole=walk["whole"] or ended,
    )
    return len(changed)


def _piece(
    campaign: Campaign, asked: About, *, after: int
) -> Sequence[tuple[int, float | None, float | None]]:
    """[(enrolment, cloud as kept, cloud as it is)], the next PIECE of them."""
    rows: QuerySet[CampaignTile] = CampaignTile.objects.filter(campaign=campaign, pk__gt=after)
    found = rows.order_by("pk").annotate(found=counted_cloud(asked))
    return list(found.values_list("pk", "cloud", "found")[:PIECE])


def _write(enrolments: Sequence[int], asked: About) -> None:
    same = CampaignTile.objects.filter(pk=OuterRef("pk")).order_by()
    found = Subquery(same.values(found=counted_cloud(asked))[:1])
    CampaignTile.objects.filter(pk__in=enrolments).update(cloud=found)


def _remember(campaign: Campaign, *, after: int, whole: bool) -> None:
    with transaction.atomic():
        row = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if row.tallies:  # else it has become small meanwhile
            row.tallies = {**row.tallies, "clouds": {"after": after, "whole": whole}}
            row.save(update_fields=["tallies"])
