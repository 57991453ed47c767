"""Exports asked for on a page: one job an order, resumed, cancelled, recorded. Tiles synthetic."""

from __future__ import annotations

import fcntl
import io
import json
import os
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from labelling import tasks
from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict
from labelling.models import Event, Job
from labelling.workflow.export.jobs import cancel_export, start_export, workplace
from labelling.workflow.export.order import Order
from labelling.workflow.sweep import requeue_orphans, sweep
from labelling.workflow.verify.compare import inspection
from tests.factories import NOON, person
from tests.labelling.exports.world import TILES, frozen, ordered

pytestmark = pytest.mark.django_db


@pytest.fixture
def snapshot():
    return frozen(slug="north")


@pytest.fixture
def lea(snapshot) -> Client:
    client = Client()
    client.force_login(person("lea", campaign=snapshot.campaign, role="lead"))
    return client


def path_of(snapshot) -> str:
    return f"/api/v1/snapshots/{snapshot.hash}/exports"


def started(snapshot, form="png", **planes) -> Job:
    order = Order.of(snapshot, form=form, **{"with_bands": False, **planes})
    return start_export(order=order, by=None, blobs=store(), now=NOON)


def asked(client: Client, snapshot, **wanted):
    return client.post(path_of(snapshot), json.dumps(wanted), content_type="application/json")


def test_a_lead_asks_a_worker_exports_and_the_list_says_where(
    snapshot, lea, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = asked(lea, snapshot, format="png")
    assert answer.status_code == 202
    ((name, ids),) = sent
    assert name == "labelling.export"

    tasks.export(**ids)

    (told,) = lea.get(path_of(snapshot)).json()["results"]
    assert (told["state"], told["asked_by"], told["format"]) == ("done", "lea", "png")
    assert (told["done"], told["total"]) == (TILES, TILES)
    assert store().whole(told["folder"])
    event = Event.objects.get(verb="exported")
    assert (event.who.username, event.after, event.object_id) == (
        "lea",
        told["sha256"],
        snapshot.pk,
    )


def test_the_same_order_is_one_job_and_another_order_another(snapshot):
    first = started(snapshot)

    assert started(snapshot) == first
    assert started(snapshot, form="coco") != first
    assert started(snapshot, with_bands=True) != first


def test_a_finished_export_is_handed_out_again(snapshot):
    first = started(snapshot)
    tasks.export(job_id=first.pk)

    again = started(snapshot)

    assert (again, again.state) == (first, "done")
    assert Job.objects.count() == 1


def test_what_a_format_cannot_hold_never_becomes_a_job(snapshot):
    with pytest.raises(BadInput):
        started(snapshot, form="netcdf")

    assert not Job.objects.exists()


def test_a_waiting_export_is_cancelled_at_once_and_a_finished_one_never(snapshot):
    waiting = cancel_export(job=started(snapshot), by=None, now=NOON)
    done = started(snapshot, form="coco")
    tasks.export(job_id=done.pk)

    assert waiting.state == "cancelled"
    with pytest.raises(Conflict, match="done already"):
        cancel_export(job=done, by=None, now=NOON)


def test_a_running_export_stops_when_asked(snapshot):
    job = started(snapshot)
    Job.objects.filter(pk=job.pk).update(cancel=True)

    tasks.export(job_id=job.pk)

    job.refresh_from_db()
    assert job.state == "cancelled"
    assert not Event.objects.filter(verb="exported").exists()
    assert not place_of(snapshot).exists()


def test_the_sweep_removes_what_cancelled_exports_left_unless_they_are_asked_for_again(snapshot):
    cancel_export(job=started(snapshot), by=None, now=NOON)
    left = place_of(snapshot) / ".export" / "order.json"
    left.parent.mkdir(parents=True)
    left.write_text("{}")
    again = started(snapshot)

    assert sweep(now=NOON)["exports"] == 0
    cancel_export(job=again, by=None, now=NOON)

    assert sweep(now=NOON)["exports"] == 1
    assert not place_of(snapshot).exists()


def place_of(snapshot) -> Path:
    return workplace(ordered(snapshot, "png", with_bands=False), store())


def test_an_export_whose_worker_died_is_sent_again_and_finished(
    snapshot, sent, django_capture_on_commit_callbacks
):
    job = started(snapshot)
    job.take(now=NOON)
    sent.clear()

    with django_capture_on_commit_callbacks(execute=True):
        requeue_orphans(now=NOON + timedelta(minutes=5))
    ((name, ids),) = sent
    tasks.export(**ids)

    job.refresh_from_db()
    assert (name, job.state, job.attempts) == ("labelling.export", "done", 2)


def test_a_worker_waits_for_one_that_has_not_noticed_that_it_lost_its_lease(snapshot):
    job = started(snapshot)
    place = place_of(snapshot)
    place.mkdir(parents=True)
    handle = os.open(place, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)

    tasks.export(job_id=job.pk)

    os.close(handle)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("waiting", 0)
    assert job in Job.objects.orphaned(now=job.lease_ends + timedelta(seconds=1))


def test_a_job_that_fails_says_why(snapshot):
    job = started(snapshot)
    manifest = json.loads(store().read(f"{snapshot.folder}/manifest.json"))
    store().delete(f"chips/{manifest['samples'][0]['label']}.npy")

    tasks.export(job_id=job.pk)

    job.refresh_from_db()
    assert job.state == "failed"
    assert manifest["samples"][0]["key"] in job.error
    assert "backup" in job.error


def test_verify_knows_an_export_and_finds_what_is_missing_of_it(snapshot):
    job = started(snapshot)
    tasks.export(job_id=job.pk)
    job.refresh_from_db()
    folder = job.result["folder"]

    assert problems(folder) == []
    store().delete(f"{folder}/README.md")
    assert problems(folder) == [("missing", f"{folder}/README.md")]


def problems(folder: str) -> list[tuple[str, str]]:
    with inspection(blobs=store(), now=NOON + timedelta(days=9999), fast=True) as work:
        found = [(each.problem, each.key) for each in work.findings(lambda: None)]
    return [each for each in found if each[1].startswith("exports/")]


@pytest.mark.parametrize(("role", "status"), [("annotator", 403), ("reviewer", 403), (None, 404)])
def test_only_leads_see_or_start_exports(snapshot, role, status):
    client = Client()
    client.force_login(person("max", campaign=snapshot.campaign if role else None, role=role or ""))

    assert client.get(path_of(snapshot)).status_code == status
    assert asked(client, snapshot, format="png").status_code == status
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({}, "format"),
        ({"format": "shapefile"}, "format"),
        ({"format": "netcdf"}, "with_bands"),
        ({"format": "png", "with_provenance": True}, "with_provenance"),
    ],
)
def test_a_wrong_order_is_refused_with_its_field(snapshot, lea, wanted, field):
    answer = asked(lea, snapshot, **wanted)

    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_exports_come_in_pages_with_a_constant_number_of_queries(
    snapshot, lea, django_assert_max_num_queries
):
    for form in ("png", "coco", "stac"):
        started(snapshot, form=form)

    with django_assert_max_num_queries(7):
        first = lea.get(path_of(snapshot), {"limit": 2}).json()
    second = lea.get(path_of(snapshot), {"limit": 2, "cursor": first["cursor"]}).json()

    assert [each["format"] for each in first["results"]] == ["stac", "coco"]
    assert [each["format"] for each in second["results"]] == ["png"]
    assert second["cursor"] is None


def test_a_lead_cancels_over_the_api(snapshot, lea):
    job = started(snapshot)

    answer = lea.post(f"/api/v1/exports/{job.uuid}/cancel")

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert lea.post(f"/api/v1/exports/{uuid.uuid4()}/cancel").status_code == 404


def run(*words) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("snapshot", *map(str, words), stdout=out, stderr=out)
    except SystemExit as ended:
        return out.getvalue(), int(ended.code or 0)
    return out.getvalue(), 0


def test_the_command_exports_and_says_what_it_did(snapshot, tmp_path):
    out = tmp_path / "out"
    words = ("export", snapshot.hash[:12], out, "--format", "png", "--json")

    planned, _ = run(*words, "--dry-run")
    assert not out.exists()
    printed, status = run(*words)
    again, _ = run(*words)

    told = json.loads(printed.splitlines()[-1])
    assert (json.loads(planned)["tiles"], status, told["tiles"], told["shards_new"]) == (
        TILES,
        0,
        TILES,
        1,
    )
    assert json.loads(again.splitlines()[-1])["shards_new"] == 0
    assert Event.objects.filter(verb="exported").count() == 1


def test_the_command_refuses_a_folder_in_use(snapshot, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").write_text("b")

    printed, status = run("export", snapshot.hash, tmp_path / "full", "--format", "png")

    assert status == 1
    assert "not empty" in printed


def test_orders_of_one_snapshot_differ_in_storage(snapshot):
    digests = {
        ordered(snapshot, form, with_bands=bands).digest
        for form in ("png", "stac")
        for bands in (True, False)
    }

    assert len(digests) == 4
