"""By what a tile is sorted: when, where, under which sun, over what, and under how much cloud."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.errors import BadSnapshot
from training.evaluation.scheme import Channels, Scheme
from training.evaluation.sunward import Sun
from training.snapshot import IGNORE, Sample, Snapshot

UNKNOWN = "unknown"
DATE = re.compile(r"/(\d{4})(\d{2})\d{2}T\d{6}")
"""In a sample's key: `<place>/<datetime>-<level>-<baseline>`."""
SUN_BANDS = ((20, "below 20°"), (30, "20 to 30°"), (40, "30 to 40°"), (50, "40 to 50°"))
HIGH_SUN = "50° and above"
CLOUD_BANDS = ((0, "none"), (0.25, "up to 25 %"), (0.45, "25 to 45 %"), (0.65, "45 to 65 %"))
"""Share of a tile's labelled pixels under cloud of any thickness, in CloudSEN12's steps."""
OVERCAST = "above 65 %"
STEP = 10.0
"""Metres a pixel, where the manifest doesn't say."""


@dataclass(frozen=True)
class About:
    """What a manifest says of a sample, beyond what training needs."""

    entry: Mapping[str, Any]

    def sun(self) -> Sun | None:
        azimuth, zenith = self.entry.get("sun_azimuth"), self.entry.get("sun_zenith")
        if azimuth is None or zenith is None:
            return None
        return Sun(float(azimuth), float(zenith), float(self.entry.get("step") or STEP))

    def slices(self, label: Channels, scheme: Scheme) -> dict[str, str]:
        return {
            "month": self._month(),
            "place": str(self.entry.get("place") or UNKNOWN).partition("/")[0],
            "sun elevation": self._elevation(),
            "surface": str(self._attribute("surface") or UNKNOWN),
            "cloud": cloud_band(label, scheme),
        }

    def _month(self) -> str:
        if month := self.entry.get("month"):
            return f"{int(month):02}"
        found = DATE.search(str(self.entry.get("key", "")))
        return found[2] if found else UNKNOWN

    def _elevation(self) -> str:
        zenith = self.entry.get("sun_zenith")
        if zenith is None:
            return UNKNOWN
        return next((name for above, name in SUN_BANDS if 90 - float(zenith) < above), HIGH_SUN)

    def _attribute(self, name: str) -> Any:
        attributes = self.entry.get("attributes")
        return attributes.get(name) if isinstance(attributes, Mapping) else self.entry.get(name)


def cloud_band(label: Channels, scheme: Scheme) -> str:
    known = label[label != IGNORE]
    if not known.size:
        return UNKNOWN
    share = float(np.isin(known, scheme.clouds).mean())
    return next((name for most, name in CLOUD_BANDS if share <= most), OVERCAST)


def abouts(snapshot: Snapshot) -> dict[str, About]:
    """{sample's key: what the manifest says}. Raises BadSnapshot where it can't be read again."""
    path = snapshot.folder / "manifest.json"
    try:
        entries = json.loads(path.read_bytes())["samples"]
        return {entry["key"]: About(entry) for entry in entries}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BadSnapshot(f"{path} cannot be read: {problem}.", field=str(path)) from None


def about(sample: Sample, known: Mapping[str, About]) -> About:
    return known.get(sample.key, About({}))
