"""Releases, funder's reports and searches for label errors, over the API. Tiles are synthetic."""

from __future__ import annotations

import hashlib
import uuid

import pytest

from labelling import tasks
from labelling.models import Event, Job, Release
from tests.factories import CampaignFactory, person
from tests.labelling.api.conftest import signed_in
from tests.labelling.test_release import snapshot_of

pytestmark = pytest.mark.django_db
API = "/api/v1/campaigns/north"


@pytest.fixture
def snapshot():
    return snapshot_of(campaign="CC-BY-4.0", kappaset="CC-BY-4.0")


@pytest.fixture
def lea(snapshot):
    return signed_in(person("lea", campaign=snapshot.campaign, role="lead"))


def order(of, **more):
    return {"version": "1.0", "snapshot": of.hash, "formats": ["png"], **more}


def test_a_release_is_made_by_a_worker_and_its_files_are_as_its_list_says(snapshot, lea):
    started = lea.post(f"{API}/releases", order(snapshot))
    again = lea.post(f"{API}/releases", order(snapshot))
    assert (started.status_code, again.json()["id"]) == (202, started.json()["id"])

    tasks.release(job_id=Job.objects.get().pk)

    told = lea.get(f"{API}/releases/jobs/{started.json()['id']}").json()
    assert (told["state"], told["error"]) == ("done", "")
    assert told["progress"]["total"] == 2
    whole = lea.get(f"{API}/releases/1.0").json()
    assert [each["version"] for each in lea.get(f"{API}/releases").json()["results"]] == ["1.0"]
    for file in whole["files"]:
        content = b"".join(lea.get(f"{API}/releases/1.0/files/{file['name']}"))
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    for outside in (f"../../../{snapshot.folder}/manifest.json", "data/../release.json", "data"):
        assert lea.get(f"{API}/releases/1.0/files/{outside}").status_code == 404
    assert Event.objects.get(verb="created", kind="release").who.username == "lea"


def test_a_second_worker_finds_the_release_that_the_first_one_made(snapshot, lea):
    lea.post(f"{API}/releases", order(snapshot))
    job = Job.objects.get()
    tasks.release(job_id=job.pk)
    Job.objects.update(state="waiting", finished=None, lease_ends=job.lease_ends)

    tasks.release(job_id=job.pk)

    assert Job.objects.get().state == "done"
    assert Release.objects.count() == 1


@pytest.mark.parametrize(
    ("wanted", "status", "field"),
    [
        ({"version": "no version!"}, 422, "version"),
        ({"formats": ["shapefile"]}, 422, "format"),
        ({"snapshot": "f" * 64}, 404, "snapshot"),
        ({"model": "champion"}, 404, "model"),
    ],
)
def test_what_cannot_be_released_is_refused_before_any_work(snapshot, lea, wanted, status, field):
    answer = lea.post(f"{API}/releases", order(snapshot, **wanted))

    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert not Job.objects.exists()


def test_a_lead_of_another_campaign_releases_none_of_this_one(snapshot):
    leo = signed_in(person("leo", campaign=CampaignFactory(slug="south"), role="lead"))

    answer = leo.post("/api/v1/campaigns/south/releases", order(snapshot))

    assert (answer.status_code, answer.json()["field"]) == (422, "snapshot")
    assert leo.get(f"{API}/releases").status_code == 404


def test_a_report_is_numbers_or_a_page(lea):
    span = "first=2026-05-01&last=2026-06-30"

    numbers = lea.get(f"{API}/report?{span}").json()
    page = lea.get(f"{API}/report.html?{span}")

    assert numbers["tiles"] == 2
    assert page["Content-Type"] == "text/html; charset=utf-8"
    assert b"synthetic" in page.content.lower()
    backwards = lea.get(f"{API}/report?first=2026-06-30&last=2026-05-01")
    assert (backwards.status_code, backwards.json()["field"]) == (422, "last")
    assert lea.get(f"{API}/report?first=yesterday").json()["field"] == "first"


def test_a_search_for_label_errors_is_started_followed_and_stopped(snapshot, lea):
    few = lea.post(f"{API}/label-errors/jobs", {"folds": 19})
    assert (few.status_code, few.json()["field"]) == (422, "folds")

    started = lea.post(f"{API}/label-errors/jobs", {"folds": 2, "top": 3})
    at = f"{API}/label-errors/jobs/{started.json()['id']}"

    assert started.status_code == 202
    assert Job.objects.get().request["top"] == 3
    assert lea.get(at).json()["state"] == "waiting"
    assert lea.post(f"{at}/cancel").json()["state"] == "cancelled"
    assert lea.post(f"{at}/cancel").status_code == 409


@pytest.mark.parametrize("role", ["annotator", "reviewer", None])
def test_all_of_it_is_for_leads(snapshot, role):
    client = signed_in(person("max", campaign=snapshot.campaign if role else None, role=role or ""))
    status = 403 if role else 404

    for path in (
        "releases",
        f"releases/jobs/{uuid.uuid4()}",
        "report?first=2026-06-01",
        "releases/1.0",
    ):
        assert client.get(f"{API}/{path}").status_code == status
    for path in ("releases", "label-errors/jobs", f"label-errors/jobs/{uuid.uuid4()}/cancel"):
        assert client.post(f"{API}/{path}").status_code == status
