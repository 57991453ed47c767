"""The versions of an acquisition's label, and how the pixels of one came about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.models import Acquisition, Annotation, Membership, campaigns_of

from .paging import Order, page

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LARGEST_PAGE = 100
OVERSEEING = (Membership.Role.REVIEWER, Membership.Role.LEAD, Membership.Role.SERVICE)
NEWEST_FIRST = Order("-id", None, descending=True)
PROVENANCE = {
    0: "none",
    1: "painted",
    2: "confirmed",
    3: "propagated",
    4: "imported",
    5: "background",
}
"""By code: not labelled · painted by a person · a pre-label confirmed · spread by a tool · imported
· what nobody drew on in an import."""


@dataclass(frozen=True)
class Page:
    results: list[Annotation]
    """With `schema`, `author`, `task` and `parent` loaded."""
    cursor: str | None
    """Where the next page begins; None: this is the last."""


def versions(
    acquisition: Acquisition,
    *,
    seen_by: User | None,
    campaign: str = "",
    source: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Labels of an acquisition, the newest first; at most two queries.

    `seen_by` sees all labels of campaigns that he oversees and his own of the others; None sees
    all. `campaign` (a slug) and `source` narrow them down. Raises BadInput (limit, cursor).
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadInput(f"A page has 1 to {LARGEST_PAGE} labels, not {limit}.", field="limit")
    rows = Annotation.objects.filter(acquisition=acquisition)
    if seen_by is not None:
        rows = rows.filter(visible(seen_by))
    if campaign:
        rows = rows.filter(schema__campaign__slug=campaign)
    if source:
        rows = rows.filter(source=source)
    related = ("schema__campaign", "author", "task", "parent")
    return Page(*page(rows.select_related(*related), NEWEST_FIRST, cursor=cursor, limit=limit))


def visible(person: User) -> Q:
    """Labels that the person may see: an annotator his own, so that second labels stay blind."""
    return Q(schema__campaign__in=campaigns_of(person, OVERSEEING)) | Q(
        author=person, schema__campaign__in=campaigns_of(person)
    )


def overseen(person: User) -> set[int]:
    """Ids of the campaigns in which the person sees everybody's labels. One query."""
    return set(campaigns_of(person, OVERSEEING).values_list("pk", flat=True))


def provenance_summary(
    label: NDArray[np.uint8], provenance: NDArray[np.uint8], *, codes: Iterable[int]
) -> dict[str, Any]:
    """How a label's pixels came about: {pixels: {how: n}, classes: {code: {how: n}}}.

    Both planes (height, width); `codes` are the classes', 254 and 255 come by themselves where they
    occur. Only what occurs is counted, but each class is named.
    """
    counts = np.zeros((256, 256), np.int64)
    np.add.at(counts, (label.ravel(), provenance.ravel()), 1)
    seen = sorted({*codes, *np.flatnonzero(counts.any(axis=1)).tolist()})
    return {
        "pixels": _by_how(counts.sum(axis=0)),
        "classes": {str(code): _by_how(counts[code]) for code in seen},
    }


def _by_how(counts: NDArray[np.int64]) -> dict[str, int]:
    found = np.flatnonzero(counts).tolist()
    return {PROVENANCE.get(how, f"code {how}"): int(counts[how]) for how in found}
