"""Whether a blob still is what its row says it is: one check for each kind of blob."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable

from PIL import Image

from labelling.adapters.blobs import Blobs
from labelling.errors import StorageAway, WorkbenchError
from labelling.imagery.tilefile import content_hash, read_label, read_tile
from labelling.workflow.planes import Planes
from labelling.workflow.verify.ledger import Expected

CHANGED = "its content has another hash than the one that was noted"


def damage(each: Expected, blobs: Blobs) -> str:
    """What is wrong with a blob's content; empty when nothing is. Raises StorageAway."""
    try:
        return "" if CHECKS[each.what](each, blobs) else CHANGED
    except StorageAway:
        raise
    except (WorkbenchError, OSError, ValueError, SyntaxError) as error:  # Pillow raises all three
        return (str(error).splitlines() or [type(error).__name__])[0]


def same_raster(each: Expected, blobs: Blobs) -> bool:
    # By their names, as whoever works with them reads them: a band that lost its own is empty.
    bands = each.facts["bands"]
    return content_hash(read_tile(blobs.raster(each.key), bands), bands) == each.facts["sha256"]


def same_label(each: Expected, blobs: Blobs) -> bool:
    return Planes(*read_label(blobs.raster(each.key))).sha256 == each.facts["sha256"]


def same_layer(each: Expected, blobs: Blobs) -> bool:
    """A layer that came without a hash need only be readable."""
    first = read_tile(blobs.raster(each.key))[0]
    return each.facts["sha256"] in ("", hashlib.sha256(first.tobytes()).hexdigest())


def readable_picture(each: Expected, blobs: Blobs) -> bool:
    with Image.open(io.BytesIO(blobs.read(each.key))) as picture:
        picture.load()
    return True


def readable_list(each: Expected, blobs: Blobs) -> bool:
    json.loads(blobs.read(each.key))
    return True


def same_bytes(each: Expected, blobs: Blobs) -> bool:
    return blobs.checksum(each.key) == each.facts["sha256"]


CHECKS: dict[str, Callable[[Expected, Blobs], bool]] = {
    "raster": same_raster,
    "label": same_label,
    "layer": same_layer,
    "thumbnail": readable_picture,
    "chip": same_bytes,
    "weights": same_bytes,
    "file": same_bytes,
    "pool": readable_list,
    "report": readable_list,
}
"""Kind of blob → whether it is as it should be. Kinds that are not here say what else is expected:
they were read, and judged, when that was gathered."""
