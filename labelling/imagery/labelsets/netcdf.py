"""NetCDF files, opened and read so that every failure names the file and the variable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput

LARGEST_SIDE = 4096
"""Pixels of a plane: sub-tiles have 512. A small file can say that it holds any number."""


@contextmanager
def dataset_at(file: Path) -> Iterator[netCDF4.Dataset]:
    """The open dataset, its values as stored. Raises BadInput naming the file."""
    try:
        dataset = netCDF4.Dataset(file)
    except OSError as error:
        raise BadInput(
            f"{file.name}: damaged, cut short or not a NetCDF file ({error.strerror or error}).",
            field="file",
            help="Copy the file again from its source.",
        ) from error
    with dataset:
        dataset.set_auto_maskandscale(False)
        yield dataset


def plane(
    file: Path,
    dataset: netCDF4.Dataset,
    name: str,
    *,
    kind: type[np.generic],
    shape: tuple[int, ...] | None = None,
) -> NDArray[Any]:
    """(rows, columns) of a variable whose type is a `kind`.

    Raises BadInput, naming it, for one that is missing, damaged, or of another type or shape.
    """
    if name not in dataset.variables:
        raise BadInput(f"{file.name}: has no variable {name}.", field=name)
    variable = dataset.variables[name]
    fits = variable.ndim == 2 and 0 < min(variable.shape) <= max(variable.shape) <= LARGEST_SIDE
    if not fits or (shape and variable.shape != shape):
        wanted = " × ".join(map(str, shape)) if shape else "rows × columns"
        found = " × ".join(map(str, variable.shape))
        raise BadInput(f"{file.name}: its {name} is {found}, not {wanted}.", field=name)
    if not np.issubdtype(variable.dtype, kind):
        raise BadInput(f"{file.name}: its {name} holds {variable.dtype}.", field=name)
    try:
        return np.asarray(variable[:])
    except (OSError, RuntimeError) as error:
        raise BadInput(
            f"{file.name}: its {name} is damaged or cut short ({error}).",
            field=name,
            help="Copy the file again from its source.",
        ) from error
