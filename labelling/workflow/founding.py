"""Begin a campaign: its row, its first class schema, its people."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from labelling.errors import Conflict, NotFound
from labelling.imagery.stack import inspect
from labelling.models import (
    DEFAULT_CLASSES,
    SENTINEL2_BANDS,
    Campaign,
    ClassSchema,
    Membership,
    record,
)
from labelling.workflow.intake import find_sources


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

    Raises Conflict when the slug is taken.
    """
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
        campaign=campaign, version=1, classes=classes or DEFAULT_CLASSES
    )
    campaign.save(update_fields=["schema"])
    record("created", campaign, campaign=campaign, who=None, now=now)
    return campaign


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
            stack = inspect(source.stack)
            return list(stack.bands), 256 if max(stack.height, stack.width) <= 256 else 512
    raise NotFound(f"{data} holds no GeoTIFF scene.", field="data")
