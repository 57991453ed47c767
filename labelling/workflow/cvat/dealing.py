"""What becomes of jobs that changed: fetched, compared by hash, taken in or held, one by one."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeGuard

from django.contrib.auth.models import User
from django.db import transaction

from labelling.adapters.cvat.client import Cvat
from labelling.errors import (
    CvatAway,
    CvatError,
    CvatForbidden,
    CvatGone,
    CvatProtocol,
    CvatRefused,
    StorageAway,
)
from labelling.imagery.drawings.annotations import Legend, Unusable
from labelling.models import CvatJob, CvatLink, CvatUser
from labelling.workflow.cvat.deleted import FRAME_DELETED
from labelling.workflow.cvat.importing_shapes import (
    IN_HAND,
    Later,
    check_changed,
    drawn_elsewhere,
    legend_of,
    planes_of,
    ready_label,
    take_in,
)
from labelling.workflow.cvat.serving import top_up
from labelling.workflow.cvat.steps import lost
from labelling.workflow.lease import DATABASE_AWAY
from labelling.workflow.spells import one_at_a_time

LABEL_GONE, UNREADABLE, FAILED = "label_gone", "unreadable", "failed"
"""Codes of what is held here, beside those of importing_shapes.py."""
ODD = 3
LONGEST = 2000
"""Characters of a reason."""
DRAWN = ("type", "label_id", "frame", "points", "rotation", "z_order", "source")
"""What of a shape decides its pixels."""
STOPS = (CvatAway, CvatForbidden, StorageAway, OSError, *DATABASE_AWAY)
"""Nothing goes on without these."""
logger = logging.getLogger(__name__)


@dataclass
class Pulled:
    """What a pull came to."""

    whole: bool = False
    listed: int = 0
    """Jobs that the server told of."""
    foreign: int = 0
    """Of those, jobs that aren't ours."""
    fetched: int = 0
    """Jobs whose shapes were read."""
    imported: int = 0
    unchanged: int = 0
    held: int = 0
    gone: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Desk:
    """Where the jobs of one pull are dealt with."""

    link: CvatLink
    cvat: Cvat
    pulled: Pulled
    clock: Callable[[], datetime]
    odd: int = 0
    """Answers in a row that nobody could read."""

    @cached_property
    def legend(self) -> Legend:
        return legend_of(self.link)

    @cached_property
    def people(self) -> dict[int, User]:
        """{id there: person}. One query."""
        found = CvatUser.objects.filter(link=self.link).select_related("user")
        return {each.remote: each.user for each in found}

    def author(self, row: CvatJob) -> User | None:
        """Who drew it: whom it is assigned to there, else whom it was given to, else its author.
        None for somebody there who is nobody of ours."""
        if row.remote_assignee is not None:
            return self.people.get(row.remote_assignee)
        there = row.assignee or row.task.holder
        return there or (row.annotation.author if row.annotation else None)


def digest_of(annotations: Mapping[str, Any]) -> str:
    """sha256 of what is drawn; ids, which change whenever a job is saved, don't count, but their
    order does."""
    shapes = sorted(annotations["shapes"], key=lambda each: each.get("id") or 0)
    kept = [{name: each.get(name) for name in DRAWN} for each in shapes]
    whole = [kept, len(annotations["tracks"])]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def is_done(row: CvatJob) -> bool:
    """Whether its annotator has finished it, or it has gone on to be looked through."""
    return row.stage != "annotation" or row.state == "completed"


def deal_with_all(waiting: Sequence[int], desk: Desk) -> None:
    """Fetch these rows' jobs and take their shapes in; one that can't be is held, and the rest
    goes on. Raises STOPS."""
    if missing := labels_gone(desk.link, desk.cvat):
        _hold_all(waiting, missing, desk.pulled)
        return
    for pk in waiting:
        _deal_with(pk, desk)


def labels_gone(link: CvatLink, cvat: Cvat) -> list[str]:
    """Class codes whose label is no longer on the server. With it went what was drawn in it, so
    nothing that is left can be trusted."""
    there = {each.id for each in cvat.labels(link.project)}
    return [code for code, id in link.labels.items() if id not in there]


def _hold_all(waiting: Sequence[int], missing: list[str], pulled: Pulled) -> None:
    """They stay undone: once the label is back, or the link mended, they are fetched."""
    text = (
        f"The label of class {', '.join(missing)} was deleted in CVAT, and all shapes of it with "
        "it. Restore CVAT's backup, or make the label anew with cvat connect."
    )
    rows = CvatJob.objects.filter(pk__in=waiting)
    pulled.held += rows.update(held_code=LABEL_GONE, held_text=text)


def _deal_with(pk: int, desk: Desk) -> None:
    row = CvatJob.objects.select_related(
        "batch__link__campaign__schema", "task__campaign__schema", "task__holder", "assignee",
        "task__tile__acquisition__place", "annotation__author",
    ).get(pk=pk)  # fmt: skip
    if row.held_code == FRAME_DELETED:
        _settle(row)  # until a sweep finds the image there again
        return
    if not is_done(row):
        _settle(row, held_code="", held_text="")
        return
    try:
        _fetch(row, desk)
    except Later:
        return
    except CvatGone:
        lost(row, now=desk.clock())
        desk.pulled.gone += 1
    except STOPS as stop:
        if not is_of_one(stop):
            raise
        _try_again(row, stop, desk)
    except Exception as wrong:
        _hold_for(row, wrong, desk)


def is_of_one(error: BaseException) -> TypeGuard[CvatAway]:
    """Whether it is said of one request alone, as a 500 is, and the next may go well."""
    return isinstance(error, CvatAway) and not error.unwell


def _hold_for(row: CvatJob, wrong: Exception, desk: Desk) -> None:
    if isinstance(wrong, CvatProtocol | CvatRefused):
        _try_again(row, wrong, desk)
    elif isinstance(wrong, Unusable):
        _hold(row, wrong.code, f"{wrong} {wrong.help}", desk)
    else:
        logger.error("%s can't be taken in", row, exc_info=wrong)
        _hold(row, FAILED, f"The workbench failed: {type(wrong).__name__}: {wrong}", desk)


def _fetch(row: CvatJob, desk: Desk) -> None:
    """Take the job's shapes in, unless they are those that were taken in last.

    Raises Unusable, Later, what a call of the server raises.
    """
    annotations = desk.cvat.annotations(row.remote or 0)
    desk.pulled.fetched += 1
    desk.odd = 0
    digest, now = digest_of(annotations), desk.clock()
    if drawn_elsewhere(row, annotations, same=row.digest == digest):
        _settle(row, held_code="", held_text="", pulled=now)
        desk.pulled.unchanged += 1
        return
    check_changed(row, digest)
    if row.annotation_id and row.digest == digest:
        _settle(row, held_code="", held_text="", pulled=now)
        desk.pulled.unchanged += 1
        return
    planes = planes_of(row, annotations, desk.legend)
    author = desk.author(row)
    made = ready_label(row, planes, author=author, now=now)
    with transaction.atomic():
        if author is not None:
            one_at_a_time(author)
        current = CvatJob.objects.select_for_update().get(pk=row.pk)
        if _state(current) != _state(row):
            return  # another worker was quicker, or knows of a newer change
        label = take_in(row, made, now=now)
        if author is not None and row.task.state in IN_HAND:
            top_up(desk.link, author, now=now)
        _settle(row, annotation=label, digest=digest, held_code="", held_text="", pulled=now)
    desk.pulled.imported += 1


def _state(row: CvatJob) -> tuple[object, ...]:
    return row.updated, row.fetched, row.digest, row.task_id


def _hold(row: CvatJob, code: str, text: str, desk: Desk) -> None:
    desk.pulled.held += _settle(row, held_code=code, held_text=text.strip()[:LONGEST])


def _try_again(row: CvatJob, odd: CvatError, desk: Desk) -> None:
    """Hold a job that can't be read, and let the next pull ask again: it may be a proxy's page.

    After some of them in a row the server is asked for its version, which raises CvatProtocol
    where it isn't the job's fault.
    """
    desk.odd += 1
    if desk.odd % ODD == 0:
        desk.cvat.version()
    text = f"{odd} {odd.help}".strip()[:LONGEST]
    same = CvatJob.objects.filter(pk=row.pk, updated=row.updated, fetched=row.fetched)
    desk.pulled.held += same.update(held_code=UNREADABLE, held_text=text)


def _settle(row: CvatJob, **news: Any) -> int:
    """Write what became of the change that was looked at, unless another worker knows better."""
    same = CvatJob.objects.filter(pk=row.pk, updated=row.updated, fetched=row.fetched)
    return same.update(fetched=row.updated, **news)
