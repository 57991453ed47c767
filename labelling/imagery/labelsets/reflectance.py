"""Pixels of labelled sets as reflectance in ten-thousandths, and their bands in our names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from labelling.errors import RasterRejected
from labelling.imagery.products.names import BANDS
from labelling.imagery.radiometry import HIGHEST, LOWEST, NO_DATA, SATURATED, SCALE

ZEROS_LEFT_OUT = {name.replace("B0", "B"): name for name in BANDS}
"""B1, B2, … as Earth Engine, and sets made with it, write Sentinel-2's bands."""
LANDSAT8 = {
    "B2": "B02", "B3": "B03", "B4": "B04", "B5": "B08", "B6": "B11", "B7": "B12", "B9": "B10",
}  # fmt: skip
"""Landsat 8's bands → Sentinel-2's of the nearest wavelength. B10 and B11 are thermal: left out."""
SLACK = 0.05
"""A float32 keeps DN / 65535 to within 0.004 of a number; anything this far off was no number."""


def from_shares(shares: NDArray[np.floating], *, what: str) -> NDArray[np.uint16]:
    """Stored reflectance from floats where 1 is all light; exactly 0 is no data.

    Raises RasterRejected naming `what` for NaN and infinity.
    """
    if not np.isfinite(shares).all():
        raise RasterRejected(f"{what}: holds NaN or infinity.", field="pixels")
    stored = np.rint(shares.astype(np.float64) * SCALE).clip(LOWEST, HIGHEST)
    return np.where(shares == 0, NO_DATA, stored).astype(np.uint16)


def from_unit(values: NDArray[np.floating], *, file: str, band: str) -> NDArray[np.uint16]:
    """Digital numbers that were stored as DN / 65535, exactly.

    Raises RasterRejected naming file and band for NaN and for what can't be such a number.
    """
    numbers = values.astype(np.float64) * SATURATED
    whole = np.rint(numbers)
    if not (np.abs(numbers - whole) < SLACK).all() or whole.min() < 0 or whole.max() > SATURATED:
        raise RasterRejected(
            f"{file}: its {band} isn't stored as DN / 65535: it holds NaN, values outside 0…1, or "
            "values between two digital numbers.",
            field=band,
        )
    return whole.astype(np.uint16)


def chosen_bands(
    names: Sequence[str], wanted: Sequence[str], table: Mapping[str, str]
) -> dict[int, str]:
    """{position in the file, from 0: our name} of the bands that the campaign wants.

    For a campaign in Sentinel-2's names `table` says what the file's names are called there, so
    that a thermal B10 never passes for the cirrus band; a campaign in the file's own names gets
    those. Bands that neither knows are left out.
    """
    if set(wanted) <= set(names) and not set(wanted) <= set(BANDS):
        return {at: name for at, name in enumerate(names) if name in wanted}
    ours = {at: table.get(name, "") for at, name in enumerate(names)}
    return {at: name for at, name in ours.items() if name in wanted}
