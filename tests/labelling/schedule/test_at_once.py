"""One live round a campaign, however often it is asked for; who lost a lease writes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from labelling import clock, tasks
from labelling.adapters.blobs import store
from labelling.errors import LostLease
from labelling.models import JOB_LEASE, Chore, Event, Job, Round, Schedule
from labelling.workflow import chores, sweep
from labelling.workflow.attempt import Attempt
from labelling.workflow.lease import Lease
from labelling.workflow.rounds import run_round
from labelling.workflow.schedule import start_due
from labelling.workflow.steps import STEPS, Step
from tests.factories import NOON
from tests.labelling.one_round import planned, taken
from tests.labelling.schedule.ruled import accept, ruled
from tests.worlds import world


def together(*works: Callable[[], object]) -> list[object]:
    """What each returns, all called at the same moment; on SQLite one after the other.

    The tests' SQLite lies in memory, where who finds a table locked is refused instead of waiting.
    """
    if connection.vendor == "sqlite":
        return [work() for work in works]
    told: list[object] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def one(place: int, work: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=60)
            told[place] = work()
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=each) for each in enumerate(works)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=120)
    return told


@pytest.mark.django_db(transaction=True)
def test_four_that_look_at_a_due_schedule_at_once_start_one_round(sent):
    campaign = ruled(labels=1)
    accept(campaign, 1)

    told = together(*[lambda: start_due(now=NOON)] * 4)

    assert sorted(len(rounds) for rounds in told) == [0, 0, 0, 1]
    assert Round.objects.filter(campaign=campaign).count() == 1
    assert [name for name, _ in sent] == ["labelling.run_job"]


@pytest.mark.django_db(transaction=True)
def test_a_round_that_is_delivered_twice_at_once_is_run_once():
    round = planned(world(pool=3, validation=0))
    job = round.jobs.get()

    told = together(*[lambda: tasks.run_job(job_id=job.pk)] * 2)

    round.refresh_from_db()
    assert sorted("is not waiting" in each for each in told) == [False, True]
    assert (round.state, round.jobs.get().token) == ("done", 1)
    assert Event.objects.about(round).filter(verb="started").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_tick_that_comes_twice_sends_each_chore_once(sent):
    together(*[lambda: chores.send_due(now=NOON)] * 2)

    names = sorted(name for name, _ in sent)
    assert names == ["labelling.cvat_poll", "labelling.schedule", "labelling.sweep"]


@pytest.mark.django_db
def test_a_worker_whose_lease_was_stolen_midway_writes_nothing(monkeypatch):
    round = planned(world(pool=3, validation=0))
    late = taken(round)
    prepare, write = STEPS[Round.Step.PICK]
    thief: list[Attempt] = []

    def stolen_meanwhile(attempt):
        made = prepare(attempt)
        if not thief:
            Job.objects.update(state=Job.State.WAITING)
            thief.append(taken(round))
        return made

    monkeypatch.setitem(STEPS, Round.Step.PICK, Step(stolen_meanwhile, write))
    run_round(late.job, blobs=late.blobs, clock=late.clock)

    round.refresh_from_db()
    assert (round.state, round.step) == ("running", "pick")
    assert not Event.objects.about(round).filter(verb__in=["finished", "failed"]).exists()
    job = Job.objects.get()
    assert (job.state, job.token) == ("running", 2)
    assert not late.job.hand_back(due=NOON)  # nor can it give away what isn't its
    with pytest.raises(LostLease), late.fenced():
        pass

    run_round(thief[0].job, blobs=store(), clock=clock.now)
    round.refresh_from_db()
    assert round.state == "done"


@pytest.mark.django_db
def test_a_lease_from_before_the_clock_was_set_back_keeps_nobody_waiting(sent):
    attempt = taken(planned(world(pool=1, validation=0)))
    year = timedelta(days=365)
    Job.objects.update(lease_ends=clock.now() + year)
    now = clock.now()

    assert sweep.requeue_orphans(now=now) == 0
    lease = Lease(job=attempt.job, clock=lambda: now + year)
    lease.tick()  # the worker lives, by another clock: it keeps its job
    assert sweep.requeue_orphans(now=now) == 0
    assert Job.objects.get().lease_ends <= now + JOB_LEASE

    assert sweep.requeue_orphans(now=now + 2 * JOB_LEASE) == 1
    assert not attempt.job.renew(now=now)


@pytest.mark.django_db
def test_chores_follow_the_rhythm_that_the_database_holds():
    def names(at) -> list[str]:
        return chores.send_due(now=at)

    second = timedelta(seconds=1)
    assert names(NOON) == ["sweep", "schedule", "cvat"]
    assert names(NOON + 10 * second) == []
    assert names(NOON + 20 * second) == ["sweep"]
    chores.set_chore("sweep", rhythm="300", on=None, now=NOON)
    chores.set_chore("cvat", rhythm=None, on=False, now=NOON)
    assert names(NOON + 60 * second) == ["schedule"]
    chores.set_chore("reconcile", rhythm="0 13 * * *", on=None, now=NOON)
    assert names(NOON + 3599 * second) == ["sweep", "schedule"]
    assert names(NOON + 3600 * second) == ["reconcile"]
    assert names(NOON + 3601 * second) == []

    Chore.objects.update(sent=NOON + timedelta(days=9))  # the clock was set back since
    assert names(NOON) == ["sweep", "schedule", "reconcile", "tidy"]


@pytest.mark.django_db
def test_a_schedule_that_cannot_be_planned_does_not_keep_others_waiting():
    bad = ruled(labels=1)
    bad.slug, bad.strategy = "bad", "clairvoyance"
    bad.save()
    good = ruled(labels=1)
    for each in (bad, good):
        accept(each, 1)

    started = start_due(now=NOON)

    assert [each.campaign for each in started] == [good]
    assert Schedule.objects.count() == 2
    with transaction.atomic():
        assert start_due(now=NOON) == []
