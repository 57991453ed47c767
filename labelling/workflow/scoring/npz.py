"""Arrays in .npz files, read in place and written piece by piece: a pool's don't fit in memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray

from labelling.adapters.beside import beside

NAME = 26
"""Where in a member's header the lengths of its name and of its extra field stand, 2 bytes each."""
HEADER = 30
"""Bytes of that header before them."""


@dataclass(frozen=True)
class Writer:
    archive: zipfile.ZipFile

    def array(
        self, name: str, dtype: DTypeLike, shape: tuple[int, ...], pieces: Iterable[NDArray[Any]]
    ) -> None:
        """One array of this shape, given in pieces of rows; the same bytes as by `np.savez`."""
        told = {"descr": npy.dtype_to_descr(np.dtype(dtype)), "fortran_order": False}
        with self.archive.open(f"{name}.npy", "w", force_zip64=True) as file:
            npy.write_array_header_1_0(file, {**told, "shape": shape})
            for piece in pieces:
                file.write(np.asarray(piece, dtype=dtype).tobytes())


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new .npz: there whole or not at all."""
    with beside(path) as draft:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            yield Writer(archive)
        draft.rename(path)


def mapped(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an uncompressed .npz, read from the disk only where they are looked at.

    Raises ValueError for a file that is none, OSError.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            return {
                info.filename.removesuffix(".npy"): _member(file, info, path)
                for info in archive.infolist()
            }
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{path} holds no arrays: {error}") from error


def _member(file: IO[bytes], info: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{path}: {info.filename} is compressed")
    file.seek(info.header_offset + NAME)
    name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
    file.seek(info.header_offset + HEADER + name + extra)
    npy.read_magic(file)
    shape, fortran, dtype = npy.read_array_header_1_0(file)
    if fortran or dtype.hasobject:
        raise ValueError(f"{path}: {info.filename} isn't row by row")
    if 0 in shape or not shape:
        return np.fromfile(file, dtype, int(np.prod(shape))).reshape(shape)
    return np.memmap(path, dtype, "r", offset=file.tell(), shape=shape)
