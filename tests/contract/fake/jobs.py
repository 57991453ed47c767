"""Jobs, what is drawn in them, and what is said about it."""

from __future__ import annotations

from typing import Any

from tests.contract.fake import views
from tests.contract.fake.http import BadRequest, Crash, NoRight, NotHere, Refused, Reply, Request
from tests.contract.fake.lists import listed
from tests.contract.fake.projects import sender
from tests.contract.fake.state import Issue, Job, State, Task

CHOICES = {
    "stage": ("annotation", "validation", "acceptance"),
    "state": ("new", "in progress", "rejected", "completed"),
}
SHAPES = {
    "mask": range(5, 10**9), "polygon": range(6, 10**9, 2), "rectangle": range(4, 5),
    "ellipse": range(4, 5), "polyline": range(4, 10**9, 2), "points": range(2, 10**9, 2),
}  # fmt: skip
LONGEST_SOURCE = 39
FILTERS = ("task_id", "project_id", "assignee", "state", "stage", "type", "status")


def jobs(state: State, request: Request) -> Reply:
    rows = [views.job(state, each) for each in state.jobs.values() if _may_see(request, each)]
    path = f"{state.url}{request.path}"
    return Reply(200, listed(rows, request.query, path=path, known=FILTERS))


def job(state: State, request: Request, id: int) -> Reply:
    row = _job(state, request, id)
    if request.method == "DELETE":
        raise BadRequest(["Only ground truth jobs can be removed"])
    if request.method == "PATCH":
        before = views.job(state, row)
        _change(state, request, row)
        _tell(state, request, row, before)
    return Reply(200, views.job(state, row))


def job_meta(state: State, request: Request, id: int) -> Reply:
    row = _job(state, request, id)
    task = state.tasks[row.task]
    if request.method == "PATCH":
        mine = set(range(row.frame, row.frame + row.frames))
        task.deleted = (task.deleted - mine) | (set(request.json()["deleted_frames"]) & mine)
    return Reply(200, views.data_meta(task, row.frame, row.frames))


def job_annotations(state: State, request: Request, id: int) -> Reply:
    row = _job(state, request, id)
    return _annotations(state, request, state.tasks[row.task], [row])


def task_annotations(state: State, request: Request, id: int) -> Reply:
    task = state.tasks.get(id)
    if task is None:
        raise NotHere("No Task matches the given query.")
    return _annotations(state, request, task, state.jobs_of(id))


def issues(state: State, request: Request) -> Reply:
    if request.method != "POST":
        rows = [views.issue(state, each) for each in state.issues.values()]
        for row in rows:
            row["job_id"] = row["job"]
        path = f"{state.url}{request.path}"
        return Reply(200, listed(rows, request.query, path=path, known=("job_id",)))
    asked = request.json()
    _job(state, request, asked["job"])
    position = [float(each) for each in asked["position"]]
    row = Issue(
        state.number("issue"), asked["job"], asked["frame"], position, request.user.id, state.now(),
        messages=[asked["message"]],
    )  # fmt: skip
    state.issues[row.id] = row
    return Reply(201, views.issue(state, row))


def comments(state: State, request: Request) -> Reply:
    rows = [
        {
            "id": 1000 * issue.id + number,
            "issue": issue.id,
            "job_id": issue.job,
            "owner": views.user_brief(state, issue.owner),
            "message": message,
            "created_date": views.at(issue.created),
            "updated_date": views.at(issue.created),
        }
        for issue in state.issues.values()
        for number, message in enumerate(issue.messages)
    ]
    path = f"{state.url}{request.path}"
    return Reply(200, listed(rows, request.query, path=path, known=("job_id",)))


def _may_see(request: Request, row: Job) -> bool:
    return request.user.admin or row.assignee == request.user.id


def _job(state: State, request: Request, id: int) -> Job:
    row = state.jobs.get(id)
    if row is None:
        raise NotHere("No Job matches the given query.")
    if not _may_see(request, row):
        raise NoRight
    return row


def _change(state: State, request: Request, row: Job) -> None:
    values = request.json()
    if not set(values) <= {"assignee", "stage", "state"}:
        refused = Refused({"detail": "Attempted to update an unknown field"})
        refused.status = 403
        raise refused
    for name, known in CHOICES.items():
        if name in values and values[name] not in known:
            raise BadRequest({name: [f'"{values[name]}" is not a valid choice.']})
    if not request.user.admin and set(values) != {"state"}:
        raise NoRight
    if values.get("assignee") is not None and values["assignee"] not in state.users:
        raise Crash
    if "assignee" in values and values["assignee"] != row.assignee:
        row.assignee, row.assigned = values["assignee"], state.now()
    if values.get("stage", row.stage) != row.stage:
        row.stage, row.state = values["stage"], "new"
    row.state = values.get("state", row.state)
    row.updated = state.now()


def _tell(state: State, request: Request, row: Job, before: dict[str, Any]) -> None:
    now = views.job(state, row)
    was = {name: value for name, value in before.items() if now[name] != value}
    told = {"job": now, "before_update": was} | sender(state, request)
    state.tell("update:job", now["project_id"], told)


def _annotations(state: State, request: Request, task: Task, jobs: list[Job]) -> Reply:
    if request.method == "GET":
        shapes = [shape for job in jobs for shape in state.shapes.get(job.id, [])]
        tags = [tag for job in jobs for tag in state.tags.get(job.id, [])]
        return Reply(200, {"version": 0, "tags": tags, "shapes": shapes, "tracks": []})
    if request.method == "DELETE":
        _replace(state, request, task, jobs, [], [])
        return Reply(204)
    told = request.json()
    shapes = [_checked(state, task, each) for each in told.get("shapes", [])]
    if request.method == "PATCH":
        return _patch(state, request, task, jobs, shapes)
    tags = [
        {"id": state.number("tag"), "group": None, "attributes": []} | each
        for each in told.get("tags", [])
    ]
    _number(state, shapes)
    _replace(state, request, task, jobs, shapes, tags)
    echoed = [_echo(shape, given) for shape, given in zip(shapes, told.get("shapes", []))]
    return Reply(200, {"version": 0, "tags": tags, "shapes": echoed, "tracks": []})


def _replace(
    state: State, request: Request, task: Task, jobs: list[Job], shapes: list[Any], tags: list[Any]
) -> None:
    """Put shapes into the jobs whose frames they name; a single job takes them all."""
    had = any(state.shapes.get(job.id) for job in jobs)
    for job in jobs:
        mine = range(job.frame, job.frame + job.frames)
        alone = len(jobs) == 1
        state.shapes[job.id] = [each for each in shapes if alone or each["frame"] in mine]
        state.tags[job.id] = [each for each in tags if alone or each["frame"] in mine]
    if shapes or had or request.method != "DELETE":
        _edited(state, request, task, jobs)


def _patch(state: State, request: Request, task: Task, jobs: list[Job], shapes: list[Any]) -> Reply:
    action, given = request.query.get("action"), request.json()["shapes"]
    if action not in ("create", "update", "delete"):
        raise BadRequest(["Please specify a correct 'action' for the request"])
    if action == "create":
        if any("id" in each for each in given):
            raise BadRequest({"shapes": [{"id": ["must be absent"]}]})
        _number(state, shapes)
    else:
        for shape, each in zip(shapes, given):
            shape["id"] = each["id"]
    gone = {shape["id"] for shape in shapes}
    for job in jobs:
        kept = [each for each in state.shapes.get(job.id, []) if each["id"] not in gone]
        mine = range(job.frame, job.frame + job.frames)
        new = [each for each in shapes if len(jobs) == 1 or each["frame"] in mine]
        known = {each["id"] for each in state.shapes.get(job.id, [])}
        new = [each for each in new if action == "create" or each["id"] in known]
        state.shapes[job.id] = kept + ([] if action == "delete" else new)
    _edited(state, request, task, jobs)
    echoed = [_echo(shape, each) for shape, each in zip(shapes, given)]
    if action == "delete":
        echoed = [{k: v for k, v in each.items() if k != "elements"} for each in echoed]
    return Reply(200, {"version": 0, "tags": [], "shapes": echoed, "tracks": []})


def _edited(state: State, request: Request, task: Task, jobs: list[Job]) -> None:
    state.touch_annotations(task, jobs)
    who = sender(state, request)
    was = {"before_update": {"updated_date": None}}
    for job in jobs:
        state.tell("update:job", task.project, {"job": views.job(state, job)} | who | was)
    state.tell("update:task", task.project, {"task": views.task(state, task)} | who | was)
    if task.project in state.projects:
        told = {"project": views.project(state, state.projects[task.project])}
        state.tell("update:project", task.project, told | who | was)


def _number(state: State, shapes: list[dict[str, Any]]) -> None:
    for shape in shapes:
        shape["id"] = state.number("shape")


def _checked(state: State, task: Task, shape: dict[str, Any]) -> dict[str, Any]:
    """A shape as it is stored: the little that the server looks at."""
    faults = _faults(shape)
    if faults:
        raise BadRequest({"shapes": [faults]})
    label = state.labels.get(shape["label_id"])
    if label is None or label.project != task.project:
        raise BadRequest([f"label_id `{shape['label_id']}` is invalid"])
    for each in shape.get("attributes", []):
        raise BadRequest([f"spec_id `{each['spec_id']}` is invalid"])
    if len(shape.get("source", "manual")) > LONGEST_SOURCE:
        raise Crash
    defaults = {
        "group": None, "source": "manual", "occluded": False, "outside": False, "z_order": 0,
        "rotation": 0.0, "attributes": [], "elements": [],
    }  # fmt: skip
    known = {"label_id", "type", "frame", "points", *defaults}
    stored = defaults | {name: value for name, value in shape.items() if name in known}
    return stored | {"points": [float(each) for each in shape["points"]]}


def _echo(stored: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A shape as a write answers it: points as they were sent."""
    return stored | {"points": given["points"], "rotation": given.get("rotation", 0)}


def _faults(shape: dict[str, Any]) -> dict[str, Any]:
    if "label_id" not in shape:
        return {"label_id": ["This field is required."]}
    if shape["label_id"] is None:
        return {"label_id": ["This field may not be null."]}
    if shape.get("type") not in SHAPES:
        return {"type": [f'"{shape.get("type")}" is not a valid choice.']}
    if shape["frame"] < 0:
        return {"frame": ["Ensure this value is greater than or equal to 0."]}
    if shape.get("rotation", 0) > 360:
        return {"rotation": ["Ensure this value is less than or equal to 360."]}
    return _faults_of_points(shape.get("points", []), shape["type"])


def _faults_of_points(points: Any, kind: str) -> dict[str, Any]:
    if points is None:
        return {"points": ["This field may not be null."]}
    for place, value in enumerate(points):
        if not isinstance(value, (int, float)):
            said = "Value must be a float or an integer"
            return {"points": {str(place): f"[ErrorDetail(string='{said}', code='invalid')]"}}
    if len(points) not in SHAPES[kind]:
        return {"points": [f"invalid length for shape type '{kind}'"]}
    return {}
