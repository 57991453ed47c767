"""A campaign to be labelled for a day: few painted scenes, many tiles that share their rasters."""

from __future__ import annotations

import copy
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from django.contrib.auth.models import User

from benchmarks._queue_rows import _signed_in
from labelling.adapters.blobs import store
from labelling.imagery.painter.products import write_products
from labelling.models import Acquisition, Campaign, CampaignTile, Place, Schedule, Tile
from labelling.workflow.founding import admit, found_campaign
from labelling.workflow.ingest.products import Intake, ingest_all
from labelling.workflow.ingest.sources import find_sources
from labelling.workflow.rounds import plan_round

SLUG, SIDE = "soak", 256
PRODUCTS, PLACES, SEED = 40, 20, 7
TRAINING = {
    "width": 8, "depth": 3, "crop": 128, "batch": 4, "steps": 40, "evaluate_every": 20,
    "checkpoint_every": 20, "warm_up": 4, "precision": "fp32", "threads": 1,
}  # fmt: skip
"""Small, so that a sped-up hour has room for a round: what is shown is the work around it."""
BATCH = 120
Row = TypeVar("Row", Place, Acquisition, Tile, CampaignTile)


def fill(folder: Path, *, tiles: int, people: int, now: datetime) -> list[str]:
    """The campaign with an hourly schedule; the people's sessions. Everything is synthetic."""
    campaign = founded(SLUG, TRAINING, folder, now=now)
    # What the crowd isn't asked for here: reviews, blind copies, and longer leases than 30 minutes.
    campaign.queue = {"lease_minutes": 120}
    campaign.review = {"rates": [0.0]}
    campaign.quality = {"overlap_share": 0}
    campaign.save()
    multiply(campaign, tiles)
    # The first one at once: until it is done nothing waits in the queue.
    plan_round(
        campaign=campaign, strategy="auto", batch=BATCH, seed=SEED, asked_by=None, now=now
    )  # fmt: skip
    Schedule.objects.create(
        campaign=campaign, on=True, cron="0 * * * *", gap_hours=0.1, least_labels=4, looked=now
    )
    return [_signed_in(_member(f"annotator-{n}", campaign, now)) for n in range(people)]


def founded(slug: str, training: dict[str, Any], folder: Path, *, now: datetime) -> Campaign:
    """A campaign with painted scenes, labelled, that lie whole in `folder`; only whole tiles."""
    campaign = found_campaign(
        slug=slug, name=f"{slug} (synthetic scenes)", now=now, tile_size=SIDE, batch_size=BATCH,
        training=training,
    )  # fmt: skip
    for _ in write_products(folder, products=PRODUCTS, places=PLACES, size=SIDE, seed=SEED):
        pass
    reports = ingest_all(find_sources([folder]), Intake(campaign, store(), now)).files
    if wrong := [each.line() for each in reports if each.troubled]:
        raise RuntimeError(f"A painted scene was refused: {wrong[0]}")
    # The crowd paints wherever it likes, also where a scene's edge holds no data.
    campaign.enrolments.filter(tile__valid_share__lt=1).delete()
    return campaign


def multiply(campaign: Campaign, tiles: int) -> None:
    """More tiles of the pool, each at a place and time of its own, with a raster that is there."""
    enrolments = campaign.enrolments.filter(tile__acquisition__place__split="pool")
    models = list(enrolments.select_related("tile__acquisition__place"))
    for n in range(tiles):
        enrolment = models[n % len(models)]
        place = _twin(enrolment.tile.acquisition.place, key=f"35VLF/{SIDE}/{n // 100}/{n % 100}")
        place.square = f"soak/{n}"
        place.save()
        acquisition = _twin(enrolment.tile.acquisition, place=place)
        acquisition.taken += timedelta(seconds=n)
        acquisition.save()
        tile = _twin(enrolment.tile, acquisition=acquisition, uuid=uuid.uuid4())
        tile.save()
        _twin(enrolment, tile=tile).save()


def _twin(row: Row, **changes: object) -> Row:
    other = copy.copy(row)
    other.pk, other._state = None, type(row._state)()
    for name, value in changes.items():
        setattr(other, name, value)
    return other


def _member(name: str, campaign: Campaign, now: datetime) -> User:
    user = User.objects.create(username=name)
    admit(user, campaign=campaign, role="annotator", now=now)
    return user
