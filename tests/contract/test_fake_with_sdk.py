"""The fake stands up to the real cvat-sdk's own, high-level calls, which check every answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from cvat_sdk import Client, Config, models
from cvat_sdk.core.client import AccessTokenCredentials
from cvat_sdk.core.proxies.tasks import ResourceType

from labelling.adapters.cvat import uploads
from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.transport import Transport
from tests.contract.fake import Server, running
from tests.contract.recordings import zipped


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as fake:
        yield fake


@pytest.fixture
def sdk(server, tmp_path) -> Iterator[Client]:
    config = Config(status_check_period=0.01, cache_dir=tmp_path)
    with Client(server.url, config=config, check_server_version=False) as client:
        client.login(AccessTokenCredentials(server.token))
        yield client


def test_the_sdk_makes_draws_and_lists_as_on_a_real_server(server, sdk, tmp_path):
    labels = [models.PatchedLabelRequest(name="cloud", type="mask", color="#ffffff")]
    project = sdk.projects.create(models.ProjectWriteRequest(name="clouds", labels=labels))
    path = tmp_path / "tiles.zip"
    path.write_bytes(zipped(["a.png", "b.png"]))

    task = sdk.tasks.create_from_data(
        {"name": "t", "project_id": project.id, "segment_size": 1},
        resources=[str(path)], resource_type=ResourceType.LOCAL,
        data_params={"image_quality": 100},
    )  # fmt: skip
    first, second = sorted(task.get_jobs(), key=lambda job: job.start_frame)
    second.update({"assignee": 1, "state": "in progress"})
    (label,) = project.get_labels()
    shape = models.LabeledShapeRequest(
        type="mask", frame=1, label_id=label.id, points=[0.0, 4.0, 1.0, 1.0, 2.0, 2.0]
    )
    second.set_annotations(models.LabeledDataRequest(shapes=[shape], tags=[], tracks=[]))

    assert [frame.related_files for frame in task.get_frames_info()] == [1, 1]
    assert second.fetch().assignee.id == 1
    assert [each.points for each in second.get_annotations().shapes] == [shape.points]
    assert first.get_annotations().shapes == []


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_large_file_comes_whole_though_a_parts_answer_is_lost(
    server, tmp_path, monkeypatch, lost
):
    monkeypatch.setattr(uploads, "SMALLEST_PART", 500)
    path = tmp_path / "tiles.zip"
    path.write_bytes(zipped(["a.png"]))
    cvat = Cvat(Transport(server.url, server.token, pause=lambda _: None), guard=nullcontext)
    project = cvat.create_project("clouds", labels=[], tracker="")
    task = cvat.create_task(project.id, "t")
    seen = iter(range(1, 100))
    fault = server.fail("lose")
    fault.due = lambda method, path: method == "PATCH" and next(seen) == lost

    work = uploads.upload(cvat, task.id, path, quality=100)
    done = uploads.settled(cvat, work, pause=lambda _: None, alive=lambda: None)

    assert done.status == "finished"
    assert [(frame.name, frame.related) for frame in cvat.frames(task.id)] == [("a.png", 1)]
    assert 3 < server.asked("PATCH /api/tasks") <= uploads.PARTS + 1


def test_what_the_fake_is_asked_is_logged_without_the_token(server, sdk, caplog):
    caplog.set_level(logging.DEBUG)
    sdk.users.list()

    assert server.asked("GET /api/users") == 1
    assert server.token not in caplog.text
