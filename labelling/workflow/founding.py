"""Begin a campaign: its row, its first class schema, its people."""

from __future__ import annotations

import colorsys
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from labelling.errors import BadInput, Conflict, NotFound
from labelling.imagery.products.find import inspect
from labelling.models import (
    DEFAULT_CLASSES,
    HIGHEST_CODE,
    SENTINEL2_BANDS,
    Campaign,
    ClassSchema,
    Membership,
    record,
)
from labelling.workflow.ingest.sources import find_sources

SLUG = re.compile(r"[a-z0-9_-]{1,50}")
TILE_SIZES = (256, 512)
GOLDEN = 0.618034
"""Steps round the colour circle by the golden ratio keep neighbours apart."""


@transaction.atomic
def found_campaign(
    *,
    slug: str,
    name: str,
    now: datetime,
    bands: list[str] | None = None,
    tile_size: int = 512,
    classes: list[dict[str, Any]] | None = None,
    **settings: Any,
) -> Campaign:
    """A campaign with version 1 of its classes; by default Sentinel-2's bands and CMIX's classes.

    Raises Conflict when the slug is taken, BadInput for a value that can't be used.
    """
    check_slug(slug)
    check_bands(bands or SENTINEL2_BANDS)
    if tile_size not in TILE_SIZES:
        raise BadInput(f"Tiles are 256 or 512 pixels a side, not {tile_size}.", field="tile_size")
    if Campaign.objects.filter(slug=slug).exists():
        raise Conflict(f"There is a campaign {slug!r} already.", field="slug")
    campaign = Campaign.objects.create(
        slug=slug,
        name=name,
        bands=bands or SENTINEL2_BANDS,
        tile_size=tile_size,
        created=now,
        **settings,
    )
    campaign.schema = ClassSchema.objects.create(
        campaign=campaign, version=1, classes=checked_classes(classes or DEFAULT_CLASSES)
    )
    campaign.save(update_fields=["schema"])
    record("created", campaign, campaign=campaign, who=None, now=now)
    return campaign


def check_slug(slug: str) -> None:
    if not SLUG.fullmatch(slug):
        raise BadInput(
            f"{slug!r} can't name a campaign in an address.",
            field="slug",
            help="Use up to 50 letters a-z, digits, hyphens and underscores.",
        )


def check_bands(bands: list[str]) -> None:
    if not bands or not all(bands) or len(set(bands)) != len(bands):
        raise BadInput(
            f"The bands {', '.join(bands)!r} must be names, each of them once.", field="bands"
        )


def checked_classes(classes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The classes with what they leave out filled in: colour, hotkey, priority.

    Raises BadInput, naming the class, for fewer than two, for a code outside 0…252, and for a code
    or a name that comes twice.
    """
    if not isinstance(classes, list) or len(classes) < 2:
        raise BadInput("A campaign tells at least two classes apart.", field="classes")
    whole = [whole_class(each, place) for place, each in enumerate(classes)]
    for key in ("code", "name"):
        values = [each[key] for each in whole]
        twice = {value for value in values if values.count(value) > 1}
        if twice:
            raise BadInput(
                f"The class {key} {sorted(twice)[0]!r} comes twice.", field=f"classes.{key}"
            )
    return whole


def whole_class(given: Any, place: int) -> dict[str, Any]:
    """One class; `place` counts from 0 and gives the hotkey and colour that aren't given."""
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not given["name"]:
        raise BadInput(f"Class {place + 1} has no name: {given!r}.", field="classes.name")
    code = given.get("code")
    if not isinstance(code, int) or isinstance(code, bool) or not 0 <= code <= HIGHEST_CODE:
        raise BadInput(
            f"The code of class {given['name']!r} must be a whole number from 0 to {HIGHEST_CODE}, "
            f"not {code!r}.",
            field="classes.code",
        )
    red, green, blue = colorsys.hls_to_rgb(place * GOLDEN % 1, 0.6, 0.65)
    spare = {
        "colour": f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}",
        "hotkey": str(place + 1) if place < 9 else "",
        "priority": place,
    }
    return spare | given


def admit(person: User, *, campaign: Campaign, role: str, now: datetime) -> Membership:
    """Give a person a role in a campaign, or another one than before."""
    membership, _ = Membership.objects.update_or_create(
        campaign=campaign, user=person, defaults={"role": role}
    )
    record("granted", membership, campaign=campaign, who=None, now=now, role=role)
    return membership


def shape_of(data: Path) -> tuple[list[str], int]:
    """Bands and tile size that fit a folder's first readable scene. Raises NotFound."""
    for source in find_sources([data]):
        if not source.skip and not source.refusal:
            product = inspect(source.path)
            longest = max(product.height, product.width)
            return list(product.band_names), 256 if longest <= 256 else 512
    raise NotFound(f"{data} holds no product.", field="data")
