"""What other people's masks were trained on, as far as their makers say: a declared table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Lineage:
    """How a mask came to be."""

    sets: tuple[str, ...]
    """Names of the labelled sets, as `Annotation.source` has them, that it was trained on."""
    said_by: str
    """Where its makers say so."""

    def overlap(self, sources: Collection[str]) -> list[str]:
        """Of the sources of these labels, those that it was trained on."""
        return sorted(set(self.sets) & set(sources))


RULES = "rules and thresholds, not trained on labels"
LINEAGE: Mapping[str, Lineage] = {
    "csmask": Lineage(
        ("cloudsen12",), "README of ukis-csmask 1.0: SPARCS, CloudSEN12+ and samples of its own"
    ),
    "s2cloudless": Lineage((), "s2cloudless README: Sinergise's own samples, not published"),
    "kappamask": Lineage(
        ("kappaset", "kappazeta"), "KappaMask, Domnich et al. 2021, doi 10.3390/rs13204100"
    ),
    "omnicloudmask": Lineage(("cloudsen12",), "README of OmniCloudMask: CloudSEN12"),
    "dl_l8s2_uv": Lineage(
        ("l8biome",), "López-Puigdollers et al. 2021, doi 10.3390/rs13050992: Landsat 8 Biome"
    ),
    "scl": Lineage((), f"Sen2Cor: {RULES}"),
    "cldprb": Lineage((), f"Sen2Cor: {RULES}"),
    "snwprb": Lineage((), f"Sen2Cor: {RULES}"),
    "l1c_qi": Lineage((), f"Level-1C processor: {RULES}"),
    "fmask": Lineage((), f"Fmask: {RULES}"),
    "maja": Lineage((), f"MAJA: {RULES}"),
}
"""{Layer.source: what it was trained on}. A mask that isn't here may have seen anything."""


def lineage_of(source: str) -> Lineage | None:
    return LINEAGE.get(source)
