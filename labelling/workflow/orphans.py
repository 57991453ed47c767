"""Blobs that no row refers to: what is left when files were written and the rows were not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from labelling.adapters.blobs import Blobs
from labelling.models import Annotation, Layer, Tile

REFERENCES = ((Tile, "raster"), (Tile, "thumbnail"), (Annotation, "raster"), (Layer, "raster"))
"""Where rows name the blobs of tiles, labels and masks."""


def unreferenced(keys: Sequence[str]) -> list[str]:
    """Those of the blob `keys` that no tile, label or layer refers to. Four queries."""
    used: set[str] = set()
    for model, field in REFERENCES:
        used.update(model.objects.filter(**{f"{field}__in": keys}).values_list(field, flat=True))
    return [key for key in keys if key not in used]


@contextmanager
def taken_back_on_failure(blobs: Blobs) -> Iterator[list[str]]:
    """A list for the keys of new blobs, which are removed when the block fails."""
    written: list[str] = []
    try:
        yield written
    except BaseException:
        # Another worker on the same files may have written rows for these blobs meanwhile.
        for key in unreferenced(written):
            blobs.delete(key)
        raise
