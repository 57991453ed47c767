"""`/metrics`: who may read it, what it tells, and what it costs."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from labelling import clock
from labelling.insights import metrics_rows
from labelling.insights.metrics import exposition, lowest_free
from labelling.insights.metrics_rows import Rows
from labelling.models import Chore, CvatLink, Job, Outbox, Round, Task
from tests.factories import CampaignFactory, TaskFactory

pytestmark = pytest.mark.django_db
JSON = "application/json"
TOKEN = "a-token-for-prometheus"
COUNTING = """
import os, sys
from labelling.insights import metrics
metrics.take_place(sys.argv[1])
metrics.EXPIRIES.inc(int(sys.argv[2]))
metrics.CLAIMS.observe(0.02)
"""


def told(text: bytes) -> dict[tuple[str, ...], float]:
    """{(name, label values …): value}."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def rows(now=None) -> dict[tuple[str, ...], float]:
    return told(exposition(Rows(now=now or clock.now())))


@pytest.mark.parametrize(
    ("token", "extra", "status"),
    [
        ("", {}, 200),
        ("", {"REMOTE_ADDR": "10.0.0.7"}, 403),
        ("", {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 403),
        (TOKEN, {}, 401),
        (TOKEN, {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}x"}, 403),
        (TOKEN, {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}", "REMOTE_ADDR": "10.0.0.7"}, 200),
    ],
)
def test_metrics_are_for_who_has_the_token_or_sits_at_the_machine(
    client, settings, token, extra, status
):
    settings.METRICS_TOKEN = token

    answer = client.get("/metrics", **extra)

    assert answer.status_code == status
    assert (b"workbench_database_up" in answer.content) is (status == 200)
    if status != 200:
        assert answer.json()["message"]
        assert TOKEN not in answer.content.decode()
    assert ("WWW-Authenticate" in answer) is (status == 401)


def test_requests_claims_and_errors_are_counted(client, campaign, ana):
    TaskFactory(campaign=campaign)
    client.force_login(ana)
    before = rows()

    claimed = client.post("/api/v1/campaigns/north/queue/next", content_type=JSON)
    client.post("/api/v1/campaigns/nowhere/queue/next", content_type=JSON)
    client.get("/no-such-page")

    after = rows()
    route = "api/v1/campaigns/<slug:slug>/queue/next"
    grown = {key: after[key] - before.get(key, 0) for key in after}
    assert claimed.status_code == 200, claimed.content
    assert grown["workbench_request_seconds_count", "POST", route, "200"] == 1
    assert grown["workbench_request_seconds_count", "POST", route, "404"] == 1
    assert grown["workbench_request_seconds_count", "GET", "none", "404"] == 1
    assert grown["workbench_claim_seconds_count",] == 1  # a refused claim isn't one
    assert grown["workbench_errors_total", "not_found"] == 1
    assert grown["workbench_errors_total", "http_404"] == 1


def test_rows_tell_queue_leases_rounds_jobs_and_cvat(campaign, ana):
    now = clock.now()
    hour = timedelta(hours=1)
    TaskFactory(campaign=campaign, created=now - 3 * hour)
    TaskFactory(campaign=campaign, created=now - 2 * hour)
    held = TaskFactory(campaign=campaign, lane="control")
    held.reserve(by=ana, now=now - hour, lease=timedelta(minutes=30))
    round = Round.objects.create(
        campaign=campaign, n=1, strategy="random", batch=1, seed=1, created=now - hour,
        state="running", step="score",
    )  # fmt: skip
    common = {"campaign": campaign, "created": now - hour}
    for rate in (2.5, 4):
        Job.objects.create(
            kind="labelling.run_job", state="running", round=round, lease_ends=now, **common,
            progress={"stage": "score", "done": 1, "total": 9, "rate": rate},
        )  # fmt: skip
    Job.objects.create(kind="labelling.export", state="failed", finished=now - hour, **common)
    Chore.objects.update_or_create(name="sweep", defaults={"sent": now - hour, "every": 20})
    CvatLink.objects.create(url="https://cvat.invalid", project=1, **common, health={"failures": 3})
    Outbox.objects.create(verb="job", payload={}, **common)

    found = rows(now)

    expected = {
        ("workbench_tasks", "north", "active", "open"): 2,
        ("workbench_tasks", "north", "control", "reserved"): 1,
        ("workbench_queue_oldest_seconds", "north", "active"): 3 * 3600,
        ("workbench_leases", "north", "reserved"): 1,
        ("workbench_leases_overdue",): 1,
        ("workbench_lease_overdue_oldest_seconds",): 1800,
        ("workbench_round_seconds", "north", "running", "score"): 3600,
        ("workbench_rounds", "north", "running"): 1,
        ("workbench_jobs", "run_job", "running"): 2,
        ("workbench_job_oldest_seconds", "run_job", "running"): 3600,
        ("workbench_job_rate", "run_job", "score"): 6.5,
        ("workbench_scoring_tiles_per_second",): 6.5,
        ("workbench_jobs_ended", "export", "failed"): 1,
        ("workbench_chore_sent_age_seconds", "sweep"): 3600,
        ("workbench_cvat_failures", "north"): 3,
        ("workbench_cvat_lag_seconds", "north"): 0,
        ("workbench_outbox", "north"): 1,
        ("workbench_outbox_oldest_seconds", "north"): 3600,
        ("workbench_database_up",): 1,
    }
    assert {key: found.get(key) for key in expected} == expected


def test_a_large_campaign_is_told_as_it_was_last_counted_and_costs_no_count(campaign):
    now = clock.now()
    TaskFactory(campaign=campaign)
    lane = {"lane": "active", "oldest": (now - timedelta(hours=5)).isoformat()}
    campaign.tallies = {
        "counted": (now - timedelta(minutes=1)).isoformat(),
        "lanes": {"active": {"open": 900_000}},
        "queue": [lane, {"lane": "gold", "oldest": None}],
    }
    campaign.save()

    found = rows(now)

    assert found["workbench_tasks", "north", "active", "open"] == 900_000
    assert found["workbench_queue_oldest_seconds", "north", "active"] == 5 * 3600
    assert found["workbench_queue_counted_age_seconds", "north"] == 60
    assert ("workbench_queue_oldest_seconds", "north", "gold") not in found


def test_more_campaigns_take_no_more_queries(campaign):
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rows()
        return len(queries)

    TaskFactory(campaign=campaign)
    CvatLink.objects.create(campaign=campaign, url="a", project=1, created=clock.now())
    one = asked()
    for n in range(2, 5):
        other = CampaignFactory()
        TaskFactory(campaign=other)
        CvatLink.objects.create(campaign=other, url="a", project=n, created=clock.now())

    assert asked() == one <= 13


@pytest.mark.services
def test_what_is_in_hand_is_found_by_its_index():
    # SQLite takes an index with a condition only where that has no parameters.
    assert connection.vendor == "postgresql", "This test needs DATABASE_URL to name PostgreSQL."
    with connection.cursor() as cursor:
        # A table of no rows is otherwise read whole.
        cursor.execute("SET LOCAL enable_seqscan = off")

    for found in (metrics_rows.in_hand(), Task.objects.expired(now=clock.now())):
        assert "task_reserved" in found.explain()


def test_without_a_database_that_is_told_and_what_was_counted(client):
    def away(execute, sql, params, many, context):
        raise OperationalError("gone")

    with connection.execute_wrapper(away):
        found = told(client.get("/metrics").content)

    assert found["workbench_database_up",] == 0
    assert ("workbench_claim_seconds_count",) in found
    assert ("workbench_leases_overdue",) not in found


def test_processes_are_added_up_and_one_that_is_replaced_leaves_nothing_behind(tmp_path):
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def run(script: str, *words: str) -> bytes:
        command = [sys.executable, "-c", script, *words]
        root = Path(__file__).resolve().parents[3]
        return subprocess.run(
            command, env=environment, cwd=root, check=True, capture_output=True
        ).stdout

    run(COUNTING, "web-0", "2")
    run(COUNTING, "web-1", "3")
    files = sorted(each.name for each in tmp_path.iterdir())
    run(COUNTING, "web-1", "4")
    asked = "import sys; from labelling.insights import metrics as m; m.take_place('reader')"
    shown = run(f"{asked}; sys.stdout.buffer.write(m.exposition())")

    found = told(shown)
    assert found["workbench_lease_expiries_total",] == 9
    assert found["workbench_claim_seconds_count",] == 3
    left = {each.name for each in tmp_path.iterdir() if "reader" not in each.name}
    assert left <= {*files, "counter_main.db", "histogram_main.db", "gauge_mostrecent_main.db"}


def test_a_new_worker_takes_the_lowest_place_that_is_free():
    assert [lowest_free([]), lowest_free([0, 1]), lowest_free([1, 2]), lowest_free([0, 2])] == [
        0, 2, 0, 1,
    ]  # fmt: skip
