"""Small snapshots for tests, written as `labelling` writes them. All painted: synthetic."""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASSES = ((0, "clear"), (1, "cloud"), (2, "semi-transparent"), (3, "shadow"))
VALUE = {0: 2500, 1: 9000, 2: 5500, 3: 500}
"""Reflectance x 10 000 that the painter gives a class in every band, before noise."""


def paint(
    seed: int, *, bands: int = 3, size: int = 64, codes: Sequence[int] = (0, 1, 2, 3)
) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """A synthetic tile: one quarter of the square a class, in an order of the seed's own."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.resize(codes, 4)).reshape(2, 2)
    label = np.kron(order, np.ones((size // 2, size // 2))).astype(np.uint8)
    values = np.array([VALUE.get(code, 500 + 300 * code) for code in range(256)])
    noise = rng.normal(0, 60, (bands, size, size))
    pixels = values[label][None] * np.linspace(0.8, 1.2, bands)[:, None, None] + noise
    return np.clip(pixels, 1, 65535).astype(np.uint16), label


@dataclass
class SnapshotFolder:
    """Collects samples, then writes `snapshots/painted/manifest.json` and its chips."""

    root: Path
    band_names: tuple[str, ...] = ("B02", "B03", "B04")
    classes: Sequence[tuple[int, str]] = CLASSES
    tile_size: int = 64
    synthetic: bool = True
    samples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def chips(self) -> Path:
        return self.root / "chips"

    def add(
        self,
        bands: NDArray[Any],
        label: NDArray[Any],
        *,
        split: str = "pool",
        group: str | None = None,
        trust: float = 1.0,
        planes: Mapping[str, NDArray[Any]] | None = None,
        **keys: Any,
    ) -> "SnapshotFolder":
        """`keys` replace those of the sample's entry."""
        number = len(self.samples)
        self.samples.append(
            {
                "key": f"painted/{number:04}",
                "group": group or f"scene-{number}",
                "place": f"painted/{number}",
                "split": split,
                "bands": self.chip(bands),
                "label": self.chip(label),
                "source": "campaign",
                "trust": trust,
                "valid": 1.0,
                "sun_azimuth": None,
                "sun_zenith": None,
                "planes": {name: self.chip(each) for name, each in (planes or {}).items()},
                **keys,
            }
        )
        return self

    def chip(self, array: NDArray[Any]) -> str:
        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(array))
        digest = hashlib.sha256(buffer.getvalue()).hexdigest()
        self.chips.mkdir(parents=True, exist_ok=True)
        (self.chips / f"{digest}.npy").write_bytes(buffer.getvalue())
        return digest

    def write(self, **changes: Any) -> Path:
        """The snapshot's folder; `changes` replace keys of the manifest."""
        folder = self.root / "snapshots" / "painted"
        folder.mkdir(parents=True, exist_ok=True)
        manifest = {
            "format": "cloudmask-snapshot/1",
            "campaign": "north",
            "tile_size": self.tile_size,
            "bands": list(self.band_names),
            "classes": [{"code": code, "name": name} for code, name in self.classes],
            "chips": "../../chips",
            "synthetic": self.synthetic,
            "rule": {},
            "sources": [{"name": "campaign", "licence": "none", "trust": 1.0}],
            "samples": sorted(self.samples, key=lambda sample: sample["key"]),
            **changes,
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, sort_keys=True))
        return folder


def painted_snapshot(root: Path, *, pool: int = 4, validation: int = 2, test: int = 2) -> Path:
    """A synthetic snapshot with so many tiles a split."""
    folder = SnapshotFolder(root)
    splits = ["pool"] * pool + ["validation"] * validation + ["test"] * test
    for seed, split in enumerate(splits):
        folder.add(*paint(seed), split=split)
    return folder.write()
