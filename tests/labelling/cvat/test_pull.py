"""What is drawn on the server comes back: once, unchanged, job by job."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.db import connection

from labelling.adapters.blobs import store
from labelling.adapters.folder import FolderBlobs
from labelling.imagery.tilefile import read_label
from labelling.models import Annotation, CvatJob, CvatLink, Event, Flag, Reservation, Task
from labelling.workflow.cvat.pulling import pull_one
from tests.contract.fake import running
from tests.factories import NOON, person
from tests.labelling.cvat.hand_linked import Linked, fresh, linked, stripes

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def fake():
    with running() as server:
        yield server


@pytest.fixture
def world(campaign, fake, settings, ana, ben) -> Linked:
    fake.log.clear()
    fake.faults.clear()
    return linked(campaign, fake, settings, ana, ben)


def planes_of(label: Annotation) -> tuple[np.ndarray, np.ndarray]:
    return read_label(store().raster(label.raster))


def test_a_finished_job_is_handed_in_pixel_by_pixel(world, ana):
    drawn, other = world.tiles(2, ana)
    label = stripes(0, 1, 3, 254)
    world.draw(drawn, *world.label(label))
    world.draw(other, *world.label(label), state="in progress")

    pulled = world.pull()
    again = world.pull()

    made = Annotation.objects.get()
    found, provenance = planes_of(made)
    assert np.array_equal(found, label)
    assert np.unique(provenance).tolist() == [1]
    assert (made.author, made.tool, made.task) == (ana, "cvat", drawn.task)
    assert fresh(drawn.task).state == Task.State.SUBMITTED
    assert (pulled.imported, pulled.fetched, again.fetched) == (1, 1, 0)


def test_an_idle_poll_is_one_request(world, ana):
    world.tiles(3, ana)
    world.pull()
    world.server.log.clear()

    world.pull()

    assert len(world.server.log) == 1


def test_the_changes_of_a_busy_hour_are_not_listed_at_each_poll_after_it(world, ana):
    world.tiles(3, ana)
    world.pull()
    assert world.pull().listed == 3  # still within the overlap

    world.server.state.skew += timedelta(hours=1)
    world.pull()

    assert world.pull().listed == 0


def test_every_page_is_read(world, ana, monkeypatch):
    monkeypatch.setattr("labelling.adapters.cvat.client.PAGE", 2)
    rows = world.tiles(5, ana)
    world.draw(rows[0], *world.label(stripes(0, 1)))
    for row in rows[1:]:
        world.draw(row, state="in progress")

    pulled = world.pull()

    assert (pulled.listed, pulled.foreign, pulled.imported) == (5, 0, 1)


def test_time_on_it_is_estimated_and_kept_out_of_what_heartbeats_tell(world, ana):
    (row,) = world.tiles(1, ana)
    world.pull()
    there, start = world.server.state, world.server.state.now()
    for minute in (0, 2, 4, 30):
        world.draw(row, *world.label(stripes(0, 1)), state="in progress")
        there.jobs[row.remote].updated = start + timedelta(minutes=minute)
        world.pull()
    world.draw(row, *world.label(stripes(0, 1)))
    there.jobs[row.remote].updated = start + timedelta(minutes=31)
    world.pull()

    row.refresh_from_db()
    spell = Reservation.objects.get()
    assert row.minutes == pytest.approx(5, abs=0.1)
    assert (spell.how, spell.active_seconds) == ("submitted", 0)


def test_a_changed_job_is_the_next_version_while_nobody_has_looked(world, ana):
    (row,) = world.tiles(1, ana)
    world.draw(row, *world.label(stripes(0, 1)))
    world.pull()
    world.draw(row, *world.label(stripes(1, 0)))
    world.pull()
    world.draw(row, *world.label(stripes(1, 0)))  # saved again, unchanged
    world.pull()

    first, second = Annotation.objects.order_by("n")
    assert second.parent == first
    assert np.array_equal(planes_of(second)[0], stripes(1, 0))
    assert not Flag.objects.exists()


def test_an_edit_after_acceptance_is_a_new_version_and_a_flag_for_the_lead(world, ana):
    (row,) = world.tiles(1, ana)
    world.draw(row, *world.label(stripes(0, 1)))
    world.pull()
    Task.objects.update(state=Task.State.ACCEPTED)
    for label in (stripes(1, 0), stripes(0, 1, 1, 0)):
        world.draw(row, *world.label(label))
        world.pull()

    assert Annotation.objects.count() == 3
    assert Flag.objects.get(outcome="").task == row.task
    changed = Event.objects.filter(verb="changed", kind="task", object_id=row.task_id)
    assert [event.detail["alert"] for event in changed] == ["edited after acceptance"] * 2


def test_shapes_wait_while_a_reviewer_looks_at_the_label(world, ana):
    (row,) = world.tiles(1, ana)
    world.draw(row, *world.label(stripes(0, 1)))
    world.pull()
    rita = person("rita", campaign=world.campaign, role="reviewer")
    Task.objects.update(state="in_review", holder=rita, lease_ends=NOON)
    world.draw(row, *world.label(stripes(1, 0)))

    during = world.pull()
    Task.objects.update(state="submitted", holder=None, lease_ends=None)
    after = world.pull()

    assert (during.fetched, during.held, after.imported) == (0, 0, 1)


def test_outlines_of_regions_and_lines_that_help_to_draw_label_nothing(world, ana):
    (row,) = world.tiles(1, ana)
    guide = {"type": "rectangle", "label_id": world.link.guide_label, "points": [0, 0, 9, 9]}
    line = {"type": "polyline", "label_id": world.label_id(1), "points": [0, 0, 9, 9]}
    world.draw(row, *world.label(stripes(0, 1)), guide, line)

    world.pull()

    assert np.array_equal(planes_of(Annotation.objects.get())[0], stripes(0, 1))


def test_background_is_clear_where_the_lead_said_so_and_data_are_missing_where_they_are(world, ana):
    (row,) = world.tiles(1, ana)
    CvatLink.objects.update(options={"background": "clear"})
    world.draw(row, world.mask(1, stripes(1, 0) == 1))

    world.pull()

    label, provenance = planes_of(Annotation.objects.get())
    assert np.array_equal(label, stripes(1, 0))
    assert np.array_equal(provenance, stripes(1, 5))


def test_a_deleted_task_is_noticed_by_the_whole_sweep(world, ana):
    rows = world.tiles(2, ana)
    world.draw(rows[0], *world.label(stripes(0, 1)))
    world.pull()
    world.server.state.delete_task(rows[0].batch.remote)

    assert world.pull().gone == 0
    assert world.pull(whole=True).gone == 2
    assert not CvatJob.objects.filter(gone=None).exists()
    assert Annotation.objects.count() == 1


def test_one_job_can_be_asked_for_before_its_tile_is_taken_back(world, ana):
    (row,) = world.tiles(1, ana)
    world.draw(row, *world.label(stripes(0, 1)))

    row = CvatJob.objects.select_related("batch__link__campaign__schema").get(pk=row.pk)
    pulled = pull_one(row, world.cvat, clock=lambda: NOON)

    assert pulled.imported == 1
    assert Annotation.objects.get().author == ana


def test_a_slow_worker_doesnt_bring_back_what_another_has_replaced(world, ana, monkeypatch):
    (row,) = world.tiles(1, ana)
    world.draw(row, *world.label(stripes(0, 1)))
    world.pull()
    world.draw(row, *world.label(stripes(1, 0)))
    cvat = world.cvat
    asked = cvat.annotations

    def slowly(job: int) -> dict:
        """The answer is on its way while the job is drawn anew and another worker pulls."""
        answer = asked(job)
        world.draw(row, *world.label(stripes(0, 1, 1, 0)))
        world.pull()
        return answer

    monkeypatch.setattr(cvat, "annotations", slowly)
    world.pull(cvat=cvat)

    newest = Annotation.objects.order_by("n").last()
    assert np.array_equal(planes_of(newest)[0], stripes(0, 1, 1, 0))
    assert Annotation.objects.count() == 2


def test_a_label_lies_in_storage_before_anybody_is_locked(world, ana, monkeypatch):
    (drawn,) = world.tiles(1, ana)
    world.draw(drawn, *world.label(stripes(0, 1, 3, 254)))
    outside, depths, write_with = len(connection.savepoint_ids), [], FolderBlobs.write_with

    def noted(blobs, key, writer):
        depths.append(len(connection.savepoint_ids))
        return write_with(blobs, key, writer)

    monkeypatch.setattr(FolderBlobs, "write_with", noted)

    assert world.pull().imported == 1
    assert depths == [outside]
