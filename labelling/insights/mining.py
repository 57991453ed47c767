"""What the newest search for label errors found, the most doubtful label first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing

from labelling import enqueue
from labelling.errors import BadInput
from labelling.models import Annotation, Campaign, Job, Task, Tile

KIND = enqueue.Job.MINE.value
UNFINISHED = (Job.State.WAITING, Job.State.RUNNING)
LARGEST_PAGE = 100


@dataclass(frozen=True)
class Doubted:
    """A row of the ranking, and what became of it."""

    row: Mapping[str, Any]
    """As the mining wrote it (compute/mining_doubt.py: doubt_facts)."""
    tile: str | None
    """The tile's UUID; null where the campaign has it no more."""
    annotation: str
    author: str
    """Username; empty for an imported label."""
    task: str | None
    """UUID of the task in which the label is drawn anew."""
    task_state: str


def minings(campaign: Campaign) -> Any:
    return Job.objects.filter(kind=KIND, campaign=campaign).order_by("-pk")


def newest(campaign: Campaign) -> Job | None:
    """The newest mining that is finished. One query."""
    return minings(campaign).filter(state=Job.State.DONE).first()


def unfinished(campaign: Campaign) -> Job | None:
    """The mining that waits or runs. One query."""
    return minings(campaign).filter(state__in=UNFINISHED).first()


def ranking(
    mining: Job, *, cursor: str | None = None, limit: int = 50
) -> tuple[list[Doubted], str | None]:
    """At most `limit` rows in their order, and the cursor of the next page, None at the end.

    Three queries, however many rows there are. Raises BadInput for a cursor of another ranking.
    """
    after = _start(mining, cursor)
    rows = mining.result["rows"][after : after + limit]
    more = after + limit < len(mining.result["rows"])
    return _told(mining, rows), signing.dumps([str(mining.uuid), after + limit]) if more else None


def _start(mining: Job, cursor: str | None) -> int:
    """Rows before the page: they never change, so their number is a key."""
    if cursor is None:
        return 0
    try:
        name, after = signing.loads(cursor)
    except (signing.BadSignature, ValueError, TypeError):
        name, after = "", 0
    if name != str(mining.uuid):
        raise BadInput(
            f"{cursor[:60]!r} is no cursor of the newest ranking.",
            field="cursor",
            help="Begin again without a cursor: there may be a newer ranking.",
        )
    return int(after)


def _told(mining: Job, rows: Sequence[Mapping[str, Any]]) -> list[Doubted]:
    names = [row["annotation"] for row in rows]
    labels = {
        str(each.uuid): each
        for each in Annotation.objects.filter(uuid__in=names).select_related("author")
    }
    tasks = {
        str(each.doubts.uuid): each
        for each in Task.objects.filter(doubts__uuid__in=names).select_related("doubts")
    }
    tiles = {tile.key: str(tile.uuid) for tile in _tiles(mining, labels.values())}
    return [_row(row, labels, tasks, tiles) for row in rows]


def _tiles(mining: Job, labels: Any) -> Any:
    return Tile.objects.filter(
        enrolments__campaign=mining.campaign_id,
        acquisition__in={each.acquisition_id for each in labels},
    ).select_related("acquisition__place")


def _row(
    row: Mapping[str, Any],
    labels: Mapping[str, Annotation],
    tasks: Mapping[str, Task],
    tiles: Mapping[str, str],
) -> Doubted:
    name = row["annotation"]
    label, task = labels.get(name), tasks.get(name)
    return Doubted(
        row=row,
        tile=tiles.get(row["key"]),
        annotation=name,
        author=label.author.username if label and label.author else "",
        task=str(task.uuid) if task else None,
        task_state=task.state if task else "",
    )
