"""The rows an ingest writes: scene, places, acquisitions, tiles, enrolments, imported labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from labelling.errors import BadInput
from labelling.imagery.layout import Spot, footprint
from labelling.imagery.split import DEFAULT_SHARES, split_of
from labelling.imagery.stack import Stack
from labelling.models import (
    Acquisition,
    Annotation,
    Campaign,
    CampaignTile,
    ClassSchema,
    Installation,
    Place,
    Scene,
    Tile,
    record,
)

TOOL = "ingest"
SPLIT_BORDER = "split border"
"""Fence of a tile whose corners lie in squares of different splits."""


@dataclass
class LabelRow:
    """A label to be recorded; its blob is stored."""

    n: int
    sha256: str
    source: str
    pixels: dict[str, int]
    """{code: pixels}."""
    labelled_share: float
    raster: str
    """Blob key."""


@dataclass
class TileRow:
    """A tile to be recorded; its blobs are stored, or it is known."""

    spot: Spot
    stack: Stack
    sha256: str
    valid_share: float
    saturated_share: float
    known: Tile | None
    enrol: bool = False
    """Whether it is new to the campaign."""
    label: LabelRow | None = None

    @property
    def moment(self) -> str:
        """`<place>/<datetime>`, as Acquisition.key."""
        taken = self.stack.taken
        return f"{self.spot.place}/{taken:%Y%m%dT%H%M%S}" if taken else f"{self.spot.place}/undated"

    @property
    def key(self) -> str:
        """`<place>/<datetime>-<level>-<baseline>`, as Tile.key."""
        return f"{self.moment}-{self.stack.level or 'none'}-{self.stack.baseline or 'none'}"

    @property
    def raster(self) -> str:
        return f"tiles/{self.key}-{self.sha256[:8]}.tif"

    @property
    def thumbnail(self) -> str:
        return f"thumbs/{self.key}-{self.sha256[:8]}.png"


def schema_of(campaign: Campaign) -> ClassSchema:
    """The campaign's classes. Raises BadInput when it has none."""
    if campaign.schema is None:
        raise BadInput(f"Campaign {campaign.slug} has no classes.", field="schema")
    return campaign.schema


def known_stretch(stack: Stack) -> dict[str, list[int]]:
    """The stretch of the stack's scene, empty while the scene isn't known. One query."""
    known = Scene.objects.filter(product_id=stack.product_id).values_list("stretch", flat=True)
    return known.first() or {}


def known_tile(stack: Stack, place: str) -> Tile | None:
    """The tile this stack's part at `place` would be, if it is stored. One query."""
    return Tile.objects.filter(
        acquisition__place__key=place,
        acquisition__taken=stack.taken,
        level=stack.level,
        baseline=stack.baseline,
    ).first()


def is_enrolled(tile: Tile, campaign: Campaign) -> bool:
    return CampaignTile.objects.filter(tile=tile, campaign=campaign).exists()


def annotations_of(row: TileRow, schema: ClassSchema) -> list[Annotation]:
    """The labels that the tile's acquisition has under `schema`, oldest first. One query."""
    return list(
        Annotation.objects.filter(
            schema=schema,
            acquisition__place__key=row.spot.place,
            acquisition__taken=row.stack.taken,
        ).order_by("n")
    )


def unreferenced(keys: Sequence[str]) -> list[str]:
    """Those of the blob `keys` that no tile and no annotation refers to. Three queries."""
    used = set(Tile.objects.filter(raster__in=keys).values_list("raster", flat=True))
    used.update(Tile.objects.filter(thumbnail__in=keys).values_list("thumbnail", flat=True))
    used.update(Annotation.objects.filter(raster__in=keys).values_list("raster", flat=True))
    return [key for key in keys if key not in used]


@transaction.atomic
def save(
    rows: Sequence[TileRow],
    *,
    campaign: Campaign,
    stack: Stack,
    stretch: Mapping[str, Sequence[int]],
    missing: Sequence[str],
    now: datetime,
) -> None:
    """Write the rows of one file; raises IntegrityError when another ingest was faster."""
    fresh = [row for row in rows if row.enrol or row.label]
    if not fresh:
        return
    installation = the_installation(now=now)
    scene = _scene(stack, stretch, now=now)
    for row in fresh:
        tile = row.known or _tile(row, scene, installation, campaign, missing, now)
        if row.enrol:
            _enrol(tile, row, campaign, installation)
        if row.label:
            _annotation(tile, row.label, campaign, now=now)
    new = sum(row.known is None for row in fresh)
    labels = sum(row.label is not None for row in fresh)
    record("ingested", scene, campaign=campaign, who=None, now=now, tiles=new, labels=labels)


def the_installation(*, now: datetime) -> Installation:
    """The installation's split, frozen with the default shares when nothing froze it before."""
    return Installation.objects.get_or_create(
        pk=1, defaults={"split_shares": DEFAULT_SHARES, "frozen": now}
    )[0]


def _scene(stack: Stack, stretch: Mapping[str, Sequence[int]], *, now: datetime) -> Scene:
    return Scene.objects.get_or_create(
        product_id=stack.product_id,
        defaults={
            "satellite": stack.satellite,
            "level": stack.level,
            "baseline": stack.baseline,
            "taken": stack.taken,
            "mgrs": stack.mgrs,
            "sun_zenith": stack.sun_zenith,
            "sun_azimuth": stack.sun_azimuth,
            "footprint": footprint(stack),
            "stretch": dict(stretch),
            "synthetic": stack.synthetic,
            "created": now,
        },
    )[0]


def _tile(
    row: TileRow,
    scene: Scene,
    installation: Installation,
    campaign: Campaign,
    missing: Sequence[str],
    now: datetime,
) -> Tile:
    acquisition, _ = Acquisition.objects.get_or_create(
        place=_place(row.spot, installation), taken=row.stack.taken
    )
    return Tile.objects.create(
        acquisition=acquisition,
        scene=scene,
        level=row.stack.level,
        baseline=row.stack.baseline,
        raster=row.raster,
        sha256=row.sha256,
        bands=list(campaign.bands),
        missing=list(missing),
        height=row.spot.window.size,
        width=row.spot.window.size,
        valid_share=row.valid_share,
        saturated_share=row.saturated_share,
        sun_zenith=row.stack.sun_zenith,
        sun_azimuth=row.stack.sun_azimuth,
        thumbnail=row.thumbnail,
        created=now,
    )


def _place(spot: Spot, installation: Installation) -> Place:
    """The place's row; its split is decided when it is first seen, and never again."""
    return Place.objects.get_or_create(
        key=spot.place,
        defaults={
            "square": spot.ground,
            "split": _split(spot.ground, installation),
            "longitude": spot.longitude,
            "latitude": spot.latitude,
        },
    )[0]


def _split(ground: str, installation: Installation) -> str:
    return split_of(ground, installation.split_shares, seed=installation.split_seed)


def _enrol(tile: Tile, row: TileRow, campaign: Campaign, installation: Installation) -> None:
    around = {_split(ground, installation) for ground in row.spot.corners}
    crosses = bool(around - {_split(row.spot.ground, installation)})
    # Without a rule everything is in scope; with one, nobody has judged this tile yet.
    scope = CampaignTile.Scope.UNKNOWN if campaign.scope else CampaignTile.Scope.IN
    CampaignTile.objects.create(
        campaign=campaign, tile=tile, scope=scope, fence=SPLIT_BORDER if crosses else ""
    )


def _annotation(tile: Tile, label: LabelRow, campaign: Campaign, *, now: datetime) -> Annotation:
    annotation = Annotation.objects.create(
        acquisition=tile.acquisition,
        schema=schema_of(campaign),
        n=label.n,
        tool=TOOL,
        source=label.source,
        raster=label.raster,
        sha256=label.sha256,
        pixels=label.pixels,
        labelled_share=label.labelled_share,
        created=now,
    )
    record(
        "imported", annotation, campaign=campaign, who=None, now=now,
        after=label.sha256, source=label.source,
    )  # fmt: skip
    return annotation
