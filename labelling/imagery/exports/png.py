"""PNG: labels as 8-bit palette images whose index is the code; bands as 16-bit grey images.

A viewer shows the classes' colours; a program that reads the indices has the codes. Pixels that
nobody labelled are transparent.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from labelling.errors import BadInput
from labelling.imagery.exports.outgoing import Form, Legend, Piece, Pixels, Subject
from labelling.imagery.labelfile import UNLABELLED

LEVEL = 3
"""Of zlib, 0…9: time against size."""


def tile(subject: Subject, pixels: Pixels, legend: Legend) -> Piece:
    files = {f"{subject.name}.png": label_bytes(pixels.label, legend)}
    if pixels.bands is not None:
        for band, plane in zip(legend.bands, pixels.bands):
            files[f"{subject.name}_{band}.png"] = grey_bytes(plane)
    return Piece(files)


def label_bytes(label: NDArray[np.uint8], legend: Legend) -> bytes:
    """A palette image of (height, width) codes."""
    height, width = label.shape
    image = Image.frombytes("P", (width, height), np.ascontiguousarray(label).tobytes())
    image.putpalette(palette(legend))
    solid = bytes([255] * UNLABELLED + [0])
    return _saved(image, transparency=solid)


def palette(legend: Legend) -> bytes:
    """256 × (red, green, blue); codes that mean nothing are magenta, so that they are seen."""
    colours = legend.colours
    return b"".join(bytes(colours.get(code, (255, 0, 255))) for code in range(256))


def grey_bytes(plane: NDArray[np.uint16]) -> bytes:
    height, width = plane.shape
    octets = np.ascontiguousarray(plane, dtype="<u2").tobytes()
    return _saved(Image.frombytes("I;16", (width, height), octets))


def read(folder: Path, name: str, legend: Legend) -> Pixels:
    """Raises BadInput naming a file that isn't as `tile` writes it."""
    label = read_label(folder / f"{name}.png")
    planes = [folder / f"{name}_{band}.png" for band in legend.bands]
    if not all(path.is_file() for path in planes):
        return Pixels(label)
    return Pixels(label, np.stack([_read(path, "I;16").astype(np.uint16) for path in planes]))


def read_label(path: Path) -> NDArray[np.uint8]:
    return _read(path, "P").astype(np.uint8)


def _read(path: Path, mode: str) -> NDArray[np.generic]:
    try:
        with Image.open(path) as image:
            if image.mode != mode:
                raise BadInput(f"{path.name}: its mode is {image.mode}, not {mode}.", field="file")
            return np.asarray(image)
    except OSError as error:
        raise BadInput(f"{path.name}: no PNG that can be read ({error}).", field="file") from error


def _saved(image: Image.Image, **more: bytes) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=LEVEL, **more)
    return buffer.getvalue()


PNG = Form("png", "PNG: palette images of codes", tile, read)
