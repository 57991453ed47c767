"""What can't be taken in is held for a person, and stops nobody else."""

from __future__ import annotations

import pytest

from labelling.errors import CvatAway, CvatProtocol
from labelling.models import Annotation, CvatJob, CvatLink, Task
from labelling.workflow.claims import claim_next
from tests.contract.fake import running
from tests.factories import NOON
from tests.labelling.cvat.hand_linked import Linked, linked, stripes

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


def held(row: CvatJob) -> tuple[str, str]:
    row.refresh_from_db()
    return row.held_code, row.held_text


@pytest.mark.parametrize(
    ("code", "shapes"),
    [
        ("empty", lambda world: []),
        ("unknown_label", lambda world: [world.mask(1, stripes(0, 1) == 1) | {"label_id": 9999}]),
        ("invalid_shape", lambda world: [world.mask(1, stripes(0, 1) == 1) | {"points": [1, 2]}]),
        ("other_frame", lambda world: [world.mask(1, stripes(0, 1) == 1, frame=77)]),
    ],
)
def test_what_cant_be_read_is_held_with_a_reason_and_stops_nobody_else(
    world, ana, ben, code, shapes
):
    bad, good = world.tiles(2, ana)
    world.claim(ben)
    world.draw(bad, *shapes(world))
    world.draw(good, *world.label(stripes(0, 1)))

    pulled = world.pull()

    assert held(bad)[0] == code
    assert held(bad)[1]
    assert (pulled.held, pulled.imported) == (1, 1)
    assert Annotation.objects.get().task == good.task
    world.draw(bad, *world.label(stripes(0, 1)))
    assert world.pull().imported == 1
    assert held(bad) == ("", "")


def test_an_open_tile_that_was_given_out_there_is_its_authors(world, ana):
    (row,) = world.tiles(1)
    world.server.state.jobs[row.remote].assignee = world.people[ana.pk]
    world.draw(row, *world.label(stripes(0, 1)))

    world.pull()

    assert Annotation.objects.get().author == ana


def test_a_tile_that_its_author_may_not_have_waits_until_he_has_it_in_hand(world, ana, ben):
    (row,) = world.tiles(1)
    Task.objects.update(meant_for=ben)
    CvatJob.objects.update(assignee=ana)
    world.server.state.jobs[row.remote].assignee = world.people[ana.pk]
    world.draw(row, *world.label(stripes(0, 1)))

    world.pull()
    code, _ = held(row)
    Task.objects.update(meant_for=None)
    claim_next(campaign=world.campaign, person=ana, now=NOON)
    world.pull()

    assert code == "not_theirs"
    assert Annotation.objects.get().author == ana


def test_a_rework_that_changes_nothing_is_held(world, ana):
    (row,) = world.tiles(1, ana)
    world.draw(row, *world.label(stripes(0, 1)))
    world.pull()
    Task.objects.filter(pk=row.task_id).update(state="rejected")
    rework = Task.objects.create(
        campaign=world.campaign, acquisition=row.task.acquisition, tile=row.task.tile,
        lane="rework", root=row.task, parent=row.task, meant_for=ana, created=NOON,
    )  # fmt: skip
    CvatJob.objects.update(task=rework)
    world.claim(ana)
    world.draw(row, *world.label(stripes(0, 1)))

    world.pull()
    code, _ = held(row)
    world.draw(row, *world.label(stripes(1, 0)))
    world.pull()

    assert code == "unchanged"
    assert Annotation.objects.order_by("n").last().task == rework


def test_a_deleted_label_takes_nothing_from_ours(world, ana):
    (row,) = world.tiles(1, ana)
    world.draw(row, *world.label(stripes(0, 1)))
    world.pull()
    world.server.state.delete_label(world.label_id(1))

    pulled = world.pull()

    assert held(row)[0] == "label_gone"
    assert (pulled.held, Annotation.objects.count()) == (1, 1)


def test_a_server_that_goes_away_in_the_middle_costs_nothing(world, ana, ben):
    rows = world.tiles(2, ana)
    world.claim(ben)
    for row in rows:
        world.draw(row, *world.label(stripes(0, 1)))
    world.server.fail("status", path=f"/api/jobs/{rows[1].remote}/annotations", status=503, times=3)

    with pytest.raises(CvatAway):
        world.pull()
    CvatLink.objects.update(health={})
    world.pull()

    assert Annotation.objects.count() == 2


def test_a_job_that_the_server_fails_on_stops_nobody_else(world, ana, ben):
    rows = world.tiles(2, ana)
    world.claim(ben)
    for row in rows:
        world.draw(row, *world.label(stripes(0, 1)))
    world.server.fail("status", path=f"/api/jobs/{rows[0].remote}/annotations", status=500)

    pulled = world.pull()

    assert (pulled.held, pulled.imported, held(rows[0])[0]) == (1, 1, "unreadable")
    assert world.pull().imported == 1


def test_what_a_stranger_drew_is_nobodys(world, ana):
    (row,) = world.tiles(1, ana)
    world.server.state.jobs[row.remote].assignee = world.server.state.add_user("eve").id
    world.draw(row, *world.label(stripes(0, 1)))

    world.pull()

    assert (held(row)[0], Annotation.objects.count()) == ("nobody", 0)


def test_a_tile_that_was_drawn_here_is_not_held_for_its_empty_job(world, ana):
    (row,) = world.tiles(1, ana)
    Task.objects.filter(pk=row.task_id).update(state="submitted", holder=None, lease_ends=None)
    CvatJob.objects.update(assignee=None)
    world.server.state.jobs[row.remote].assignee = None
    world.server.state.jobs[row.remote].stage = "validation"
    world.draw(row, world.mask(1, stripes(0, 1) == 1, source="auto"), state="new")

    world.pull()

    assert held(row) == ("", "")


def test_a_deleted_image_holds_its_job_until_it_is_back(world, ana):
    (row,) = world.tiles(1, ana)
    batch = world.server.state.tasks[row.batch.remote]
    world.draw(row, *world.label(stripes(0, 1)), state="in progress")
    batch.deleted = {row.frame}
    world.pull(whole=True)
    code, _ = held(row)
    world.draw(row, *world.label(stripes(0, 1)))
    world.pull()
    labels = Annotation.objects.count()

    batch.deleted = set()
    world.pull(whole=True)

    assert (code, labels) == ("frame_deleted", 0)
    assert (held(row)[0], Annotation.objects.count()) == ("", 1)


def test_an_answer_that_is_no_answer_holds_one_job_until_it_can_be_read(world, ana, ben):
    rows = world.tiles(2, ana)
    world.claim(ben)
    for row in rows:
        world.draw(row, *world.label(stripes(0, 1)))
    world.server.fail("html", path=f"/api/jobs/{rows[0].remote}/annotations")

    pulled = world.pull()
    code, _ = held(rows[0])
    again = world.pull()

    assert (pulled.held, pulled.imported, code) == (1, 1, "unreadable")
    assert (again.imported, held(rows[0])) == (1, ("", ""))


def test_a_login_page_instead_of_the_server_stops_the_pull(world, ana):
    rows = world.tiles(5, ana)
    for row in rows:
        world.draw(row, *world.label(stripes(0, 1)))
    world.server.fail("html", path="/annotations", times=9)
    world.server.fail("html", path="/about", times=9)

    with pytest.raises(CvatProtocol):
        world.pull()

    assert world.server.asked("/annotations") == 3
