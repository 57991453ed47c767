"""The rows an ingest writes: places, acquisitions, tiles, enrolments, imported labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from labelling.errors import BadInput, Conflict
from labelling.imagery.fingerprint import packed
from labelling.imagery.layout import Spot
from labelling.imagery.products.product import Angles, Product
from labelling.imagery.quality import Measures
from labelling.imagery.split import DEFAULT_SHARES, split_of
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
from labelling.workflow.figures import keep_figures
from labelling.workflow.scope import judge

TOOL = "ingest"


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
    product: Product
    sha256: str
    known: Tile | None = None
    enrol: bool = False
    """Whether it is new to the campaign."""
    measures: Measures | None = None
    """None of a known tile."""
    sun: Angles | None = None
    view: Angles | None = None
    """At its centre."""
    quality: dict[str, Any] = field(default_factory=dict)
    duplicate_of: int | None = None
    """Id of a tile that shows the same."""
    fence: str = ""
    """Why the campaign may not serve it; empty: it may."""
    figures: bytes = b""
    """The new tile's spectral features, packed."""
    label: LabelRow | None = None

    @property
    def moment(self) -> str:
        """`<place>/<datetime>`, as Acquisition.key."""
        taken = self.product.taken
        return f"{self.spot.place}/{taken:%Y%m%dT%H%M%S}" if taken else f"{self.spot.place}/undated"

    @property
    def key(self) -> str:
        """`<place>/<datetime>-<level>-<baseline>`, as Tile.key."""
        product = self.product
        return f"{self.moment}-{product.level or 'none'}-{product.baseline or 'none'}"

    @property
    def raster(self) -> str:
        return f"tiles/{self.key}-{self.sha256[:8]}.tif"

    @property
    def thumbnail(self) -> str:
        return f"thumbs/{self.key}-{self.sha256[:8]}.png"


@dataclass(frozen=True)
class Ledger:
    """What all rows of a product are written under."""

    campaign: Campaign
    scene: Scene
    missing: Sequence[str]
    """Bands of the campaign that the product lacks."""
    now: datetime


def schema_of(campaign: Campaign) -> ClassSchema:
    """The campaign's classes. Raises BadInput when it has none."""
    if campaign.schema is None:
        raise BadInput(f"Campaign {campaign.slug} has no classes.", field="schema")
    return campaign.schema


def annotations_of(rows: Sequence[TileRow], schema: ClassSchema) -> dict[str, list[Annotation]]:
    """{place: the labels its acquisition has under `schema`, oldest first}. One query."""
    found: dict[str, list[Annotation]] = {}
    labels = Annotation.objects.filter(
        schema=schema,
        acquisition__place__key__in=[row.spot.place for row in rows],
        acquisition__taken=rows[0].product.taken,
    )
    for label in labels.select_related("acquisition__place").order_by("n"):
        found.setdefault(label.acquisition.place.key, []).append(label)
    return found


def split_in(installation: Installation, ground: str) -> str:
    """`pool`, `validation` or `test` for a ground square's name, or a scene's."""
    return split_of(ground, installation.split_shares, seed=installation.split_seed)


def the_installation(*, now: datetime) -> Installation:
    """The installation's split, frozen with the default shares when nothing froze it before."""
    return Installation.objects.get_or_create(
        pk=1, defaults={"split_shares": DEFAULT_SHARES, "frozen": now}
    )[0]


def save(rows: Sequence[TileRow], ledger: Ledger, installation: Installation) -> None:
    """Write what a row of tiles needs. Call it in a transaction.

    Raises IntegrityError when another ingest stored the same tiles meanwhile.
    """
    fresh = [row for row in rows if row.enrol or row.label]
    tiles = _tiles(fresh, ledger, installation)
    _enrol([row for row in fresh if row.enrol], tiles, ledger.campaign)
    for row in fresh:
        if row.label:
            _annotation(tiles[row.spot.place], row.label, ledger)


def _tiles(rows: Sequence[TileRow], ledger: Ledger, installation: Installation) -> dict[str, Tile]:
    """{place: its tile}, made where it is new."""
    new = [row for row in rows if row.known is None]
    acquisitions = _acquisitions(new, _places(new, installation)) if new else {}
    made = Tile.objects.bulk_create(
        [_tile(row, acquisitions[row.spot.place], ledger) for row in new]
    )
    keep_figures(
        {tile.pk: row.figures for row, tile in zip(new, made) if row.figures},
        ledger.campaign.bands,
    )
    known = {row.spot.place: row.known for row in rows if row.known}
    return known | {row.spot.place: tile for row, tile in zip(new, made)}


def _places(rows: Sequence[TileRow], installation: Installation) -> dict[str, Place]:
    """{key: the place's row}; its split is decided when it is first seen, and never again."""
    places = [
        Place(
            key=row.spot.place,
            square=row.spot.ground,
            split=split_in(installation, row.spot.ground),
            longitude=row.spot.longitude,
            latitude=row.spot.latitude,
        )
        for row in rows
    ]
    Place.objects.bulk_create(places, ignore_conflicts=True)
    found = {each.key: each for each in Place.objects.filter(key__in=[p.key for p in places])}
    for place in places:
        _check_ground(place, found[place.key])
    return found


def _check_ground(wanted: Place, stored: Place) -> None:
    """Raise Conflict where a place's name is known for other ground: its split is that ground's."""
    if wanted.square != stored.square:
        raise Conflict(
            f"Place {stored.key} is known on ground {stored.square}, not on {wanted.square}.",
            field="PRODUCT_ID",
            help="Give the product another name, or an MGRS tag that fits its georeference.",
        )


def _acquisitions(rows: Sequence[TileRow], places: Mapping[str, Place]) -> dict[str, Acquisition]:
    """{place: the acquisition that L1C and L2A share}."""
    taken = rows[0].product.taken
    Acquisition.objects.bulk_create(
        [Acquisition(place=place, taken=taken) for place in places.values()], ignore_conflicts=True
    )
    found = Acquisition.objects.filter(place__in=list(places.values()), taken=taken)
    return {each.place.key: each for each in found.select_related("place")}


def _tile(row: TileRow, acquisition: Acquisition, ledger: Ledger) -> Tile:
    found, product, size = row.measures, row.product, row.spot.window.size
    assert found is not None
    return Tile(
        acquisition=acquisition,
        scene=ledger.scene,
        level=product.level,
        baseline=product.baseline,
        raster=row.raster,
        sha256=row.sha256,
        bands=list(ledger.campaign.bands),
        missing=list(ledger.missing),
        height=size,
        width=size,
        valid_share=found.valid_share,
        saturated_share=found.saturated_share,
        sun_zenith=row.sun.zenith if row.sun else None,
        sun_azimuth=row.sun.azimuth if row.sun else None,
        view_zenith=row.view.zenith if row.view else None,
        view_azimuth=row.view.azimuth if row.view else None,
        near_duplicate_of_id=row.duplicate_of,
        fingerprint=packed(found.means),
        quality=row.quality,
        thumbnail=row.thumbnail,
        created=ledger.now,
    )


def _enrol(
    rows: Sequence[TileRow], tiles: Mapping[str, Tile], campaign: Campaign
) -> list[CampaignTile]:
    # The rule may have changed since the ingest began; the lock keeps it until the rows are there.
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    return CampaignTile.objects.bulk_create(
        CampaignTile(
            campaign=campaign,
            tile=tiles[row.spot.place],
            scope=judge(
                campaign,
                ground=row.spot.georeference,
                size=row.spot.window.size,
                taken=row.product.taken,
            ),
            fence=row.fence,
            cloud=None if row.product.cloud_cover is None else row.product.cloud_cover / 100,
        )
        for row in rows
    )


def _annotation(tile: Tile, label: LabelRow, ledger: Ledger) -> Annotation:
    annotation = Annotation.objects.create(
        acquisition=tile.acquisition,
        schema=schema_of(ledger.campaign),
        n=label.n,
        tool=TOOL,
        source=label.source,
        raster=label.raster,
        sha256=label.sha256,
        pixels=label.pixels,
        labelled_share=label.labelled_share,
        created=ledger.now,
    )
    record(
        "imported", annotation, campaign=ledger.campaign, who=None, now=ledger.now,
        after=label.sha256, source=label.source,
    )  # fmt: skip
    return annotation
