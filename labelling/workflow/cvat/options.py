"""Settings of a campaign's link to CVAT: what `cvat connect --set` takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from labelling.errors import BadInput
from labelling.models import CvatLink

RANGES: dict[str, tuple[int, int]] = {
    "batch": (1, 200),
    "ahead": (0, 9),
    "keep": (0, 10_000),
    "quality": (50, 100),
}
"""{field: (smallest, largest)}"""
WORDS = {"background": ("unlabelled", "clear"), "order": ("drawing", "campaign")}
"""{field: what it may be}"""


@dataclass(frozen=True)
class Options:
    """Read from CvatLink.options; every field may be left out."""

    batch: int = 100
    """Tiles of one task there. 50 to 200 are quick to push; fewer only where no more wait."""
    ahead: int = 1
    """Tiles that a person is given there beside the one in work."""
    keep: int = 0
    """Open tiles kept there: so many of the highest ranked are pushed by themselves; 0: none is."""
    quality: int = 100
    """1…100, of the pictures that the server shows; below 100 thin cloud loses its edges."""
    prelabels: bool = True
    """Whether tiles are pushed with the masks that people may start from."""
    context: bool = True
    """Whether the other composites, the clear date and the sun go along."""
    background: str = "unlabelled"
    """What a pixel means that nobody drew on: `unlabelled`, or `clear`."""
    order: str = "drawing"
    """Where shapes overlap: `drawing`, by z-order and then the later one; `campaign`, by the
    priority of the campaign's classes first."""

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole or not low <= value <= high:
                raise _wrong(name, value, f"a whole number from {low} to {high}")
        for name, known in WORDS.items():
            if getattr(self, name) not in known:
                raise _wrong(name, getattr(self, name), " or ".join(known))
        for name in ("prelabels", "context"):
            if not isinstance(getattr(self, name), bool):
                raise _wrong(name, getattr(self, name), "true or false")


def options_of(link: CvatLink) -> Options:
    """The options in force. Raises BadInput naming the field that can't be used."""
    return options_from(link.options)


def options_from(given: Mapping[str, Any]) -> Options:
    """Raises BadInput for a field that there isn't, or a value out of its range."""
    known = sorted(each.name for each in fields(Options))
    for name in given:
        if name not in known:
            raise BadInput(
                f"CVAT has no setting {name!r}.",
                field=f"cvat.{name}",
                help=f"There is: {', '.join(known)}.",
            )
    return Options(**given)


def _wrong(name: str, value: Any, wanted: str) -> BadInput:
    return BadInput(f"cvat.{name} must be {wanted}, not {value!r}.", field=f"cvat.{name}")
