"""Files that are there whole or not at all."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """One .npz, written beside and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with draft.open("wb") as file:
            np.savez(file, **arrays)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
