from __future__ import annotations

import pytest

from labelling.models import Membership, Reservation, Task
from tests.factories import CampaignFactory, TaskFactory, person, rank
from tests.labelling.api.conftest import signed_in, with_prelabel

NEXT = "/api/v1/campaigns/north/queue/next"


def test_the_next_task_comes_with_all_that_is_needed_to_label_it(campaign, ana, task):
    answer = ana.post(NEXT)

    task.refresh_from_db()
    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(task.uuid),
        "campaign": "north",
        "state": "reserved",
        "hold": "active",
        "lease_ends": task.lease_ends.isoformat().replace("+00:00", "Z"),
        "lease_seconds": 1800,
        "warn_seconds": 300,
        "idle_after_seconds": 180,
        "schema_version": 1,
        "tile": {
            "id": str(task.tile.uuid),
            "place": task.acquisition.place.key,
            "datetime": "2026-06-01T12:00:00Z",
            "level": "L1C",
            "satellite": "S2A",
            "bands": ["B02", "B03", "B04", "B08"],
            "height": 256,
            "width": 256,
            "valid_share": 1.0,
            "sun_azimuth": None,
            "sun_zenith": None,
            "synthetic": True,
            "stretch": {band: [0, 10000] for band in ("B02", "B03", "B04", "B08")},
        },
        "prelabel": None,
        "guidance": None,
        "cvat_url": None,
    }


def test_the_stretch_is_the_scenes_for_the_tiles_bands(ana, task):
    scene = task.tile.scene
    scene.stretch = {"B02": [100, 2000], "B04": [50, 3000], "B11": [1, 2]}
    scene.save()

    stretch = ana.post(NEXT).json()["tile"]["stretch"]

    assert stretch["B02"] == [100, 2000]
    assert stretch["B04"] == [50, 3000]
    assert "B11" not in stretch


def test_an_undated_tile_has_no_datetime(ana, task):
    task.acquisition.taken = None
    task.acquisition.save()

    assert ana.post(NEXT).json()["tile"]["datetime"] is None


def test_the_models_mask_is_announced(ana, task):
    with_prelabel(task)
    # The first tiles come without, so that a missing mask tells nothing of a tile.
    Membership.objects.update(plain=2)

    assert ana.post(NEXT).json()["prelabel"] == {"source": "model", "version": "0a1b2c3d"}


@pytest.mark.parametrize("lane", ["control", "gold", "reference"])
def test_a_lane_that_measures_has_no_mask_to_start_from(campaign, ana, lane):
    task = TaskFactory(campaign=campaign, lane=lane)
    with_prelabel(task)

    answer = ana.post(NEXT).json()

    assert answer["prelabel"] is None
    assert ana.get(f"/api/v1/tiles/{answer['tile']['id']}/prelabel").status_code == 404


def test_a_control_task_cannot_be_told_from_an_active_one(campaign, ana, ben):
    active = TaskFactory(campaign=campaign, lane="active", round_no=7)
    control = TaskFactory(campaign=campaign, lane="control", round_no=7)
    rank(campaign, active, control)

    first, second = ana.post(NEXT).json(), ben.post(NEXT).json()

    assert {first["id"], second["id"]} == {str(active.uuid), str(control.uuid)}
    for told in (first, second):
        for name in ("id", "lease_ends"):
            told.pop(name)
        for name in ("id", "place"):
            told["tile"].pop(name)
    assert first == second


def test_nothing_of_a_task_tells_lane_rank_score_or_round(ana, task):
    told = ana.post(NEXT).json()

    names = {*told, *told["tile"]}
    assert not names & {"lane", "rank", "score", "round", "round_no", "copy", "parent"}


def test_asking_again_returns_what_is_in_hand(ana, task):
    first, again = ana.post(NEXT).json(), ana.post(NEXT).json()

    assert again["id"] == first["id"]
    assert Reservation.objects.count() == 1


def test_one_tile_is_fetched_ahead_and_then_promoted(campaign, ana, task):
    TaskFactory(campaign=campaign)
    ana.post(NEXT)

    held = ana.post(NEXT, {"hold": "held"}).json()
    ana.post(f"/api/v1/tasks/{task.uuid}/release")
    active = ana.post(NEXT).json()

    assert (held["hold"], active["hold"]) == ("held", "active")
    assert active["id"] == held["id"]


def test_fetching_ahead_with_empty_hands_is_a_conflict(ana, task):
    answer = ana.post(NEXT, {"hold": "held"})

    assert answer.status_code == 409
    assert answer.json()["code"] == "conflict"


def test_an_empty_queue_says_why(ana):
    answer = ana.post(NEXT)

    assert answer.status_code == 404
    assert answer.json() == {
        "code": "queue_empty",
        "message": "No tile is waiting.",
        "field": "",
        "help": "No round has opened tiles yet; a lead starts one.",
    }


def test_a_tile_of_another_campaign_in_hand_is_named(ana, task):
    south = CampaignFactory(slug="south")
    TaskFactory(campaign=south)
    person("ana", campaign=south)
    ana.post("/api/v1/campaigns/south/queue/next")

    answer = ana.post(NEXT)

    assert answer.status_code == 409
    assert answer.json()["code"] == "already_holding"
    assert "south" in answer.json()["message"]


@pytest.mark.parametrize("body", [{"hold": "both"}, {"hold": None}, {"hold": ["active"]}])
def test_an_unknown_hold_is_bad_input(ana, task, body):
    answer = ana.post(NEXT, body)

    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["field"]) == ("bad_input", "hold")


def test_a_body_that_is_not_json_is_refused(ana, task):
    answer = ana.post(NEXT, b"{hold", content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["code"] == "parse_error"


def test_a_body_that_is_no_object_is_bad_input(ana, task):
    answer = ana.post(NEXT, ["active"])

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")


@pytest.mark.parametrize("role", ["annotator", "reviewer", "lead"])
def test_everybody_with_eyes_may_label(campaign, task, role):
    client = signed_in(person("zoe", campaign=campaign, role=role))

    assert client.post(NEXT).status_code == 200


def test_a_service_does_not_label(campaign, task):
    client = signed_in(person("cvat", campaign=campaign, role="service"))

    answer = client.post(NEXT)

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert Task.objects.get().state == "open"


def test_for_an_outsider_there_is_no_queue(max, task):
    assert max.post(NEXT).status_code == 404


def test_who_was_a_member_is_one_no_longer(campaign, ana, in_hand):
    Membership.objects.all().delete()

    answers = [
        ana.post(NEXT),
        ana.get(f"/api/v1/tasks/{in_hand.uuid}"),
        ana.post(f"/api/v1/tasks/{in_hand.uuid}/heartbeat"),
        ana.get(f"/api/v1/tiles/{in_hand.tile.uuid}/bands"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
