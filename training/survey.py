"""One pass over the pool: what the bands look like, and how much of each class was labelled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import NothingToLearn
from training.features.layout import PLAIN, Layout
from training.features.measure import RestMoments
from training.features.sets import PLAIN_SET, FeatureSet
from training.held import checked_planes, layout_for
from training.planes import stacked
from training.snapshot import IGNORE, Bands, Sample, Snapshot

SMALLEST_DEVIATION = 1e-3
"""Below this a band is constant, and dividing by its deviation would only magnify rounding."""


def valid_pixels(bands: Bands) -> NDArray[np.bool_]:
    """(…, B, H, W) -> (…, H, W): where any band holds a value."""
    valid: NDArray[np.bool_] = np.bitwise_or.reduce(bands, axis=-3) != 0
    return valid


def present_bands(bands: Bands) -> NDArray[np.bool_]:
    """(…, B, H, W) -> (…, B): bands that are not zero everywhere, as a missing band is."""
    present: NDArray[np.bool_] = bands.max(axis=(-2, -1)) != 0
    return present


@dataclass(frozen=True)
class Normalisation:
    """Square root, then a z-score per band. On the root, dark and bright surfaces are spread
    alike; a thermal band in kelvin x 100 is nearly linear there and needs no other rule."""

    mean: tuple[float, ...]
    """(B,) of the square root of the stored values."""
    deviation: tuple[float, ...]
    """(B,) standard deviation of the same."""

    def as_json(self) -> dict[str, Any]:
        return {"transform": "sqrt", "mean": list(self.mean), "deviation": list(self.deviation)}

    @property
    def factors(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(B,) a and b with normalised = a * sqrt(value) + b."""
        inverse = 1 / np.asarray(self.deviation)
        return inverse.astype(np.float32), (-np.asarray(self.mean) * inverse).astype(np.float32)


@dataclass(frozen=True)
class Survey:
    normalisation: Normalisation
    pixels: NDArray[np.int64]
    """(samples, K) labelled pixels with data, by class; none for a sample nobody trusts."""
    layout: Layout = PLAIN
    """The channels that the network sees, and how those besides the bands are normalised."""


def survey(
    snapshot: Snapshot,
    samples: Sequence[Sample],
    *,
    report: Callable[[int], None],
    features: FeatureSet = PLAIN_SET,
) -> Survey:
    """Read every pool sample once, check its hash, and sum; `report` gets the number read.

    Raises BadSnapshot for a chip that is missing, damaged or of another kind, or where no sample
    has a plane that the features ask for; BadConfig where they need a band that isn't there;
    NothingToLearn where fewer than two classes are labelled.
    """
    moments = Moments(len(snapshot.bands))
    layout = PLAIN if features.plain else layout_for(features, snapshot, samples)
    rest = RestMoments(layout)
    pixels = np.zeros((len(samples), len(snapshot.classes)), dtype=np.int64)
    for index, sample in enumerate(samples):
        label, bands = snapshot.read_label(sample), snapshot.read_bands(sample)
        snapshot.check_hash(sample)
        moments.add(bands)
        if not layout.plain:
            planes = stacked([checked_planes(snapshot, sample, layout)])
            rest.add(bands, valid_pixels(bands), present_bands(bands), planes)
        judged = label[valid_pixels(bands) & (label != IGNORE) & (sample.trust > 0)]
        pixels[index] = np.bincount(judged, minlength=len(snapshot.classes))
        report(index + 1)
    _refuse_what_teaches_nothing(snapshot, pixels)
    normalised = PLAIN if layout.plain else rest.layout_normalised()
    return Survey(moments.normalisation(), pixels, normalised)


def _refuse_what_teaches_nothing(snapshot: Snapshot, pixels: NDArray[np.int64]) -> None:
    seen = [one.name for one, count in zip(snapshot.classes, pixels.sum(axis=0)) if count]
    if not seen:
        raise NothingToLearn(
            "No pixel of the pool is labelled: label some tiles, then start again.",
            field="samples",
        )
    if len(seen) == 1:
        raise NothingToLearn(
            f"Every labelled pixel of the pool is {seen[0]!r}: label tiles of a second class, "
            "then start again.",
            field="samples",
        )


class Moments:
    """Count, sum and sum of squares of sqrt(value), band by band, over valid pixels."""

    def __init__(self, bands: int) -> None:
        self.count = np.zeros(bands)
        self.sum = np.zeros(bands)
        self.squares = np.zeros(bands)

    def add(self, bands: Bands) -> None:
        # Invalid pixels and missing bands are 0 and add nothing to the sums: only count is masked.
        self.count += valid_pixels(bands).sum() * present_bands(bands)
        self.sum += np.sqrt(bands, dtype=np.float32).sum(axis=(1, 2), dtype=np.float64)
        self.squares += bands.sum(axis=(1, 2), dtype=np.uint64)  # the square of a root

    def normalisation(self) -> Normalisation:
        count = np.maximum(self.count, 1)
        mean = self.sum / count
        deviation = np.sqrt(np.maximum(self.squares / count - mean**2, 0))
        deviation[deviation < SMALLEST_DEVIATION] = 1.0
        return Normalisation(tuple(mean.tolist()), tuple(deviation.tolist()))
