"""Both sides compared, mended, and told to the lead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from labelling.errors import CvatAway
from labelling.insights.alerts import Asked, alerts
from labelling.insights.cvat import cvat_status, held_jobs
from labelling.models import Annotation, CvatBatch, CvatJob, CvatLink, Outbox
from labelling.workflow.cvat.polling import ask_for_pulls, pull_link
from labelling.workflow.cvat.reconciling import KINDS, Findings, mend, reconcile
from tests.contract.fake import running
from tests.factories import NOON, person
from tests.labelling.cvat.hand_linked import Linked, linked, stripes

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


@pytest.fixture(scope="module")
def fake():
    with running() as server:
        yield server


@pytest.fixture
def world(campaign, fake, settings, ana) -> Linked:
    fake.faults.clear()
    return linked(campaign, fake, settings, ana)


@pytest.fixture
def drawn(world, ana) -> list[CvatJob]:
    """Three tiles there, the first of them drawn, handed in and shown as such there."""
    rows = world.tiles(3, ana)
    world.draw(rows[0], *world.label(stripes(0, 1)))
    world.pull()
    world.errands()
    world.pull()
    return rows


def link_of(world: Linked) -> CvatLink:
    return CvatLink.objects.select_related("campaign__schema").get(pk=world.link.pk)


def look(world: Linked) -> Findings:
    return reconcile(link_of(world), world.cvat, now=LATER)


def fix(world: Linked) -> Findings:
    return mend(link_of(world), world.cvat, clock=lambda: LATER)


def differing(findings: Findings) -> dict[str, int]:
    return {kind: count for kind, count in findings.counts.items() if count}


def test_two_sides_that_agree_differ_by_zeros(world, drawn):
    findings = look(world)

    assert findings.counts == dict.fromkeys(KINDS, 0)
    assert findings.total == findings.held == 0


def test_an_unnoticed_edit_is_found_by_its_shapes_and_taken_in(world, drawn):
    there = world.server.state
    was = there.jobs[drawn[0].remote].updated
    world.draw(drawn[0], *world.label(stripes(1, 0)))
    there.jobs[drawn[0].remote].updated = was  # as if the server had forgotten to say so

    found, left = differing(look(world)), differing(fix(world))

    assert (found, left) == ({"shapes": 1}, {})
    assert Annotation.objects.count() == 2


def test_a_task_deleted_there_is_found_and_forgotten(world, drawn):
    world.server.state.delete_task(drawn[0].batch.remote)

    found, left = differing(look(world)), differing(fix(world))

    assert (found, left) == ({"missing_tasks": 1, "missing_jobs": 3}, {})
    assert CvatBatch.objects.get().state == "gone"
    assert Annotation.objects.count() == 1


def test_a_foreign_task_is_told_and_left_alone_and_an_empty_one_of_ours_deleted(world, drawn):
    foreign = world._task("somebody's", ["a.png"])
    empty = world._task(f"north {world.link.marker}", [])
    empty.has_data = False

    found, left = differing(look(world)), differing(fix(world))

    assert (found["orphan_tasks"], left) == (2, {"orphan_tasks": 1})
    assert foreign.id in world.server.state.tasks
    assert empty.id not in world.server.state.tasks


def test_a_label_that_is_called_otherwise_is_told(world, drawn):
    world.server.state.labels[world.label_id(1)].name = "fog"

    assert differing(look(world)) == {"labels": 1}


def test_a_state_that_isnt_the_queues_is_sent_again(world, drawn):
    Outbox.objects.all().delete()
    job = world.server.state.jobs[drawn[0].remote]
    job.stage, job.state, job.updated = "annotation", "completed", world.server.state.now()

    found = differing(look(world))
    fix(world)

    assert found == {"out_of_step": 1, "unfetched": 1}
    assert Outbox.objects.get(sent=None).payload["job"] == drawn[0].pk


def test_a_change_that_wasnt_taken_in_is_told_and_taken_in(world, drawn):
    world.draw(drawn[0], *world.label(stripes(1, 0)))

    assert differing(look(world)) == {"unfetched": 1}
    assert differing(fix(world)) == {}


def test_a_server_that_is_away_stops_the_comparison(world, drawn):
    world.server.fail("status", path="/api/jobs", status=500)

    with pytest.raises(CvatAway):
        look(world)


def test_the_lead_sees_lag_what_is_held_and_the_breaker(world, ana, client):
    rows = world.tiles(2, ana)
    world.pull()
    world.draw(rows[0])
    world.pull()
    changed = world.server.state.now()
    CvatJob.objects.filter(pk=rows[1].pk).update(updated=changed)
    CvatLink.objects.update(
        health={"failures": 4, "since": NOON.isoformat(), "last_error": "It was slow.",
                "retry_at": LATER.isoformat(), "last_ok": NOON.isoformat()}
    )  # fmt: skip
    client.force_login(person("lea", campaign=world.campaign, role="lead"))

    status = cvat_status(world.campaign, now=changed + timedelta(seconds=90))
    told = client.get("/api/v1/campaigns/north/cvat").json()["status"]
    held = client.get("/api/v1/campaigns/north/cvat/held").json()["results"]

    assert (status.unfetched, status.lag_seconds) == (1, 90)
    assert status.oldest.job == rows[1].remote
    assert (told["held"], told["failures"], told["jobs"]) == ({"empty": 1}, 4, 2)
    assert cvat_status(world.campaign, now=NOON).breaker == "open"
    assert cvat_status(world.campaign, now=LATER).breaker == "trial"
    assert [each["code"] for each in held] == ["empty"]
    assert held[0]["where"].endswith(f"/jobs/{rows[0].remote}")


def test_the_status_asks_the_same_number_of_questions_however_many_jobs(
    world, ana, django_assert_num_queries
):
    world.tiles(4, ana)

    with django_assert_num_queries(10):
        cvat_status(world.campaign, now=NOON)
    with django_assert_num_queries(2):
        held_jobs(world.campaign)


def test_annotators_and_outsiders_dont_see_it(world, ana, client):
    client.force_login(ana)
    assert client.get("/api/v1/campaigns/north/cvat").status_code == 403
    assert client.post("/api/v1/campaigns/north/cvat/pull").status_code == 403

    client.force_login(person("max"))
    assert client.get("/api/v1/campaigns/north/cvat").status_code == 404


def test_a_campaign_without_a_server_says_so(campaign, client):
    client.force_login(person("lea", campaign=campaign, role="lead"))

    status = client.get("/api/v1/campaigns/north/cvat")
    held = client.get("/api/v1/campaigns/north/cvat/held")

    assert (status.status_code, status.json()) == (200, {"status": None})
    assert (held.status_code, held.json()["field"]) == (404, "campaign")


@pytest.mark.parametrize("fault", [("status", {"status": 401}), ("html", {})])
def test_a_server_that_answers_and_refuses_is_told_until_it_lets_us_in(world, ana, fault, tmp_path):
    world.draw(*world.tiles(1, ana), *world.label(stripes(0, 1)))
    world.server.fail(fault[0], path="/api/jobs", **fault[1])

    words = pull_link(world.link.pk, clock=lambda: NOON)
    refusing = cvat_status(world.link.campaign, now=NOON)
    asked = Asked(campaign=world.link.campaign, now=NOON, least_scenes={}, folder=tmp_path)
    alerts_then = [each.code for each in alerts(asked)]
    pull_link(world.link.pk, clock=lambda: NOON)

    assert (refusing.breaker, refusing.refused_since) == ("closed", NOON)
    assert refusing.refused[:20] in words
    assert "cvat_refuses" in alerts_then
    assert cvat_status(world.link.campaign, now=NOON).refused == ""


def test_every_minute_a_pull_is_sent_for_each_link_and_a_server_away_is_no_crash(
    world, ana, sent, django_capture_on_commit_callbacks
):
    rows = world.tiles(1, ana)
    world.draw(rows[0], *world.label(stripes(0, 1)))
    world.server.fail("status", path="/api/jobs", status=500)

    with django_capture_on_commit_callbacks(execute=True):
        ask_for_pulls()
    words = [pull_link(world.link.pk, clock=lambda: NOON) for _ in range(2)]

    assert sent[0] == ("labelling.cvat_pull", {"link_id": world.link.pk})
    assert "away" in words[0]
    assert "1 imported" in words[1]
    assert pull_link(10**6, clock=lambda: NOON).endswith("is gone")
