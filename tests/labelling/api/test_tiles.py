from __future__ import annotations

import uuid

import numpy as np
import pytest
from django.contrib.auth.models import User

from labelling.adapters.blobs import store
from tests.factories import CampaignFactory, TaskFactory, TileFactory, person
from tests.labelling.api.conftest import signed_in, with_pixels, with_prelabel


def read(answer, dtype: str, *shape: int) -> np.ndarray:
    assert answer.status_code == 200, answer.json()
    assert answer["Content-Type"] == "application/octet-stream"
    content = b"".join(answer.streaming_content)
    assert int(answer["Content-Length"]) == len(content)
    return np.frombuffer(content, dtype).reshape(shape)


def test_all_bands_come_in_the_tiles_order(ana, task):
    pixels = with_pixels(task.tile)

    answer = ana.get(f"/api/v1/tiles/{task.tile.uuid}/bands")

    assert np.array_equal(read(answer, "<u2", 4, 256, 256), pixels)


def test_some_bands_come_in_the_order_asked_for(ana, task):
    pixels = with_pixels(task.tile)

    answer = ana.get(f"/api/v1/tiles/{task.tile.uuid}/bands?bands=B04,B02")

    assert np.array_equal(read(answer, "<u2", 2, 256, 256), pixels[[2, 0]])


def test_bands_never_change_so_browsers_keep_them(ana, task):
    answer = ana.get(f"/api/v1/tiles/{task.tile.uuid}/bands?bands=B02")

    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"


def test_a_client_that_accepts_only_octets_is_served(ana, task):
    answer = ana.get(
        f"/api/v1/tiles/{task.tile.uuid}/bands", headers={"Accept": "application/octet-stream"}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("asked", ["B99", "B02,", "", "b02"])
def test_a_band_the_tile_does_not_have_is_named(ana, task, asked):
    answer = ana.get(f"/api/v1/tiles/{task.tile.uuid}/bands?bands={asked}")

    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "bad_input", "bands")
    assert "B02, B03, B04, B08" in told["help"]


def test_a_raster_lost_from_storage_is_not_found_by_name(ana, task):
    store().delete(task.tile.raster)

    answer = ana.get(f"/api/v1/tiles/{task.tile.uuid}/bands")

    assert answer.status_code == 404
    assert task.tile.raster in answer.json()["message"]


def test_a_damaged_raster_is_named(ana, task):
    path = store().path(task.tile.raster)
    path.write_bytes(path.read_bytes()[:200])

    answer = ana.get(f"/api/v1/tiles/{task.tile.uuid}/bands")

    assert (answer.status_code, answer.json()["code"]) == (422, "raster_rejected")
    assert path.name in answer.json()["message"]


def test_a_tile_is_seen_by_the_people_of_its_campaigns(campaign, ana, lea, max, task):
    other = signed_in(person("zoe", campaign=CampaignFactory(slug="south")))
    root = signed_in(User.objects.create_superuser("root"))
    path = f"/api/v1/tiles/{task.tile.uuid}/bands"

    statuses = [client.get(path).status_code for client in (ana, lea, root, max, other)]

    assert statuses == [200, 200, 200, 404, 404]


def test_an_unknown_tile_is_not_found(ana):
    assert ana.get(f"/api/v1/tiles/{uuid.uuid4()}/bands").json()["code"] == "not_found"


def test_the_holder_starts_from_the_models_mask(ana, task):
    mask = with_prelabel(task)
    ana.post("/api/v1/campaigns/north/queue/next")

    answer = ana.get(f"/api/v1/tiles/{task.tile.uuid}/prelabel")

    assert np.array_equal(read(answer, "u1", 256, 256), mask)
    assert answer["Cache-Control"] == "private, no-store"


def test_who_does_not_hold_the_tile_sees_no_mask_unless_he_oversees(ana, ben, rita, lea, task):
    with_prelabel(task)
    ana.post("/api/v1/campaigns/north/queue/next")
    path = f"/api/v1/tiles/{task.tile.uuid}/prelabel"

    statuses = [client.get(path).status_code for client in (ben, rita, lea)]

    assert statuses == [404, 200, 200]


def test_an_overseer_who_labels_a_control_copy_sees_no_mask(campaign, lea, task):
    with_prelabel(task)
    control = TaskFactory(campaign=campaign, tile=task.tile, lane="control")
    type(task).objects.filter(pk=task.pk).update(state="closed")
    assert lea.post("/api/v1/campaigns/north/queue/next").json()["id"] == str(control.uuid)

    assert lea.get(f"/api/v1/tiles/{task.tile.uuid}/prelabel").status_code == 404


def test_a_reviewer_elsewhere_sees_no_mask(campaign, task):
    with_prelabel(task)
    zoe = person("zoe", campaign=campaign)
    person("zoe", campaign=CampaignFactory(slug="south"), role="reviewer")

    assert signed_in(zoe).get(f"/api/v1/tiles/{task.tile.uuid}/prelabel").status_code == 404


def test_a_tile_without_a_mask_has_none(ana, in_hand):
    answer = ana.get(f"/api/v1/tiles/{in_hand.tile.uuid}/prelabel")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_thumbnail_is_the_stored_picture(campaign, ana):
    tile = TileFactory(campaign=campaign, thumbnail="thumbs/1.png")
    store().write("thumbs/1.png", b"\x89PNG picture")

    answer = ana.get(f"/api/v1/tiles/{tile.uuid}/thumbnail.png")

    assert (answer["Content-Type"], answer.content) == ("image/png", b"\x89PNG picture")


def test_a_tile_without_a_thumbnail_says_so(campaign, ana, task):
    answer = ana.get(f"/api/v1/tiles/{task.tile.uuid}/thumbnail.png")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
