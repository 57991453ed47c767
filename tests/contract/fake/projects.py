"""Who is who, projects, labels, webhooks."""

from __future__ import annotations

from typing import Any

from tests.contract.fake import views
from tests.contract.fake.http import BadRequest, Crash, NoRight, NotHere, Refused, Reply, Request
from tests.contract.fake.lists import listed
from tests.contract.fake.state import Label, Project, State, User, Webhook

COLOURS = ("#2080c0", "#406b20", "#c06060", "#b8860b")
ABOUT = "Computer Vision Annotation Tool"
EVENTS = [
    f"{verb}:{noun}"
    for verb in ("create", "update", "delete")
    for noun in ("comment", "issue", "job", "task", "project")
    if (verb, noun) != ("create", "project")
]
LONGEST_SECRET = 64


def about(state: State, request: Request) -> Reply:
    told = {"name": ABOUT, "description": ABOUT, "version": state.version}
    told |= {
        "logo_url": f"{state.url}/static/logo.svg",
        "subtitle": "Open Data Annotation Platform",
    }
    return Reply(200, told)


def me(state: State, request: Request) -> Reply:
    return Reply(200, views.user_full(state, _user(request)))


def my_token(state: State, request: Request) -> Reply:
    value = request.headers.get("authorization", "").removeprefix("Bearer ")
    token = state.tokens[value]
    return Reply(200, {
        "id": token.id, "name": token.name, "created_date": "2026-01-01T00:00:00Z",
        "updated_date": "2026-01-01T00:00:00Z", "expiry_date": token.expiry_date,
        "last_used_date": None, "read_only": token.read_only,
        "owner": views.user_brief(state, token.user),
    })  # fmt: skip


def users(state: State, request: Request) -> Reply:
    search = request.query.get("search", "")
    rows = [views.user_full(state, each) for each in state.users.values()]
    rows = [row for row in rows if search in row["username"]]
    return _list(state, request, rows, ("username",))


def projects(state: State, request: Request) -> Reply:
    if request.method == "POST":
        return _create_project(state, request)
    rows = [views.project(state, each) for each in state.projects.values() if _all_of(request)]
    return _list(state, request, rows, ("name",))


def project(state: State, request: Request, id: int) -> Reply:
    row = _project(state, id)
    if request.method == "DELETE":
        for task in [each.id for each in state.tasks.values() if each.project == id]:
            state.delete_task(task)
        for label in state.labels_of(id):
            del state.labels[label.id]
        del state.projects[id]
        return Reply(204)
    if request.method == "PATCH":
        values = request.json()
        _change_labels(state, row, values.pop("labels", []))
        for name, value in values.items():
            setattr(row, name, value)
        row.updated = state.now()
    return Reply(200, views.project(state, row))


def labels(state: State, request: Request) -> Reply:
    query = request.query
    if "job_id" in query:
        task = state.jobs[int(query.pop("job_id"))].task
        query["project_id"] = str(state.tasks[task].project)
    if "project_id" in query and int(query["project_id"]) not in state.projects:
        raise Crash
    rows = [views.label(state, each) for each in state.labels.values()]
    query.setdefault("sort", "id")
    return _list(state, request, rows, ("project_id",))


def label(state: State, request: Request, id: int) -> Reply:
    row = state.labels.get(id)
    if row is None:
        raise NotHere("No Label matches the given query.")
    if request.method == "DELETE":
        state.delete_label(id)
        return Reply(204)
    if request.method == "PATCH":
        values = request.json()
        others = [each.name for each in state.labels_of(row.project) if each.id != id]
        if values.get("name") in others:
            raise BadRequest(["All label names must be unique"])
        for name, value in values.items():
            setattr(row, name, value)
        state.touch_labels(row.project)
        told = {"project": views.project(state, _project(state, row.project))}
        state.tell("update:project", row.project, told | sender(state, request) | {
            "before_update": {"updated_date": None}})  # fmt: skip
    return Reply(200, views.label(state, row))


def webhooks(state: State, request: Request) -> Reply:
    if request.method != "POST":
        rows = [views.webhook(state, each) for each in state.webhooks.values()]
        return _list(state, request, rows, ("project_id",))
    _admin(request)
    values = {
        "description": "", "content_type": "application/json", "is_active": True,
        "enable_ssl": True,
    } | request.json()  # fmt: skip
    _check_webhook(values)
    hook = Webhook(state.number("webhook"), values.pop("project_id"), values, state.now())
    hook.secret = values.pop("secret", "")
    state.webhooks[hook.id] = hook
    return Reply(201, views.webhook(state, hook))


def webhook(state: State, request: Request, id: int) -> Reply:
    hook = state.webhooks.get(id)
    if hook is None:
        raise NotHere("No Webhook matches the given query.")
    if request.method == "DELETE":
        del state.webhooks[id]
        return Reply(204)
    if request.method == "PATCH":
        values = request.json()
        _check_webhook(values)
        hook.secret = values.pop("secret", hook.secret)
        hook.values |= values
    return Reply(200, views.webhook(state, hook))


def sender(state: State, request: Request) -> dict[str, Any]:
    return {"sender": views.user_brief(state, _user(request).id)}


def _create_project(state: State, request: Request) -> Reply:
    values = request.json()
    names = [each["name"] for each in values.get("labels", [])]
    if len(set(names)) < len(names):
        raise BadRequest(["All label names must be unique"])
    now = state.now()
    row = Project(state.number("project"), values["name"], now, now, owner=_user(request).id)
    row.bug_tracker = values.get("bug_tracker", "")
    state.projects[row.id] = row
    _change_labels(state, row, values.get("labels", []))
    return Reply(201, views.project(state, row))


def _change_labels(state: State, row: Project, changes: list[dict[str, Any]]) -> None:
    for change in changes:
        if change.get("deleted"):
            state.delete_label(change["id"])
            continue
        id = state.number("label")
        colour = change.get("color", COLOURS[id % len(COLOURS)])
        state.labels[id] = Label(id, row.id, change["name"], colour, change.get("type", "any"))
        state.touch_labels(row.id)


def _check_webhook(values: dict[str, Any]) -> None:
    if not set(values.get("events", [])) <= set(EVENTS):
        raise BadRequest({"non_field_errors": ["Invalid events list for project webhook"]})
    if "://" not in values.get("target_url", "://"):
        raise BadRequest({"target_url": ["Enter a valid URL."]})
    if len(values.get("secret", "")) > LONGEST_SECRET:
        said = f"Ensure this field has no more than {LONGEST_SECRET} characters."
        raise BadRequest({"secret": [said]})


def _list(
    state: State, request: Request, rows: list[dict[str, Any]], known: tuple[str, ...]
) -> Reply:
    path = f"{state.url}{request.path}"
    return Reply(200, listed(rows, request.query, path=path, known=known))


def _project(state: State, id: int | None) -> Project:
    row = state.projects.get(id or 0)
    if row is None:
        raise NotHere("No Project matches the given query.")
    return row


def _user(request: Request) -> User:
    if request.user is None:
        refused = Refused({"detail": "Authentication credentials were not provided."})
        refused.status = 401
        raise refused
    return request.user


def _admin(request: Request) -> None:
    if not _all_of(request):
        raise NoRight


def _all_of(request: Request) -> bool:
    return _user(request).admin
