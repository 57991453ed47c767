"""Calls of a CVAT server, one method each. Lists are read to their last page and counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from labelling.adapters.cvat import seen
from labelling.adapters.cvat.faults import Answer
from labelling.adapters.cvat.seen import all_understood, understood
from labelling.errors import CvatGone, CvatProtocol

Read = TypeVar("Read")
PAGE = 100
"""Rows of a page; the server's own default is 10."""
REREADS = 4
"""Times that a list is read which changes while it is read."""
Query = list[tuple[str, Any]]


class Caller(Protocol):
    """Transport, or a test's."""

    url: str
    requests: int
    seconds: float
    clock: datetime | None

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, Any]] = (),
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer: ...


class Cvat:
    """A server, as one campaign's link sees it.

    Every method raises CvatAway, CvatForbidden and CvatProtocol; CvatGone where the thing isn't
    there, and CvatRefused where the server says no.
    """

    def __init__(
        self, transport: Caller, *, guard: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self.transport = transport
        self._guard = guard

    def __repr__(self) -> str:
        return f"Cvat({self.transport.url!r})"

    def call(self, method: str, path: str, **request: Any) -> Answer:
        """One request within the circuit breaker; other modules of this room use it, too."""
        with self._guard():
            return self.transport.call(method, path, **request)

    # --- the server and who we are there

    def version(self) -> str:
        told = self.call("GET", "/api/server/about").json()
        return understood(lambda about: str(about["version"]), told, "The server's version")

    def me(self) -> seen.UserSeen:
        told = self.call("GET", "/api/users/self").json()
        return understood(seen.UserSeen.of, told, "The token's owner")

    def token(self) -> seen.TokenSeen:
        told = self.call("GET", "/api/auth/access_tokens/self").json()
        return understood(seen.TokenSeen.of, told, "The token")

    def users(self, search: str = "") -> list[seen.UserSeen]:
        return self._all(seen.UserSeen.of, "/api/users", [("search", search)] if search else [])

    # --- projects, labels, webhooks

    def project(self, id: int) -> seen.ProjectSeen:
        told = self.call("GET", f"/api/projects/{id}").json()
        return understood(seen.ProjectSeen.of, told, f"Project {id}")

    def projects(self, *, name: str) -> list[seen.ProjectSeen]:
        """Those of exactly this name."""
        found = self._all(seen.ProjectSeen.of, "/api/projects", [("name", name)])
        return [project for project in found if project.name == name]

    def create_project(
        self, name: str, *, labels: Sequence[Mapping[str, Any]], tracker: str
    ) -> seen.ProjectSeen:
        """Not safe to repeat: look for the name first."""
        body = {"name": name, "labels": list(labels), "bug_tracker": tracker}
        told = self.call("POST", "/api/projects", body=body).json()
        return understood(seen.ProjectSeen.of, told, f"Project {name}")

    def change_project(self, id: int, **values: Any) -> seen.ProjectSeen:
        """Set `name`, `bug_tracker`, or add `labels` ([{name, color, type}])."""
        told = self.call("PATCH", f"/api/projects/{id}", body=values).json()
        return understood(seen.ProjectSeen.of, told, f"Project {id}")

    def labels(self, project: int) -> list[seen.LabelSeen]:
        return self._all(seen.LabelSeen.of, "/api/labels", [("project_id", project)])

    def change_label(self, id: int, **values: Any) -> seen.LabelSeen:
        told = self.call("PATCH", f"/api/labels/{id}", body=values).json()
        return understood(seen.LabelSeen.of, told, f"Label {id}")

    def webhooks(self, project: int) -> list[seen.WebhookSeen]:
        return self._all(seen.WebhookSeen.of, "/api/webhooks", [("project_id", project)])

    def create_webhook(
        self, project: int, *, target: str, secret: str, events: Sequence[str]
    ) -> seen.WebhookSeen:
        """Not safe to repeat: look for the target first."""
        body = _webhook(target, secret, events) | {"type": "project", "project_id": project}
        told = self.call("POST", "/api/webhooks", body=body).json()
        return understood(seen.WebhookSeen.of, told, f"Webhook to {target}")

    def change_webhook(
        self, id: int, *, target: str, secret: str, events: Sequence[str]
    ) -> seen.WebhookSeen:
        body = _webhook(target, secret, events)
        told = self.call("PATCH", f"/api/webhooks/{id}", body=body).json()
        return understood(seen.WebhookSeen.of, told, f"Webhook {id}")

    # --- tasks and their images (uploads.py sends them)

    def task(self, id: int) -> seen.TaskSeen:
        told = self.call("GET", f"/api/tasks/{id}").json()
        return understood(seen.TaskSeen.of, told, f"Task {id}")

    def tasks(self, project: int, *, name: str = "") -> list[seen.TaskSeen]:
        """Of a project; with `name` those of exactly this name."""
        query: Query = [("project_id", project), *([("name", name)] if name else [])]
        found = self._all(seen.TaskSeen.of, "/api/tasks", query)
        return [task for task in found if not name or task.name == name]

    def create_task(self, project: int, name: str) -> seen.TaskSeen:
        """A task without data yet, each of its images a job. Not safe to repeat: look for the name
        first."""
        body = {"name": name, "project_id": project, "segment_size": 1}
        told = self.call("POST", "/api/tasks", body=body).json()
        return understood(seen.TaskSeen.of, told, f"Task {name}")

    def delete_task(self, id: int) -> None:
        self.call("DELETE", f"/api/tasks/{id}")

    def frames(self, task: int) -> list[seen.Frame]:
        """Of a task with data; the server fails on one without."""
        told = self.call("GET", f"/api/tasks/{task}/data/meta").json()
        return understood(seen.Frame.all_of, told, f"Images of task {task}")

    def request(self, id: str) -> seen.RequestSeen:
        """How far background work is; the server forgets it after some minutes (CvatGone)."""
        told = self.call("GET", f"/api/requests/{quote(id, safe='')}").json()
        return understood(seen.RequestSeen.of, told, f"Request {id}")

    # --- jobs

    def job(self, id: int) -> seen.JobSeen:
        told = self.call("GET", f"/api/jobs/{id}").json()
        return understood(seen.JobSeen.of, told, f"Job {id}")

    def jobs(self, *, project: int = 0, task: int = 0) -> list[seen.JobSeen]:
        """All of a project or of a task, the oldest first."""
        query: Query = [("task_id", task)] if task else [("project_id", project)]
        return self._all(seen.JobSeen.of, "/api/jobs", [*query, ("sort", "id")])

    def changed_jobs(self, project: int, *, since: datetime) -> list[seen.JobSeen]:
        """Those of a project that changed at `since` or later, by the server's clock, in the order
        in which they did. One request where nothing has."""
        rule = {
            "and": [
                {"==": [{"var": "project_id"}, project]},
                {">=": [{"var": "updated_date"}, stamp(since)]},
            ]
        }
        query: Query = [("filter", json.dumps(rule)), ("sort", "updated_date,id")]
        return self._all(seen.JobSeen.of, "/api/jobs", query)

    def change_job(self, id: int, **values: Any) -> seen.JobSeen:
        """Set `assignee` (an id or None), `stage`, `state`. A new stage without a state sets the
        state back to new; the server fails on an assignee that it doesn't know."""
        told = self.call("PATCH", f"/api/jobs/{id}", body=values).json()
        return understood(seen.JobSeen.of, told, f"Job {id}")

    def annotations(self, job: int) -> dict[str, Any]:
        """{shapes, tags, tracks} of a job, as the server tells them."""
        told = self.call("GET", f"/api/jobs/{job}/annotations").json()
        return understood(_annotations, told, f"Annotations of job {job}")

    def task_annotations(self, task: int) -> dict[str, Any]:
        """Those of all its jobs together; each shape tells its frame."""
        told = self.call("GET", f"/api/tasks/{task}/annotations").json()
        return understood(_annotations, told, f"Annotations of task {task}")

    def put_annotations(
        self, shapes: Sequence[Mapping[str, Any]], *, task: int = 0, job: int = 0
    ) -> dict[str, Any]:
        """Replace all shapes of a task or a job. The server doesn't check them: check before."""
        where = f"tasks/{task}" if task else f"jobs/{job}"
        body = {"version": 0, "tags": [], "shapes": list(shapes), "tracks": []}
        told = self.call("PUT", f"/api/{where}/annotations", body=body).json()
        return understood(_annotations, told, f"Annotations of {where}")

    def issues(self, job: int) -> list[seen.IssueSeen]:
        return self._all(seen.IssueSeen.of, "/api/issues", [("job_id", job)])

    def comments(self, job: int) -> list[str]:
        """What has been said in the issues of a job, the oldest first."""
        said = self._all(_comment, "/api/comments", [("job_id", job), ("sort", "id")])
        return [message for _, message in said]

    def create_issue(
        self, job: int, *, frame: int, position: Sequence[float], message: str
    ) -> seen.IssueSeen:
        """`position` is left, top, right, bottom in pixels. Not safe to repeat: look first."""
        body = {"job": job, "frame": frame, "position": list(position), "message": message}
        told = self.call("POST", "/api/issues", body=body).json()
        return understood(seen.IssueSeen.of, told, f"Issue of job {job}")

    # --- pages

    def _all(self, read: Callable[[Any], Read], path: str, query: Query) -> list[Read]:
        """Every row of a list. Raises CvatProtocol when it never holds still."""
        for _ in range(REREADS):
            rows = self._read(path, [*query, ("page_size", PAGE)])
            if rows is not None:
                return all_understood(read, rows, path)
        raise CvatProtocol(
            f"{path}: the list had another length than the server told, {REREADS} times over.",
            help="It changes all the time, or the server counts wrongly: try again.",
        )

    def _read(self, path: str, query: Query) -> Iterable[Any] | None:
        """The rows of all pages; None: rows came or went between two pages."""
        rows: dict[int, Any] = {}
        page, more = 1, True
        while more:
            try:
                told = self.call("GET", path, query=[*query, ("page", page)]).json()
            except CvatGone:
                if page == 1:
                    raise
                return None
            count, found, more = understood(_page, told, path)
            rows |= {understood(lambda row: row["id"], row, path): row for row in found}
            page += 1
        return rows.values() if len(rows) == count else None


def stamp(moment: datetime) -> str:
    """A time as filters want it; with anything else the server fails."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _page(told: Any) -> tuple[int, list[Any], bool]:
    return int(told["count"]), list(told["results"]), told["next"] is not None


def _annotations(told: Any) -> dict[str, Any]:
    return {kind: list(told[kind]) for kind in ("shapes", "tags", "tracks")}


def _comment(told: Any) -> tuple[int, str]:
    return int(told["id"]), str(told["message"])


def _webhook(target: str, secret: str, events: Sequence[str]) -> dict[str, Any]:
    return {
        "target_url": target,
        "description": "Cloudmask Workbench",
        "content_type": "application/json",
        "secret": secret,
        "is_active": True,
        "enable_ssl": True,
        "events": list(events),
    }
