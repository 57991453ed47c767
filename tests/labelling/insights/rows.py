"""Labels, rounds and scores for the questions that are asked of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import factory
from django.contrib.auth.models import User

from labelling.models import (
    Annotation,
    Assignment,
    Campaign,
    Model,
    Reservation,
    Round,
    Score,
    Snapshot,
    Task,
    Tile,
)
from tests.factories import NOON, TileFactory


def tile(campaign: Campaign, *, split: str = "pool", synthetic: bool = True) -> Tile:
    return TileFactory(
        campaign=campaign, acquisition__place__split=split, scene__synthetic=synthetic
    )


def label(
    tile: Tile,
    campaign: Campaign,
    *,
    pixels: dict[str, int],
    n: int = 1,
    task: Task | None = None,
    kind: str = "full",
    labelled_share: float = 1,
    author: User | None = None,
    created: datetime = NOON,
) -> Annotation:
    return Annotation.objects.create(
        acquisition=tile.acquisition,
        schema=campaign.schema,
        n=n,
        task=task,
        tool="test",
        source="campaign",
        raster=f"labels/{tile.pk}/{n}.tif",
        sha256="0" * 64,
        pixels=pixels,
        kind=kind,
        labelled_share=labelled_share,
        author=author,
        created=created,
    )


class RoundFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Round

    n = 1
    state = "done"
    step = factory.LazyAttribute(lambda each: "done" if each.state == "done" else "freeze")
    strategy = "entropy"
    batch = 3
    seed = 0
    created = NOON


def learnt(round: Round, *, counts: dict, metrics: dict) -> Round:
    """Give `round` a snapshot with these counts and a model with these metrics."""
    name = f"{round.campaign_id}-{round.n}"
    round.snapshot = Snapshot.objects.create(
        hash=f"snapshot-{name}",
        campaign=round.campaign,
        rule={},
        folder=f"snapshots/{name}",
        counts=counts,
        created=NOON,
    )
    round.model = Model.objects.create(
        hash=f"0123456789abcdef-{name}",
        campaign=round.campaign,
        snapshot=round.snapshot,
        folder=f"models/{name}",
        card={},
        metrics=metrics,
        created=NOON,
    )
    round.save()
    return round


def score(round: Round, tile: Tile, *, value: float, picked: int | None = None) -> Score:
    return Score.objects.create(
        round=round,
        tile=tile,
        score=value,
        fractions={"0": 1.0},
        picked=picked,
        slice="informative" if picked else "",
        why="most uncertain" if picked else "",
    )


def reservation(task: Task, person, *, how: str = "", kind: str = "active") -> Reservation:
    """A spell of `person` on `task`: under way, or ended in the way `how`."""
    assignment, _ = Assignment.objects.get_or_create(
        campaign=task.campaign, acquisition=task.acquisition, person=person, root=task
    )
    return Reservation.objects.create(
        task=task,
        n=task.reservations.count() + 1,
        person=person,
        assignment=assignment,
        kind=kind,
        returns_to="open",
        started=NOON,
        heartbeat=NOON,
        ended=NOON + timedelta(minutes=9) if how else None,
        how=how,
    )
