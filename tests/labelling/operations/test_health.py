"""`/healthz` and `/readyz`: what they say, how fast, and what they keep to themselves."""

from __future__ import annotations

import os
import shutil
import threading
import time

import pytest
from celery import current_app
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from labelling.adapters import readiness
from labelling.adapters.readiness import Unready

PASSWORD = "open-sesame"


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """No answer of another test is still good."""
    monkeypatch.setattr(readiness, "_attempts", {})


def failing(execute, sql, params, many, context):
    raise OperationalError(f'connection to server at "db" failed: password {PASSWORD}')


def test_alive_needs_neither_a_database_nor_a_known_host(client):
    answer = client.get("/healthz", headers={"host": "10.1.2.3:8000"})

    assert (answer.status_code, answer.json()) == (200, {"alive": True})


@pytest.mark.django_db(transaction=True)
def test_ready_names_every_check_and_one_that_fails_is_a_503(client, settings, tmp_path):
    well = client.get("/readyz", headers={"host": "10.1.2.3:8000"})

    assert well.status_code == 200, well.json()
    assert set(well.json()["checks"]) == {"database", "migrations", "broker", "blobs", "disk"}
    assert not list((settings.WORKBENCH_VAR / "blobs").rglob("*-*"))  # the probe's blob is gone

    (tmp_path / "file").touch()
    settings.STORAGE_URL = f"file://{tmp_path}/file"
    readiness._attempts.clear()
    ill = client.get("/readyz")

    assert ill.status_code == 503
    checks = ill.json()["checks"]
    assert not checks.pop("blobs")["ok"]
    assert all(each["ok"] for each in checks.values())


def test_a_check_that_hangs_holds_up_nobody_and_is_not_begun_again(monkeypatch):
    begun, let_go = [], threading.Event()

    def hangs() -> None:
        begun.append(1)
        let_go.wait(60)

    monkeypatch.setattr(readiness, "CHECKS", {"broker": hangs, "disk": lambda: None})
    try:
        first = readiness.readiness(limit=0.3)
        again = readiness.readiness(limit=0.01)
    finally:
        let_go.set()

    assert first == {"broker": "No answer within 0.3 s.", "disk": ""}
    assert again["broker"].startswith("No answer")
    assert len(begun) == 1


def test_who_asks_again_at_once_gets_the_same_answer(monkeypatch):
    begun = []
    monkeypatch.setattr(readiness, "CHECKS", {"disk": lambda: begun.append(1)})
    monkeypatch.setattr(readiness, "FRESH", 3600.0)

    for _ in range(3):
        readiness.readiness()

    assert len(begun) == 1


def test_a_schema_that_is_too_old_or_too_new_is_named_with_what_to_do(db):
    recorder = MigrationRecorder(connection)
    readiness.migrations()
    newest = recorder.migration_qs.filter(app="labelling").order_by("-name").first()

    recorder.record_unapplied("labelling", newest.name)
    with pytest.raises(
        Unready, match=rf"Not applied: labelling\.{newest.name}.*manage\.py migrate"
    ):
        readiness.migrations()
    recorder.record_applied("labelling", newest.name)
    recorder.record_applied("labelling", "9999_of_next_year")
    with pytest.raises(Unready, match=r"newer than this code.*9999_of_next_year"):
        readiness.migrations()

    recorder.record_unapplied("labelling", "9999_of_next_year")
    recorder.record_applied("an_app_that_went", "0001_initial")
    readiness.migrations()


def test_a_database_that_is_away_is_told_without_its_password(db, settings):
    settings.DATABASE_URL = f"postgres://ben:{PASSWORD}@db.example.org:5432/bench"

    with connection.execute_wrapper(failing), pytest.raises(Unready) as refused:
        readiness.database()

    assert str(refused.value) == "postgres://db.example.org:5432/bench can't be reached."


def test_a_broker_that_is_not_there_is_told_without_its_password(settings):
    settings.CELERY_BROKER_URL = f"amqp://ben:{PASSWORD}@127.0.0.1:1//bench"
    kept = current_app.conf.broker_transport_options
    current_app.conf.broker_transport_options = {}

    began = time.monotonic()
    try:
        with pytest.raises(
            Unready, match=r"amqp://127\.0\.0\.1:1//bench doesn't answer"
        ) as refused:
            readiness.broker()
    finally:
        current_app.conf.broker_transport_options = kept

    assert PASSWORD not in str(refused.value)
    assert time.monotonic() - began < 60  # by itself it would try for ever


def test_a_full_disk_is_told(monkeypatch):
    readiness.disk()
    full = shutil.disk_usage(os.curdir)._replace(free=10 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)

    with pytest.raises(Unready, match="WORKBENCH_VAR has 10 MiB left, 64"):
        readiness.disk()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "No space left on device."),
        (RuntimeError(PASSWORD), "It failed (RuntimeError); the log says more."),
    ],
)
def test_what_a_check_did_not_foresee_is_told_by_its_kind(error, told):
    assert readiness.why(error) == told
