"""Troubles: each is told when it is there, and none when it isn't."""

from __future__ import annotations

import shutil
from collections import namedtuple
from datetime import timedelta

import pytest

from labelling.insights.alerts import GRAVITIES, Asked, alerts, validation_scenes
from labelling.models import CvatLink, Flag, Job, Membership
from tests.factories import NOON, CampaignFactory, TaskFactory, TileFactory, person
from tests.labelling.insights.rows import RoundFactory, label, reservation, tile

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def north(monkeypatch):
    room(monkeypatch, free=50)
    return CampaignFactory(slug="north")


def room(monkeypatch, *, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100, 100 - free, free))


def told(campaign, tmp_path, *, now=NOON, least=None) -> dict[str, str]:
    """{code: gravity}, in the order told."""
    asked = Asked(campaign=campaign, now=now, least_scenes=least or {}, folder=tmp_path)
    found = alerts(asked)
    assert all(each.title and each.what and each.act for each in found)
    return {each.code: each.gravity for each in found}


def job(campaign, state: str, kind: str = "labelling.export", **more) -> Job:
    waits = {"lease_ends": NOON} if state in ("waiting", "running") else {}
    return Job.objects.create(
        campaign=campaign, kind=kind, state=state, **{"created": NOON, **waits, **more}
    )


def test_a_new_campaign_has_no_trouble(north, tmp_path):
    assert told(north, tmp_path, least={"clear": 6}) == {}


def test_the_gravest_comes_first(north, tmp_path, monkeypatch):
    job(north, "failed")
    Flag.objects.create(
        task=TaskFactory(campaign=north), person=person("ana"), skipped=False,
        reason="technical", created=NOON,
    )  # fmt: skip
    RoundFactory(campaign=north, state="failed", error="The labels are all clear.")
    room(monkeypatch, free=2)

    found = told(north, tmp_path)

    assert found == {
        "round_failed": "grave", "disk": "grave", "job_failed": "warning", "flags_wait": "notice",
    }  # fmt: skip
    assert list(found.values()) == sorted(found.values(), key=GRAVITIES.index)


def test_a_job_that_went_well_since_is_no_trouble_any_more(north, tmp_path):
    job(north, "failed")
    job(north, "failed", kind="labelling.release")
    job(CampaignFactory(), "failed", kind="labelling.freeze")
    job(north, "done")

    asked = Asked(campaign=north, now=NOON, least_scenes={}, folder=tmp_path)
    assert [each.title for each in alerts(asked)] == ["The last job “release” failed"]


def test_a_job_that_waits_for_long_says_that_no_worker_runs(north, tmp_path):
    job(north, "waiting")

    assert told(north, tmp_path, now=NOON + timedelta(minutes=9)) == {}
    assert told(north, tmp_path, now=NOON + timedelta(minutes=11)) == {"no_worker": "grave"}


def test_the_queue_is_empty_or_old(north, tmp_path):
    only = TaskFactory(campaign=north, state="accepted")
    assert told(north, tmp_path) == {"queue_empty": "grave"}

    TaskFactory(campaign=north)
    late = NOON + 15 * DAY
    # Where nobody works at all, an old queue is no news.
    assert told(north, tmp_path, now=late) == {}
    spell = reservation(only, person("ana"), how="submitted")
    type(spell).objects.filter(pk=spell.pk).update(started=late - DAY)
    assert told(north, tmp_path, now=late) == {"queue_stale": "notice"}


def test_labels_that_wait_for_review_and_people_who_drift(north, tmp_path):
    task = TaskFactory(campaign=north, state="submitted")
    TaskFactory(campaign=north)
    label(task.tile, north, pixels={"0": 1}, task=task, author=person("ana", campaign=north))
    Membership.objects.update(qualification={"drift": {"since": NOON.isoformat()}})
    person("ben", campaign=north)

    assert told(north, tmp_path, now=NOON + 7 * DAY) == {"drift": "warning"}
    assert told(north, tmp_path, now=NOON + 8 * DAY) == {
        "drift": "warning", "reviews_wait": "warning",
    }  # fmt: skip


def test_cvat_that_is_away_or_holds_jobs(north, tmp_path):
    link = CvatLink.objects.create(campaign=north, url="http://cvat", project=1, created=NOON)
    assert told(north, tmp_path) == {}

    link.health = {"retry_at": (NOON + DAY).isoformat(), "since": NOON.isoformat()}
    link.save()

    assert told(north, tmp_path) == {"cvat_away": "grave"}


@pytest.mark.parametrize(("free", "gravity"), [(11, None), (9, "warning"), (2, "grave")])
def test_a_disk_that_fills_up(north, tmp_path, monkeypatch, free, gravity):
    room(monkeypatch, free=free)

    assert told(north, tmp_path).get("disk") == gravity


def test_validation_scenes_are_counted_by_class_and_as_scenes(north, tmp_path):
    for _ in range(2):
        seen = TileFactory(
            campaign=north, acquisition__place__square="35VLF",
            acquisition__place__split="validation",
        )  # fmt: skip
        label(seen, north, pixels={"0": 5, "3": 0})
    label(tile(north), north, pixels={"0": 5, "3": 9})

    assert validation_scenes(north) == {"clear": 1, "cloud": 0, "semi-transparent": 0, "shadow": 0}
    assert told(north, tmp_path, least={"clear": 1}) == {}
    assert told(north, tmp_path, least={"clear": 1, "shadow": 1}) == {
        "validation_scarce": "warning"
    }
