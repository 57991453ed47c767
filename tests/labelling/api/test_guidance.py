"""Guidance over the API: who sees where to draw, and that nothing tells a tile that measures."""

from __future__ import annotations

import numpy as np
import pytest
from rest_framework.test import APIClient

from labelling.models import Guidance, Task
from tests.factories import TaskFactory, TileFactory, person
from tests.labelling.api.conftest import SIZE, with_prelabel
from tests.labelling.insights.rows import reservation

PATHS = ("guidance", "guidance/mask", "heat")
HEAT = bytes(range(0, 240, 15))
SECRETS = {"quota": 1, "score": 0.5, "probability": 0.25}
REGIONS = [
    {"top": 32, "left": 64, "height": 96, "width": 64, "kind": "informative", "bare": False},
    {"top": 160, "left": 0, "height": 64, "width": 128, "kind": "control", "bare": True},
]
UNGUIDED = (
    {"lane": "control"}, {"lane": "gold"}, {"lane": "reference"}, {"lane": "second"},
    {"lane": "rereview"}, {"arm": "plain"}, {"split": "validation"}, {"split": "test"},
)  # fmt: skip


def guided(task: Task) -> Task:
    with_prelabel(task)
    regions = [{**each, **SECRETS} for each in REGIONS]
    Guidance.objects.create(task=task, regions=regions, heat=HEAT, heat_rows=2)
    return task


def anas(campaign, *, split: str = "pool", **fields) -> Task:
    """A task that Ana has had in hand."""
    tile = TileFactory(campaign=campaign, acquisition__place__split=split)
    task = TaskFactory(campaign=campaign, tile=tile, state="accepted", **fields)
    reservation(task, person("ana"), how="submitted")
    return task


def answers(client: APIClient, task: Task) -> list[tuple[int, bytes]]:
    told = [client.get(f"/api/v1/tasks/{task.uuid}/{path}") for path in PATHS]
    return [(each.status_code, each.getvalue()) for each in told]


def test_the_holder_and_overseers_see_boxes_a_plane_and_the_heat_others_nothing(
    in_hand, ana, ben, rita, lea, max
):
    guided(in_hand)
    plane = np.zeros((SIZE, SIZE), np.uint8)
    plane[32:128, 64:128], plane[160:224, :128] = 1, 2

    for client in (ana, rita, lea):
        told = [client.get(f"/api/v1/tasks/{in_hand.uuid}/{path}") for path in PATHS]

        assert [each.status_code for each in told] == [200] * 3
        sides = [{s: each[s] for s in ("top", "left", "height", "width")} for each in REGIONS]
        boxes = [{"number": n, **each} for n, each in enumerate(sides, start=1)]
        assert told[0].json() == {"regions": boxes, "heat": [2, 8]}
        assert told[1].getvalue() == plane.tobytes()
        assert told[2].getvalue() == HEAT
        assert {each["Cache-Control"] for each in told[1:]} == {"private, no-store"}
    assert ana.get(f"/api/v1/tasks/{in_hand.uuid}").json()["guidance"]["regions"] == boxes
    for client, status in ((ben, 404), (max, 404), (APIClient(), 401)):
        assert {status for status, _ in answers(client, in_hand)} == {status}


def test_a_tile_that_measures_answers_as_one_of_which_nothing_is_known(campaign, ana, lea):
    nothing_known = answers(ana, anas(campaign))

    for hidden in UNGUIDED:
        task = guided(anas(campaign, **hidden))
        assert answers(ana, task) == answers(lea, task) == nothing_known, hidden
        assert ana.get(f"/api/v1/tasks/{task.uuid}").json()["guidance"] is None, hidden
    assert {status for status, _ in nothing_known} == {404}
    assert {status for status, _ in answers(ana, guided(anas(campaign)))} == {200}


def test_colleagues_tasks_tell_nothing_either_not_even_of_ones_own_tile(campaign, in_hand, ana):
    second = TaskFactory(campaign=campaign, tile=in_hand.tile, copy=2, lane="second")
    for other in (guided(TaskFactory(campaign=campaign)), guided(second)):
        told = [ana.get(f"/api/v1/tasks/{other.uuid}/{path}") for path in (*PATHS, "")]

        assert {each.status_code for each in told} == {404}


@pytest.mark.parametrize(("heat", "rows"), [(b"", 0), (HEAT, 0)])
def test_a_tile_labelled_whole_has_no_region_and_perhaps_no_heat(in_hand, ana, heat, rows):
    with_prelabel(in_hand)
    Guidance.objects.create(task=in_hand, heat=heat, heat_rows=rows)

    (_, told), (_, plane), (status, _) = answers(ana, in_hand)

    assert told == b'{"regions":[],"heat":null}'
    assert not any(plane)
    assert status == 404
