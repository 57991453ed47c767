"""COCO: one JSON a shard and one above them all; a mask for each class that a tile has.

A category's id is its code + 1, because many tools keep 0 for the background. Pixels that nobody
labelled have no annotation; unsure pixels have the category `unsure`. Bands, where asked for, lie
beside as GeoTIFF, and the image's `file_name` names them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.imagery.exports.geotiff import bands_bytes
from labelling.imagery.exports.outgoing import (
    Closing,
    Form,
    Legend,
    Piece,
    Pixels,
    Subject,
    as_json,
    counted,
)
from labelling.imagery.exports.rle import decode, encode
from labelling.imagery.labelfile import UNLABELLED, UNSURE
from labelling.imagery.tilefile import read_tile

NAME = "annotations.json"
CODES = 256
"""Annotation ids leave room for as many masks a tile."""


def tile(subject: Subject, pixels: Pixels, legend: Legend) -> Piece:
    files = {}
    if pixels.bands is not None:
        files[f"{subject.name}.tif"] = bands_bytes(pixels.bands, subject, legend)
    height, width = pixels.label.shape
    image = {
        "id": subject.number,
        "file_name": f"{subject.name}.tif",
        "height": height,
        "width": width,
        "date_captured": f"{subject.taken:%Y-%m-%dT%H:%M:%SZ}" if subject.taken else "",
        "tile": subject.key,
        "split": subject.split,
        "source": subject.source,
        "licence": subject.licence,
        "synthetic": subject.synthetic,
    }
    return Piece(files, {"image": image, "annotations": masks(subject, pixels.label)})


def masks(subject: Subject, label: NDArray[np.uint8]) -> list[dict[str, Any]]:
    """One for each code that occurs, but for what nobody labelled."""
    return [
        {
            "id": subject.number * CODES + code,
            "image_id": subject.number,
            "category_id": code + 1,
            "segmentation": {"size": list(label.shape), "counts": encode(label == code)},
            "area": area,
            "bbox": box(label == code),
            "iscrowd": 0,
        }
        for code, area in counted(label).items()
        if code != UNLABELLED
    ]


def box(mask: NDArray[np.bool_]) -> list[int]:
    """[left, top, width, height] in pixels of a mask that isn't empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    return [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]


def categories(legend: Legend) -> list[dict[str, Any]]:
    return [
        {"id": code + 1, "name": name, "supercategory": "class" if code < UNSURE else "none"}
        for code, name in sorted(legend.names.items())
        if code != UNLABELLED
    ]


def info(legend: Legend) -> dict[str, Any]:
    painted = " Some or all tiles are synthetic." if legend.synthetic else ""
    return {
        "description": f"Snapshot {legend.snapshot} of campaign {legend.campaign}.{painted}",
        "date_created": f"{legend.frozen:%Y-%m-%dT%H:%M:%SZ}",
        "licences": list(legend.licences),
    }


def shard(notes: Sequence[Mapping[str, Any]], legend: Legend) -> Mapping[str, bytes]:
    told = {
        "info": info(legend),
        "categories": categories(legend),
        "images": [note["image"] for note in notes],
        "annotations": [each for note in notes for each in note["annotations"]],
    }
    return {NAME: as_json(told)}


def close(closing: Closing) -> Iterable[tuple[str, Iterable[bytes]]]:
    """All shards in one file, for tools that read one; never all in memory."""
    yield NAME, _joined(closing)


def _joined(closing: Closing) -> Iterator[bytes]:
    legend = closing.legend
    yield b'{"info": ' + _line(info(legend)) + b',\n"categories": ' + _line(categories(legend))
    for part in ("images", "annotations"):
        yield f',\n"{part}": ['.encode()
        separator = b"\n"
        for name in closing.shards:
            for each in json.loads((closing.folder / name / NAME).read_bytes())[part]:
                if part == "images":
                    each = {**each, "file_name": f"{name}/{each['file_name']}"}
                yield separator + _line(each)
                separator = b",\n"
        yield b"\n]"
    yield b"}\n"


def _line(told: Any) -> bytes:
    return json.dumps(told, sort_keys=True, ensure_ascii=False).encode()


def read(folder: Path, name: str, legend: Legend) -> Pixels:
    """From a shard's JSON. Raises BadInput where it has no such tile, or its masks overlap."""
    told = json.loads((folder / NAME).read_bytes())
    image = next((each for each in told["images"] if each["file_name"] == f"{name}.tif"), None)
    if image is None:
        raise BadInput(f"{folder.name}/{NAME} has no image {name}.tif.", field="file_name")
    found = [each for each in told["annotations"] if each["image_id"] == image["id"]]
    bands = folder / f"{name}.tif"
    pixels = read_tile(bands, legend.bands) if bands.is_file() else None
    return Pixels(painted(found, height=image["height"], width=image["width"]), pixels)


def painted(
    annotations: Sequence[Mapping[str, Any]], *, height: int, width: int
) -> NDArray[np.uint8]:
    """The label (height, width) of one image's annotations. Raises BadInput where two overlap."""
    label = np.full((height, width), UNLABELLED, np.uint8)
    for each in annotations:
        mask = decode(each["segmentation"]["counts"], height=height, width=width)
        if (label[mask] != UNLABELLED).any():
            raise BadInput(f"Annotation {each['id']} overlaps another one.", field="annotations")
        label[mask] = each["category_id"] - 1
    return label


COCO = Form("coco", "COCO: JSON with run-length masks", tile, read, shard=shard, close=close)
