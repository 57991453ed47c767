"""A frozen training set: one manifest, and chips found by their hash, mapped into memory.

B bands, H and W the tile size in pixels, K classes. Channel k of a network is the k-th class.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import BadChip, BadSnapshot, EmptySnapshot, MissingChip, UnknownLabel
from training.files import sha256, sha256_of

FORMAT = "cloudmask-snapshot/1"
UNSURE, UNLABELLED = 254, 255
"""Label codes that teach nothing: the annotator could not say; nobody has looked."""
IGNORE = 255
"""Channel index of a pixel that is neither trained on nor counted."""
SPLITS = ("pool", "validation", "test")

Bands = NDArray[np.uint16]  # (B, H, W) reflectance x 10 000 or kelvin x 100, 0 is no data
Label = NDArray[np.uint8]  # (H, W) channel indices, or IGNORE


@dataclass(frozen=True)
class Class:
    code: int
    name: str


@dataclass(frozen=True)
class Sample:
    key: str
    group: str
    """The scene it was cut from; samples of one group are no independent evidence."""
    split: str
    bands: str
    """Hash of the file of bands."""
    label: str
    """Hash of the file of labels."""
    trust: float
    """Weight in the loss, 0 … 1."""


@dataclass(frozen=True)
class Snapshot:
    folder: Path
    chips: Path
    hash: str
    """sha256 of manifest.json."""
    campaign: str
    tile_size: int
    bands: tuple[str, ...]
    classes: tuple[Class, ...]
    synthetic: bool
    samples: tuple[Sample, ...]

    @property
    def class_names(self) -> list[str]:
        return [one.name for one in self.classes]

    def of_split(self, split: str) -> list[Sample]:
        return [sample for sample in self.samples if sample.split == split]

    def read_bands(self, sample: Sample) -> Bands:
        """(B, H, W) uint16, mapped, not yet read. Raises MissingChip, BadChip."""
        shape = (len(self.bands), self.tile_size, self.tile_size)
        return self._map(sample.bands, np.dtype(np.uint16), shape, of=sample)

    def read_label(self, sample: Sample) -> Label:
        """(H, W) uint8 channel indices. Raises MissingChip, BadChip, UnknownLabel."""
        shape = (self.tile_size, self.tile_size)
        codes = self._map(sample.label, np.dtype(np.uint8), shape, of=sample)
        label: Label = channels_of_codes(self.classes)[codes]
        if (label == FOREIGN).any():
            code = int(codes[label == FOREIGN][0])
            known = ", ".join(f"{one.code} {one.name}" for one in self.classes)
            raise UnknownLabel(
                f"The label of {sample.key} holds code {code}; the campaign knows {known}, "
                f"{UNSURE} unsure and {UNLABELLED} not labelled.",
                field=sample.key,
            )
        return label

    def check_hash(self, sample: Sample) -> None:
        """Raises BadChip where a chip's octets are not those it is named after."""
        for digest in (sample.bands, sample.label):
            path = self.chips / f"{digest}.npy"
            if path.exists() and sha256_of(path) != digest:
                raise BadChip(
                    f"{path.name} of {sample.key} is damaged: its octets have another hash. "
                    "Make the snapshot again.",
                    field=path.name,
                )

    def _map(
        self, digest: str, dtype: np.dtype[Any], shape: tuple[int, ...], *, of: Sample
    ) -> NDArray[Any]:
        path = self.chips / f"{digest}.npy"
        try:
            chip = np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            raise MissingChip(f"{path} of {of.key} is not there.", field=path.name) from None
        except (ValueError, OSError, EOFError) as problem:
            raise BadChip(f"{path} of {of.key} is no .npy: {problem}", field=path.name) from None
        if chip.dtype != dtype or chip.shape != shape:
            raise BadChip(
                f"{path.name} of {of.key} must be {dtype} {shape}, is {chip.dtype} {chip.shape}.",
                field=path.name,
            )
        return chip


FOREIGN = 253
"""Marks, in the table below, a code that is no class; no campaign has so many classes."""


def channels_of_codes(classes: Sequence[Class]) -> NDArray[np.uint8]:
    """(256,) uint8: label code -> channel index, IGNORE for 254 and 255, else FOREIGN."""
    table = np.full(256, FOREIGN, dtype=np.uint8)
    table[[UNSURE, UNLABELLED]] = IGNORE
    table[[one.code for one in classes]] = np.arange(len(classes), dtype=np.uint8)
    return table


def open_snapshot(folder: Path) -> Snapshot:
    """Read and check `folder`/manifest.json; chips are opened when they are asked for.

    Raises BadSnapshot naming the key that is wrong, EmptySnapshot where there is no sample.
    """
    path = folder / "manifest.json"
    try:
        content = path.read_bytes()
        manifest = json.loads(content)
    except (OSError, ValueError) as problem:
        raise BadSnapshot(f"{path} cannot be read: {problem}.", field=str(path)) from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadSnapshot(f'{path} must say "format": "{FORMAT}".', field="format")
    snapshot = Snapshot(
        folder=folder,
        chips=(folder / _text(manifest, "chips")).resolve(),
        hash=sha256(content),
        campaign=_text(manifest, "campaign"),
        tile_size=_whole(manifest, "tile_size"),
        bands=_band_names(manifest),
        classes=_classes(manifest),
        synthetic=bool(manifest.get("synthetic", False)),
        samples=tuple(_samples(manifest)),
    )
    if not snapshot.samples:
        raise EmptySnapshot(f"{path} lists no sample: label a tile first.", field="samples")
    return snapshot


def _classes(manifest: dict[str, Any]) -> tuple[Class, ...]:
    classes = [
        Class(_whole(entry, "code", low=0), _text(entry, "name"))
        for entry in _entries(manifest, "classes")
    ]
    codes, names = [one.code for one in classes], [one.name for one in classes]
    if not codes or max(codes) >= FOREIGN or len(set(codes)) < len(codes):
        raise BadSnapshot(
            f"classes need codes 0 … {FOREIGN - 1}, each once, not {codes}.", field="classes"
        )
    if len(set(names)) < len(names):
        raise BadSnapshot(f"classes need each a name of its own, not {names}.", field="classes")
    return tuple(classes)


def _samples(manifest: dict[str, Any]) -> Iterator[Sample]:
    for entry in _entries(manifest, "samples"):
        sample = Sample(
            key=_text(entry, "key"),
            group=_text(entry, "group"),
            split=_text(entry, "split"),
            bands=_text(entry, "bands"),
            label=_text(entry, "label"),
            trust=_share(entry, "trust"),
        )
        if sample.split not in SPLITS:
            raise BadSnapshot(
                f"{sample.key}: split must be one of {', '.join(SPLITS)}, not {sample.split!r}.",
                field="split",
            )
        yield sample


def _entries(manifest: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entries = manifest.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadSnapshot(f"{key} must be a list of objects in manifest.json.", field=key)
    return entries


def _band_names(manifest: dict[str, Any]) -> tuple[str, ...]:
    names = manifest.get("bands")
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise BadSnapshot("bands must be a list of names in manifest.json.", field="bands")
    return tuple(names)


def _text(entry: dict[str, Any], key: str) -> str:
    if not isinstance(value := entry.get(key), str) or not value:
        raise BadSnapshot(f"{key} must be a text in manifest.json, not {value!r}.", field=key)
    return value


def _whole(entry: dict[str, Any], key: str, *, low: int = 1) -> int:
    if type(value := entry.get(key)) is not int or value < low:
        raise BadSnapshot(f"{key} must be an integer of at least {low}, not {value!r}.", field=key)
    return value


def _share(entry: dict[str, Any], key: str) -> float:
    value = entry.get(key)
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadSnapshot(f"{key} must be a number from 0 to 1, not {value!r}.", field=key)
    return float(value)
