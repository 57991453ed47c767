"""What a CVAT server tells, as far as the workbench goes by it; read strictly, once, here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.utils.dateparse import parse_datetime

from labelling.errors import CvatProtocol

Read = TypeVar("Read")
Json = Mapping[str, Any]

STAGES = ("annotation", "validation", "acceptance")
STATES = ("new", "in progress", "rejected", "completed")


@dataclass(frozen=True)
class JobSeen:
    """One job: with `segment_size=1` one frame of its task."""

    id: int
    task: int
    project: int | None
    assignee: int | None
    """Id of the person it is given to."""
    stage: str
    """One of STAGES."""
    state: str
    """One of STATES."""
    frame: int
    """Its first frame, in the task."""
    frames: int
    updated: datetime
    """By the server's clock. Edits of shapes, of labels, of stage, state and assignee change it."""
    created: datetime

    @classmethod
    def of(cls, told: Json) -> JobSeen:
        return cls(
            id=int(told["id"]),
            task=int(told["task_id"]),
            project=_number(told.get("project_id")),
            assignee=_number((told.get("assignee") or {}).get("id")),
            stage=_one_of(STAGES, told["stage"]),
            state=_one_of(STATES, told["state"]),
            frame=int(told["start_frame"]),
            frames=int(told["frame_count"]),
            updated=_moment(told["updated_date"]),
            created=_moment(told["created_date"]),
        )


@dataclass(frozen=True)
class TaskSeen:
    """One task: a batch of ours, or somebody else's."""

    id: int
    name: str
    project: int | None
    size: int | None
    """Frames; None: its data never came in."""
    updated: datetime
    subset: str = ""

    @classmethod
    def of(cls, told: Json) -> TaskSeen:
        size = told.get("size") if told.get("data") is not None else None
        return cls(
            id=int(told["id"]),
            name=str(told["name"]),
            project=_number(told.get("project_id")),
            size=_number(size),
            updated=_moment(told["updated_date"]),
            subset=str(told.get("subset") or ""),
        )


@dataclass(frozen=True)
class Frame:
    """One image of a task."""

    number: int
    """Shapes name it."""
    name: str
    width: int
    height: int
    related: int
    """Context images."""
    deleted: bool

    @staticmethod
    def all_of(told: Json) -> list[Frame]:
        """Of a task's data/meta. Numbers are those of the task."""
        first = int(told.get("start_frame") or 0)
        deleted = set(told.get("deleted_frames") or ())
        return [
            Frame(
                number=number,
                name=str(each["name"]),
                width=int(each["width"]),
                height=int(each["height"]),
                related=int(each.get("related_files") or 0),
                deleted=number in deleted,
            )
            for number, each in enumerate(told["frames"], first)
        ]


@dataclass(frozen=True)
class LabelSeen:
    id: int
    name: str
    colour: str
    """#rrggbb, in lower case."""
    type: str
    """mask, any, polygon …"""

    @classmethod
    def of(cls, told: Json) -> LabelSeen:
        return cls(
            int(told["id"]), str(told["name"]), str(told["color"]).lower(), str(told["type"])
        )


@dataclass(frozen=True)
class ProjectSeen:
    id: int
    name: str
    tracker: str
    """Free text; the workbench keeps its mark there."""
    owner: int | None

    @classmethod
    def of(cls, told: Json) -> ProjectSeen:
        return cls(
            id=int(told["id"]),
            name=str(told["name"]),
            tracker=str(told.get("bug_tracker") or ""),
            owner=_number((told.get("owner") or {}).get("id")),
        )


@dataclass(frozen=True)
class UserSeen:
    id: int
    username: str
    email: str
    name: str

    @classmethod
    def of(cls, told: Json) -> UserSeen:
        name = f"{told.get('first_name') or ''} {told.get('last_name') or ''}"
        return cls(
            int(told["id"]), str(told["username"]), str(told.get("email") or ""), name.strip()
        )


@dataclass(frozen=True)
class WebhookSeen:
    id: int
    target: str
    active: bool
    events: tuple[str, ...]

    @classmethod
    def of(cls, told: Json) -> WebhookSeen:
        events = tuple(sorted(map(str, told.get("events") or ())))
        return cls(int(told["id"]), str(told["target_url"]), bool(told["is_active"]), events)


@dataclass(frozen=True)
class RequestSeen:
    """Work that the server does in the background."""

    status: str
    """queued, started, finished or failed."""
    message: str

    @classmethod
    def of(cls, told: Json) -> RequestSeen:
        return cls(
            _one_of(("queued", "started", "finished", "failed"), told["status"]),
            str(told.get("message") or ""),
        )


@dataclass(frozen=True)
class TokenSeen:
    read_only: bool
    ends: datetime | None
    """null: never."""

    @classmethod
    def of(cls, told: Json) -> TokenSeen:
        ends = told.get("expiry_date")
        return cls(bool(told["read_only"]), _moment(ends) if ends else None)


@dataclass(frozen=True)
class IssueSeen:
    id: int
    frame: int
    resolved: bool

    @classmethod
    def of(cls, told: Json) -> IssueSeen:
        return cls(int(told["id"]), int(told["frame"]), bool(told["resolved"]))


def understood(read: Callable[[Json], Read], told: Any, what: str) -> Read:
    """What `read` makes of an answer. Raises CvatProtocol for one of another shape."""
    try:
        return read(told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CvatProtocol(
            f"{what}: CVAT's answer isn't as expected ({type(error).__name__}: {error}).",
            field="CVAT_URL",
            help="Is this a CVAT server, and of a version that manage.py cvat check calls tested?",
        ) from error


def all_understood(read: Callable[[Json], Read], told: Iterable[Any], what: str) -> list[Read]:
    return [understood(read, each, what) for each in told]


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _one_of(known: tuple[str, ...], value: Any) -> str:
    if value not in known:
        raise ValueError(f"{value!r} is none of {', '.join(known)}")
    return str(value)


def _moment(value: Any) -> datetime:
    found = parse_datetime(value)
    if found is None or found.tzinfo is None:
        raise ValueError(f"{value!r} is no time")
    return found
