"""Unfinished labels: kept while a person draws, and whenever a finished one can't be taken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from labelling.adapters.blobs import store
from labelling.errors import BadInput, NotFound, NotYours, StaleDraft, WorkbenchError
from labelling.imagery.tilefile import read_label, write_label
from labelling.models import Annotation, Draft, Membership, Reservation, Task, role_of
from labelling.models.prepared import prepared
from labelling.workflow.planes import Planes, check_size
from labelling.workflow.spells import one_at_a_time

LARGEST_VIEW = 4000
"""Characters of JSON."""
TRIES = 10
OVERSEERS = (Membership.Role.REVIEWER, Membership.Role.LEAD)


@dataclass(frozen=True)
class Start:
    """What a person goes on with on a task."""

    key: str
    """Of the blob with label and provenance."""
    version: int
    """Of the draft; 0: there is none yet, and this is a label to begin with."""
    schema_version: int
    saved: datetime
    view: Mapping[str, Any] = field(default_factory=dict)
    """Where the person was, as the page wrote it."""

    @property
    def planes(self) -> Planes:
        return Planes(*read_label(store().raster(self.key)))


@dataclass(frozen=True)
class Drawn:
    """What a draft keeps."""

    planes: Planes
    schema_version: int
    """Of the classes it was drawn with."""
    view: Mapping[str, Any] | None = None
    """None: the one that is there stays."""


def save_draft(*, task: Task, person: User, drawn: Drawn, base: int, now: datetime) -> Draft:
    """Keep `drawn` as version `base` + 1 of the person's draft; `base` 0 begins one.

    The same save sent twice is one. Raises StaleDraft
    when another tab or machine has saved since version `base`, NotYours when the task isn't (and
    wasn't last) in the person's hands, LabelRejected for another size, BadInput for a view that
    is too large.
    """
    check_size(drawn.planes, tile=task.tile)
    _check_view(drawn.view)
    _check_at_work(task, person)
    draft = _written(task, person, drawn, base + 1, now=now)
    if _put_at_work(draft, base=base, keep_view=drawn.view is None):
        return Draft.objects.get(task=task, person=person)
    current = Draft.objects.filter(task=task, person=person).first()
    if current and (current.version, current.label) == (draft.version, draft.label):
        return current
    store().delete(draft.label)
    raise _stale(current, base)


def keep_refused(
    refused: WorkbenchError, *, task: Task, person: User, drawn: Drawn, now: datetime
) -> Draft | None:
    """Keep a label that couldn't be taken as the person's draft, and say so in the refusal's help.

    It takes the place of an earlier draft, for it is what the person meant to hand in; a draft that
    is this very label stays, with its version. The refusal's `draft` is the version. None when the
    planes don't have the tile's size: then the help says that nothing was kept.
    """
    try:
        check_size(drawn.planes, tile=task.tile)
    except WorkbenchError:
        refused.help = f"{refused.help} Nothing was kept: it is no label of this tile.".strip()
        return None
    for _ in range(TRIES):
        current = next(iter(_drafts(task=task.pk, person=person.pk)), None)
        if current and current.holds(drawn.planes.sha256, schema_version=drawn.schema_version):
            return _told(refused, current)  # autosaved before it was handed in
        base = current.version if current else 0
        draft = _written(task, person, drawn, base + 1, now=now)
        if _put(draft, base=base, keep_view=True):
            return _told(refused, draft)
        _delete_unused(draft)
    raise StaleDraft("Your draft is being saved from elsewhere all the time.", field="version")


def _told(refused: WorkbenchError, draft: Draft) -> Draft:
    """`draft`, once the refusal says that it is kept, to a person and to the page."""
    kept = f"Your label is kept as version {draft.version} of your draft."
    refused.help, refused.draft = f"{refused.help} {kept}".strip(), draft.version
    return draft


def where_to_start(task: Task, person: User) -> Start:
    """The person's draft; without one, the label he took back, or that came back to be reworked.

    A label of somebody else's is given to reviewers and leads alone. Raises NotFound.
    """
    draft = Draft.objects.filter(task=task, person=person).first()
    if draft:
        return Start(draft.label, draft.version, draft.schema_version, draft.saved, draft.view)
    label = _label_to_mend(task, person)
    if label is None:
        raise NotFound("You have no draft of this tile.", help="Start from an empty label.")
    return Start(label.raster, 0, label.schema.version, label.created)


def drop_draft(task: Task, person: User) -> None:
    """Forget the person's draft; its blob goes once the surrounding transaction has committed."""
    for draft in _drafts(task=task.pk, person=person.pk):
        draft.delete()
        _delete_later(draft.label)


@prepared
def _drafts(task: int, person: int) -> QuerySet[Draft]:
    return Draft.objects.filter(task=task, person=person)


def draft_key(task: Task, person: User, *, version: int, sha256: str) -> str:
    # The hash keeps apart what two tabs save as the same version at the same moment.
    return f"labels/drafts/{task.uuid}/{person.pk}-{version}-{sha256[:16]}.tif"


def _written(task: Task, person: User, drawn: Drawn, version: int, *, now: datetime) -> Draft:
    """A draft whose blob is written, not yet in the database."""
    planes = drawn.planes
    key = draft_key(task, person, version=version, sha256=planes.sha256)
    store().write_with(key, lambda path: write_label(path, planes.label, planes.provenance))
    return Draft(
        task=task,
        person=person,
        label=key,
        version=version,
        schema_version=drawn.schema_version,
        view=dict(drawn.view or {}),
        saved=now,
    )


def _put_at_work(draft: Draft, *, base: int, keep_view: bool) -> bool:
    """As `_put`, while the task is in the person's hands. Raises NotYours.

    Asked while his other requests wait: a save that arrives with the submission would else leave
    a draft behind, older than what was handed in.
    """
    try:
        with transaction.atomic():
            one_at_a_time(draft.person)
            _check_at_work(draft.task, draft.person)
            return _put(draft, base=base, keep_view=keep_view)
    except NotYours:
        _delete_unused(draft)
        raise


def _delete_unused(draft: Draft) -> None:
    """Delete the blob of a draft that wasn't put into the database."""
    if not Draft.objects.filter(label=draft.label).exists():
        store().delete(draft.label)


@transaction.atomic
def _put(draft: Draft, *, base: int, keep_view: bool) -> bool:
    """Put the draft into the place of version `base`; False when that isn't the current one."""
    if base == 0:
        try:
            with transaction.atomic():
                draft.save(force_insert=True)
        except IntegrityError:
            return False
        return True
    mine = Draft.objects.filter(task=draft.task, person=draft.person, version=base)
    replaced = mine.values_list("label", flat=True).first()
    new: dict[str, Any] = {
        name: getattr(draft, name) for name in ("label", "version", "schema_version", "saved")
    }
    if not mine.update(**new, **({} if keep_view else {"view": draft.view})):
        return False
    if replaced and replaced != draft.label:
        _delete_later(replaced)
    return True


def _delete_later(key: str) -> None:
    # A blob that can't be deleted is lost space and no more.
    transaction.on_commit(lambda: store().delete(key), robust=True)


def _check_view(view: Mapping[str, Any] | None) -> None:
    if view is not None and len(json.dumps(view)) > LARGEST_VIEW:
        raise BadInput(
            f"The view has more than {LARGEST_VIEW} characters of JSON.",
            field="view",
            help="Keep only where the person was: centre, zoom, composite, tool.",
        )


def _check_at_work(task: Task, person: User) -> None:
    last = task.reservations.filter(person=person).order_by("n").last()
    if last is None or last.how not in ("", Reservation.How.EXPIRED):
        raise NotYours(
            "You don't have this tile in hand, so no draft of it is kept.",
            help="Take the next tile.",
        )


def _stale(current: Draft | None, base: int) -> StaleDraft:
    if current is None:
        return StaleDraft(
            f"There is no version {base} of your draft: the tile was handed in or given back.",
            field="version",
            help="Load the tile again.",
        )
    return StaleDraft(
        f"Version {current.version} of your draft, saved {current.saved:%Y-%m-%d %H:%M:%S} UTC in "
        f"another tab or on another machine, is newer than version {base} that this one began "
        "with. Neither is lost: that one is stored, this one is still here.",
        field="version",
        help=f"Load version {current.version}, or save over it with version={current.version}.",
    )


def _label_to_mend(task: Task, person: User) -> Annotation | None:
    """The newest label of the task or of the one it reworks, that the person may begin with."""
    mine = Q(task__in=[task.pk, task.parent_id or task.pk], author=person)
    if role_of(person, task.campaign) in OVERSEERS:
        reviewing = task.state == Task.State.IN_REVIEW and task.holder_id == person.pk
        mine |= Q(task=task.pk) if reviewing else Q(task=task.parent_id or 0)
    labels = Annotation.objects.filter(mine, author__isnull=False)
    return labels.select_related("schema").order_by("pk").last()
