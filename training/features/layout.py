"""The channels of a network's input: their order, their names and how each is normalised.

B bands. The roots of the bands, where the set has them, come first and are normalised by the
survey's mean and deviation; the channels after them are called the rest, R of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.errors import BadConfig, BadModel
from training.features.indices import INDICES
from training.features.sets import PLAIN_SET, FeatureSet, check_bands, parse

MASK_CLASSES = ("clear", "cloud", "semi-transparent", "shadow")
"""What a rule mask's codes 0 … 3 mean; 255 is "cannot say"."""


@dataclass(frozen=True)
class Channel:
    """One of the rest."""

    name: str
    fixed: bool
    """Whether its range is known beforehand and it goes in as it is."""


@dataclass(frozen=True)
class Layout:
    features: FeatureSet
    bands: tuple[str, ...] = ()
    extra: tuple[int, ...] = ()
    """Planes of each extra raster, in the order of the set's names."""
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    """(R,) normalised = (value - mean) / deviation; 0 and 1 for what goes in as it is."""

    @property
    def plain(self) -> bool:
        return self.features.plain

    @property
    def rest(self) -> list[Channel]:
        return list(_rest(self.features, self.bands, self.extra))

    def size(self, bands: int) -> int:
        """Channels of the input, for a campaign of so many bands."""
        return (bands if self.features.sqrt else 0) + len(self.mean)

    def as_json(self, bands: Sequence[str]) -> dict[str, Any]:
        """What a card says of it."""
        roots = [f"sqrt {band}" for band in bands] if self.features.sqrt else []
        return {
            "set": self.features.text,
            "channels": [*roots, *(channel.name for channel in self.rest)],
            "extra": dict(zip(self.features.extra, self.extra, strict=True)),
            "mean": list(self.mean),
            "deviation": list(self.deviation),
            "formulas": {name: _formula(name) for name in self.features.indices},
        }


PLAIN = Layout(PLAIN_SET)
"""The roots of the bands and nothing else."""


def layout_of(features: FeatureSet, bands: Sequence[str], extra: Sequence[int]) -> Layout:
    """Not yet normalised. Raises BadConfig where an index needs a band that is not there."""
    check_bands(features, bands)
    size = sum(1 for _ in _rest(features, bands, extra))
    return Layout(features, tuple(bands), tuple(extra), (0.0,) * size, (1.0,) * size)


def read_layout(told: Mapping[str, Any] | None, bands: Sequence[str]) -> Layout:
    """The layout that a card states; a card from before there were feature sets has the roots.

    Raises BadModel where a formula has changed since the model was trained, KeyError or ValueError
    where what is told is no layout.
    """
    if told is None:
        return PLAIN
    try:
        features = parse(told["set"])
    except BadConfig as refusal:
        raise BadModel(f"The model was trained on {refusal.message}", field="features") from None
    extra = [int(told["extra"][name]) for name in features.extra]
    mean, deviation = tuple(told["mean"]), tuple(told["deviation"])
    layout = Layout(features, tuple(bands), tuple(extra), mean, deviation)
    if not len(layout.rest) == len(mean) == len(deviation):
        raise ValueError(f"{len(mean)} means for {len(layout.rest)} channels")
    for name, formula in told["formulas"].items():
        if formula["version"] != INDICES[name].version:
            raise BadModel(
                f"The model was trained with version {formula['version']} of the index {name}, "
                f"this program has version {INDICES[name].version}: train it again.",
                field=name,
            )
    return layout


def _rest(features: FeatureSet, bands: Sequence[str], extra: Sequence[int]) -> Iterator[Channel]:
    if features.bands:
        yield from (Channel(f"reflectance {band}", fixed=False) for band in bands)
    yield from (Channel(name, INDICES[name].fixed) for name in features.indices)
    if features.sun:
        parts = ("cos zenith", "sin azimuth", "cos azimuth")
        yield from (Channel(f"sun {part}", fixed=True) for part in parts)
    if features.clear:
        yield from (Channel(f"clear difference {band}", fixed=False) for band in bands)
        yield Channel("clear known", fixed=True)
    for name in features.masks:
        yield from (Channel(f"mask {name} {one}", fixed=True) for one in MASK_CLASSES)
    for name, planes in zip(features.extra, extra, strict=True):
        yield from (Channel(f"extra {name} {plane}", fixed=False) for plane in range(planes))
        yield Channel(f"extra {name} known", fixed=True)


def _formula(name: str) -> dict[str, Any]:
    index = INDICES[name]
    return {
        "version": index.version,
        "needs": list(index.needs),
        "range": [index.low, index.high],
        "source": index.source,
    }
