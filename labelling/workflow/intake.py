"""What an ingest finds in files and folders, and what it reports of each file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labelling.errors import BadInput
from labelling.imagery.stack import is_mask

ENDINGS = (".tif", ".tiff")
DONE, REFUSED, PARTLY = 0, 1, 3
"""Exit statuses of a command."""


@dataclass(frozen=True)
class Source:
    """A file to ingest, or one that a folder holds and that isn't a scene."""

    stack: Path
    label: Path | None = None
    skip: str = ""
    """Why the file is passed over; empty: it isn't."""
    refusal: str = ""
    """Why there is nothing to read; empty: there is."""


@dataclass
class FileReport:
    """What became of one file."""

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
    labels_new: int = 0
    labels_known: int = 0
    label_refused: str = ""
    """Why the label was not taken, its file named; the tiles are kept."""
    missing: list[str] = dataclasses.field(default_factory=list)
    """Bands of the campaign that the file lacks: stored as zeros."""
    ignored: list[str] = dataclasses.field(default_factory=list)
    """Bands of the file that the campaign doesn't use."""

    @property
    def troubled(self) -> bool:
        return self.state == "refused" or bool(self.label_refused)

    def line(self) -> str:
        """One line for a person."""
        if self.state in ("refused", "skipped"):
            return f"{self.file}: {self.state}: {self.reason}"
        parts = [f"{self.tiles_new} new tiles, {self.tiles_known} known"]
        if self.labels_new or self.labels_known:
            parts.append(f"{self.labels_new} new labels, {self.labels_known} known")
        if self.tiles_empty:
            parts.append(f"{self.tiles_empty} without data")
        if self.missing:
            parts.append(f"lacks {', '.join(self.missing)}")
        if self.ignored:
            parts.append(f"{', '.join(self.ignored)} not used")
        if self.label_refused:
            parts.append(f"label refused: {self.label_refused}")
        return f"{self.file}: {'; '.join(parts)}"


@dataclass
class IngestReport:
    """What became of all files of one ingest."""

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
        """Files that were refused, or whose label was."""
        return [each for each in self.files if each.troubled]

    @property
    def exit_status(self) -> int:
        """0 all done · 1 nothing taken · 3 some of it refused."""
        if not self.refused:
            return DONE
        return PARTLY if self.of_state("ok") or self.of_state("known") else REFUSED

    def line(self) -> str:
        """The whole in one line for a person."""
        would = "would be " if self.dry_run else ""
        return (
            f"Campaign {self.campaign}: {self.total('tiles_new')} tiles {would}new, "
            f"{self.total('tiles_known')} known; {self.total('labels_new')} labels {would}new, "
            f"{self.total('labels_known')} known; {len(self.refused)} files with a refusal, "
            f"{len(self.of_state('skipped'))} passed over."
        )

    def as_json(self) -> dict[str, Any]:
        counts = ("tiles_new", "tiles_known", "tiles_empty", "labels_new", "labels_known")
        return {
            "campaign": self.campaign,
            "dry_run": self.dry_run,
            **{name: self.total(name) for name in counts},
            "refused": len(self.refused),
            "files": [asdict(each) for each in self.files],
        }


def find_sources(paths: Iterable[Path], *, labels: Path | None = None) -> list[Source]:
    """Scenes in `paths`, files or folders (not their subfolders), each with its label if any.

    A label is `<name>_label.tif` beside `<name>.tif`, or in folder `labels` (there also
    `<name>.tif`). Other one-band 8-bit files of a folder are masks and passed over.
    A path that doesn't exist and a folder without GeoTIFFs are sources with a refusal.
    Raises BadInput when folder `labels` doesn't exist.
    """
    if labels and not labels.is_dir():
        raise BadInput(f"{labels}: no such folder of labels.", field="labels")
    sources: list[Source] = []
    for path in paths:
        sources += _in_folder(path, labels) if path.is_dir() else [_file(path, labels)]
    return sources


def label_of(stack: Path, folder: Path | None = None) -> Path | None:
    """The label file of a stack, None if there is none."""
    names = [f"{stack.stem}_label{ending}" for ending in ENDINGS]
    candidates = [(folder or stack.parent) / name for name in names]
    if folder and folder != stack.parent:
        candidates += [folder / f"{stack.stem}{ending}" for ending in ENDINGS]
    return next((path for path in candidates if path.is_file()), None)


def _file(path: Path, labels: Path | None) -> Source:
    if not path.is_file():
        return Source(path, refusal="no such file or folder")
    return Source(path, label_of(path, labels))


def _in_folder(folder: Path, labels: Path | None) -> list[Source]:
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)
    if not files:
        return [Source(folder, refusal="no GeoTIFF in this folder; subfolders are not looked into")]
    taken = {label for path in files if (label := label_of(path))}
    return [_sorted_out(path, labels) for path in files if path not in taken]


def _sorted_out(path: Path, labels: Path | None) -> Source:
    if is_mask(path):
        return Source(path, skip="one band of 8-bit codes: a mask or label, not a scene")
    return Source(path, label_of(path, labels))
