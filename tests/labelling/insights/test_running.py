from datetime import timedelta

import pytest

from labelling.insights.running import progress, running
from labelling.models import Job
from tests.factories import NOON, CampaignFactory
from tests.labelling.insights.rows import RoundFactory

pytestmark = pytest.mark.django_db

FITTING = {"event": "progress", "stage": "fit", "done": 120, "total": 600, "loss": 0.4, "rate": 3.2}


@pytest.fixture
def north():
    return CampaignFactory()


def job(round, *, state="running", line=FITTING, **more):
    lease = NOON + timedelta(minutes=1) if state in ("waiting", "running") else None
    return Job.objects.create(
        kind="labelling.run_job",
        round=round,
        state=state,
        progress=line,
        lease_ends=lease,
        created=NOON,
        **more,
    )


def test_the_steps_before_the_current_one_are_done_and_the_rest_wait(north):
    round = RoundFactory(campaign=north, state="running", step="score")
    job(round)

    states = {step.name: step.state for step in running(north).steps}

    assert states == {
        "freeze": "done",
        "fit": "done",
        "judge": "done",
        "score": "running",
        "pick": "waiting",
        "open": "waiting",
    }


def test_the_time_to_go_follows_from_the_rate(north):
    job(RoundFactory(campaign=north, state="running", step="fit"), attempts=2)

    now = running(north)

    assert now.attempts == 2
    assert (now.progress.stage, now.progress.done, now.progress.total) == ("fit", 120, 600)
    assert now.progress.eta_seconds == pytest.approx(150)


def test_a_step_that_is_shared_out_names_who_does_parts_of_it():
    line = {"stage": "score", "done": 64, "total": 128, "workers": ["one:7", "two:9"]}

    assert progress(line).workers == ["one:7", "two:9"]
    assert progress(FITTING).workers == []


@pytest.mark.parametrize("rate", [{}, {"rate": 0}, {"rate": None}])
def test_without_a_rate_there_is_no_time_to_go(rate):
    line = {"stage": "score", "done": 1, "total": 9} | rate

    assert progress(line).eta_seconds is None


def test_a_line_that_counts_nothing_is_no_progress():
    assert progress({"event": "started"}) is None


def test_a_planned_round_waits_for_a_worker(north):
    job(RoundFactory(campaign=north, state="planned"), state="waiting", line={})

    now = running(north)

    assert {step.state for step in now.steps} == {"waiting"}
    assert (now.progress, now.attempts) == (None, 0)


def test_a_step_whose_worker_gave_up_is_shown_as_failed_with_its_reason(north):
    round = RoundFactory(campaign=north, state="running", step="fit")
    job(round, state="failed", error="Only one class is labelled.")

    now = running(north)

    assert now.steps[1].state == "failed"
    assert now.error == "Only one class is labelled."


def test_the_newest_job_speaks_for_the_round(north):
    round = RoundFactory(campaign=north, state="running", step="fit")
    job(round, state="failed", error="The machine went away.")
    job(round, line=FITTING | {"done": 300})

    now = running(north)

    assert (now.progress.done, now.error) == (300, "")


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_an_ended_round_is_not_running(north, state):
    RoundFactory(campaign=north, state=state)

    assert running(north) is None


def test_the_running_round_is_two_queries(north, django_assert_num_queries):
    round = RoundFactory(campaign=north, n=9, state="running", step="fit")
    for _ in range(4):
        job(round)

    with django_assert_num_queries(2):
        running(north)
