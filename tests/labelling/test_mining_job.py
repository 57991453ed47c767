"""A mining as a job and as a command: resumed, cancelled, refused. All tiles are synthetic."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from labelling import tasks
from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict
from labelling.models import Annotation, Event, Job, Task
from labelling.workflow.mining import (
    Options,
    cancel_mining,
    plan,
    room_of,
    run_mining,
    start_mining,
)
from labelling.workflow.sweep import requeue_orphans
from tests.factories import NOON
from tests.labelling.compared import frozen
from tests.labelling.test_commands import said
from tests.worlds import world

pytestmark = pytest.mark.django_db

SHORT = {"steps": 1, "threads": 1}


@pytest.fixture
def north():
    """Three labelled scenes of the pool, all labels imported."""
    made = world(pool=4, labelled=3, validation=0, slug="north")
    frozen(made)
    return made


def planned(campaign, **options):
    wanted = Options(**{"folds": 2, "top": 2, "training": SHORT, **options})
    snapshot = campaign.snapshots.get()
    return plan(campaign=campaign, snapshot=snapshot, options=wanted, blobs=store())


class Killed(BaseException):
    pass


def killed_in_second_fold(progress) -> None:
    if progress["stage"].startswith("fold 2"):
        raise Killed


def test_a_worker_goes_on_with_what_a_dead_one_finished_and_cleans_up(
    north, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        job = start_mining(mining=planned(north), by=None, now=NOON)
    assert sent == [("labelling.mine", {"job_id": job.pk})]
    assert job.take(now=NOON)
    with pytest.raises(Killed):
        run_mining(job, blobs=store(), clock=lambda: NOON, tell=killed_in_second_fold)
    assert tasks.mine(job_id=job.pk).endswith("is not waiting")
    assert requeue_orphans(now=NOON + timedelta(hours=1)) == 1

    stages = []
    assert job.take(now=NOON)
    run_mining(
        job, blobs=store(), clock=lambda: NOON, tell=lambda told: stages.append(told["stage"])
    )

    assert (job.state, job.error, job.attempts) == ("done", "", 2)
    assert {"fold 1 fit", "fold 2 fit"} & set(stages) == {"fold 2 fit"}
    rows = job.result["rows"]
    assert [each["rank"] for each in rows] == [1, 2, 3]
    assert {each["source"] for each in rows} == {"painted"}
    assert {each["annotation"] for each in rows} == {
        str(each.uuid) for each in Annotation.objects.all()
    }
    assert len(job.result["opened"]) == Task.objects.filter(lane="rereview").count()
    assert json.loads(store().read(job.result["report"]))["rows"] == rows
    assert not room_of(job).exists()
    assert Event.objects.get(verb="finished").detail["tiles"] == 3


def test_the_same_mining_twice_is_one_job_and_another_is_another(north):
    first = start_mining(mining=planned(north), by=None, now=NOON)

    assert start_mining(mining=planned(north), by=None, now=NOON) == first
    assert start_mining(mining=planned(north, seed=1), by=None, now=NOON) != first


def test_a_waiting_mining_is_cancelled_at_once_and_a_running_one_when_asked(north):
    waiting = start_mining(mining=planned(north), by=None, now=NOON)
    cancelled = cancel_mining(job=waiting, by=None, now=NOON)
    with pytest.raises(Conflict, match="cancelled already"):
        cancel_mining(job=waiting, by=None, now=NOON)
    running = start_mining(mining=planned(north), by=None, now=NOON)
    Job.objects.filter(pk=running.pk).update(cancel=True)

    tasks.mine(job_id=running.pk)

    running.refresh_from_db()
    assert (cancelled.state, running.state) == ("cancelled", "cancelled")
    assert not Task.objects.filter(lane="rereview").exists()
    assert not room_of(running).exists()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"folds": 4}, "folds"),
        ({"folds": 1}, "folds"),
        ({"top": -1}, "top"),
        ({"border": 99}, "border"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_mined_is_refused_before_there_is_a_job(north, options, field):
    with pytest.raises(BadInput) as refused:
        planned(north, **options)

    assert refused.value.field == field


def test_a_setting_that_isnt_one_fails_the_job_by_its_name(north):
    job = start_mining(mining=planned(north, training={"stpes": 1}), by=None, now=NOON)

    tasks.mine(job_id=job.pk)

    job.refresh_from_db()
    assert job.state == "failed"
    assert "'stpes'" in job.error


# The command


def test_a_dry_run_says_what_there_is_and_starts_nothing(north):
    status, out, _ = said("mine", "--campaign", "north", "--folds", "3", "--dry-run", "--json")

    told = json.loads(out)
    assert (status, told["tiles"], told["scenes"], told["folds"]) == (0, 3, 3, 3)
    assert not Job.objects.exists()


def test_the_command_mines_here_shows_and_lists(north):
    status, out, err = said(
        "mine", "--campaign", "north", "--folds", "2", "--top", "1", "--set", "steps=1"
    )

    assert (status, err) == (0, "")
    assert "SYNTHETIC." in out
    assert "of 3 labels are doubted" in out
    assert "2 folds have no validation tiles" in out
    assert said("mine", "--campaign", "north", "--list")[1] in out


def test_the_command_sends_and_cancels(north):
    sent_one = said("mine", "--campaign", "north", "--folds", "2", "--send", "--json")
    cancelled = said("mine", "--campaign", "north", "--cancel", "--json")

    assert (sent_one[0], cancelled[0]) == (0, 0)
    assert json.loads(cancelled[1])["state"] == "cancelled"
    assert said("mine", "--campaign", "north", "--cancel")[0] == 1
    assert said("mine", "--campaign", "north", "--list")[0] == 1
