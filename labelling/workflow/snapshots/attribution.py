"""Whom to name for labels and imagery that a training set is made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

OWN = "campaign"
"""Source of the team's own labels."""
PAINTED = "synthetic"
UNSTATED = "unstated"
"""Licence of labels whose import didn't name one."""
LABELS = {
    "kappaset": "KappaZeta (2022), KappaSet, doi 10.5281/zenodo.7100327.",
    "cloudsen12": "Aybar et al. (2022), CloudSEN12, doi 10.1038/s41597-022-01878-2.",
    "baetens-hagolle": (
        "Baetens and Hagolle (2018), reference cloud masks for Sentinel-2, "
        "doi 10.5281/zenodo.1460961."
    ),
    "francis": (
        "Francis et al. (2020), Sentinel-2 Cloud Mask Catalogue, doi 10.5281/zenodo.4172871."
    ),
    "l8biome": (
        "U.S. Geological Survey (2016), L8 Biome cloud validation masks, doi 10.5066/F7251GDH."
    ),
}
"""By the form that a label was imported from: each set's module in imagery/labelsets says more."""
UNKNOWN = "Not known here: name whoever drew these labels as they ask for it."


def licence_of(*, source: str, licence: str) -> str:
    """The licence as it was named, or that it wasn't."""
    return licence or ("the team's own" if source in (OWN, PAINTED) else UNSTATED)


def of_labels(*, source: str, format: str) -> str:
    """The words to print for labels of `source`, imported from a file of form `format`."""
    if source == OWN:
        return "Drawn by this campaign's annotators."
    if source == PAINTED:
        return "Painted by the workbench: synthetic, no observation."
    return LABELS.get(format, UNKNOWN)


def of_imagery(*, satellite: str, synthetic: bool, taken: Iterable[datetime | None]) -> str:
    """The words to print for tiles of one satellite, taken at these times."""
    if synthetic:
        return "Painted by the workbench: synthetic, no observation."
    if satellite.startswith("S2"):
        years = sorted({moment.year for moment in taken if moment is not None})
        told = f" {', '.join(map(str, years))}" if years else ""
        # The words that the Copernicus terms ask for where Sentinel data were changed.
        return f"Contains modified Copernicus Sentinel data{told}."
    if satellite.startswith("L8"):
        return "Landsat-8 image courtesy of the U.S. Geological Survey."
    return "Not known here: name whoever the imagery came from as they ask for it."
