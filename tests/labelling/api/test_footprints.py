"""The map over the API: footprints as columns, kept while nothing changes, and what may be sent."""

from __future__ import annotations

import gzip
import json
import struct
import uuid

import numpy as np
import pytest

from labelling.imagery.ground import ground_of
from labelling.models import Event, Round, Score, Task
from labelling.workflow.scope import PRESETS
from tests.factories import NOON, TaskFactory, TileFactory

PATH = "/api/v1/campaigns/north"


def columns(body: bytes) -> dict:
    """The answer taken apart as its docstring says."""
    whole = gzip.decompress(body)
    assert whole[:4] == b"CMF1"
    (length,) = struct.unpack("<I", whole[4:8])
    header, at, found = json.loads(whole[8 : 8 + length]), 8 + length, {}
    for name, octets in header["columns"].items():
        found[name] = whole[at : at + octets]
        at += octets + -octets % 4
    assert at == len(whole)
    return {"header": header, **found}


def map_of(client, query: str = "", **headers):
    return client.get(f"{PATH}/footprints{query}", headers=headers)


@pytest.fixture
def tiles(campaign):
    """One on the grid with a task, one by its centre, one that nobody knows where it is."""
    keys = ("35VLF/512/3/4", "stack/0/0", "lost/0/0")
    made = [TileFactory(campaign=campaign, acquisition__place__key=key) for key in keys]
    place = made[1].acquisition.place
    place.longitude, place.latitude = 25.0, 60.0
    place.save()
    return made


def test_overseers_see_it_annotators_and_outsiders_do_not(tiles, lea, rita, ana, max):
    statuses = [map_of(client).status_code for client in (lea, rita, ana, max)]
    plans = [
        client.post(f"{PATH}/picks/plan", {"tiles": [tiles[0].uuid]}, format="json").status_code
        for client in (lea, rita, ana, max)
    ]

    assert (statuses, plans) == ([200, 200, 403, 404], [200, 403, 403, 404])


def test_the_scopes_polygon_comes_along(campaign, tiles, lea):
    before = map_of(lea)
    assert columns(before.content)["header"]["area"] is None
    campaign.scope = PRESETS["northern-europe"]
    campaign.save()

    after = map_of(lea, **{"If-None-Match": before.headers["ETag"]})

    assert after.status_code == 200
    assert columns(after.content)["header"]["area"] == campaign.scope["polygon"]


def test_columns_hold_where_tiles_lie_and_how_they_fare(campaign, tiles, lea):
    TaskFactory(campaign=campaign, tile=tiles[0], lane="control", state="closed")
    TaskFactory(campaign=campaign, tile=tiles[0], lane="pick", round_no=0, state="open")
    done = Round.objects.create(
        campaign=campaign, n=1, state="done", strategy="auto", batch=1, seed=1, created=NOON
    )
    Score.objects.create(round=done, tile=tiles[1], score=0.75, fractions={"0": 0.25, "1": 0.75})

    found = columns(map_of(lea).content)

    header = found["header"]
    assert (header["count"], header["unplaced"], header["more"]) == (2, 1, False)
    assert found["ids"] == tiles[0].uuid.bytes + tiles[1].uuid.bytes
    corners = np.frombuffer(found["corners"], "<f4").reshape(2, 4, 2)
    truth = ground_of("35VLF/512/3/4").project(
        "EPSG:4326", [(0, 0), (0, 512), (512, 512), (512, 0)]
    )
    assert np.allclose(corners[0], truth, atol=1e-5)
    assert np.allclose(corners[1].mean(axis=0), (25.0, 60.0), atol=1e-5)
    tall = (corners[1, 0, 1] - corners[1, 2, 1]) * 111_320
    wide = (corners[1, 1, 0] - corners[1, 0, 0]) * 111_320 * 0.5  # cos 60°
    assert np.allclose((tall, wide), 2560, rtol=1e-3)
    assert [header["states"][found["states"][0]], found["states"][1]] == ["open", 255]
    assert [header["lanes"][found["lanes"][0]], found["lanes"][1]] == ["pick", 255]
    scores = np.frombuffer(found["scores"], "<f4")
    assert np.isnan(scores[0])
    assert scores[1] == 0.75
    shares = np.frombuffer(found["shares"], np.uint8).reshape(-1, 2)
    assert shares[:, 1].tolist() == [50, 150, 0, 0]
    assert set(shares[:, 0]) == {255}
    assert [each["name"] for each in header["classes"]][:2] == ["clear", "cloud"]


def test_it_speaks_the_catalogues_filters(tiles, lea):
    assert columns(map_of(lea, "?place=35VLF&state=none").content)["header"]["count"] == 1
    empty = columns(map_of(lea, "?season=winter").content)
    assert (empty["header"]["count"], empty["ids"]) == (0, b"")
    answer = map_of(lea, "?months=13")
    assert (answer.status_code, answer.json()["field"]) == (422, "months")


def test_what_has_not_changed_is_not_sent_again(campaign, tiles, lea):
    first = map_of(lea)
    tag = first["ETag"]

    assert map_of(lea, **{"If-None-Match": tag}).status_code == 304
    assert map_of(lea, "?place=35VLF", **{"If-None-Match": tag}).status_code == 200
    TileFactory(campaign=campaign)
    second = map_of(lea, **{"If-None-Match": tag})
    assert (second.status_code, second["ETag"] == tag) == (200, False)
    body = {"tiles": [str(tiles[0].uuid)], "why": ""}
    assert lea.post(f"{PATH}/picks", body, format="json").status_code == 201
    assert map_of(lea, **{"If-None-Match": second["ETag"]}).status_code == 200


def test_an_event_that_is_committed_after_later_ones_is_seen(campaign, tiles, lea):
    far = 10**9
    newest, late = (
        Event(pk=far + n, campaign=campaign, when=NOON, verb="changed", kind="task", object_id=1)
        for n in (1, 0)
    )
    Event.objects.bulk_create([newest])
    tag = map_of(lea)["ETag"]

    Event.objects.bulk_create([late])

    assert map_of(lea, **{"If-None-Match": tag}).status_code == 200


def test_a_plan_tells_what_may_go_and_why_the_rest_may_not(campaign, tiles, lea):
    held = TileFactory(campaign=campaign, acquisition__place__split="test")
    TaskFactory(campaign=campaign, tile=tiles[1], state="submitted")
    strange = uuid.uuid4()
    asked = [tiles[0].uuid, tiles[0].uuid, tiles[1].uuid, held.uuid, strange]

    plan = lea.post(f"{PATH}/picks/plan", {"tiles": asked}, format="json").json()

    assert plan["fit"] == [str(tiles[0].uuid)]
    assert sorted(plan["left_out"].values()) == [1, 1, 1]
    assert any(why.startswith("in validation or test") for why in plan["left_out"])
    assert Task.objects.count() == 1
    sent = lea.post(f"{PATH}/picks", {"tiles": plan["fit"]}, format="json")
    assert sent.status_code == 201
    empty = lea.post(f"{PATH}/picks/plan", {"tiles": []}, format="json")
    assert (empty.status_code, empty.json()["field"]) == (422, "tiles")


def test_it_takes_the_same_number_of_queries_however_many_tiles(
    campaign, tiles, lea, django_assert_max_num_queries
):
    TileFactory.create_batch(20, campaign=campaign)

    with django_assert_max_num_queries(20):
        map_of(lea)
