"""Gold tiles: chosen by a lead, and retired. gold_tasks.py mixes them into the stream."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from labelling.errors import BadInput, Conflict
from labelling.models import (
    Annotation,
    Campaign,
    Event,
    Gold,
    Place,
    Task,
    Tile,
    record,
)
from labelling.workflow.pool import servable_tiles
from labelling.workflow.quality_rules import quality_rules


def add_gold(
    *,
    campaign: Campaign,
    annotation: Annotation,
    who: User | None,
    now: datetime,
    guide: str = "",
    test_too: bool = False,
) -> Gold:
    """Measure people by this label: it must be whole, accepted or trusted, and under the classes
    in force. A retired gold tile is taken up again, with this label.

    Raises BadInput (annotation, guide) and Conflict: the tile is gold already, isn't served, or
    lies in a test place and `test_too` doesn't say so.
    """
    _check_label(campaign, annotation)
    _check_guide(guide)
    place = annotation.acquisition.place
    if place.split == Place.Split.TEST and not test_too:
        raise Conflict(
            f"{place.key} is a test place: as gold it is labelled by everybody.",
            field="test_too",
            help="Choose a tile of another split, or say that a test place is meant.",
        )
    tile_of(campaign, annotation)
    with transaction.atomic():
        gold = _taken_up(campaign, annotation, guide) or _new_gold(campaign, annotation, guide, now)
        record(
            Event.Verb.CREATED, gold, campaign=campaign, who=who, now=now,
            after=annotation.sha256, annotation=str(annotation.uuid), split=place.split,
        )  # fmt: skip
    return gold


def retire_gold(*, gold: Gold, who: User | None, now: datetime) -> int:
    """Serve the tile no more; the tasks closed that still waited. Raises Conflict if it is so."""
    with transaction.atomic():
        if not Gold.objects.filter(pk=gold.pk, active=True).update(active=False):
            raise Conflict("This gold tile is retired already.", field="annotation")
        closed = Task.objects.filter(
            campaign=gold.campaign_id,
            acquisition=gold.acquisition_id,
            lane=Task.Lane.GOLD,
            state=Task.State.OPEN,
        ).update(state=Task.State.CLOSED)
        record(
            Event.Verb.CHANGED, gold, campaign=gold.campaign, who=who, now=now,
            active=False, closed=closed,
        )  # fmt: skip
    gold.active = False
    return closed


def tile_of(campaign: Campaign, annotation: Annotation) -> Tile:
    """The raster people are shown. Raises Conflict where the campaign serves none."""
    tile = servable_tiles(campaign).filter(acquisition=annotation.acquisition_id).first()
    if tile is None:
        raise Conflict(
            f"The campaign serves no tile of {annotation.acquisition.key}.",
            field="annotation",
            help="`tiles fences` says what keeps tiles back.",
        )
    return tile


def _check_label(campaign: Campaign, annotation: Annotation) -> None:
    """Raises BadInput unless the label can be measured by."""
    reasons = {
        "it is not of this campaign's classes in force": annotation.schema_id != campaign.schema_id,
        "it covers only a part of the tile": annotation.kind != Annotation.Kind.FULL,
        "it is neither accepted in review nor trusted enough": not _trusted(campaign, annotation),
        "it names no class anywhere": annotation.labelled_share == 0,
    }
    for reason, holds in reasons.items():
        if holds:
            raise BadInput(
                f"Annotation {annotation.uuid} can't be gold: {reason}.",
                field="annotation",
                help="Take a whole label that was accepted in review, or an imported one of at "
                f"least trust {quality_rules(campaign).gold_trust}.",
            )


def _trusted(campaign: Campaign, annotation: Annotation) -> bool:
    if annotation.task is not None:
        return annotation.task.state == Task.State.ACCEPTED
    return annotation.trust >= quality_rules(campaign).gold_trust


def _check_guide(guide: str) -> None:
    longest = Gold._meta.get_field("guide").max_length or 0
    if len(guide) > longest:
        raise BadInput(f"The guide's text has at most {longest} characters.", field="guide")


def _taken_up(campaign: Campaign, annotation: Annotation, guide: str) -> Gold | None:
    rows = Gold.objects.filter(campaign=campaign, acquisition=annotation.acquisition_id)
    if not rows.filter(active=False).update(active=True, annotation=annotation, guide=guide):
        return None
    return rows.get()


def _new_gold(campaign: Campaign, annotation: Annotation, guide: str, now: datetime) -> Gold:
    try:
        with transaction.atomic():
            return Gold.objects.create(
                campaign=campaign,
                acquisition=annotation.acquisition,
                annotation=annotation,
                guide=guide,
                created=now,
            )
    except IntegrityError:
        raise Conflict(
            f"{annotation.acquisition.key} is gold already.",
            field="annotation",
            help="Retire it first to measure by another label of it.",
        ) from None
