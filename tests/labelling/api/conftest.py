from __future__ import annotations

import numpy as np
import pytest
from rest_framework.test import APIClient

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import write_label, write_tile
from labelling.models import Layer, Task, Tile
from tests.factories import NOON, CampaignFactory, TaskFactory, person, rank

SIZE = 256


def signed_in(user) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


@pytest.fixture
def campaign(db):
    return CampaignFactory(slug="north")


@pytest.fixture
def ana(campaign) -> APIClient:
    """Annotates."""
    return signed_in(person("ana", campaign=campaign))


@pytest.fixture
def ben(campaign) -> APIClient:
    """Annotates too."""
    return signed_in(person("ben", campaign=campaign))


@pytest.fixture
def rita(campaign) -> APIClient:
    """Reviews."""
    return signed_in(person("rita", campaign=campaign, role="reviewer"))


@pytest.fixture
def lea(campaign) -> APIClient:
    """Leads."""
    return signed_in(person("lea", campaign=campaign, role="lead"))


@pytest.fixture
def max(campaign) -> APIClient:
    """Has no business here."""
    return signed_in(person("max"))


@pytest.fixture
def task(campaign) -> Task:
    """The only task, with pixels behind its tile."""
    task = TaskFactory(campaign=campaign)
    with_pixels(task.tile)
    rank(campaign, task)
    return task


@pytest.fixture
def in_hand(task, ana) -> Task:
    """The task, claimed by Ana."""
    assert ana.post("/api/v1/campaigns/north/queue/next").status_code == 200
    return task


def with_pixels(tile: Tile) -> np.ndarray:
    """Store a raster for the tile: band k is 1000·k plus the column."""
    ramp = np.arange(tile.width, dtype=np.uint16)
    pixels = np.stack(
        [np.broadcast_to(1000 * k + ramp, (tile.height, tile.width)) for k in range(1, 5)]
    ).astype(np.uint16)
    store().write_with(tile.raster, lambda path: write_tile(path, pixels, bands=tile.bands))
    return pixels


def with_prelabel(task: Task) -> np.ndarray:
    """Give the task a model's mask: cloud in the upper half."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[: SIZE // 2] = 1
    layer = Layer.objects.create(
        tile=task.tile,
        source="model",
        version="0a1b2c3d",
        raster=f"layers/{task.pk}.tif",
        created=NOON,
    )
    unseen = np.zeros_like(mask)
    store().write_with(layer.raster, lambda path: write_label(path, mask, unseen))
    Task.objects.filter(pk=task.pk).update(prelabel=layer)
    return mask


def octets(label: int = 0) -> bytes:
    """A label of one code all over, painted."""
    planes = np.stack([np.full((SIZE, SIZE), label), np.ones((SIZE, SIZE))])
    return planes.astype(np.uint8).tobytes()


def submit(client: APIClient, task: Task, body: bytes, *, query: str = "schema_version=1", **more):
    return client.post(
        f"/api/v1/tasks/{task.uuid}/submit?{query}",
        body,
        content_type="application/octet-stream",
        **more,
    )
