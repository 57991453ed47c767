"""The versions of a campaign's classes, and how many labels each has."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from labelling import enqueue
from labelling.errors import BadInput
from labelling.models import Campaign, ClassSchema, Job

from .paging import Order, page

LARGEST_PAGE = 100
NEWEST_FIRST = Order("-version", None, descending=True)


@dataclass(frozen=True)
class Page:
    results: list[ClassSchema]
    """With `parent` loaded, and `labels`: how many labels use the version."""
    cursor: str | None
    """Where the next page begins; None: this is the last."""


def schemas(campaign: Campaign, *, cursor: str | None = None, limit: int = 50) -> Page:
    """The versions of a campaign's classes, the newest first. One query. Raises BadInput."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadInput(f"A page has 1 to {LARGEST_PAGE} versions, not {limit}.", field="limit")
    rows = ClassSchema.objects.filter(campaign=campaign).select_related("parent")
    counted = rows.annotate(labels=Count("annotations"))
    return Page(*page(counted, NEWEST_FIRST, cursor=cursor, limit=limit))


def newest_migration(campaign: Campaign) -> Job | None:
    """The newest job that migrates the campaign's labels; None: there was none. One query."""
    kind = enqueue.Job.MIGRATE_LABELS.value
    return Job.objects.filter(kind=kind, campaign=campaign).order_by("-pk").first()
