"""Log lines: fields, ids, tracebacks, and what never stands in one."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
import structlog
from django.test import Client

from labelling.api import observing
from labelling.config import celery_app, env, logs, tracing
from labelling.enqueue import Job
from labelling.workflow.children import run_child

SECRET = 'hush "quoted" hush'
CHATTY = """
import logging, sys
from labelling.compute.lines import Telling, tell
logging.basicConfig(level=logging.WARNING, handlers=[Telling()])
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("labelling.adapters.s3").exception("%d of it", 7)
tell("done", tiles=3)
"""


@pytest.fixture
def lines():
    """What is logged, as the lines of `form` that the processes write."""
    taken: list[tuple[io.StringIO, logging.Handler]] = []

    def written(form: str) -> io.StringIO:
        handler = logging.StreamHandler(io.StringIO())
        handler.setFormatter(logs.formatter(form=form))
        logging.getLogger().addHandler(handler)
        taken.append((handler.stream, handler))
        return handler.stream

    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.INFO)
    yield written
    logging.getLogger().setLevel(level)
    for _, handler in taken:
        logging.getLogger().removeHandler(handler)


def read(stream: io.StringIO, logger: str = "") -> list[dict]:
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in told if not logger or line["logger"] == logger]


def test_a_line_has_its_fields_the_ids_that_are_bound_and_its_traceback(lines):
    stream = lines("json")
    with structlog.contextvars.bound_contextvars(request_id="abc", round=3):
        try:
            raise ValueError("no such tile")
        except ValueError:
            logging.getLogger("labelling.workflow").exception("%s crashed", "x", extra={"n": 5})

    (line,) = read(stream)

    assert {"logger": "labelling.workflow", "level": "error", "message": "x crashed"}.items() <= (
        line.items()
    )
    assert (line["request_id"], line["round"], line["n"]) == ("abc", 3, 5)
    assert line["time"].endswith("Z")
    assert "ValueError: no such tile" in line["traceback"]


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_secret_stands_in_a_line(lines, form, monkeypatch, tmp_path):
    (tmp_path / "token").write_text(f"{SECRET}\n")
    monkeypatch.setenv("CVAT_TOKEN_FILE", str(tmp_path / "token"))
    env.secret("CVAT_TOKEN")
    stream = lines(form)

    logger = logging.getLogger("labelling")
    logger.warning(
        "sent %s", SECRET, extra={"Authorization": "Bearer x1y2", "deep": {"password": "p9"}}
    )
    try:
        raise ConnectionError(f"amqp://bench:p%40ss:w@rabbit:5672//x and {SECRET}")
    except ConnectionError:
        logger.exception("away")

    told = stream.getvalue()
    assert "ConnectionError" in told
    assert "rabbit:5672" in told
    for hidden in (SECRET, json.dumps(SECRET)[1:-1], "x1y2", "p9", "p%40ss", "bench:"):
        assert hidden not in told


def test_what_somebody_typed_cannot_forge_a_line_of_text(lines):
    stream = lines("text")

    logging.getLogger("labelling").warning(
        "name %s", "a\n2026 INFO all is well", extra={"path": "/x\r\nERROR y"}
    )

    assert len(stream.getvalue().splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "kept"), [("lab-7.request_12", True), ("short", False), ("a b\tc" * 3, False)]
)
def test_a_sane_request_id_is_kept_and_any_other_replaced(client, given, kept):
    answer = client.get("/healthz", headers={"X-Request-Id": given})

    assert (answer["X-Request-Id"] == given) is kept
    assert observing.SANE_ID.fullmatch(answer["X-Request-Id"])


def test_an_access_line_tells_who_asked_what_and_how_it_went(db, client, ana, lines):
    client.force_login(ana)
    stream = lines("json")

    answer = client.get(
        "/api/v1/campaigns/north/queue?secret=1", headers={"X-Request-Id": "q" * 12}
    )
    client.get("/healthz")
    Client().get(f"/api/v1/tasks/{'0' * 8}-0000-4000-8000-{'0' * 12}")

    first, second = read(stream, "labelling.access")
    assert first["route"] == "api/v1/campaigns/<slug:slug>/queue"
    assert (first["method"], first["status"]) == ("GET", answer.status_code)
    assert (first["request_id"], first["user"], first["campaign"]) == (
        "q" * 12,
        str(ana.pk),
        "north",
    )
    assert first["bytes"] == len(answer.content)
    assert first["ms"] > 0
    assert "secret" not in json.dumps(first)
    assert (second["status"], second["user"]) == (401, "")
    assert second["task"].startswith("00000000-0000")
    assert second["request_id"] != first["request_id"]


def test_a_task_goes_on_with_the_id_of_the_request_that_sent_it(lines):
    headers: dict[str, str] = {}
    with structlog.contextvars.bound_contextvars(request_id="from-the-web"):
        tracing.give_id(headers=headers)
    stream = lines("json")

    @celery_app.task(name="tests.says", shared=False)
    def says(*, link_id: int) -> None:
        logging.getLogger("labelling.workflow").warning("at work")

    try:
        says.apply(kwargs={"link_id": 9}, headers=headers)
    finally:
        celery_app.tasks.pop("tests.says")

    (line,) = read(stream, "labelling.workflow")
    assert (line["request_id"], line["link_id"], line["work"]) == ("from-the-web", 9, "tests.says")
    (ended,) = read(stream, "labelling.worker")
    assert (ended["outcome"], ended["request_id"]) == ("success", "from-the-web")
    assert structlog.contextvars.get_contextvars() == {}


@pytest.mark.django_db
def test_the_lines_of_a_job_name_its_round_and_campaign(campaign):
    from labelling.models import Job as JobRow
    from labelling.models import Round
    from tests.factories import NOON

    round = Round.objects.create(
        campaign=campaign, n=4, strategy="random", batch=1, seed=1, created=NOON
    )
    job = JobRow.objects.create(
        kind=Job.RUN_JOB, campaign=campaign, round=round, created=NOON, lease_ends=NOON
    )

    assert tracing.ids_of(job.pk) == {"job": job.uuid, "campaign": "north", "round": 4}
    assert tracing.ids_of(None) == {}


def test_what_a_child_process_logs_stands_among_its_parents_lines(lines, tmp_path):
    (tmp_path / "chatty.py").write_text(CHATTY)
    stream = lines("json")

    with structlog.contextvars.bound_contextvars(job="j-1"):
        done = run_child(
            "chatty",
            log=tmp_path / "child.log",
            tick=lambda progress: None,
            settings_of_its_own={"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"},
        )

    (line,) = read(stream, "labelling.adapters.s3")
    assert done["tiles"] == 3
    assert (line["message"], line["level"], line["job"]) == ("7 of it", "error", "j-1")
    assert "ZeroDivisionError" in line["traceback"]
