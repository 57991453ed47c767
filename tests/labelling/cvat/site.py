"""A campaign with painted tiles and a fake CVAT server, connected through the front door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.contrib.auth.models import User

from labelling.adapters.blobs import store
from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.door import open_door
from labelling.imagery.tilefile import write_mask, write_tile
from labelling.models import Campaign, CvatBatch, CvatJob, CvatLink, Layer, Task
from labelling.workflow.claims import claim_next
from labelling.workflow.cvat.batches import plan, push
from labelling.workflow.cvat.connecting import Connected, Order, connect
from labelling.workflow.cvat.errands import run_errands
from labelling.workflow.cvat.people import match_people
from labelling.workflow.submission import submit
from tests.contract.fake import Server
from tests.contract.fake.state import Job
from tests.factories import (
    NOON,
    AcquisitionFactory,
    PlaceFactory,
    SceneFactory,
    TaskFactory,
    TileFactory,
    person,
    rank,
)
from tests.labelling.handing_in import drawn

SIDE = 256
BANDS = ("B02", "B03", "B04", "B08")
CODES = np.repeat([0, 1, 3, 255], SIDE // 4).astype(np.uint8)[:, None].repeat(SIDE, axis=1)
"""A pre-label: clear, cloud, shadow, and a quarter that can't be said."""


@dataclass
class Site:
    campaign: Campaign
    server: Server
    now: datetime = NOON
    tasks: list[Task] = field(default_factory=list)

    @property
    def link(self) -> CvatLink:
        return CvatLink.objects.select_related("campaign__schema").get(campaign=self.campaign)

    def clock(self) -> datetime:
        return self.now

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def connect(self, **order: Any) -> Connected:
        return connect(self.campaign, Order(**order), who=None, now=self.now)

    def tile(self, *, split: str = "pool", hint: bool = True, raster: bool = True, **task) -> Task:
        """An open task on a new tile, ranked behind the others."""
        place = PlaceFactory(split=split)
        tile = TileFactory(
            acquisition=AcquisitionFactory(place=place), scene=SceneFactory(),
            sun_azimuth=160.0, sun_zenith=40.0,
        )  # fmt: skip
        if raster:
            # One value a band packs in no time; what it shows doesn't matter here.
            values = np.full((len(BANDS), SIDE, SIDE), 500 + len(self.tasks), np.uint16)
            store().write_with(tile.raster, lambda path: write_tile(path, values, bands=BANDS))
        layer = self._layer(tile) if hint and raster else None
        self.tasks.append(TaskFactory(campaign=self.campaign, tile=tile, prelabel=layer, **task))
        rank(self.campaign, *self.tasks)
        return self.tasks[-1]

    def tiles(self, count: int, **task) -> list[Task]:
        return [self.tile(**task) for _ in range(count)]

    def push(self, limit: int = 100) -> None:
        """Plan and send."""
        push(self.link, plan(self.link, limit=limit), now=self.now)
        self.errands()

    def errands(self) -> dict[str, Any]:
        return run_errands(self.link, clock=self.clock, pause=self.pause)

    def people(self, *names: str) -> list[User]:
        """Members with an account on both sides, mapped."""
        found = [person(name, campaign=self.campaign) for name in names]
        for name in names:
            self.server.state.add_user(name)
        match_people(self.link, self.cvat, who=None, now=self.now)
        return found

    def job(self, task: Task) -> CvatJob:
        return CvatJob.objects.select_related("task", "batch__link").get(task=task, gone=None)

    def there(self, task: Task) -> Job:
        """The job on the server."""
        return self.server.state.jobs[self.job(task).remote or 0]

    def shapes(self, task: Task) -> list[dict[str, Any]]:
        return self.server.state.shapes.get(self.there(task).id, [])

    def claim(self, who: User) -> Task:
        return claim_next(campaign=self.campaign, person=who, now=self.now).task

    def hand_in(self, task: Task, who: User) -> None:
        submit(task=task, person=who, now=self.now, **drawn())

    @property
    def cvat(self) -> Cvat:
        return open_door(self.link, clock=self.clock)

    def _layer(self, tile) -> Layer:
        key = f"layers/{tile.pk}-model.tif"
        store().write_with(key, lambda path: write_mask(path, CODES, name="label"))
        return Layer.objects.create(
            tile=tile, source="model", version="r1", raster=key, created=NOON
        )


def same_once(site: Site, tasks: Sequence[Task]) -> None:
    """All tiles are there exactly once, and served."""
    there = site.server.state
    assert [batch.state for batch in CvatBatch.objects.all()] == ["ready"]
    assert len(there.tasks) == 1
    assert len(there.jobs) == len(tasks)
    assert {site.there(task).id for task in tasks} == set(there.jobs)
