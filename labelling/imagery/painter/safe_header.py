"""What a painted SAFE product says of itself, and the names that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from labelling.errors import BadInput
from labelling.imagery.files import Georeference
from labelling.imagery.grid import EXTENT, STEP, grid_of
from labelling.imagery.painter.spectra import BANDS, NATIVE
from labelling.imagery.products.product import Angles

STEPS = dict(zip(BANDS, NATIVE))
"""Pixels of the 10 m grid along a native pixel of each band."""
LEVELS = {"L1C": BANDS, "L2A": tuple(band for band in BANDS if band != "B10")}
OFFSET_SINCE = "04.00"
"""First processing baseline whose digital numbers carry an offset."""


@dataclass(frozen=True)
class SafeHeader:
    """One product's header. `size` pixels of 10 m along each side, a multiple of 6."""

    mgrs: str
    taken: datetime
    """UTC; the datatake's start. Fractions of a second show in the metadata, not in names."""
    size: int = EXTENT
    top: int = 0
    left: int = 0
    """Where the product starts in its MGRS tile, in pixels of 10 m; real ones start at 0, 0."""
    level: str = "L1C"
    """`L1C` (13 bands) or `L2A` (12, without B10)."""
    baseline: str = "05.11"
    satellite: str = "S2A"
    orbit: int = 22
    """Relative, 1…143."""
    sun: Angles = field(default=Angles(zenith=42.0, azimuth=165.0))
    """At the product's centre."""
    cloud_cover: float = 0.0
    """Per cent."""

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise BadInput(f"There is no level {self.level!r}: L1C or L2A.", field="level")
        reach = max(self.top, self.left) + self.size
        if self.size <= 0 or self.size % 6 or min(self.top, self.left) < 0 or reach > EXTENT:
            raise BadInput(
                f"A product can't be {self.size} pixels from {self.top}, {self.left}.",
                field="size",
                help=f"Choose a multiple of 6 that ends within {EXTENT} pixels.",
            )

    @property
    def bands(self) -> tuple[str, ...]:
        return LEVELS[self.level]

    @property
    def offset(self) -> int:
        """What the metadata tell readers to add to each digital number; 0: they tell nothing."""
        return -1000 if self.baseline >= OFFSET_SINCE else 0

    @property
    def name(self) -> str:
        """Of the product, without .SAFE, by the compact naming convention."""
        number = self.baseline.replace(".", "")
        return (
            f"{self.satellite}_MSI{self.level}_{_compact(self.taken)}_N{number}_"
            f"R{self.orbit:03d}_T{self.mgrs}_{_compact(self.generated)}"
        )

    @property
    def generated(self) -> datetime:
        return self.taken.astimezone(UTC) + timedelta(hours=3)

    @property
    def sensed(self) -> datetime:
        """When the satellite passed this granule, minutes after its datatake began."""
        return self.taken.astimezone(UTC) + timedelta(minutes=6, seconds=13)

    @property
    def granule(self) -> str:
        return f"{self.level}_T{self.mgrs}_A{self.absolute_orbit:06d}_{_compact(self.sensed)}"

    @property
    def absolute_orbit(self) -> int:
        return 40_000 + self.orbit

    @property
    def stem(self) -> str:
        """What the names of the granule's images begin with."""
        return f"T{self.mgrs}_{_compact(self.taken)}"

    def image(self, band: str, *, metres: int) -> str:
        """Path of a band's image from the product's folder, without its ending."""
        folder = f"GRANULE/{self.granule}/IMG_DATA"
        if self.level == "L1C":
            return f"{folder}/{self.stem}_{band}"
        return f"{folder}/R{metres}m/{self.stem}_{band}_{metres}m"

    def images(self) -> list[tuple[str, int]]:
        """(band, metres a pixel) of each image, as the level stores them: L2A also coarser ones."""
        if self.level == "L1C":
            return [(band, 10 * STEPS[band]) for band in self.bands]
        return [
            (band, metres)
            for metres in (10, 20, 60)
            for band in self.bands
            if metres >= self._finest(band) and (band != "B08" or metres == 10)
        ]

    def _finest(self, band: str) -> int:
        # Sen2Cor resamples B01 to 20 m as well since the baseline that brought the offsets.
        return 20 if band == "B01" and self.offset else 10 * STEPS[band]

    def place(self, *, step: int = 1) -> Georeference:
        """The grid of 10 m pixels, or of pixels `step` times as large."""
        grid = grid_of(self.mgrs, size=512)
        west, north = grid.west + STEP * self.left, grid.north - STEP * self.top
        return Georeference(f"EPSG:{grid.epsg}", (STEP * step, 0.0, west, 0.0, -STEP * step, north))


def _compact(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S}"
