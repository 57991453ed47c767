"""What an installation has of the labels that people handed in: rows, and their pixels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """A label with a row and a blob."""

    task: str
    planes: str
    """SHA-256 of label and provenance, as they were sent; "" where the blob can't be read."""


def kept_labels() -> list[Kept]:
    """All that people handed in; each blob is read."""
    from labelling.adapters.blobs import store
    from labelling.errors import WorkbenchError
    from labelling.imagery.tilefile import read_label
    from labelling.models import Annotation

    kept = []
    made = Annotation.objects.filter(task__isnull=False, author__isnull=False)
    for task, raster in made.values_list("task__uuid", "raster").iterator():
        try:
            label, provenance = read_label(store().raster(raster))
        except WorkbenchError:
            kept.append(Kept(str(task), ""))
            continue
        digest = hashlib.sha256(label.tobytes() + provenance.tobytes())
        kept.append(Kept(str(task), digest.hexdigest()))
    return kept
