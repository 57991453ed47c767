"""Which features a network sees, written as text: `sqrt+indices:ndvi,hot+sun+masks:scl`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from training.errors import BadConfig
from training.features.indices import INDICES

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")


@dataclass(frozen=True)
class FeatureSet:
    """A set of features; channels come in the order of these fields."""

    sqrt: bool = False
    """Square root of each band: dark and bright surfaces are spread alike."""
    bands: bool = False
    """Reflectance of each band as it is."""
    indices: tuple[str, ...] = ()
    """Names in INDICES, in that table's order."""
    sun: bool = False
    """Cosine of the sun's zenith, sine and cosine of its azimuth in the tile as it lies."""
    clear: bool = False
    """Reflectance less that of the clearest other date, and where that date has data."""
    masks: tuple[str, ...] = ()
    """Rule masks, one-hot by class; by name."""
    extra: tuple[str, ...] = ()
    """Other rasters on the grid, and where each has data; by name."""

    @property
    def text(self) -> str:
        """The set's one spelling: sets are equal when these are."""
        terms = [kind for kind in ("sqrt", "bands") if getattr(self, kind)]
        terms += [f"indices:{','.join(self.indices)}"] if self.indices else []
        terms += [kind for kind in ("sun", "clear") if getattr(self, kind)]
        for kind in ("masks", "extra"):
            names = getattr(self, kind)
            terms += [f"{kind}:{','.join(names)}"] if names else []
        return "+".join(terms)

    @property
    def plain(self) -> bool:
        """Whether the roots of the bands are all there is."""
        return self == PLAIN_SET

    @property
    def planes(self) -> tuple[str, ...]:
        """Names of what must lie beside the bands: sun, clear, mask:NAME, extra:NAME."""
        single = [kind for kind in ("sun", "clear") if getattr(self, kind)]
        masks = [f"mask:{name}" for name in self.masks]
        return (*single, *masks, *(f"extra:{name}" for name in self.extra))


PLAIN_SET = FeatureSet(sqrt=True)


def parse(text: str) -> FeatureSet:
    """The set that `text` names, terms in any order.

    Raises BadConfig naming the term, the index or the name that is wrong.
    """
    chosen: dict[str, Any] = {}
    for term in text.split("+"):
        kind, colon, rest = term.strip().partition(":")
        if kind not in KINDS:
            raise _wrong(text, f"there is no feature {kind!r}; there are {', '.join(KINDS)}")
        if kind in chosen:
            raise _wrong(text, f"{kind} is named twice")
        names = [name.strip() for name in rest.split(",")] if colon else []
        chosen[kind] = KINDS[kind](text, kind, names)
    return FeatureSet(**chosen)


def check_bands(features: FeatureSet, bands: Sequence[str]) -> None:
    """Raises BadConfig naming the first index whose bands are not all there, and those it lacks."""
    for name in features.indices:
        lacking = [band for band in INDICES[name].needs if band not in bands]
        if lacking:
            raise BadConfig(
                f"The index {name} needs band {', '.join(lacking)}, which the campaign lacks "
                f"(it has {', '.join(bands)}): leave {name} out of features.",
                field="features",
            )


def _nothing_more(text: str, kind: str, names: list[str]) -> bool:
    if names:
        raise _wrong(text, f"{kind} takes no names, but was given {', '.join(names)!r}")
    return True


def _index_names(text: str, kind: str, names: list[str]) -> tuple[str, ...]:
    for name in _each_once(text, kind, names):
        if name not in INDICES:
            raise _wrong(text, f"there is no index {name!r}; there are {', '.join(INDICES)}")
    return tuple(name for name in INDICES if name in names)


def _layer_names(text: str, kind: str, names: list[str]) -> tuple[str, ...]:
    for name in _each_once(text, kind, names):
        if not NAME.fullmatch(name):
            raise _wrong(text, f"{name!r} can't be a layer: use small letters, digits, _ . -")
    return tuple(sorted(names))


def _each_once(text: str, kind: str, names: list[str]) -> list[str]:
    if not names or len(set(names)) < len(names):
        raise _wrong(text, f"{kind} takes names, each once, such as {kind}:{EXAMPLES[kind]}")
    return names


def _wrong(text: str, why: str) -> BadConfig:
    return BadConfig(f"features is {text!r}: {why}.", field="features")


EXAMPLES = {"indices": "ndvi,ndsi", "masks": "scl,csmask", "extra": "s1"}
KINDS: dict[str, Callable[[str, str, list[str]], bool | tuple[str, ...]]] = {
    "sqrt": _nothing_more,
    "bands": _nothing_more,
    "indices": _index_names,
    "sun": _nothing_more,
    "clear": _nothing_more,
    "masks": _layer_names,
    "extra": _layer_names,
}
