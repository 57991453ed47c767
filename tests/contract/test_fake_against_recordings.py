"""The fake server answers as the real one did: the same statuses, fields and values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.contract.fake import Server, running
from tests.contract.fake.state import Image, Issue, Job, Task
from tests.contract.recordings import differences, pairs, played, recorded_body

CLASSES = [
    {"name": "clear", "color": "#2e8b57", "type": "mask"},
    {"name": "cloud", "color": "#ffffff", "type": "mask"},
    {"name": "semi-transparent cloud", "color": "#87ceeb", "type": "any"},
    {"name": "cloud shadow", "color": "#4b0082", "type": "any"},
]
LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def recorded(samples: Path) -> Path:
    return samples.parent / "cvat-recorded"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as fake:
        for name in ("annot1", "annot2"):
            user = fake.state.add_user(name)
            user.first_name, user.last_name = name, "A"
            fake.state.add_token(user, name)
        fake.state.add_token(fake.state.users[1], "reader", read_only=True)
        yield fake


def empty(server: Server) -> None:
    """Nothing but people."""


def with_project(server: Server) -> None:
    made = {"name": "clouds S2", "labels": CLASSES}
    played(server, request("POST", "/api/projects", made), server.token)


def with_tasks(server: Server) -> None:
    """Project 1 with task 2 of three tiles, jobs 4, 5 and 6; the first two given to somebody."""
    with_project(server)
    add_task(server, 2, "zip-3png-context", project=1, jobs=(4, 5, 6))
    for job, person in ((4, 2), (5, 3)):
        server.state.jobs[job].assignee = person
        server.state.jobs[job].assigned = LONG_AGO


def before_task(number: int) -> Callable[[Server], None]:
    def prepare(server: Server) -> None:
        with_project(server)
        server.state.next_number("task", number)
        server.state.next_number("job", 4)
        server.state.polls_until_done = 1

    return prepare


def before_shape(number: int) -> Callable[[Server], None]:
    def prepare(server: Server) -> None:
        with_tasks(server)
        server.state.next_number("shape", number)

    return prepare


def at_stage(stage: str, state: str) -> Callable[[Server], None]:
    """With job 4 there, and two issues in it or none."""

    def prepare(server: Server) -> None:
        before_shape(64)(server)
        job = server.state.jobs[4]
        job.stage, job.state = stage, state
        for number in (1, 2) if stage == "validation" else ():
            server.state.issues[number] = Issue(number, 4, 0, [], 1, LONG_AGO)

    return prepare


def with_schema(server: Server) -> None:
    """Project 4 with labels 13 to 15, task 163 and its jobs 855 and 856, a shape of each label."""
    server.state.next_number("project", 4)
    server.state.next_number("label", 13)
    colours = zip(("clear", "cloud", "shadow"), ("#2080c0", "#406b20", "#c06060"))
    labels = [{"name": name, "type": "mask", "color": colour} for name, colour in colours]
    made = {"name": "schema changes", "labels": labels}
    played(server, request("POST", "/api/projects", made), server.token)
    add_task(server, 163, "t", project=4, jobs=(855, 856))
    server.state.tasks[163].quality = 90
    server.state.next_number("task", 164)
    server.state.next_number("shape", 874)
    mask = {"type": "mask", "frame": 0, "points": [0, 1, 5, 5, 5, 5], "source": "auto"}
    drawn = {"shapes": [mask | {"label_id": label} for label in (13, 14, 15)]}
    played(server, request("PUT", "/api/jobs/855/annotations", drawn), server.token)


FLOWS: dict[str, Callable[[Server], None]] = {
    "02_project_create": empty,
    "04_task_create_zip_with_context": before_task(2),
    "10_mask_upload_job": with_tasks,
    "12_annotations_patch_create_update_delete": before_shape(9),
    "13_annotation_errors": before_shape(11),
    "31_job_assign_stage_state": at_stage("acceptance", "completed"),
    "35_access_token": at_stage("validation", "in progress"),
    "37_deleted_frame": before_shape(887),
    "38_tags": with_tasks,
    "40_webhook_create_ping": with_tasks,
    "51_label_schema_changes": with_schema,
    "52_task_deleted_on_cvat_side": with_schema,
    "54_task_without_data": before_task(167),
}
ASKED_BY = {
    "31_job_assign_stage_state": {5: "annot1", 6: "annot1", 7: "annot1", 8: "annot2", 9: "annot2"},
    "35_access_token": {2: "reader", 3: "revoked"},
    "40_webhook_create_ping": {4: "annot1"},
}
"""{flow: {exchange: whose token}}, where it wasn't the administrator's: recordings don't tell."""
LEFT_OUT = {
    ("12_annotations_patch_create_update_delete", 7),  # shapes from before the recording
    ("13_annotation_errors", 60),  # the body that was no JSON isn't in the recording
    ("37_deleted_frame", 7),  # shapes from before the recording
    ("51_label_schema_changes", 51),  # a colour that the server made up
    ("51_label_schema_changes", 66),  # moving a task to another project
}
UNUSED = re.compile(
    r"/api/(auth/login|auth/access_tokens$|auth/access_tokens/\d|requests\?|webhooks/events|"
    r"webhooks/\d+/ping|tasks/\d+/dataset|jobs/\d+/data\?|jobs/\d+/preview)"
)
"""What the workbench never asks for, and the fake leaves out."""


@pytest.mark.parametrize("flow", FLOWS)
def test_a_recorded_flow_is_answered_the_same(flow, server, recorded):
    FLOWS[flow](server)

    found = [
        f"{asked['method']} {asked['path'][:80]} {fault}"
        for place, asked, response in exchanges(recorded, flow)
        for fault in faults(server, asked, response, who=ASKED_BY.get(flow, {}).get(place, ""))
    ]

    assert found == []


def exchanges(folder: Path, flow: str) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Number, request and response of what is compared."""
    known = [pair for pair in pairs(folder / f"{flow}.json") if "request" in pair]
    used = [pair for pair in known if not UNUSED.match(pair["request"]["path"])]
    for place, pair in enumerate(used):
        if (flow, place) not in LEFT_OUT:
            yield place, pair["request"], pair["response"]


def faults(
    server: Server, asked: dict[str, Any], response: dict[str, Any], *, who: str
) -> list[str]:
    status, told = played(server, asked, who or server.token)
    if status != response["status"]:
        return [f"{response['status']} recorded, {status} told: {told}"]
    return list(differences(recorded_body(response), told))


def request(method: str, path: str, body: Any) -> dict[str, Any]:
    return {"method": method, "path": path, "headers": {}, "body": {"json": body}}


def add_task(server: Server, id: int, name: str, *, project: int, jobs: tuple[int, ...]) -> None:
    row = Task(id, name, project, 1, LONG_AGO, LONG_AGO, has_data=True, quality=100)
    row.images = [Image(f"tile_{frame:04d}.png", 512, 512, 1) for frame in range(len(jobs))]
    server.state.tasks[id] = row
    for frame, job in enumerate(jobs):
        server.state.jobs[job] = Job(job, id, frame, 1, LONG_AGO, LONG_AGO)
