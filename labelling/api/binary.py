"""Answers made of bytes. What they show never changes under its address, so browsers keep them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from django.http import HttpResponse, StreamingHttpResponse

from labelling.adapters.blobs import store
from labelling.api.operation import OCTETS
from labelling.errors import NotFound

FOR_EVER = "private, max-age=31536000, immutable"


def octets(planes: Iterable[np.ndarray], *, cached: bool = True) -> StreamingHttpResponse:
    """Planes, one after the other, little-endian and row-major."""
    flat = [np.ascontiguousarray(plane, dtype=plane.dtype.newbyteorder("<")) for plane in planes]
    response = StreamingHttpResponse((plane.data.cast("B") for plane in flat), content_type=OCTETS)
    response["Content-Length"] = sum(plane.nbytes for plane in flat)
    response["Cache-Control"] = FOR_EVER if cached else "private, no-store"
    return response


def picture(png: bytes) -> HttpResponse:
    return HttpResponse(png, content_type="image/png", headers={"Cache-Control": FOR_EVER})


def stored(key: str) -> str:
    """What GDAL opens for a blob. Raises NotFound when it is missing from storage."""
    blobs = store()
    if not blobs.exists(key):
        raise NotFound(f"Storage has lost {key}.", help="Tell whoever runs the workbench.")
    return blobs.raster(key)
