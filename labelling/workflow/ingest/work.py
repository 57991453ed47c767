"""What one ingest works with, and what is known of one product on its way in."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labelling.adapters.blobs import Blobs
from labelling.imagery.layout import Spot
from labelling.imagery.products.product import Product
from labelling.imagery.quality import Gate
from labelling.imagery.reading import BandMatch
from labelling.models import Campaign, CampaignTile, Scene, Tile
from labelling.workflow.ingest.made import Made, Prepared
from labelling.workflow.ingest.report import FileReport
from labelling.workflow.masking.products import USUAL, Wanted


def _nothing(count: int) -> None:
    """Nobody watches."""


def cores() -> int:
    """Of this machine."""
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Intake:
    """What one ingest works with."""

    campaign: Campaign
    blobs: Blobs
    now: datetime
    bands: Sequence[str] | None = None
    """Names of the files' layers where their descriptions don't say, or say otherwise."""
    dry_run: bool = False
    """Look at everything, write nothing."""
    with_masks: bool = False
    """Take the masks inside and beside the products too."""
    masks: Wanted = USUAL
    """Which masks those are, and how they are read."""
    jobs: int = field(default_factory=cores)
    """Threads that read and make tiles."""
    gate: Gate = field(default_factory=Gate)
    clock: Callable[[], datetime] | None = None
    """For leases; None: as many seconds after `now` as have passed since."""
    expect: Callable[[int], None] = _nothing
    """Told how many tiles a product will be, once it is laid out."""
    step: Callable[[int], None] = _nothing
    """Told how many more tiles are through."""
    begun: float = field(default_factory=time.monotonic)

    def moment(self) -> datetime:
        """The time, UTC."""
        if self.clock:
            return self.clock()
        return self.now + timedelta(seconds=time.monotonic() - self.begun)


@dataclass
class Work:
    """One product on its way in."""

    job: Intake
    product: Product
    match: BandMatch
    content: str
    report: FileReport
    scene: Scene | None
    """As it was found; None: never seen."""
    known: dict[str, Tile]
    """{place: the tile of this acquisition, level and baseline that is stored}."""
    enrolled: set[int]
    """Ids of those tiles that the campaign has."""
    stretch: dict[str, list[int]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    """Keys of the blobs that were not there before."""
    empty: set[str] = field(default_factory=set)
    """Places without data."""
    made: Mapping[str, Made | None] = field(default_factory=dict)
    """{place: its tile as another worker made it; None without data}."""

    @property
    def trusted(self) -> bool:
        """Whether these are the files that the scene's tiles were made of."""
        return self.scene is not None and self.scene.content == self.content

    def must_cut(self, spot: Spot) -> bool:
        """Whether the tile's pixels have to be read."""
        if not self.trusted:
            return True
        return spot.place not in self.known and spot.place not in self.empty

    def take_over(self, prepared: Prepared) -> None:
        """Cut nothing anew that another worker made of these very files."""
        if prepared.content != self.content or list(prepared.bands) != list(self.match.bands):
            return
        self.made = prepared.tiles
        if not (self.trusted and self.scene and self.scene.stretch):
            self.stretch = {band: list(ends) for band, ends in prepared.stretch.items()}

    def is_enrolled(self, tile: Tile | None) -> bool:
        return tile is not None and tile.pk in self.enrolled


def looked_up(
    job: Intake,
    product: Product,
    match: BandMatch,
    spots: Sequence[Spot],
    *,
    content: str,
    report: FileReport,
) -> Work:
    """What the database says of a product before it is read. Four queries."""
    scene = Scene.objects.filter(product_id=product.product_id).first()
    tiles = Tile.objects.filter(
        acquisition__place__key__in=[spot.place for spot in spots],
        acquisition__taken=product.taken,
        level=product.level,
        baseline=product.baseline,
    ).select_related("acquisition__place", "scene")
    known = {tile.acquisition.place.key: tile for tile in tiles}
    enrolled = CampaignTile.objects.filter(
        campaign=job.campaign, tile__in=[tile.pk for tile in known.values()]
    )
    work = Work(
        job=job,
        product=product,
        match=match,
        content=content,
        report=report,
        scene=scene,
        known=known,
        enrolled=set(enrolled.values_list("tile_id", flat=True)),
        empty=set(scene.empty) if scene else set(),
    )
    if not work.trusted:
        work.empty -= {spot.place for spot in spots}
    return work
