"""What an ingest finds in files and folders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labelling.errors import BadInput
from labelling.imagery.masks.sidefiles import is_octets
from labelling.imagery.products.find import products_in, recognise

ENDINGS = (".tif", ".tiff")


@dataclass(frozen=True)
class Source:
    """A product to ingest, or what a folder holds beside them."""

    path: Path
    label: Path | None = None
    skip: str = ""
    """Why the file is passed over; empty: it isn't."""
    refusal: str = ""
    """Why there is nothing to read; empty: there is."""


def find_sources(paths: Iterable[Path], *, labels: Path | None = None) -> list[Source]:
    """Products in `paths`, each with its label if any: SAFE folders, SAFE zips, GeoTIFFs, STAC
    items, and folders of any of them (not their subfolders).

    A label is `<name>_label.tif` beside the product, or in folder `labels` (there also
    `<name>.tif`). Other one-band 8-bit GeoTIFFs of a folder are masks and passed over.
    A path that doesn't exist and a folder without products are sources with a refusal.
    Raises BadInput when folder `labels` doesn't exist.
    """
    if labels and not labels.is_dir():
        raise BadInput(f"{labels}: no such folder of labels.", field="labels")
    sources: list[Source] = []
    for path in paths:
        is_folder = path.is_dir() and recognise(path) is None
        sources += _in_folder(path, labels) if is_folder else [_product(path, labels)]
    return sources


def label_of(product: Path, folder: Path | None = None) -> Path | None:
    """The label file of a product, None if there is none."""
    names = [f"{product.stem}_label{ending}" for ending in ENDINGS]
    candidates = [(folder or product.parent) / name for name in names]
    if folder and folder != product.parent:
        candidates += [folder / f"{product.stem}{ending}" for ending in ENDINGS]
    return next((path for path in candidates if path.is_file()), None)


def _product(path: Path, labels: Path | None) -> Source:
    if not path.exists():
        return Source(path, refusal="no such file or folder")
    return Source(path, label_of(path, labels))


def _in_folder(folder: Path, labels: Path | None) -> list[Source]:
    found = products_in(folder)
    if not found:
        return [Source(folder, refusal="no product in this folder; subfolders are not looked into")]
    taken = {label for path in found if (label := label_of(path))}
    return [_sorted_out(path, labels) for path in found if path not in taken]


def _sorted_out(path: Path, labels: Path | None) -> Source:
    if is_octets(path):
        return Source(path, skip="8-bit codes: a mask or label, not a scene")
    return Source(path, label_of(path, labels))
