"""Long work as people see it: list, cancel, retry; failed tasks; pauses, deaths and leftovers."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta

import pytest
from celery.exceptions import Retry
from django.core.management import call_command
from django.db import OperationalError

from labelling import clock, enqueue, tasks
from labelling.adapters.blobs import store
from labelling.errors import Conflict, StorageAway
from labelling.models import LONGEST_PAUSE, DeadTask, Event, Job, Model, Round
from labelling.workflow import shutdown
from labelling.workflow.dead_tasks import note_failure, note_success
from labelling.workflow.jobs import cancel_job, retry_job
from labelling.workflow.leased import carry_out, pause
from labelling.workflow.rounds import MOST_ATTEMPTS
from labelling.workflow.shutdown import Stopping
from labelling.workflow.steps import STEPS, Step
from labelling.workflow.tidying import tidy
from tests.factories import NOON, CampaignFactory, person
from tests.labelling.api.conftest import signed_in
from tests.labelling.one_round import planned, taken, work
from tests.worlds import world

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/campaigns/north/jobs"
NIGHT = timedelta(days=1)


@pytest.fixture
def north():
    return CampaignFactory(slug="north", strategy="random")


@pytest.fixture
def lea(north):
    return signed_in(person("lea", campaign=north, role="lead"))


def waiting(campaign, kind: enqueue.Job = enqueue.Job.FREEZE, **more) -> Job:
    asked = {"asked_by": "lea"}
    return Job.objects.create(
        kind=kind, campaign=campaign, created=NOON, lease_ends=NOON, request=asked, **more
    )


def command(*words: str, capsys) -> list[dict]:
    call_command(*words, "--json")
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_lead_sees_the_campaigns_long_work_and_nobody_elses(north, lea):
    export = waiting(north, enqueue.Job.EXPORT)
    export.take(now=clock.now())
    export.renew(now=clock.now(), progress={"stage": "export", "done": 2, "total": 8, "rate": 3})
    planned(north)
    waiting(CampaignFactory())

    first = lea.get(JOBS, {"limit": 1}).json()
    second = lea.get(JOBS, {"limit": 1, "cursor": first["cursor"]}).json()

    (round,), (job,) = first["results"], second["results"]
    assert (round["kind"], round["round"], round["state"]) == ("round", 1, "waiting")
    assert (job["kind"], job["asked_by"], job["attempts"]) == ("export", "lea", 1)
    assert (job["progress"]["eta_seconds"], job["can_cancel"], job["can_retry"]) == (2, True, False)
    assert second["cursor"] is None
    assert [each["kind"] for each in lea.get(JOBS, {"state": "running"}).json()["results"]] == [
        "export"
    ]
    assert signed_in(person("rita", campaign=north, role="reviewer")).get(JOBS).status_code == 403


def test_every_kind_of_job_can_be_stopped_and_a_failed_one_tried_again(north, lea):
    for kind in enqueue.Job:
        if kind in (enqueue.Job.FREEZE, enqueue.Job.MIGRATE_LABELS, enqueue.Job.RELEASE):
            job = waiting(north, kind)
            told = lea.post(f"{JOBS}/{job.uuid}/cancel").json()
            assert (told["state"], told["cancelling"]) == ("cancelled", False)
    running = waiting(north)
    running.take(now=clock.now())
    assert lea.post(f"{JOBS}/{running.uuid}/cancel").json()["cancelling"]
    answer = lea.post(f"{JOBS}/{running.uuid}/retry")
    assert (answer.status_code, answer.json()["field"]) == (409, "id")

    running.end("failed", now=NOON, error="the disk is full")
    again = lea.post(f"{JOBS}/{running.uuid}/retry")

    assert again.status_code == 202
    told = again.json()
    assert (told["state"], told["error"], told["attempts"]) == ("waiting", "", 0)
    assert running.take(now=clock.now())
    assert not Job.objects.get(pk=running.pk).cancel
    elsewhere = waiting(CampaignFactory())
    assert lea.post(f"{JOBS}/{elsewhere.uuid}/cancel").status_code == 404


def test_a_failed_round_goes_on_at_its_step_unless_a_later_one_has_replaced_it(monkeypatch):
    campaign = world(pool=3, validation=0)
    _, write = STEPS[Round.Step.PICK]

    def broken(attempt):
        raise Conflict("nobody knows why")

    with monkeypatch.context() as patch:
        patch.setitem(STEPS, Round.Step.PICK, Step(broken, write))
        failed = work(planned(campaign))
    assert (failed.state, failed.step) == ("failed", "pick")

    retry_job(job=failed.jobs.get(), by=None, now=NOON)
    done = work(failed)

    assert (done.state, done.error, done.jobs.get().token) == ("done", "", 2)
    assert Event.objects.about(done).filter(verb="planned").last().detail == {"again": True}
    old, new = planned(campaign), None
    for state in ("failed", "done"):
        Round.objects.filter(pk=(new or old).pk).update(state=state)
        Job.objects.filter(round=new or old).update(state=state, lease_ends=None)
        new = planned(campaign) if new is None else new
    with pytest.raises(Conflict, match="followed by another"):
        retry_job(job=old.jobs.get(), by=None, now=NOON)
    assert Job.objects.get(round=old).state == "failed"


def test_deaths_count_by_the_step_they_happen_in():
    round = planned(world(pool=3, validation=0))
    for _ in range(MOST_ATTEMPTS):
        attempt = taken(round)
        Job.objects.update(state=Job.State.WAITING)  # the worker died
    attempt.job.refresh_from_db()
    assert attempt.job.tries == MOST_ATTEMPTS
    Job.objects.update(tries=1)  # another step was finished in between

    again = work(round)
    assert (again.state, again.jobs.get().attempts) == ("done", MOST_ATTEMPTS + 1)

    second = planned(round.campaign)
    Job.objects.filter(round=second).update(tries=MOST_ATTEMPTS)
    given_up = work(second)
    assert (given_up.state, given_up.step) == ("failed", "freeze")
    assert "5 times in step freeze" in given_up.error


def test_a_finished_step_gives_the_next_one_a_clean_slate(monkeypatch):
    round = planned(world(pool=3, validation=0))
    Job.objects.update(tries=MOST_ATTEMPTS - 1)
    _, write = STEPS[Round.Step.SCORE]

    def dying(attempt):
        raise SystemExit

    monkeypatch.setitem(STEPS, Round.Step.SCORE, Step(dying, write))
    with pytest.raises(SystemExit):
        work(round)

    assert (Job.objects.get().tries, Job.objects.get().attempts) == (1, 1)


def test_each_pause_is_longer_than_the_one_before_and_none_like_the_other(north):
    job = waiting(north)
    pauses = []
    for _ in range(12):
        assert job.take(now=NOON)

        def away(lease):
            raise StorageAway("s3://bucket can't be reached")

        carry_out(job, away, done=lambda *_: None, clock=lambda: NOON)
        job.refresh_from_db()
        assert (job.state, job.attempts, job.tries) == ("waiting", 0, 0)
        assert job.error == "s3://bucket can't be reached"
        pauses.append(job.lease_ends - NOON)

    assert timedelta(seconds=10) <= pauses[0] <= timedelta(seconds=20)
    assert LONGEST_PAUSE / 2 <= pauses[-1] <= LONGEST_PAUSE
    assert len({pause(11) for _ in range(5)}) > 1


def test_a_worker_that_is_to_end_hands_its_job_on_at_once(
    north, sent, django_capture_on_commit_callbacks
):
    job = waiting(north)
    assert job.take(now=NOON)

    def asked(lease):
        shutdown.ask()
        lease.tick({"stage": "freeze", "done": 1, "total": 2})

    try:
        with django_capture_on_commit_callbacks(execute=True):
            carry_out(job, asked, done=lambda *_: None, clock=lambda: NOON)
            left = tasks.freeze(job_id=job.pk)
    finally:
        shutdown.forget()

    job.refresh_from_db()
    assert (job.state, job.tries, job.lease_ends) == ("waiting", 0, NOON)
    assert left == "left to another worker"
    assert sent == [("labelling.freeze", {"job_id": job.pk})] * 2
    assert Job.objects.get(pk=job.pk).take(now=NOON)  # whoever gets the first of the two messages


def test_a_round_whose_worker_ends_goes_on_in_another(monkeypatch):
    round = planned(world(pool=3, validation=0))
    _, write = STEPS[Round.Step.SCORE]

    def ending(attempt):
        raise Stopping

    with monkeypatch.context() as patch:
        patch.setitem(STEPS, Round.Step.SCORE, Step(ending, write))
        left = work(round)
    assert (left.state, left.step, Job.objects.get().state) == ("running", "score", "waiting")

    assert work(round).state == "done"


def test_what_failed_for_good_is_kept_until_it_succeeds(north, capsys, sent):
    ids = {"annotation_id": 7}
    for hour in range(3):
        note_failure(
            "labelling.compare_label", ids, error=ValueError("no raster"),
            now=NOON + hour * timedelta(hours=1),
        )  # fmt: skip
    (told,) = command("jobs", "list", capsys=capsys)
    assert (told["name"], told["times"], told["error"]) == (
        "labelling.compare_label", 3, "ValueError: no raster",
    )  # fmt: skip

    command("jobs", "retry", told["id"], "--dry-run", capsys=capsys)
    assert DeadTask.objects.count() == 1
    assert note_success("labelling.compare_label", ids)
    assert not note_success("labelling.compare_label", ids)
    assert command("jobs", "list", capsys=capsys) == []


def test_a_task_that_raises_is_noted_and_forgotten_by_what_celery_signals():
    sender = tasks.cvat_pull
    tasks.remember(sender=sender, exception=OSError("no route"), kwargs={"link_id": 3})
    assert DeadTask.objects.get().ids == {"link_id": 3}
    tasks.remember(
        sender=type("Other", (), {"name": "celery.ping"}), exception=OSError(), kwargs={}
    )
    assert DeadTask.objects.count() == 1

    sender.push_request(kwargs={"link_id": 3})
    try:
        tasks.forget(sender=sender)
    finally:
        sender.pop_request()
    assert not DeadTask.objects.exists()


def test_short_tasks_have_limits_and_come_back_later_each_time(monkeypatch):
    late = [task for task in celery_tasks() if task.acks_late]
    assert [task.name for task in late] == ["labelling.compare_label"]
    assert all(task.time_limit <= 600 < enqueue.VISIBILITY_SECONDS for task in late)
    jobs = {
        tasks.run_job,
        tasks.export,
        tasks.ingest,
        tasks.freeze,
        tasks.release,
        tasks.mine,
        tasks.migrate_labels,
        tasks.score_shards,
        tasks.io_shards,
    }
    assert {task.name for task in celery_tasks() if not task.time_limit} == {
        *(task.name for task in jobs), "labelling.tidy", "labelling.cvat_reconcile",
    }  # fmt: skip
    assert set(enqueue.QUEUES) == set(enqueue.Job) == {task.name for task in celery_tasks()}

    def away(**ids):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(tasks, "compare", away)
    waits = []
    for retries in (0, 4):
        tasks.compare_label.push_request(
            called_directly=False, retries=retries, kwargs={"annotation_id": 1}, is_eager=True
        )
        try:
            with pytest.raises(Retry) as again:
                tasks.compare_label.run(annotation_id=1)
            waits.append(again.value.when)
        finally:
            tasks.compare_label.pop_request()
    assert 0 <= waits[0] <= 5
    assert waits[1] <= 80


def celery_tasks():
    return [task for name, task in tasks.run_job.app.tasks.items() if name.startswith("labelling.")]


def test_old_leftovers_go_and_nothing_that_a_row_refers_to(capsys, settings):
    campaign = world(pool=3, validation=0, labelled=2)
    done = work(planned(campaign, strategy="random"))
    model, blobs = Model.objects.get(), store()
    lost = f"models/{'0' * 64}/card.json"
    blobs.write(lost, b"{}")
    unfinished = planned(campaign)
    attempt = taken(unfinished)
    attempt.folder.mkdir(parents=True)
    Round.objects.filter(pk=done.pk).update(finished=clock.now() - 20 * NIGHT)
    long_ago = time.time() - 30 * 86400
    for path in (settings.WORKBENCH_VAR / "blobs" / "models").rglob("*"):
        os.utime(path, (long_ago, long_ago))
    old = blobs.workplace(f"rounds/{campaign.slug}/1/1")
    assert old.is_dir()

    before = tidy(blobs=blobs, now=clock.now()).counts
    assert (before["attempts"], before["models"]) == (1, 0)  # a round is under way
    assert not old.exists()
    assert attempt.folder.is_dir()
    assert blobs.whole(f"rounds/{campaign.slug}/1/fit")
    Round.objects.filter(pk=unfinished.pk).update(state="cancelled", finished=clock.now())

    (told,) = command("jobs", "tidy", "--dry-run", capsys=capsys)
    assert told["counts"]["models"] == 1
    assert lost in told["named"]
    assert blobs.exists(lost)
    assert tidy(blobs=blobs, now=clock.now()).counts["models"] == 1
    assert not blobs.exists(lost)
    assert blobs.exists(f"{model.folder}/weights.safetensors")
    assert tidy(blobs=blobs, now=clock.now()).counts["attempts"] == 0  # the other is young


def test_the_command_line_shows_stops_and_plans(north, capsys):
    job = waiting(north)
    (shown,) = command("jobs", "show", str(job.uuid), capsys=capsys)
    assert (shown["id"], shown["request"]) == (str(job.uuid), {"asked_by": "lea"})
    (stopped,) = command("jobs", "cancel", str(job.uuid), "--dry-run", capsys=capsys)
    assert stopped["state"] == "waiting"
    assert cancel_job(job=job, by=None, now=NOON).state == "cancelled"
    for words in (["jobs", "show", "nonsense"], ["jobs", "retry", str(job.uuid)]):
        with pytest.raises(SystemExit) as refused:
            command(*words, capsys=capsys)
        assert refused.value.code == 1
    capsys.readouterr()

    (told,) = command("round", "plan", "north", "--dry-run", capsys=capsys)
    assert (told["train"], told["can_start"], told["pool"]) == (False, True, 0)
    assert "the schedule is off" in told["why_not"]
    words = ["schedule", "set", "north", "--set", "on=true", "--set", "labels=50"]
    command(*words, "--dry-run", capsys=capsys)
    assert not Event.objects.filter(verb="changed").exists()
    (told,) = command(*words, capsys=capsys)
    assert (told["rules"]["labels"], told["now"]["train"]) == (50, False)
    (chore,) = command("schedule", "chores", "sweep", "--rhythm", "45", capsys=capsys)
    assert (chore["every"], chore["on"]) == (45, True)


def test_a_lead_sets_the_schedule_and_asks_what_a_round_would_do(north, lea):
    url = "/api/v1/campaigns/north"
    first = lea.get(f"{url}/schedule").json()
    assert (first["rules"]["on"], first["now"]["why_not"][0]) == (False, "the schedule is off")

    told = lea.post(f"{url}/schedule", {"schedule": {"on": True, "cron": "30 2 * * *"}})
    assert told.status_code == 200
    assert told.json()["rules"]["cron"] == "30 2 * * *"
    assert told.json()["now"]["next_due"] is not None
    wrong = lea.post(f"{url}/schedule", {"schedule": {"cron": "noon"}})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "schedule.cron")

    plan = lea.get(f"{url}/rounds/plan").json()
    assert (plan["can_start"], plan["strategy"], plan["minutes"]) == (True, "random", None)
    planned(north)
    assert not lea.get(f"{url}/rounds/plan").json()["can_start"]
