"""Real worker and beat processes, on the embedded broker and on the environment's services."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.installations import PATIENCE, Installation, embedded_at, served_at


@pytest.fixture
def embedded(tmp_path) -> Iterator[Installation]:
    with embedded_at(tmp_path, Installation) as installation:
        yield installation


@pytest.fixture
def served(tmp_path) -> Iterator[Installation]:
    with served_at(tmp_path, Installation) as installation:
        yield installation


def does_a_round_and_survives_its_workers_death(installation: Installation) -> None:
    first = installation.worker()
    installation.ask("setup")
    installation.until(lambda status: status["progress"].get("stage") == "fit")

    first.send_signal(signal.SIGKILL)
    first.wait()
    installation.ask("expire")
    installation.worker()

    ended = installation.until(lambda status: status["state"] in ("done", "failed"))
    assert (ended["state"], ended["step"]) == ("done", "done")
    assert ended["attempts"] >= 2


def at_a_step_of_the_fit(status: dict) -> bool:
    return status["progress"].get("stage") == "fit" and status["progress"].get("done", 0) > 0


def log_of(installation: Installation) -> str:
    return (installation.folder / "celery.log").read_text()


def keeps_what_it_has_when_it_is_told_to_end(installation: Installation) -> None:
    first = installation.worker()
    installation.ask("setup_long")
    begun = installation.until(at_a_step_of_the_fit)

    first.send_signal(signal.SIGTERM)
    first.wait(timeout=PATIENCE)
    left = installation.ask("status")

    # Long before its lease would have ended, and as no death.
    assert (left["state"], left["job"], left["attempts"]) == ("running", "waiting", 0)
    assert list(installation.folder.glob("blobs/rounds/north/1/1/fit/checkpoint.pt"))
    assert installation.orphans() == []
    second = installation.worker()
    again = installation.until(
        lambda status: status["progress"] != left["progress"] and at_a_step_of_the_fit(status)
    )
    assert again["progress"]["done"] > begun["progress"]["done"]

    second.send_signal(signal.SIGTERM)
    heard = "worker: Warm shutdown"
    installation.until(lambda _: log_of(installation).count(heard) == 2)
    second.send_signal(signal.SIGTERM)  # one that comes before the first is heard is lost
    second.wait(timeout=PATIENCE)
    assert installation.orphans() == []


def beat_returns_an_abandoned_tile(installation: Installation) -> None:
    installation.ask("setup")
    installation.ask("work")
    installation.ask("claim")
    assert installation.ask("status")["reserved"] == 1
    installation.worker()

    installation.ask("expire")
    installation.celery("beat")

    installation.until(lambda status: status["reserved"] == 0)


def test_a_worker_on_the_embedded_broker_finishes_what_a_killed_one_began(embedded):
    does_a_round_and_survives_its_workers_death(embedded)


def test_beat_on_the_embedded_broker_returns_an_abandoned_tile(embedded):
    beat_returns_an_abandoned_tile(embedded)


@pytest.mark.services
def test_a_worker_on_the_services_finishes_what_a_killed_one_began(served):
    does_a_round_and_survives_its_workers_death(served)


@pytest.mark.services
def test_a_worker_that_is_told_to_end_hands_its_training_on(served):
    keeps_what_it_has_when_it_is_told_to_end(served)


@pytest.mark.services
def test_beat_on_the_services_returns_an_abandoned_tile(served):
    beat_returns_an_abandoned_tile(served)
