"""What can be wrong with a label of the right size and codes, found on the arrays alone.

Each check is a function of one `Subject` that returns a finding or nothing; CHECKS lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from labelling.imagery.labelfile import UNLABELLED, UNSURE
from labelling.imagery.slivers import small_pieces
from labelling.imagery.sunlines import lit_through
from labelling.imagery.tilefile import read_tile

Plane = NDArray[np.uint8]
Mask = NDArray[np.bool_]

ERROR, WARNING = "error", "warning"
TOUCHING = np.ones((3, 3), bool)
"""Pixels that meet at a corner belong to one piece."""


@dataclass(frozen=True)
class Limits:
    """From where on something is worth a word; a campaign may set each."""

    unlabelled_share: float = 0.05
    """0…1 of the pixels with data that may be left without a label."""
    sure_share: float = 0.1
    """0…1 of the tile: the model is sure of a class that covers at least so much of it."""
    shadow_pixels: int = 64
    """Shadows with fewer pixels aren't asked for their cloud."""
    cloud_height: int = 3000
    """Metres above the ground up to which a shadow's cloud is looked for."""
    nodata_pixels: int = 16
    """Pixels of cloud or shadow that may lie where the tile has no data."""
    sliver_pixels: int = 5
    """A piece with fewer pixels is a sliver."""
    slivers: int = 20
    """Slivers that a label may have."""


@dataclass(frozen=True)
class Subject:
    """A label and what is known of its tile."""

    label: Plane
    """(height, width) class codes, 254 unsure, 255 not labelled."""
    clouds: Collection[int] = ()
    """Codes of cloud, semi-transparent cloud included; empty: the campaign has none."""
    shadows: Collection[int] = ()
    missing: Mask | None = None
    """(height, width), true where the tile has no data; None: nowhere."""
    fall: tuple[float, float] | None = None
    """(rows, columns) in pixels from a cloud to its shadow, for each metre of the cloud's height,
    down and right being positive; None: the sun's place isn't known."""
    expected: Mapping[int, float] = field(default_factory=dict)
    """{code: 0…1 of the tile} in the pre-label its author was shown; empty: he was shown none."""
    regions: Plane | None = None
    """(height, width) number of the region, 0 outside of all; None: the whole tile is asked for."""
    limits: Limits = field(default_factory=Limits)

    @property
    def with_data(self) -> int:
        absent = 0 if self.missing is None else np.count_nonzero(self.missing)
        return int(self.label.size - absent)

    def is_one_of(self, codes: Collection[int]) -> Mask:
        """(height, width), true where the label is one of `codes`."""
        found = np.zeros(self.label.shape, bool)
        for code in codes:
            found |= self.label == code
        return found


@dataclass(frozen=True)
class Finding:
    """What a check found."""

    code: str
    severity: str
    """`error`: such a label can't stand; `warning`: its author may know better."""
    message: str
    pixels: int
    share: float
    """0…1 of all pixels."""
    where: list[int] | None = None
    """[top, left, bottom, right] of the box around them, the last two beyond it; None: the whole
    tile."""


@dataclass(frozen=True)
class Trouble:
    """What a check returns: its finding without code and severity."""

    message: str
    pixels: int
    mask: Mask | None = None


def findings(subject: Subject, *, strict: Collection[str] = ()) -> list[Finding]:
    """All that the checks find, errors first; a check named in `strict` finds errors."""
    found = []
    for code, (severity, check) in CHECKS.items():
        if trouble := check(subject):
            found.append(
                Finding(
                    code=code,
                    severity=ERROR if code in strict else severity,
                    message=trouble.message,
                    pixels=trouble.pixels,
                    share=trouble.pixels / subject.label.size,
                    where=None if trouble.mask is None else box(trouble.mask),
                )
            )
    return sorted(found, key=lambda each: each.severity != ERROR)


def no_data(path: str) -> Mask:
    """(height, width), true where no band of a stored tile has data. Raises RasterRejected."""
    return np.bitwise_or.reduce(read_tile(path), axis=0) == 0


def unlabelled(subject: Subject) -> Trouble | None:
    """Pixels with data that nobody looked at, of a tile that is labelled whole."""
    if subject.regions is not None:
        return None
    left = subject.label == UNLABELLED
    if subject.missing is not None:
        left &= ~subject.missing
    pixels = int(np.count_nonzero(left))
    share = pixels / max(subject.with_data, 1)
    if share <= subject.limits.unlabelled_share:
        return None
    return Trouble(f"{share:.0%} of the pixels with data aren't labelled.", pixels, left)


def unfinished_regions(subject: Subject) -> Trouble | None:
    """Regions in which pixels with data have no label."""
    if subject.regions is None:
        return None
    left = (subject.label == UNLABELLED) & (subject.regions > 0)
    if subject.missing is not None:
        left &= ~subject.missing
    numbers = np.unique(subject.regions[left]).tolist()
    if not numbers:
        return None
    listed = ", ".join(map(str, numbers))
    what = f"Region {listed} isn't" if len(numbers) == 1 else f"Regions {listed} aren't"
    message = f"{what} labelled to the last pixel; what can't be told is unsure."
    return Trouble(message, int(np.count_nonzero(left)), left)


def one_class(subject: Subject) -> Trouble | None:
    """A single class, although the pre-label that was shown has two or more for sure."""
    least = subject.limits.sure_share
    sure = [code for code, share in subject.expected.items() if share >= least]
    if len(sure) < 2:
        return None
    codes = np.flatnonzero(np.bincount(subject.label.ravel(), minlength=256)[:UNSURE])
    if len(codes) != 1:
        return None
    pixels = int(np.count_nonzero(subject.label == codes[0]))
    return Trouble(
        f"Only one class is labelled; the pre-label has {len(sure)} that each cover {least:.0%} "
        "of the tile or more.",
        pixels,
    )


def shadow_without_cloud(subject: Subject) -> Trouble | None:
    """Shadows towards whose sun there is neither a cloud nor anything that could hide one.

    The line from the shadow to the sun is followed over the ground up to where a cloud
    `cloud_height` metres up would be shown. A shadow is left alone when the line of one of its
    pixels meets a cloud, a pixel that is unsure, not labelled or without data, or the tile's edge.
    """
    shadow = subject.is_one_of(subject.shadows) if subject.shadows else None
    if shadow is None or subject.fall is None or not subject.clouds or not shadow.any():
        return None
    possible = subject.is_one_of([*subject.clouds, UNSURE, UNLABELLED])
    if subject.missing is not None:
        possible |= subject.missing
    explained = lit_through(possible, shadow, subject.fall, subject.limits.cloud_height)
    pieces, count = ndimage.label(shadow, TOUCHING)
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    answered = np.bincount(pieces[shadow], weights=explained, minlength=count + 1) > 0
    orphans = (sizes >= subject.limits.shadow_pixels) & ~answered
    orphans[0] = False
    if not orphans.any():
        return None
    many = int(orphans.sum())
    what = "A shadow has" if many == 1 else f"{many} shadows have"
    return Trouble(
        f"{what} no cloud towards the sun, up to {subject.limits.cloud_height} m above the ground.",
        int(sizes[orphans].sum()),
        orphans[pieces],
    )


def cloud_over_nodata(subject: Subject) -> Trouble | None:
    """Cloud or shadow where the satellite saw nothing."""
    if subject.missing is None or not subject.clouds:
        return None
    wrong = subject.missing & subject.is_one_of([*subject.clouds, *subject.shadows])
    pixels = int(np.count_nonzero(wrong))
    if pixels <= subject.limits.nodata_pixels:
        return None
    return Trouble(f"{pixels} pixels of cloud or shadow lie where there is no data.", pixels, wrong)


def slivers(subject: Subject) -> Trouble | None:
    """Many pieces of a few pixels each: a slip of a tool, or noise of a model."""
    asked = np.ones(subject.label.shape, bool)
    if subject.missing is not None:
        asked = ~(subject.missing & (subject.label == UNLABELLED))
    if subject.regions is not None:
        asked &= subject.regions > 0
    small, pieces = small_pieces(subject.label, asked, least=subject.limits.sliver_pixels)
    if pieces <= subject.limits.slivers:
        return None
    return Trouble(
        f"{pieces} pieces have fewer than {subject.limits.sliver_pixels} pixels.",
        int(np.count_nonzero(small)),
        small,
    )


def box(mask: Mask) -> list[int]:
    """[top, left, bottom, right] around what is true, the last two beyond it."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return [int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1]


CHECKS: dict[str, tuple[str, Callable[[Subject], Trouble | None]]] = {
    "cloud_over_nodata": (ERROR, cloud_over_nodata),
    "unfinished_regions": (ERROR, unfinished_regions),
    "unlabelled": (WARNING, unlabelled),
    "one_class": (WARNING, one_class),
    "shadow_without_cloud": (WARNING, shadow_without_cloud),
    "slivers": (WARNING, slivers),
}
"""{code: (severity, check)}"""
OVERRULABLE = tuple(code for code, (severity, _) in CHECKS.items() if severity == WARNING)
