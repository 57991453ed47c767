"""Which tiles of a campaign a label without imagery is for."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import PurePosixPath

from django.db.models import Q, QuerySet

from labelling.errors import BadInput
from labelling.imagery.labelsets.labelled import Target
from labelling.imagery.labelsets.productname import moment, product_in, subtile_in
from labelling.models import Campaign, Tile

IMAGES = re.compile(r"\.(png|jpe?g|tiff?|nc|npy|safe)$", re.IGNORECASE)
KEY = re.compile(r"(?P<place>.+)/(?P<taken>\d{8}T\d{6}|undated)(-.*)?")
"""A tile's or an acquisition's key."""


def tiles_for(target: Target, campaign: Campaign, *, matches: Mapping[str, str]) -> list[Tile]:
    """The tiles that a label is for: all of a product where it is a map, else those of one
    acquisition.

    A name is looked for as the lead's `matches` {name: tile} say, else as a tile's uuid or key, a
    product's or scene's name, a sub-tile's name. Names are compared, never opened.
    Raises BadInput when none of the campaign's tiles fits, or tiles of several acquisitions do.
    """
    enrolled = Tile.objects.filter(enrolments__campaign=campaign).select_related(
        "acquisition__place", "scene"
    )
    for name in target.names:
        for way in MAPS if target.place else WAYS:
            found = list(_asked(way, _word(name, matches), enrolled, campaign))
            if found:
                return found if target.place else _one_acquisition(name, found)
    raise BadInput(
        f"No tile of campaign {campaign.slug} goes by {' or '.join(target.names)[:200]!r}.",
        field="image",
        help="Ingest its product first, or name the tile with --match FILE.csv (image,tile).",
    )


Found = QuerySet[Tile]
Way = Callable[[str, Campaign], Q | None]


def _asked(way: Way, word: str, enrolled: Found, campaign: Campaign) -> Found:
    wanted = way(word, campaign)
    return enrolled.none() if wanted is None else enrolled.filter(wanted).order_by("pk")


def _word(name: str, matches: Mapping[str, str]) -> str:
    """What to look for: what the lead says of the name or its last part, else the name."""
    slashed = name.replace("\\", "/")
    last = PurePosixPath(slashed).name
    for known in (name, slashed, last, IMAGES.sub("", last)):
        if known in matches:
            return matches[known]
    return IMAGES.sub("", slashed)


def _one_acquisition(name: str, found: list[Tile]) -> list[Tile]:
    if len({tile.acquisition_id for tile in found}) > 1:
        keys = ", ".join(tile.key for tile in found[:3])
        raise BadInput(
            f"{name}: fits tiles of several acquisitions: {keys} …",
            field="image",
            help="Name the tile with --match FILE.csv (image,tile).",
        )
    return found


def _by_uuid(word: str, campaign: Campaign) -> Q | None:
    try:
        return Q(uuid=uuid.UUID(_last(word)))
    except ValueError:
        return None


def _by_key(word: str, campaign: Campaign) -> Q | None:
    found = KEY.fullmatch(word)
    if not found:
        return None
    return Q(acquisition__place__key=found["place"]) & _at(moment(found["taken"]))


def _by_scene(word: str, campaign: Campaign) -> Q | None:
    return Q(scene__product_id=_last(word))


def _by_subtile(word: str, campaign: Campaign) -> Q | None:
    subtile = subtile_in(_last(word))
    if subtile is None:
        return None
    numbers = f"_tile_{subtile.column}_{subtile.row}"
    place = f"{subtile.mgrs}/{campaign.tile_size}/{subtile.row}/{subtile.column}"
    named = Q(scene__product_id__contains=f"_T{subtile.mgrs}_") & Q(
        scene__product_id__endswith=numbers
    )
    return (Q(acquisition__place__key=place) | named) & _at(subtile.taken)


def _by_acquisition(word: str, campaign: Campaign) -> Q | None:
    product = product_in(word)
    if product is None:
        return None
    return Q(acquisition__place__key__startswith=f"{product.mgrs}/") & _at(product.taken)


def _at(taken: datetime | None) -> Q:
    return Q(acquisition__taken=taken) if taken else Q(acquisition__taken__isnull=True)


def _last(word: str) -> str:
    return PurePosixPath(word).name


WAYS: tuple[Way, ...] = (_by_uuid, _by_key, _by_scene, _by_subtile)
MAPS: tuple[Way, ...] = (_by_scene, _by_acquisition)
"""Of a map of a whole product: its own tiles, or those of another level of its acquisition."""
