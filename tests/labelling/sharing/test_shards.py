"""Who does which shard: conductor and helpers, early, late, dying, refusing."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import OperationalError

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput, JobFailed, StorageAway
from labelling.models import JOB_LEASE, Job, Shard
from labelling.models.shard import MOST_TRIES
from labelling.workflow import shutdown
from labelling.workflow.helping import call_for_help, help_job
from labelling.workflow.lease import Cancelled
from labelling.workflow.sharing import conduct
from labelling.workflow.sharing.alone import alone
from labelling.workflow.sharing.help import help_with
from labelling.workflow.sharing.hold import ShardGone
from labelling.workflow.sharing.tally import Tally
from labelling.workflow.sharing.work import NotHere
from labelling.workflow.shutdown import Stopping
from tests.labelling.sharing.shared import Noting, conducted, dealt, expire, held_job, helper

pytestmark = pytest.mark.django_db


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """What is sent after commit is sent at the end of the block."""
    return django_capture_on_commit_callbacks


def raising(error):
    def do(hold):
        raise error

    return do


def test_of_two_workers_that_want_one_shard_one_gets_it():
    shard, *_ = dealt(held_job())
    ours, theirs = (Shard.objects.get(pk=shard.pk) for _ in range(2))

    taken = [each.take(worker="w", by_conductor=False, now=clock.now()) for each in (ours, theirs)]

    assert taken == [True, False]
    assert Shard.objects.get(pk=shard.pk).tries == 1


def test_a_shard_is_free_again_only_when_its_lease_has_ended():
    lease = held_job()
    shard, *_ = dealt(lease, 1)
    assert shard.take(worker="dead", by_conductor=False, now=clock.now())

    assert helper(lease, Noting()).next() is None
    expire()

    again = helper(lease, Noting()).next()
    assert again is not None
    assert (again.n, again.shard.token) == (0, shard.token + 1)


def test_a_worker_that_lost_its_shard_finishes_nothing():
    lease = held_job()
    dealt(lease, 1)
    late = helper(lease, Noting()).next()
    expire()
    now = helper(lease, Noting()).next()

    assert not late.shard.finish({"of": "late"}, now=clock.now())
    with pytest.raises(ShardGone):
        late.tick()
    with pytest.raises(ShardGone), late.fenced():
        pass
    assert now.shard.finish({"of": "now"}, now=clock.now())
    assert Shard.objects.get().result == {"of": "now"}


def test_one_worker_does_all_and_calls_as_many_as_could_help(sent, committed):
    noting, lease = Noting(), held_job()

    with committed(execute=True):
        results = conducted(lease, noting)

    assert results == [{"of": n} for n in range(4)]
    assert (noting.noted, noting.stays) == ([0, 1, 2, 3], 1)
    assert [name for name, _ in sent] == ["labelling.io_shards"] * 3


def test_a_single_shard_calls_nobody(sent, committed):
    with committed(execute=True):
        results = conducted(held_job(), Noting(), shards=1)

    assert (results, sent) == ([{"of": 0}], [])


def test_results_come_by_number_whoever_was_faster():
    lease, theirs = held_job(), Noting()

    def let_another_do_the_rest(hold):
        stay = helper(lease, theirs)
        stay.work_off(theirs.do)

    ours = Noting(at={0: let_another_do_the_rest})

    results = conducted(lease, ours)

    assert (theirs.noted, ours.noted) == ([1, 2, 3], [0])
    assert [each["of"] for each in results] == [0, 1, 2, 3]


def test_a_conductor_waits_for_what_others_have_and_takes_it_from_the_dead(monkeypatch):
    lease, looks = held_job(), []
    dealt(lease, 2)
    dead = helper(lease, Noting()).next()

    def time_goes_by(seconds):
        looks.append(seconds)
        if len(looks) == 2:
            expire()

    monkeypatch.setattr(conduct.time, "sleep", time_goes_by)
    noting = Noting()

    results = conducted(lease, noting, shards=2)

    assert (dead.n, noting.noted, len(looks)) == (0, [1, 0], 2)
    assert results == [{"of": 0}, {"of": 1}]


def test_another_conductor_does_only_what_is_left():
    first, noting = held_job(), Noting(at={2: raising(KeyboardInterrupt())})  # as a kill: no word
    with pytest.raises(KeyboardInterrupt):
        conducted(first, noting)
    left = Shard.objects.get(n=2)
    assert (left.state, left.by_conductor) == ("running", True)
    Job.objects.update(state="waiting")
    second = held_job()
    second.job = first.job
    assert second.job.take(now=clock.now())

    again = Noting()
    results = conducted(second, again)

    assert (noting.noted, again.noted) == ([0, 1], [2, 3])
    assert [each["of"] for each in results] == [0, 1, 2, 3]


def test_another_plan_throws_away_what_was_done():
    lease = held_job()
    conducted(lease, Noting(), shards=2)

    conduct.deal(lease, plan="decade", units=[3, 3])

    assert set(Shard.objects.values_list("state", "plan")) == {("waiting", "decade")}


def test_a_helper_that_comes_early_late_or_for_nothing_does_no_harm():
    lease, noting = held_job(), Noting()
    job = lease.job

    early = help_with(job, noting.work, blobs=store(), clock=clock.now)
    conducted(lease, Noting())
    late = help_with(job, noting.work, blobs=store(), clock=clock.now)

    assert "nothing to help with" in early
    assert "nothing to help with" in late
    assert (noting.noted, noting.stays) == ([], 0)
    assert "no job" in help_job(0, blobs=store(), clock=clock.now)


def test_a_cancelled_job_is_let_go_of_by_all():
    lease, theirs = held_job(), Noting()
    seen = []

    def cancelled(hold):
        Job.objects.update(cancel=True)
        helping = helper(lease, theirs)
        seen.append(helping.next())
        hold.tried = lease.tried = 0.0  # seconds have gone by
        hold.tick()

    with pytest.raises(Cancelled):
        conducted(lease, Noting(at={1: cancelled}))

    assert seen == [None]
    assert Shard.objects.filter(state="done").count() == 1


def test_a_worker_that_is_to_end_hands_its_shard_back(sent, committed):
    lease = held_job()
    dealt(lease, 2)

    def told_to_end(hold):
        shutdown.ask()
        hold.tick()

    noting = Noting(at={0: told_to_end})
    try:
        with committed(execute=True):
            said = help_with(lease.job, noting.work, blobs=store(), clock=clock.now)
    finally:
        shutdown.forget()

    shard = Shard.objects.get(n=0)
    assert "left to another worker" in said
    assert (shard.state, shard.tries, len(sent)) == ("waiting", 0, 1)


def test_what_is_no_fault_of_the_shard_ends_the_stay_and_counts_for_nothing():
    for trouble in (StorageAway("S3"), Stopping()):
        lease = held_job()
        with pytest.raises(type(trouble)):
            conducted(lease, Noting(at={1: raising(trouble)}))

        shard = Shard.objects.get(job=lease.job, n=1)
        # A child that somebody ended, though its worker isn't to end, counts as a death.
        assert (shard.state, shard.tries) == ("waiting", int(isinstance(trouble, Stopping)))


def test_a_refusal_fails_the_job_at_once_where_the_conductor_meets_it():
    with pytest.raises(BadInput, match="no such band"):
        conducted(held_job(), Noting(at={1: raising(BadInput("no such band"))}))


def test_a_helper_leaves_a_shard_that_it_cannot_do_to_others():
    lease = held_job()
    dealt(lease, 3)
    theirs = Noting(at={0: raising(NotHere("no such mount")), 1: raising(BadInput("damaged"))})

    helper(lease, theirs).work_off(theirs.do)

    rows = list(Shard.objects.order_by("n").values_list("state", "tries"))
    assert rows == [("waiting", 0), ("waiting", 1), ("done", 1)]
    assert "no such mount" in Shard.objects.get(n=0).error
    assert [each["of"] for each in conducted(lease, Noting(), shards=3)] == [0, 1, 2]


def test_a_worker_that_can_do_nothing_does_not_use_up_the_tries():
    lease = held_job()
    dealt(lease)
    broken = Noting(at=dict.fromkeys(range(4), raising(BadInput("its token is wrong"))))
    full = Noting(at=dict.fromkeys(range(4), raising(OSError("No space left on device"))))

    for _ in range(MOST_TRIES + 1):
        assert "0 shards" in help_with(lease.job, full.work, blobs=store(), clock=clock.now)
    for _ in range(MOST_TRIES + 1):
        help_with(lease.job, broken.work, blobs=store(), clock=clock.now)

    assert list(Shard.objects.values_list("state", "tries")) == [("waiting", 1)] * 4
    assert "its token is wrong" in Shard.objects.get(n=3).error
    assert [each["of"] for each in conducted(lease, Noting())] == [0, 1, 2, 3]


def test_a_database_that_is_away_for_a_moment_ends_no_conductor(monkeypatch):
    lease, count, failures = held_job(), Tally.of, []

    def away(job):
        if len(failures) < 2:
            failures.append(job)
            raise OperationalError("server closed the connection")
        return count(job)

    def some_seconds_later(hold):
        lease.tried = 0.0
        monkeypatch.setattr(conduct.Tally, "of", away)
        monkeypatch.setattr(conduct, "close_old_connections", lambda: None)  # it is the test's own
        hold.tick()

    assert [each["of"] for each in conducted(lease, Noting(at={2: some_seconds_later}))] == [
        0, 1, 2, 3,
    ]  # fmt: skip
    assert failures


def test_a_lease_of_a_worker_whose_clock_was_ahead_is_shortened():
    lease = held_job()
    ahead, here = dealt(lease, 2)
    now = clock.now()
    assert ahead.take(worker="far:1", by_conductor=False, now=now + timedelta(hours=2))
    assert here.take(worker="far:2", by_conductor=False, now=now)

    assert Shard.objects.of(lease.job).brought_near(now=now) == 1

    ends = set(Shard.objects.values_list("lease_ends", flat=True))
    assert ends == {now + JOB_LEASE}


def test_a_shard_that_no_worker_can_do_fails_the_job_by_name(monkeypatch):
    monkeypatch.setattr(conduct.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(conduct, "JOB_LEASE", clock.of_machines(conduct.JOB_LEASE * 0))

    with pytest.raises(JobFailed, match=r"No worker can do shard 1: .*no such mount"):
        conducted(held_job(), Noting(at={1: raising(NotHere("no such mount"))}))


def test_a_shard_that_killed_too_many_workers_fails_the_job():
    lease = held_job()
    dealt(lease, 2)
    for _ in range(MOST_TRIES):
        assert helper(lease, Noting()).next().n == 0
        expire()

    with pytest.raises(JobFailed, match=f"{MOST_TRIES} workers began shard 0"):
        conducted(lease, Noting(), shards=2)

    Job.objects.update(tries=1)  # somebody asks for another try
    lease.job.refresh_from_db()
    assert [each["of"] for each in conducted(lease, Noting(), shards=2)] == [0, 1]


def test_progress_says_how_many_shards_are_done_and_by_whom():
    lease, told = held_job(), []

    def look(hold):
        lease.tried = 0.0
        hold.tick({"done": 2})
        told.append(Job.objects.get().progress)

    conducted(lease, Noting(at={3: look}))

    (line,) = told
    assert (line["stage"], line["total"]) == ("do", 12)
    assert line["done"] >= 9
    assert line["shards"] == {"done": 3, "total": 4}
    assert len(line["workers"]) == 1


def test_a_sweep_calls_helpers_for_a_job_without_a_conductor(sent, committed):
    lease = held_job()
    dealt(lease, 2)
    assert call_for_help() == 0

    Job.objects.update(state="waiting")

    with committed(execute=True):
        assert call_for_help() == 1
    assert sent[-1] == ("labelling.io_shards", {"job_id": lease.job.pk})


def test_of_the_processes_of_one_worker_one_is_alone():
    script = """
import os
from labelling.workflow.sharing.alone import alone
with alone(wanted=True) as first:
    if (child := os.fork()) == 0:
        with alone(wanted=True) as second, alone(wanted=False) as anyway:
            os._exit(0 if (second, anyway) == (False, True) else 1)
    assert first and os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
if (child := os.fork()) == 0:
    with alone(wanted=True) as later:
        os._exit(0 if later else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    with alone(wanted=True) as here:
        assert here
