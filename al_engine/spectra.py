"""A tile as figures of its own pixels, for choosing tiles before there is a model."""

import numpy as np
from numpy.typing import NDArray

from al_engine.errors import BadTile

PERCENTILES = (5, 50, 95)
STATISTICS = 2 + len(PERCENTILES)
SCALES = (1, 2, 4)
TINY = 1e-6


def spectral_features(
    thumbnail: NDArray[np.floating],
    valid: NDArray[np.bool_],
    *,
    indices: tuple[tuple[int, int], ...] = (),
) -> NDArray[np.float32]:
    """Figures of one tile, (F,) float32; the same list for every tile of a campaign.

    thumbnail: (C, h, w) reflectance, 64 x 64 is plenty. valid: bool (h, w).
    indices: pairs of channels (a, b) whose normalised difference (a - b) / (a + b) is added as
    another channel, such as NDVI, NDWI, NDSI.
    Per channel: mean, standard deviation, 5th, 50th, 95th percentile over the valid pixels. Then
    the mean over channels' gradient energy at three scales, log(1e-6 + mean squared difference of
    neighbours). F = 5 (C + len(indices)) + 3. A tile without a valid pixel is all zero.
    Raises BadTile for shapes that differ, NaN in valid pixels, and indices out of range.
    Source: section 8.4 of the design; the twelve means and deviations were its pilot's features.
    """
    pixels = _channels(thumbnail, valid, indices)
    if not valid.any():
        return np.zeros(STATISTICS * len(pixels) + len(SCALES), dtype=np.float32)
    inside = pixels[:, valid]
    per_channel = np.concatenate(
        [
            inside.mean(axis=1, keepdims=True),
            inside.std(axis=1, keepdims=True),
            np.percentile(inside, PERCENTILES, axis=1).T,
        ],
        axis=1,
    )
    energies = [_energy(pixels[: len(thumbnail)], valid, scale) for scale in SCALES]
    return np.concatenate([per_channel.ravel(), energies]).astype(np.float32)


def _channels(
    thumbnail: NDArray[np.floating],
    valid: NDArray[np.bool_],
    indices: tuple[tuple[int, int], ...],
) -> NDArray[np.float64]:
    """(C + I, h, w) with the normalised differences behind the bands."""
    given = np.asarray(thumbnail, dtype=np.float64)
    if given.ndim != 3 or given.shape[1:] != np.shape(valid):
        raise BadTile(
            f"A thumbnail is (channels, height, width) with valid beside it, not {given.shape} "
            f"and {np.shape(valid)}.",
            field="thumbnail",
        )
    if not np.isfinite(given[:, valid]).all():
        raise BadTile("The thumbnail holds NaN or infinity in valid pixels.", field="thumbnail")
    if any(not 0 <= channel < len(given) for pair in indices for channel in pair):
        raise BadTile(f"Indices name channels below {len(given)}: {indices}.", field="indices")
    differences = [
        (given[a] - given[b]) / np.maximum(np.abs(given[a] + given[b]), TINY) for a, b in indices
    ]
    return np.concatenate([given, np.stack(differences)]) if differences else given


def _energy(bands: NDArray[np.float64], valid: NDArray[np.bool_], scale: int) -> float:
    """Log mean squared difference of pixels `scale` apart, both valid, over channels and axes."""
    total, count = 0.0, 0
    for axis in (1, 2):
        later = [slice(None)] * 3
        earlier = [slice(None)] * 3
        later[axis], earlier[axis] = slice(scale, None), slice(None, -scale)
        both = valid[tuple(later[1:])] & valid[tuple(earlier[1:])]
        apart = (bands[tuple(later)] - bands[tuple(earlier)])[:, both]
        total, count = total + float((apart**2).sum()), count + apart.size
    return float(np.log(TINY + total / max(1, count)))
