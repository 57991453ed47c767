"""The labelled sets that can be imported: what each is called, its terms, and its default trust.

Trust is the weight in training. A set's own labels, drawn in full by experts under one protocol,
have 1; less where a machine helped to draw, where pixels are coarser than 10 m, where a class is
known to be incomplete, or where another sensor looked. A lead overrides it for each import.
"""

from __future__ import annotations

import re

from labelling.imagery.labelsets import (
    baetens_hagolle,
    cloudsen12,
    cvat_xml,
    francis,
    kappaset,
    l8biome,
    segments,
)
from labelling.imagery.labelsets.labelled import LabelSet
from labelling.imagery.labelsets.tables import (
    BAETENS_HAGOLLE,
    CLOUDSEN12,
    FRANCIS,
    KAPPASET,
    KAPPAZETA,
    L8BIOME,
    SEGMENTS,
)

UNSTATED = "unstated"
"""Licence of labels whose files could be anybody's."""
RESTRICTED = re.compile(r"(^|[-_ ])(NC|ND)($|[-_ ])|non-?commercial", re.IGNORECASE)

ALL = (
    LabelSet(
        "kappaset", "kappaset", "CC-BY-4.0", 1.0,
        "experts, every pixel, one protocol", KAPPASET, kappaset.items,
    ),
    LabelSet(
        "cloudsen12", "cloudsen12", "CC-BY-NC-4.0", 1.0,
        "experts with a second look; scribbles count 0.8 of it", CLOUDSEN12, cloudsen12.items,
    ),
    LabelSet(
        "baetens-hagolle", "baetens-hagolle", "CC-BY-4.0", 0.7,
        "drawn by a taught classifier, pixels of 20 or 60 m", BAETENS_HAGOLLE,
        baetens_hagolle.items,
    ),
    LabelSet(
        "francis", "francis", "CC-BY-4.0", 0.7,
        "machine-helped, 20 m; half of it where shadow isn't marked", FRANCIS, francis.items,
    ),
    LabelSet(
        "l8biome", "l8biome", "public domain", 0.6,
        "another sensor, 30 m, shadow labelled in part of the scenes", L8BIOME, l8biome.items,
    ),
    LabelSet(
        "cvat-xml", "cvat-xml", UNSTATED, 1.0,
        "drawn by people; the lead knows which", KAPPAZETA, cvat_xml.items,
        needs_background=True,
    ),
    LabelSet(
        "segments", "segments", UNSTATED, 1.0,
        "drawn by people; the lead knows which", SEGMENTS, segments.items,
        needs_background=True,
    ),
)  # fmt: skip
LABELSETS = {each.format: each for each in ALL}


def is_restricted(licence: str) -> bool:
    """Whether the licence's name forbids commercial use or changed copies."""
    return bool(RESTRICTED.search(licence))
