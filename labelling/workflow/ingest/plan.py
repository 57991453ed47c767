"""What an ingest by several workers is asked for: its sources, cut into slices, and how to read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labelling.errors import BadInput
from labelling.imagery.masks.sidefiles import Pattern
from labelling.imagery.masks.sources import source_named
from labelling.workflow.ingest.sources import Source
from labelling.workflow.masking.products import USUAL, Wanted

FORMAT = "cloudmask-ingest/1"
ENOUGH = 256 * 2**20
"""Bytes of sources that are a slice's work."""
MOST = 32
"""Sources in a slice: who dies loses no more."""


@dataclass(frozen=True)
class Plan:
    sources: Sequence[Source]
    """Their paths as every worker finds them: absolute."""
    slices: Sequence[int]
    """How many sources, one after the other, each slice has."""
    bands: Sequence[str] | None = None
    with_masks: bool = False
    masks: Wanted = USUAL

    @classmethod
    def of(
        cls,
        sources: Sequence[Source],
        *,
        bands: Sequence[str] | None = None,
        with_masks: bool = False,
        masks: Wanted = USUAL,
    ) -> Plan:
        found = [absolute(each) for each in sources]
        return cls(found, slices([weight(each) for each in found]), bands, with_masks, masks)

    def part(self, number: int) -> Sequence[Source]:
        """The sources of one slice."""
        first = sum(self.slices[:number])
        return self.sources[first : first + self.slices[number]]

    @property
    def digest(self) -> str:
        """Hex; equal for equal plans."""
        return hashlib.sha256(self.dump()).hexdigest()

    def dump(self) -> bytes:
        told = {
            "format": FORMAT,
            "sources": [told_of(each) for each in self.sources],
            "slices": list(self.slices),
            "bands": None if self.bands is None else list(self.bands),
            "with_masks": self.with_masks,
            "masks": masks_told(self.masks),
        }
        return json.dumps(told, sort_keys=True).encode()

    @classmethod
    def load(cls, content: bytes) -> Plan:
        """The inverse of `dump`. Raises BadInput for what another version of the code wrote."""
        told = json.loads(content)
        if told.get("format") != FORMAT:
            raise BadInput(
                f"An ingest planned as {told.get('format')!r} can't be gone on with.",
                help="Ingest again: what is stored is left as it is.",
            )
        return cls(
            [source_of(each) for each in told["sources"]],
            told["slices"],
            told["bands"],
            told["with_masks"],
            masks_of(told["masks"]),
        )


def slices(weights: Sequence[int]) -> list[int]:
    """How many sources of `weights` bytes, one after the other, make a slice each: ENOUGH bytes of
    them, or MOST."""
    found: list[int] = []
    heavy = ENOUGH
    for each in weights:
        if heavy >= ENOUGH or found[-1] == MOST:
            found.append(0)
            heavy = 0
        found[-1] += 1
        heavy += each
    return found


def weight(source: Source) -> int:
    """Bytes to be read: of a folder as much as a slice's; nothing of what isn't read at all."""
    if source.skip or source.refusal:
        return 0
    if source.path.is_file():
        return source.path.stat().st_size
    return ENOUGH


def absolute(source: Source) -> Source:
    label = source.label and source.label.absolute()
    return Source(source.path.absolute(), label, source.skip, source.refusal)


def told_of(source: Source) -> dict[str, str]:
    told = {"path": source.path, "label": source.label or "", "skip": source.skip,
            "refusal": source.refusal}  # fmt: skip
    return {name: str(value) for name, value in told.items() if value}


def source_of(told: Mapping[str, str]) -> Source:
    label = Path(told["label"]) if "label" in told else None
    return Source(Path(told["path"]), label, told.get("skip", ""), told.get("refusal", ""))


def masks_told(wanted: Wanted) -> dict[str, Any]:
    return {
        "patterns": [[each.source.name, each.glob, each.band] for each in wanted.patterns],
        "thresholds": dict(wanted.thresholds),
        "tool": wanted.tool,
    }


def masks_of(told: Mapping[str, Any]) -> Wanted:
    patterns = tuple(
        Pattern(source_named(name), glob, band) for name, glob, band in told["patterns"]
    )
    return Wanted(patterns, told["thresholds"], told["tool"])
