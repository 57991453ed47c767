"""A label's number and blob: both are there before the transaction that writes its row.

So however slow storage is, no row is locked meanwhile and SQLite takes other people's writes. What
is left when the row isn't written after all is a blob that nothing refers to.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import IntegrityError
from django.db.models import QuerySet

from labelling.adapters.blobs import store
from labelling.errors import Conflict
from labelling.imagery.tilefile import write_label
from labelling.models import Acquisition, Annotation
from labelling.models.prepared import prepared
from labelling.workflow.planes import Planes

TRIES = 20
"""Copies of one acquisition handed in at the same moment that number themselves one by one."""


def label_key(acquisition: Acquisition, *, n: int, sha256: str) -> str:
    return f"labels/{acquisition.key}/{n}-{sha256[:16]}.tif"


def place(label: Annotation, planes: Planes) -> None:
    """Give the label the number that is next now, and write its blob."""
    taken = _newest_first(acquisition=label.acquisition_id, schema=label.schema_id)
    label.n = taken[0] + 1 if taken else 1
    label.raster = label_key(label.acquisition, n=label.n, sha256=label.sha256)
    store().write_with(
        label.raster, lambda path: write_label(path, planes.label, planes.provenance)
    )


def numbered(label: Annotation, planes: Planes, save: Callable[[], Annotation]) -> Annotation:
    """`save()` the label, placed if it isn't yet; with the next number when somebody else took
    its own meanwhile. Raises Conflict where that goes on and on."""
    for _ in range(TRIES):
        if not label.raster:
            place(label, planes)
        try:
            return save()
        except IntegrityError:
            taken = _newest_first(acquisition=label.acquisition_id, schema=label.schema_id)
            if label.n not in taken:
                raise
            label.raster = ""
    raise Conflict("Others hand in labels of this tile all the time.", help="Submit again.")


@prepared
def _newest_first(acquisition: int, schema: int) -> QuerySet[Annotation, int]:
    labels = Annotation.objects.filter(acquisition=acquisition, schema=schema)
    return labels.order_by("-n").values_list("n", flat=True)
