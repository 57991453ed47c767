"""What an ingest reports of each product, and of all of them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

DONE, REFUSED, PARTLY = 0, 1, 3
"""Exit statuses of a command."""
COUNTS = (
    "tiles_new", "tiles_known", "tiles_empty", "tiles_elsewhere", "labels_new", "labels_known",
)  # fmt: skip


@dataclass
class FileReport:
    """What became of one product."""

    file: str
    state: str = "known"
    """ok: something new · known: all of it was here · refused · skipped: not a scene."""
    reason: str = ""
    field: str = ""
    """What a refusal is about."""
    tiles_new: int = 0
    tiles_known: int = 0
    tiles_empty: int = 0
    """Without any data: not stored."""
    tiles_elsewhere: int = 0
    """Stored already from another product of the same acquisition, level and baseline."""
    labels_new: int = 0
    labels_known: int = 0
    label_refused: str = ""
    """Why the label was not taken, its file named; the tiles are kept."""
    missing: list[str] = dataclasses.field(default_factory=list)
    """Bands of the campaign that the product lacks: stored as zeros."""
    ignored: list[str] = dataclasses.field(default_factory=list)
    """Bands of the product that the campaign doesn't use."""
    fenced: list[dict[str, str]] = dataclasses.field(default_factory=list)
    """Of the tiles new to the campaign, those it may not serve: {tile: its key, reason}."""
    masks: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    """What became of each mask that came with the product."""

    @property
    def troubled(self) -> bool:
        return (
            self.state == "refused"
            or bool(self.label_refused)
            or any(mask["state"] == "refused" for mask in self.masks)
        )

    def line(self) -> str:
        """One line for a person."""
        if self.state in ("refused", "skipped"):
            return f"{self.file}: {self.state}: {self.reason}"
        parts = [f"{self.tiles_new} new tiles, {self.tiles_known} known"]
        if self.labels_new or self.labels_known:
            parts.append(f"{self.labels_new} new labels, {self.labels_known} known")
        if self.tiles_empty:
            parts.append(f"{self.tiles_empty} without data")
        if self.tiles_elsewhere:
            parts.append(f"{self.tiles_elsewhere} held from another product of this acquisition")
        if self.fenced:
            counts = Counter(each["reason"] for each in self.fenced)
            reasons = ", ".join(f"{reason} {count}" for reason, count in counts.most_common())
            parts.append(f"{len(self.fenced)} fenced off ({reasons})")
        if self.missing:
            parts.append(f"lacks {', '.join(self.missing)}")
        if self.ignored:
            parts.append(f"{', '.join(self.ignored)} not used")
        parts += self._sides()
        return f"{self.file}: {'; '.join(parts)}"

    def _sides(self) -> list[str]:
        """What is told of the files beside the product."""
        told = [
            f"mask {mask['file']} refused: {mask['reason']}"
            if mask["state"] == "refused"
            else f"{mask['source']} {mask['tiles_new']} new layers"
            for mask in self.masks
        ]
        if self.label_refused:
            told.append(f"label refused: {self.label_refused}")
        return told


@dataclass
class IngestReport:
    """What became of all products of one ingest."""

    campaign: str
    dry_run: bool = False
    files: list[FileReport] = dataclasses.field(default_factory=list)

    def total(self, name: str) -> int:
        """Sum of a count over the files, such as `tiles_new`."""
        return sum(getattr(each, name) for each in self.files)

    def of_state(self, state: str) -> list[FileReport]:
        return [each for each in self.files if each.state == state]

    @property
    def refused(self) -> list[FileReport]:
        """Files that were refused, or whose label or mask was."""
        return [each for each in self.files if each.troubled]

    @property
    def fences(self) -> dict[str, int]:
        """{reason: tiles new to the campaign that it may not serve}."""
        return dict(Counter(each["reason"] for file in self.files for each in file.fenced))

    @property
    def exit_status(self) -> int:
        """0 all done · 1 nothing taken · 3 some of it refused."""
        if not self.refused:
            return DONE
        return PARTLY if self.of_state("ok") or self.of_state("known") else REFUSED

    def line(self) -> str:
        """The whole in one line for a person."""
        would = "would be " if self.dry_run else ""
        fenced = f"{sum(self.fences.values())} {would}fenced off; " if self.fences else ""
        return (
            f"Campaign {self.campaign}: {self.total('tiles_new')} tiles {would}new, "
            f"{self.total('tiles_known')} known; {fenced}{self.total('labels_new')} labels "
            f"{would}new, {self.total('labels_known')} known; {len(self.refused)} files with a "
            f"refusal, {len(self.of_state('skipped'))} passed over."
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "campaign": self.campaign,
            "dry_run": self.dry_run,
            **{name: self.total(name) for name in COUNTS},
            "fenced": self.fences,
            "refused": len(self.refused),
            "files": [asdict(each) for each in self.files],
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> IngestReport:
        """The inverse of `as_json`."""
        files = [FileReport(**each) for each in told["files"]]
        return cls(told["campaign"], told["dry_run"], files)
