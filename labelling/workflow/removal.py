"""Taking a tile out of the catalogue, as long as nothing depends on it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import ProtectedError

from labelling.adapters.blobs import store
from labelling.errors import Conflict, NotAllowed
from labelling.models import (
    Annotation,
    Campaign,
    CampaignTile,
    Event,
    Layer,
    Membership,
    Score,
    Task,
    Tile,
    record,
    role_of,
)
from labelling.workflow.orphans import unreferenced


def remove_tile(*, tile: Tile, by: User, now: datetime) -> None:
    """Delete a tile that no task, label or round knows, with its layers; its blobs go after commit.

    Raises NotAllowed unless the person leads every campaign that has it, and Conflict that says
    what it is used by.
    """
    campaigns = list(Campaign.objects.filter(enrolments__tile=tile).order_by("pk"))
    for campaign in campaigns:
        if role_of(by, campaign) != Membership.Role.LEAD:
            raise NotAllowed(
                f"Campaign {campaign.slug} has this tile, too, and you don't lead it.",
                help="Ask a lead of that campaign.",
            )
    with transaction.atomic():
        # A task or a label that is being made meanwhile waits, and then finds no tile.
        list(Tile.objects.select_for_update().filter(pk=tile.pk).values_list("pk"))
        if uses := uses_of(tile):
            raise _in_use(tile, uses)
        keys = [tile.raster, tile.thumbnail]
        keys += Layer.objects.filter(tile=tile).values_list("raster", flat=True)
        for campaign in campaigns:
            record(
                Event.Verb.CHANGED, tile, campaign=campaign, who=by, now=now,
                before=tile.sha256, removed=str(tile.uuid), key=tile.key,
            )  # fmt: skip
        try:
            # Else protected: what holds a tile is what was made of it, not that it is enrolled.
            CampaignTile.objects.filter(tile=tile).delete()
            tile.delete()
        except ProtectedError as error:
            raise _in_use(tile, ["what was made of it just now"]) from error
        transaction.on_commit(lambda: _delete_blobs([key for key in keys if key]), robust=True)


def uses_of(tile: Tile) -> list[str]:
    """What depends on the tile, in words; empty when nothing does. Four queries."""
    others = Tile.objects.filter(acquisition=tile.acquisition_id).exclude(pk=tile.pk)
    labels = Annotation.objects.filter(acquisition=tile.acquisition_id)
    found = [
        _counted(Task.objects.filter(tile=tile).count(), "task"),
        "" if others.exists() else _counted(labels.count(), "label"),
        _counted(Score.objects.filter(tile=tile).count(), "round"),
    ]
    return [use for use in found if use]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}" if count else ""


def _in_use(tile: Tile, uses: list[str]) -> Conflict:
    return Conflict(
        f"Tile {tile.key} can't be deleted: it is used by {', '.join(uses)}.",
        field="tile",
        help="Keep it and take it out of the queue: narrow the scope by `campaign scope`, or skip "
        "its task and close it.",
    )


def _delete_blobs(keys: list[str]) -> None:
    for key in unreferenced(keys):
        store().delete(key)
