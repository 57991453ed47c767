"""Answers made of bytes. What they show never changes under its address, so browsers keep them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from django.http import HttpResponse, StreamingHttpResponse

from labelling.api.operation import OCTETS

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
