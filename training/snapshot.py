"""A frozen training set: one manifest, and chips found by their hash, mapped into memory.

B bands, H and W the tile size in pixels, K classes. Channel k of a network is the k-th class.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import manifest as read
from training.errors import BadChip, BadSnapshot, EmptySnapshot, MissingChip, UnknownLabel
from training.files import sha256, sha256_of

FORMAT = "cloudmask-snapshot/1"
UNSURE, UNLABELLED = 254, 255
"""Label codes that teach nothing: the annotator could not say; nobody has looked."""
IGNORE = 255
"""Channel index of a pixel that is neither trained on nor counted."""
SPLITS = ("pool", "validation", "test")
OWN = ("campaign", "synthetic")
"""Sources of labels that a campaign made itself."""

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
    source: str = OWN[0]
    """Who labelled it: one of OWN, or an imported set."""
    month: int | None = None
    """Of the acquisition, 1 … 12."""
    sun_azimuth: float | None = None
    """Degrees clockwise from north, which is up."""
    sun_zenith: float | None = None
    """Degrees from overhead."""
    planes: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Hashes of the files of what lies beside the bands: `clear`, `mask:NAME`, `extra:NAME`."""

    @property
    def sun(self) -> NDArray[np.float32] | None:
        """(2,) zenith and azimuth in degrees; None where either is not known."""
        if self.sun_zenith is None or self.sun_azimuth is None:
            return None
        return np.array([self.sun_zenith, self.sun_azimuth], dtype=np.float32)

    @property
    def earlier(self) -> bool:
        """Whether its label was there before the campaign's own."""
        return self.source not in OWN


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

    def scenes_of(self, split: str) -> frozenset[str]:
        """Groups of a split's samples. A scene that lies on the ground of two splits is in both:
        its tiles show other ground, but were taken in the same minute."""
        return frozenset(sample.group for sample in self.of_split(split))

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

    def read_planes(self, sample: Sample, names: Iterable[str]) -> dict[str, NDArray[Any] | None]:
        """What lies beside the sample's bands, as `training.planes` describes it; None for what
        it lacks. Arrays are mapped, not yet read. Raises MissingChip, BadChip."""
        return {name: sample.sun if name == "sun" else self._plane(sample, name) for name in names}

    def _plane(self, sample: Sample, name: str) -> NDArray[Any] | None:
        if (digest := sample.planes.get(name)) is None:
            return None
        plane, kind = self._open(digest, of=sample), name.partition(":")[0]
        side = (self.tile_size, self.tile_size)
        shapes: dict[str, tuple[int, ...]] = {
            "clear": (len(self.bands), *side),
            "mask": side,
            "extra": (*plane.shape[:1], *side),
        }
        self._check(plane, read.PLANES[kind], shapes[kind], digest, of=sample)
        return plane

    def check_hash(self, sample: Sample) -> None:
        """Raises BadChip where a chip's octets are not those it is named after."""
        for digest in (sample.bands, sample.label, *sample.planes.values()):
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
        chip = self._open(digest, of=of)
        self._check(chip, dtype, shape, digest, of=of)
        return chip

    def _open(self, digest: str, *, of: Sample) -> NDArray[Any]:
        path = self.chips / f"{digest}.npy"
        try:
            chip: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            raise MissingChip(f"{path} of {of.key} is not there.", field=path.name) from None
        except (ValueError, OSError, EOFError) as problem:
            raise BadChip(f"{path} of {of.key} is no .npy: {problem}", field=path.name) from None
        return chip

    def _check(
        self,
        chip: NDArray[Any],
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        digest: str,
        *,
        of: Sample,
    ) -> None:
        if chip.dtype != dtype or chip.shape != shape or not chip.size:
            name = f"{digest}.npy"
            raise BadChip(
                f"{name} of {of.key} must be {dtype} {shape}, is {chip.dtype} {chip.shape}.",
                field=name,
            )


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
        chips=(folder / read.text(manifest, "chips")).resolve(),
        hash=sha256(content),
        campaign=read.text(manifest, "campaign"),
        tile_size=read.whole(manifest, "tile_size"),
        bands=read.band_names(manifest),
        classes=_classes(manifest),
        synthetic=bool(manifest.get("synthetic", False)),
        samples=tuple(_samples(manifest)),
    )
    if not snapshot.samples:
        raise EmptySnapshot(f"{path} lists no sample: label a tile first.", field="samples")
    return snapshot


def _classes(manifest: dict[str, Any]) -> tuple[Class, ...]:
    classes = [
        Class(read.whole(entry, "code", low=0), read.text(entry, "name"))
        for entry in read.entries(manifest, "classes")
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
    for entry in read.entries(manifest, "samples"):
        sample = Sample(
            key=read.text(entry, "key"),
            group=read.text(entry, "group"),
            split=read.text(entry, "split"),
            bands=read.text(entry, "bands"),
            label=read.text(entry, "label"),
            trust=read.share(entry, "trust"),
            source=read.text(entry, "source") if "source" in entry else OWN[0],
            month=read.month(entry),
            sun_azimuth=read.degrees(entry, "sun_azimuth", most=360),
            sun_zenith=read.degrees(entry, "sun_zenith", most=180),
            planes=read.planes(entry),
        )
        if sample.split not in SPLITS:
            raise BadSnapshot(
                f"{sample.key}: split must be one of {', '.join(SPLITS)}, not {sample.split!r}.",
                field="split",
            )
        yield sample
