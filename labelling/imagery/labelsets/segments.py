"""Segments.ai: a release's JSON with its label bitmaps beside it.

`dataset.samples[].labels.<labelset>.attributes` lists the objects, {id, category_id}; the bitmap,
an RGBA PNG, holds the objects' ids, red + 256 · green + 65 536 · blue, 0 where nothing is labelled.
The JSON names bitmaps by URL; nothing is fetched: the file must lie below the JSON's folder, under
the URL's last part or as `<sample>_label_ground-truth.png`. Format: Segments.ai's documentation of
label formats 0.1 and of its export.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from labelling.errors import BadInput, LabelRejected
from labelling.imagery.labelsets.filing import files_below
from labelling.imagery.labelsets.labelled import Choices, Item, Labelled, Target, broken
from labelling.imagery.labelsets.naming import names_for
from labelling.imagery.labelsets.painting import Shape, painted
from labelling.imagery.labelsets.tables import SEGMENTS

LABELSET = "ground-truth"
DONE = ("LABELED", "REVIEWED", "VERIFIED")
"""Statuses of labels that a person has finished."""
LARGEST = 256 * 2**20
"""Bytes of the JSON."""
LARGEST_SIDE = 2048
"""Pixels of a bitmap: tiles have 512."""


def items(path: Path, choices: Choices) -> list[Item]:
    """A label per finished sample of each release, at any depth.

    A file that isn't a release is an item that raises when it is read. Raises BadInput when there
    is no file.
    """
    found = []
    for file in files_below(path, "*.json"):
        try:
            found += _items(file, choices)
        except BadInput as error:
            found.append(broken(file.name, error))
    return found


def read(
    bitmap: Path,
    choices: Choices,
    *,
    sample: str,
    label: Mapping[str, Any],
    names: Mapping[int, str],
) -> Labelled:
    """One sample. Raises LabelRejected naming the bitmap or the object that can't be used."""
    ids = _ids(bitmap)
    objects = _objects(sample, label, names)
    if unknown := sorted(set(np.unique(ids).tolist()) - {0, *objects}):
        raise LabelRejected(
            f"{bitmap.name}: holds object {', '.join(map(str, unknown[:9]))}, which {sample} "
            "doesn't list.",
            field="annotations",
        )
    drawn = [Shape(name, partial(np.equal, ids, number)) for number, name in objects.items()]
    known = names_for(SEGMENTS, choices, used=set(objects.values()))
    ours, provenance = painted(drawn, size=ids.shape, background=choices.background, names=known)
    return Labelled(
        label=ours,
        provenance=provenance,
        table=known.table,
        by_campaign=not known.by_table,
        target=Target(names=(sample,)),
        author=str(label.get("created_by") or ""),
        origin={"image": sample, "background": choices.background},
    )


def _items(file: Path, choices: Choices) -> list[Item]:
    release = _release(file)
    names = _categories(file, release)
    folders = (file.parent, *sorted(each for each in file.parent.iterdir() if each.is_dir()))
    found = []
    for at, sample in enumerate(_list(file, release, "samples")):
        name = str(sample.get("name", ""))
        title = f"{file.name}: {name}"
        try:
            label = _object(_object(sample, "labels", name), LABELSET, name)
            if label.get("label_status") in DONE:
                bitmap = _bitmap(folders, name, label)
                reader = partial(read, bitmap, choices, sample=name, label=label, names=names)
                found.append(Item(title, (file, bitmap), reader, part=f"{at}/{name}"))
        except BadInput as error:
            found.append(broken(title, error))
    return found


def _release(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > LARGEST:
            raise BadInput(f"{file.name}: is larger than {LARGEST // 2**20} MiB.", field="file")
        document = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{file.name}: not JSON, or cut short ({error}).", field="file") from error
    dataset = document.get("dataset") if isinstance(document, dict) else None
    if not isinstance(dataset, dict):
        raise BadInput(f"{file.name}: has no dataset: not a Segments.ai release.", field="dataset")
    return dataset


def _object(holder: Mapping[str, Any], name: str, sample: str) -> Mapping[str, Any]:
    """What `holder` has under a name; empty when it has nothing."""
    found = holder.get(name)
    if found is not None and not isinstance(found, dict):
        raise BadInput(f"{sample}: its {name} is no object.", field=name)
    return found or {}


def _list(file: Path, holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = holder.get(name)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise BadInput(f"{file.name}: has no list of {name}.", field=name)
    return found


def _categories(file: Path, dataset: Mapping[str, Any]) -> dict[int, str]:
    """{category_id: name}."""
    holder = dataset.get("task_attributes")
    categories = _list(file, holder if isinstance(holder, dict) else dataset, "categories")
    try:
        return {int(each["id"]): str(each["name"]) for each in categories}
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadInput(
            f"{file.name}: a category has no id or no name.", field="categories"
        ) from error


def _bitmap(folders: Sequence[Path], sample: str, label: Mapping[str, Any]) -> Path:
    """Where a sample's bitmap lies, or would; only names count, never folders out of a file.

    `folders` are the release's own and those in it.
    """
    attributes = _object(label, "attributes", sample)
    url = str(_object(attributes, "segmentation_bitmap", sample).get("url", ""))
    told = unquote(url.partition("?")[0].partition("#")[0])
    stem = PurePosixPath(sample).stem
    names = [PurePosixPath(told).name, f"{stem}_label_{LABELSET}.png"]
    names = [name for name in names if name not in ("", "..") and name.isprintable()]
    if not names:
        raise BadInput(f"{sample!r} and its bitmap have no name for a file.", field="name")
    there = (folder / name for name in names for folder in folders)
    return next((path for path in there if path.is_file()), folders[0] / names[0])


def _ids(bitmap: Path) -> NDArray[np.uint32]:
    """(height, width) of the objects' ids."""
    try:
        with Image.open(bitmap, formats=["PNG"]) as picture:
            if max(picture.size) > LARGEST_SIDE or picture.mode not in ("RGBA", "RGB"):
                wide, high = picture.size
                raise LabelRejected(
                    f"{bitmap.name}: {high} by {wide} pixels of {picture.mode}, not a tile's "
                    "bitmap in RGBA.",
                    field="bitmap",
                )
            colours = np.asarray(picture.convert("RGB"), dtype=np.uint32)
    except FileNotFoundError as error:
        raise LabelRejected(
            f"{bitmap.name}: isn't below the folder of its release.",
            field="segmentation_bitmap",
            help="Download the release's bitmaps beside its JSON.",
        ) from error
    except (OSError, UnidentifiedImageError, SyntaxError, Image.DecompressionBombError) as error:
        raise LabelRejected(
            f"{bitmap.name}: damaged, cut short or not a PNG ({error}).", field="bitmap"
        ) from error
    return colours[..., 0] + 256 * colours[..., 1] + 65_536 * colours[..., 2]


def _objects(sample: str, label: Mapping[str, Any], names: Mapping[int, str]) -> dict[int, str]:
    """{id of the object: name of its category}."""
    try:
        listed = [
            (int(each["id"]), int(each["category_id"]))
            for each in label["attributes"]["annotations"]
        ]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise LabelRejected(
            f"{sample}: its objects have no id or category_id.", field="annotations"
        ) from error
    if unknown := sorted({category for _, category in listed} - set(names)):
        raise LabelRejected(
            f"{sample}: category {', '.join(map(str, unknown))} isn't in the release's list.",
            field="category_id",
        )
    return {number: names[category] for number, category in listed}
