"""Pushing: a batch is one task there, one job a tile, whatever breaks on the way."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.adapters.cvat import door
from labelling.errors import BadInput, CvatError
from labelling.imagery.drawings.masks import decode
from labelling.imagery.tilefile import write_mask
from labelling.models import CvatBatch, CvatJob, Guidance, Layer, Outbox
from labelling.workflow.cvat import pushing
from labelling.workflow.cvat.batches import frame_name, plan, push
from labelling.workflow.cvat.outbox import IN_HAND
from tests.contract.fake import running
from tests.labelling.cvat.site import CODES, SIDE, Site, same_once

STEPS, CREATED, UPLOADED = 13, 3, 7
"""Requests of a small push and one more, so that each can be the last one of its worker; which of
them creates the task, and which finishes the upload."""

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(campaign, settings):
    with running() as server:
        settings.CVAT_URL, settings.CVAT_TOKEN = server.url, server.token
        site = Site(campaign, server)
        site.connect()
        server.log.clear()
        yield site


class Killed(BaseException):
    """What a worker does that is killed: nothing more."""


def test_a_push_is_one_task_with_a_job_a_tile(site):
    tasks = site.tiles(3)

    site.push()

    same_once(site, tasks)
    (batch,) = CvatBatch.objects.all()
    (there,) = site.server.state.tasks.values()
    assert there.name == f"north {batch.uuid}"
    assert there.segment_size == 1
    # False colour and the sun beside the true colours; no other date is known to be clear.
    assert {image.name: image.related for image in there.images} == {
        frame_name(task): 2 for task in tasks
    }
    assert Outbox.objects.filter(sent=None).count() == 0


def test_pre_labels_arrive_as_they_are_in_one_request(site):
    first, second = site.tiles(2)

    site.push()

    for task in (first, second):
        frame = site.job(task).frame
        masks = {each["label_id"]: each for each in site.shapes(task)}
        assert {each["frame"] for each in masks.values()} == {frame}
        assert {each["source"] for each in masks.values()} == {"auto"}
        came = np.full((SIDE, SIDE), 255, np.uint8)
        for code in (0, 1, 3):
            points = masks[site.link.labels[str(code)]]["points"]
            came[decode(points, height=SIDE, width=SIDE)] = code
        assert (came == CODES).all()
        assert site.job(task).prelabel == task.prelabel
    assert site.server.asked("/annotations") == 1


def test_a_tile_that_measures_something_is_never_pushed_with_a_pre_label(site):
    kinds = [
        {"lane": "control"}, {"lane": "gold"}, {"lane": "reference"}, {"lane": "second"},
        {"split": "test"}, {"split": "validation"}, {"arm": "plain"},
    ]  # fmt: skip
    tasks, other = [site.tile(**kind) for kind in kinds], site.tile()

    site.push()

    assert [len(site.shapes(task)) for task in (*tasks, other)] == [0] * len(kinds) + [3]


def test_the_highest_ranked_go_first_in_batches_and_none_twice(site):
    tasks = site.tiles(5, raster=False)
    site.connect(options={"batch": 2})

    first = plan(site.link, limit=4)
    stale = plan(site.link, limit=5)
    push(site.link, first, now=site.now)
    push(site.link, stale, now=site.now)

    assert [len(batch) for batch in first.batches] == [2, 2]
    assert first.tasks == tasks[:4]
    assert CvatJob.objects.count() == 5
    assert plan(site.link, limit=5).tasks == []
    with pytest.raises(BadInput, match="10000 tiles, not 0"):
        plan(site.link, limit=0)


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_worker_killed_after_any_request_leaves_nothing_lost_or_doubled(site, step, monkeypatch):
    tasks = site.tiles(2)
    push(site.link, plan(site.link, limit=9), now=site.now)
    transport = door._transport(site.server.url)
    call, left = transport.call, [step]

    def dying(*args, **request):
        answer = call(*args, **request)
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(transport, "call", dying)
        try:
            site.errands()
        except Killed:
            site.wait(seconds=IN_HAND.total_seconds() + 1)
    site.errands()

    same_once(site, tasks)
    assert [len(site.shapes(task)) for task in tasks] == [3, 3]
    # Without its data a task is made anew; once the upload is finished, it is adopted.
    assert site.server.asked("DELETE") == (1 if CREATED <= step < UPLOADED else 0)
    assert step < STEPS or left[0] > 0  # the last step is beyond the end of the push


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ({"kind": "lose", "method": "POST", "path": "/api/tasks"}, "created, the answer lost"),
        ({"kind": "lose", "method": "PATCH", "path": "/data/"}, "a part came, the answer lost"),
        ({"kind": "lose", "method": "PUT"}, "pre-labels came, the answer lost"),
        ({"kind": "drop", "method": "POST", "path": "/data/"}, "the upload broke"),
        ({"kind": "status", "status": 500, "path": "/data/"}, "the server crashed"),
        ({"kind": "status", "status": 502, "times": 9}, "the server is away"),
        ({"kind": "status", "status": 429, "retry_after": "120"}, "too many requests"),
        ({"kind": "html", "method": "GET"}, "a login page"),
        ({"kind": "slow", "seconds": 0.1, "times": 3}, "a slow server"),
    ],
    ids=lambda told: told if isinstance(told, str) else "",
)
def test_a_push_survives_what_the_server_does(site, fault, what):
    tasks = site.tiles(2)
    fault = site.server.fail(fault.pop("kind"), **fault)
    push(site.link, plan(site.link, limit=9), now=site.now)

    while CvatBatch.objects.exclude(state="ready").exists():
        _try(site)
        site.wait(minutes=6)
        assert len(site.server.log) < 100

    assert fault.times <= 0
    same_once(site, tasks)


def test_a_worker_that_was_too_slow_draws_over_nothing(site, monkeypatch):
    """Another one has taken the batch over, opened it, and somebody draws in it."""
    task = site.tile()
    push(site.link, plan(site.link, limit=9), now=site.now)
    row = Outbox.objects.get()

    def overtaken(jobs, path, **options):
        patch.undo()
        site.wait(seconds=IN_HAND.total_seconds() + 1)
        site.errands()
        site.server.state.shapes[site.there(task).id] = ["drawn"]
        path.write_bytes(b"")

    with monkeypatch.context() as patch:
        patch.setattr(pushing, "pack", overtaken)
        site.errands()

    same_once(site, [task])
    assert site.shapes(task) == ["drawn"]
    row.refresh_from_db()
    assert row.sent
    assert not row.error


def test_a_broken_task_is_made_anew(site):
    task = site.tile()
    push(site.link, plan(site.link, limit=9), now=site.now)
    (batch,) = CvatBatch.objects.all()
    site.cvat.create_task(site.link.project, batch.name)

    site.errands()

    same_once(site, [task])
    assert site.server.asked("DELETE /api/tasks/1") == 1


def test_a_class_without_a_label_is_refused_by_name_and_nothing_is_served(site):
    site.tile()
    link = site.link
    link.labels = {code: label for code, label in link.labels.items() if code != "3"}
    link.save()

    site.push()

    (row,) = Outbox.objects.filter(sent=None)
    assert "has class 3, for which the project has no label" in row.error
    assert CvatBatch.objects.get().state == "creating"
    site.connect()
    site.wait(hours=1)
    site.errands()
    assert CvatBatch.objects.get().state == "ready"


def test_two_hundred_tiles_take_at_most_twenty_requests(site):
    site.connect(options={"batch": 200, "context": False})
    tasks = site.tiles(3)
    for _ in range(2):
        site.tile(raster=False)
    site.server.log.clear()

    site.push(limit=3)

    assert len(site.server.log) <= 12
    # Only the list of jobs has pages, of 100.
    assert Counter(line.split("?")[0] for line in site.server.log)["GET /api/jobs"] == 1
    same_once(site, tasks)


def test_tiles_to_keep_are_pushed_by_themselves(site):
    site.connect(options={"keep": 2})
    first, second, third = site.tiles(3)

    site.errands()

    same_once(site, [first, second])
    assert not CvatJob.objects.filter(task=third).exists()


def _try(site: Site) -> None:
    try:
        site.errands()
    except CvatError:
        return


def test_guides_are_outlines_of_their_own_label_and_never_on_tiles_that_measure(site):
    task, gold, plain = site.tile(), site.tile(lane="gold"), site.tile(arm="plain")
    inside = np.zeros((SIDE, SIDE), np.uint8)
    inside[64:192, 64:192] = 1
    region = {"top": 64, "left": 64, "height": 128, "width": 128, "bare": True}
    for each in (task, gold, plain):
        key = f"layers/{each.tile_id}-guide.tif"
        store().write_with(key, lambda path: write_mask(path, inside, name="label"))
        layer = Layer.objects.create(
            tile=each.tile, source="guide", version="1", raster=key, created=site.now
        )
        Guidance.objects.create(task=each, layer=layer, regions=[region])

    site.push()

    (shape,) = site.shapes(task)  # no pre-label: it is kept back in the only region
    drawn = decode(shape["points"], height=SIDE, width=SIDE)
    assert shape["label_id"] == site.link.guide_label
    assert drawn[64:66, 64:192].all()
    assert not drawn[66:190, 66:190].any()
    assert site.shapes(gold) == site.shapes(plain) == []
