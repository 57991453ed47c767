"""Bring what child processes read onto this machine; with storage in a folder it is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from labelling.adapters.blobs import Blobs

MODEL_FILES = ("weights.safetensors", "card.json")
"""In the order in which they are stored."""
AT_ONCE = 8
"""Copies on their way at the same time."""


def snapshot_here(folder: str, *, blobs: Blobs, split: str | None = None) -> Path:
    """A snapshot's folder, with the chips it names beside it as its manifest says.

    `split`: only the chips of its samples.

    Raises NotFound where storage has lost the manifest or a chip.
    """
    manifest = blobs.local(f"{folder}/manifest.json")
    samples = json.loads(manifest.read_bytes())["samples"]
    asked = [each for each in samples if split in (None, each["split"])]
    chips = sorted({chip for each in asked for chip in chips_of(each)})
    with ThreadPoolExecutor(AT_ONCE) as copying:
        for _ in copying.map(lambda chip: blobs.local(f"chips/{chip}.npy"), chips):
            pass
    return manifest.parent


def chips_of(sample: dict[str, Any]) -> Iterator[str]:
    """The hashes of a manifest's sample: its bands, its label, and what lies beside them."""
    yield from (sample["bands"], sample["label"])
    yield from sample.get("planes", {}).values()


def model_here(folder: str, *, blobs: Blobs) -> Path:
    """A model's folder with weights and card. Raises NotFound."""
    files = [blobs.local(f"{folder}/{name}") for name in MODEL_FILES]
    return files[-1].parent
