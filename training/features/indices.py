"""Spectral indices: pure functions of reflectance, each with its bands, its range and its source.

Reflectance is 0 … 1, above 1 on the brightest clouds, never below 0; every band is a tensor of one
shape, and so is the result. Band names are Sentinel-2's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

FAINTEST = 1e-4
"""One step of the stored reflectance; a sum of bands below it is divided by this instead."""


def normalised_difference(one: Tensor, other: Tensor) -> Tensor:
    """(one - other) / (one + other), -1 … 1."""
    return (one - other) / (one + other).clamp_min(FAINTEST)


def ratio(one: Tensor, other: Tensor) -> Tensor:
    return one / other.clamp_min(FAINTEST)


def haze_optimised(blue: Tensor, red: Tensor) -> Tensor:
    """Blue above what red lets one expect of clear ground."""
    return blue - 0.5 * red - 0.08


def senescence(red: Tensor, blue: Tensor, red_edge: Tensor) -> Tensor:
    return (red - blue) / red_edge.clamp_min(FAINTEST)


def weighted(*bands: Tensor, by: Sequence[float]) -> Tensor:
    """Sum of the bands, each times its coefficient."""
    return torch.stack([band * factor for band, factor in zip(bands, by, strict=True)]).sum(dim=0)


@dataclass(frozen=True)
class Index:
    """A formula, with all that makes it reproducible."""

    name: str
    title: str
    needs: tuple[str, ...]
    """Bands, in the order of the formula's arguments."""
    formula: Callable[..., Tensor]
    low: float
    high: float
    """What lies outside is moved to the nearer end."""
    source: str
    fixed: bool = False
    """Whether low … high is the formula's own range, as of a normalised difference. The network
    gets such an index as it is; the others are normalised by what the pool looks like."""
    version: int = 1
    """Raise it with every change of the formula: a model keeps the number it was trained with."""

    def of(self, reflectance: Mapping[str, Tensor]) -> Tensor:
        """The index, low … high."""
        return self.formula(*(reflectance[band] for band in self.needs)).clamp(self.low, self.high)


TASSELLED = ("B02", "B03", "B04", "B08", "B11", "B12")
"""Bands of both tasselled caps: blue, green, red, near infrared and the two short waves."""
AT_SENSOR = {
    "brightness": (0.3510, 0.3813, 0.3437, 0.7196, 0.2396, 0.1949),
    "greenness": (-0.3599, -0.3533, -0.4734, 0.6633, 0.0087, -0.2856),
    "wetness": (0.2578, 0.2305, 0.0883, 0.1071, -0.7611, -0.5308),
}
"""Of Sentinel-2 reflectance at the sensor, level L1C: Shi and Xu, IEEE JSTARS 12, 2019. In their
order of bands, which is that of TASSELLED."""
SURFACE = {
    "brightness": (0.2043, 0.4158, 0.5524, 0.5741, 0.3124, 0.2303),
    "greenness": (-0.1603, -0.2819, -0.4934, 0.7940, -0.0002, -0.1446),
    "wetness": (0.0315, 0.2021, 0.3102, 0.1594, -0.6806, -0.6109),
}
"""Of reflectance at the ground, for level L2A: Crist, Remote Sensing of Environment 17, 1985,
derived for the Thematic Mapper's bands 1 - 5 and 7, whose nearest of Sentinel-2 are TASSELLED."""


def _cap(name: str, level: str, part: str, by: Sequence[float], source: str) -> Index:
    """Its range is that of bands between 0 and 1."""
    return Index(
        name=name,
        title=f"tasselled cap {part}, {level}",
        needs=TASSELLED,
        formula=partial(weighted, by=by),
        low=sum(factor for factor in by if factor < 0),
        high=sum(factor for factor in by if factor > 0),
        source=source,
    )


def _difference(name: str, title: str, needs: tuple[str, str], source: str) -> Index:
    return Index(name, title, needs, normalised_difference, -1, 1, source, fixed=True)


def _caps(
    ending: str, level: str, table: Mapping[str, Sequence[float]], source: str
) -> list[Index]:
    return [_cap(f"tc{part[0]}{ending}", level, part, by, source) for part, by in table.items()]


INDICES: Mapping[str, Index] = {
    index.name: index
    for index in (
        _difference(
            "ndvi",
            "vegetation: near infrared against red",
            ("B08", "B04"),
            "Rouse et al., Third ERTS Symposium, NASA SP-351, 1974",
        ),
        _difference(
            "ndwi",
            "open water: green against near infrared",
            ("B03", "B08"),
            "McFeeters, International Journal of Remote Sensing 17(7), 1996",
        ),
        _difference(
            "ndsi",
            "snow: green against short-wave infrared",
            ("B03", "B11"),
            "Hall, Riggs and Salomonson, Remote Sensing of Environment 54, 1995",
        ),
        Index(
            name="hot",
            title="haze optimised transform",
            needs=("B02", "B04"),
            formula=haze_optimised,
            low=-0.58,
            high=0.92,
            source="Zhang et al., Remote Sensing of Environment 82, 2002; coefficients of Zhu and "
            "Woodcock, Remote Sensing of Environment 118, 2012",
        ),
        Index(
            name="cirrus",
            title="cirrus ratio: 1.38 µm, where only what floats above the vapour is seen, to blue",
            needs=("B10", "B02"),
            formula=ratio,
            low=0,
            high=1,
            source="Gao, Goetz and Wiscombe, Geophysical Research Letters 20(4), 1993, for the "
            "channel; band ratios after Hollstein et al., Remote Sensing 8(8), 2016",
        ),
        Index(
            name="psri",
            title="plant senescence reflectance index",
            needs=("B04", "B02", "B06"),
            formula=senescence,
            low=-1,
            high=1,
            source="Merzlyak et al., Physiologia Plantarum 106, 1999, with the nearest bands to "
            "678, 500 and 750 nm",
        ),
        *_caps("", "L1C", AT_SENSOR, "Shi and Xu, IEEE JSTARS 12, 2019"),
        *_caps("-l2a", "L2A", SURFACE, "Crist, Remote Sensing of Environment 17, 1985"),
    )
}
