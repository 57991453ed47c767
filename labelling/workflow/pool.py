"""Which tiles a campaign may still choose from, and which it already knows."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from labelling.models import Annotation, Campaign, CampaignTile, Flag, Place, Scene, Task, Tile
from labelling.workflow.picking_rules import picking_rules

REPLACEABLE = Q(state=Task.State.OPEN, lane=Task.Lane.ACTIVE)
"""Tasks that a new round closes: their tiles compete again."""


SCOPE_WORDS = {"out": "out of scope", "unknown": "of unknown place or date"}
"""Why a tile that isn't in scope is kept back."""
UNFINISHED = "of a product whose ingest isn't finished"
WORN_OUT = "put away by people again and again"


def eligible_tiles(campaign: Campaign) -> QuerySet[Tile]:
    """Tiles a round may choose: servable, of the pool, neither labelled nor in flight."""
    return (
        servable_tiles(campaign)
        .filter(acquisition__place__split=Place.Split.POOL)
        .exclude(labelled(campaign))
        .exclude(in_flight(campaign))
        .exclude(acquisition__in=worn_out(campaign))
    )


def worn_out(campaign: Campaign) -> QuerySet[Flag, Any]:
    """Acquisitions that people put away unlabelled so often that no round is to choose them again.

    A lead may still pick one by hand.
    """
    skips = Flag.objects.filter(task__campaign=campaign, skipped=True).order_by()
    counted = skips.values("task__acquisition").annotate(n=Count("pk"))
    return counted.filter(n__gte=picking_rules(campaign).skip_cap).values("task__acquisition")


def servable_tiles(campaign: Campaign) -> QuerySet[Tile]:
    """Tiles in scope and unfenced, one of each acquisition: of several levels L1C, of those the
    newest baseline. A label belongs to the acquisition, so a second raster would be drawn twice.
    """
    allowed = CampaignTile.objects.filter(
        campaign=campaign, fence="", scope__in=allowed_scopes(campaign)
    )
    # Two EXISTS, one inside the other: as a join SQLite walks all enrolments for each tile.
    better = Tile.objects.filter(
        Q(level__lt=OuterRef("level"))
        | Q(level=OuterRef("level"), baseline__gt=OuterRef("baseline")),
        Exists(allowed.filter(tile=OuterRef("pk"))),
        acquisition=OuterRef("acquisition"),
        scene__state=Scene.State.READY,
        valid_share__gt=0,
    )
    ready = Tile.objects.filter(scene__state=Scene.State.READY, valid_share__gt=0)
    return ready.filter(enrolments__in=allowed).exclude(Exists(better))


def known_tiles(campaign: Campaign) -> QuerySet[Tile]:
    """Tiles of the pool that are labelled or in flight: a new choice should differ from them."""
    return Tile.objects.filter(
        enrolments__campaign=campaign, acquisition__place__split=Place.Split.POOL
    ).filter(labelled(campaign) | in_flight(campaign))


def allowed_scopes(campaign: Campaign) -> list[str]:
    """Tiles whose scope can't be told are served unless the campaign forbids it."""
    scopes = [CampaignTile.Scope.IN.value]
    if campaign.scope.get("allow_unknown", True):
        scopes.append(CampaignTile.Scope.UNKNOWN.value)
    return scopes


def kept_back(campaign: Campaign) -> dict[str, int]:
    """{why: tiles} of the campaign that may not be served, the most common reason first.
    Three queries.

    A fence goes before the scope: it stays when the scope's rule changes. Both go before a product
    that isn't whole: its tiles wait for the ingest, or for somebody to start it again.
    """
    allowed = allowed_scopes(campaign)
    enrolled = CampaignTile.objects.filter(campaign=campaign)
    refused = enrolled.filter(~Q(fence="") | ~Q(scope__in=allowed)).values_list("fence", "scope")
    reasons: Counter[str] = Counter()
    for fence, scope, n in refused.annotate(n=Count("pk")).order_by("fence", "scope"):
        reasons[f"fenced ({fence})" if fence else SCOPE_WORDS[scope]] += n
    unfinished = enrolled.filter(fence="", scope__in=allowed, tile__scene__in=_unfinished())
    reasons[UNFINISHED] = unfinished.count()
    served = enrolled.filter(fence="", scope__in=allowed).exclude(tile__scene__in=_unfinished())
    reasons[WORN_OUT] = served.filter(tile__acquisition__in=worn_out(campaign)).count()
    return dict((+reasons).most_common())


def _unfinished() -> QuerySet[Scene]:
    return Scene.objects.exclude(state=Scene.State.READY)


def labelled(campaign: Campaign) -> Exists:
    """For a tile query: whether the campaign has a label of the tile's acquisition."""
    return Exists(
        Annotation.objects.filter(acquisition=OuterRef("acquisition"), schema__campaign=campaign)
    )


def in_flight(campaign: Campaign) -> Exists:
    """For a tile query: whether a task that no new round may close holds its acquisition."""
    return Exists(
        Task.objects.filter(campaign=campaign, acquisition=OuterRef("acquisition"))
        .exclude(REPLACEABLE)
        .exclude(state=Task.State.SUPERSEDED)
    )
