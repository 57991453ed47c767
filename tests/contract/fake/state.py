"""What the fake server knows: plain rows in dictionaries, numbered as the real one numbers them."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

ADMIN = 1
VERSION = "2.54.1"


@dataclass
class User:
    id: int
    username: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    admin: bool = False


@dataclass
class Token:
    user: int
    value: str
    read_only: bool = False
    expiry_date: str | None = None
    id: int = 1
    name: str = "sync"


@dataclass
class Project:
    id: int
    name: str
    created: datetime
    updated: datetime
    owner: int = ADMIN
    bug_tracker: str = ""


@dataclass
class Label:
    id: int
    project: int
    name: str
    color: str
    type: str = "any"


@dataclass
class Image:
    name: str
    width: int
    height: int
    related: int = 0


@dataclass
class Task:
    id: int
    name: str
    project: int | None
    segment_size: int
    created: datetime
    updated: datetime
    owner: int = ADMIN
    images: list[Image] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)
    has_data: bool = False
    quality: int = 70
    uploads: dict[str, bytes] = field(default_factory=dict)
    """{file name: its bytes so far}."""
    sizes: dict[str, int] = field(default_factory=dict)


@dataclass
class Job:
    id: int
    task: int
    frame: int
    frames: int
    created: datetime
    updated: datetime
    assignee: int | None = None
    assigned: datetime | None = None
    stage: str = "annotation"
    state: str = "new"


@dataclass
class Issue:
    id: int
    job: int
    frame: int
    position: list[float]
    owner: int
    created: datetime
    resolved: bool = False
    messages: list[str] = field(default_factory=list)


@dataclass
class Webhook:
    id: int
    project: int
    values: dict[str, Any]
    created: datetime
    secret: str = ""


@dataclass
class Delivery:
    """What a webhook would send. Nothing is sent: a test hands it to whom it likes, and when."""

    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class State:
    users: dict[int, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    projects: dict[int, Project] = field(default_factory=dict)
    labels: dict[int, Label] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    shapes: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    """{job: shapes}; of any frame, even of frames that there aren't."""
    tags: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    webhooks: dict[int, Webhook] = field(default_factory=dict)
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    version: str = VERSION
    url: str = ""
    skew: timedelta = timedelta()
    """How far its clock is ahead."""
    polls_until_done: int = 0
    """Answers "started" that a background request gives first."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    _counters: dict[str, Iterator[int]] = field(default_factory=dict)
    _last: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def number(self, kind: str) -> int:
        return next(self._counters.setdefault(kind, itertools.count(1)))

    def next_number(self, kind: str, number: int) -> None:
        self._counters[kind] = itertools.count(number)

    def now(self) -> datetime:
        """The server's clock; it never tells one time twice."""
        self._last = max(datetime.now(UTC) + self.skew, self._last + timedelta(microseconds=1))
        return self._last

    # --- what tests and people do

    def add_user(self, username: str, *, email: str = "", admin: bool = False) -> User:
        user = User(self.number("user"), username, email or f"{username}@localhost.test")
        user.admin = admin
        self.users[user.id] = user
        return user

    def add_token(self, user: User, value: str, **values: Any) -> Token:
        self.tokens[value] = Token(user.id, value, id=self.number("token"), **values)
        return self.tokens[value]

    def labels_of(self, project: int) -> list[Label]:
        return [label for label in self.labels.values() if label.project == project]

    def jobs_of(self, task: int) -> list[Job]:
        return [job for job in self.jobs.values() if job.task == task]

    def touch_annotations(self, task: Task, jobs: list[Job]) -> None:
        """An edit of shapes, even an identical one, marks jobs, task and project."""
        now = self.now()
        for each in (*jobs, task):
            each.updated = now
        if task.project in self.projects:
            self.projects[task.project].updated = now

    def touch_labels(self, project: int) -> None:
        """An edit of a label marks the project, its tasks and all their jobs, at one time."""
        now = self.now()
        self.projects[project].updated = now
        for task in self.tasks.values():
            if task.project == project:
                for each in (task, *self.jobs_of(task.id)):
                    each.updated = now

    def delete_label(self, label: int) -> None:
        """What is drawn with it goes with it, without a word."""
        project = self.labels.pop(label).project
        for job, shapes in self.shapes.items():
            self.shapes[job] = [shape for shape in shapes if shape["label_id"] != label]
        self.touch_labels(project)

    def delete_task(self, id: int) -> None:
        for job in self.jobs_of(id):
            del self.jobs[job.id]
            self.shapes.pop(job.id, None)
        project = self.tasks.pop(id).project
        if project in self.projects:
            self.projects[project].updated = self.now()

    def tell(self, event: str, project: int | None, body: dict[str, Any]) -> None:
        """Write down what the project's webhooks would send."""
        for hook in self.webhooks.values():
            if hook.project == project and event in hook.values["events"]:
                raw = json.dumps(body | {"event": event, "webhook_id": hook.id}).encode()
                headers = {"Content-Type": "application/json"}
                if hook.secret:
                    signed = hmac.new(hook.secret.encode(), raw, hashlib.sha256).hexdigest()
                    headers["X-Signature-256"] = f"sha256={signed}"
                self.deliveries.append(Delivery(hook.values["target_url"], headers, raw))
