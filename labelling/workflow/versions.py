"""Go back to an earlier version of a label: by a new version with the old pixels."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from labelling.adapters.blobs import store
from labelling.errors import Conflict, NotAllowed
from labelling.imagery.tilefile import read_label
from labelling.models import Acquisition, Annotation, Event, Membership, Task, record, role_of
from labelling.models.annotation import REVERT
from labelling.workflow.numbering import numbered
from labelling.workflow.planes import Planes

if TYPE_CHECKING:
    from django.contrib.auth.models import User

TOOL = REVERT


def revert(*, annotation: Annotation, by: User, now: datetime) -> Annotation:
    """The next version of the acquisition's label, with `annotation`'s pixels.

    Its parent is the version that had the say so far; all of them stay. A lead may go back to any
    version, and vouches for it: it counts at least as much in training as the one it replaces. The
    author may go back among his own versions until a reviewer opens the label.

    Raises NotAllowed; Conflict where `annotation` has the say already, where no label has it, where
    the classes have changed since, or while the label is being reviewed.
    """
    _check_schema(annotation)
    draft = _draft(annotation, by=by, now=now)
    planes = Planes(*read_label(store().raster(annotation.raster)))
    return numbered(draft, planes, lambda: _keep(draft, to=annotation, by=by, now=now))


def current_of(annotation: Annotation, *, by: User) -> Annotation | None:
    """The label that has the say where `annotation` belongs; for an annotator, among his own."""
    labels = Annotation.objects.usable(annotation.schema_id).filter(
        acquisition=annotation.acquisition_id
    )
    if not _leads(by, annotation):
        labels = labels.filter(author=by, task=annotation.task_id)
    return labels.by_say().select_related("task", "schema__campaign").last()


def _draft(annotation: Annotation, *, by: User, now: datetime) -> Annotation:
    """The new version, without number and blob."""
    current = current_of(annotation, by=by)
    _check_may(annotation, current, by)
    assert current is not None
    return Annotation(
        acquisition=Acquisition.objects.select_related("place").get(pk=annotation.acquisition_id),
        schema=annotation.schema,
        task=current.task,
        author=by,
        tool=TOOL,
        source=annotation.source,
        licence=annotation.licence,
        trust=max(annotation.trust, current.trust),
        origin={**annotation.origin, "reverted_to": str(annotation.uuid)},
        parent=current,
        kind=annotation.kind,
        sha256=annotation.sha256,
        pixels=annotation.pixels,
        labelled_share=annotation.labelled_share,
        compared=now,  # nobody drew it anew: it says nothing of its author or of a pre-label
        created=now,
    )


@transaction.atomic
def _keep(draft: Annotation, *, to: Annotation, by: User, now: datetime) -> Annotation:
    # Locked, so that of two reverts at once the second sees the first.
    Acquisition.objects.select_for_update().get(pk=draft.acquisition_id)
    current = current_of(to, by=by)
    if current is None or current.pk != draft.parent_id:
        raise Conflict(
            "The label has changed meanwhile.", help="Look at its newest version, then try again."
        )
    if draft.task_id:
        # Locked as well: no reviewer opens it, none decides, between the question and the answer.
        draft.task = current.task = Task.objects.select_for_update().get(pk=draft.task_id)
    _check_may(to, current, by)
    draft.save(force_insert=True)
    record(
        Event.Verb.REVERTED,
        draft,
        campaign=to.schema.campaign,
        who=by,
        now=now,
        before=current.sha256,
        after=draft.sha256,
        annotation=str(draft.uuid),
        to=str(to.uuid),
    )
    return draft


def _check_schema(annotation: Annotation) -> None:
    campaign = annotation.schema.campaign
    if campaign.schema_id != annotation.schema_id:
        raise Conflict(
            f"This version of the label uses version {annotation.schema.version} of the classes; "
            "another one is in force.",
            field="annotation",
            help="Go back to the version that was migrated from it.",
        )


def _check_may(annotation: Annotation, current: Annotation | None, by: User) -> None:
    leads = _leads(by, annotation)
    if not leads and annotation.author_id != by.pk:
        raise _not_allowed()
    if current is None:
        raise Conflict(
            "No label of this tile counts, so there is nothing to go back from.",
            field="annotation",
            help="Label the tile again.",
        )
    if current.pk == annotation.pk:
        raise Conflict("This is the current version already.", field="annotation")
    if current.task and current.task.state == Task.State.IN_REVIEW:
        raise Conflict(
            "The label is being reviewed.", help="Wait for the verdict, or ask the reviewer."
        )
    if not leads and not (current.task and current.task.state == Task.State.SUBMITTED):
        raise _not_allowed()


def _not_allowed() -> NotAllowed:
    return NotAllowed(
        "You can go back among your own versions until the label is reviewed.",
        help="Ask a lead of the campaign.",
    )


def _leads(by: User, annotation: Annotation) -> bool:
    return role_of(by, annotation.schema.campaign) == Membership.Role.LEAD
