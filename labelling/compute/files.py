"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.beside import beside


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """One .npz, written beside and renamed."""
    with beside(path) as draft:
        with draft.open("wb") as file:
            np.savez(file, **arrays)
        draft.rename(path)
