"""Tasks, their images, and the background work that takes the images in."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

from PIL import Image as Picture

from tests.contract.fake import views
from tests.contract.fake.http import BadRequest, Crash, NoRight, NotHere, Refused, Reply, Request
from tests.contract.fake.lists import listed
from tests.contract.fake.projects import sender
from tests.contract.fake.state import Image, Job, State, Task

LONGEST_NAME = 256
RELATED = "related_images/"


def tasks(state: State, request: Request) -> Reply:
    if request.method == "POST":
        return _create(state, request)
    rows = [views.task(state, each) for each in state.tasks.values() if request.user.admin]
    path = f"{state.url}{request.path}"
    return Reply(200, listed(rows, request.query, path=path, known=("project_id", "name")))


def task(state: State, request: Request, id: int) -> Reply:
    row = _task(state, id)
    if not request.user.admin:
        raise NoRight
    if request.method == "DELETE":
        told = {"task": views.task(state, row)} | sender(state, request)
        state.delete_task(id)
        state.tell("delete:task", row.project, told)
        return Reply(204)
    if request.method == "PATCH":
        row.name = request.json().get("name", row.name)
        row.updated = state.now()
    return Reply(200, views.task(state, row))


def data(state: State, request: Request, id: int) -> Reply:
    """Upload-Start, Upload-Multiple, TUS, Upload-Finish; or all of it in one request."""
    row = _task(state, id)
    if row.has_data:
        raise BadRequest("Adding more data is not supported")
    headers = request.headers
    if "multipart" in headers.get("content-type", ""):
        _take_in(row, request.files())
    if "upload-length" in headers:
        return _announce(state, request, row)
    if "upload-finish" in headers:
        quality = {} if "multipart" in headers["content-type"] else request.json()
        row.quality = int(quality.get("image_quality", row.quality))
        return _finish(state, row)
    return Reply(202 if "upload-start" in headers else 200)


def part(state: State, request: Request, id: int, file: str) -> Reply:
    """A piece of a TUS upload, or how far it is."""
    row = _task(state, id)
    known = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
    if file not in row.uploads:
        raise NotHere("No such upload.")
    if request.method == "HEAD":
        told = {"Upload-Offset": str(len(row.uploads[file])), "Upload-Length": str(row.sizes[file])}
        return Reply(200, headers=known | told)
    if int(request.headers["upload-offset"]) != len(row.uploads[file]):
        refused = Refused()
        refused.status = 409
        raise refused
    row.uploads[file] += request.body
    if "/" in file.split("_", 1)[1] and len(row.uploads[file]) == row.sizes[file]:
        raise Crash  # a name with a folder in it, once it is whole
    return Reply(204, headers=known | {"Upload-Offset": str(len(row.uploads[file]))})


def meta(state: State, request: Request, id: int) -> Reply:
    row = _task(state, id)
    if not row.has_data:
        raise Crash
    return Reply(200, views.data_meta(row, 0, len(row.images)))


def background(state: State, request: Request, id: str) -> Reply:
    row = state.requests.get(id)
    if row is None:
        return Reply(404, "There is no request with specified id")
    if row["status"] == "started" and state.polls_until_done > 0:
        state.polls_until_done -= 1
        return Reply(200, row)
    if row["status"] == "started":
        _work(state, row)
    return Reply(200, row)


def _create(state: State, request: Request) -> Reply:
    values = request.json()
    _check(state, values)
    now = state.now()
    size = values.get("segment_size", 0)
    row = Task(state.number("task"), values["name"], values.get("project_id"), size, now, now)
    state.tasks[row.id] = row
    state.tell(
        "create:task", row.project, {"task": views.task(state, row)} | sender(state, request)
    )
    return Reply(201, views.task(state, row))


def _check(state: State, values: dict[str, Any]) -> None:
    project, name = values.get("project_id"), values.get("name", "")
    if not name:
        raise BadRequest({"name": ["This field may not be blank."]})
    if len(name) > LONGEST_NAME:
        said = f"Ensure this field has no more than {LONGEST_NAME} characters."
        raise BadRequest({"name": [said]})
    if project is not None and "labels" in values:
        raise BadRequest(["Task must have only one of Label set or project_id"])
    if project is not None and project not in state.projects:
        raise BadRequest(["Project matching query does not exist."])


def _take_in(row: Task, files: dict[str, bytes]) -> None:
    if set(files) & set(row.uploads):
        raise Crash
    row.uploads |= files


def _announce(state: State, request: Request, row: Task) -> Reply:
    words = dict(
        each.split(" ", 1) for each in request.headers["upload-metadata"].split(",") if " " in each
    )
    name = base64.b64decode(words["filename"]).decode()
    file = f"{row.owner}_{name}"
    row.uploads[file], row.sizes[file] = b"", int(request.headers["upload-length"])
    where = f"{state.url}/api/tasks/{row.id}/data/{file}"
    told = {"Tus-Resumable": "1.0.0", "Location": where, "Upload-Filename": name}
    return Reply(201, headers=told)


def _finish(state: State, row: Task) -> Reply:
    id = f"action=create&target=task&target_id={row.id}"
    state.requests[id] = {
        "status": "started",
        "message": "",
        "id": id,
        "operation": {
            "type": "create:task",
            "target": "task",
            "project_id": row.project,
            "task_id": row.id,
            "job_id": None,
            "format": None,
            "lightweight": None,
        },
        "progress": 0.0,
        "created_date": views.at(state.now()),
        "started_date": views.at(state.now()),
        "finished_date": None,
        "expiry_date": None,
        "owner": {"id": row.owner, "username": state.users[row.owner].username},
        "result_url": None,
        "result_id": None,
    }
    return Reply(202, {"rq_id": id})


def _work(state: State, request: dict[str, Any]) -> None:
    """What the server does in the background, done when it is asked after."""
    row = state.tasks.get(request["operation"]["task_id"])
    try:
        images = _images(row.uploads) if row else []
        if not images:
            raise ValueError("No media data found")
    except (ValueError, OSError) as error:
        request |= {"status": "failed", "message": f"{type(error).__name__}: {error}\n"}
        return
    request |= {"status": "finished", "finished_date": views.at(state.now())}
    row.images, row.has_data, row.updated = images, True, state.now()
    length = row.segment_size or len(images)
    for first in range(0, len(images), length):
        now = state.now()
        frames = min(length, len(images) - first)
        job = Job(state.number("job"), row.id, first, frames, now, now)
        state.jobs[job.id] = job
    row.uploads = {}


def _images(uploads: dict[str, bytes]) -> list[Image]:
    """The images by name, with how many related ones each has. Raises OSError for a broken one."""
    found: dict[str, bytes] = {}
    for file, content in uploads.items():
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                found |= {name: packed.read(name) for name in packed.namelist()}
        else:
            found[file.split("_", 1)[-1] if file[0].isdigit() else file] = content
    related = [name.split(RELATED, 1)[1].split("/")[0] for name in found if RELATED in name]
    images = []
    for name in sorted(each for each in found if RELATED not in each):
        with Picture.open(io.BytesIO(found[name])) as picture:
            width, height = picture.size
        folder = name.replace(".", "_")
        images.append(Image(name, width, height, related.count(folder)))
    return images


def _task(state: State, id: int) -> Task:
    row = state.tasks.get(id)
    if row is None:
        raise NotHere("No Task matches the given query.")
    return row
