"""Small labelled sets in the exact forms that their makers write."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from labelling.imagery.files import Georeference
from labelling.imagery.labelsets.labelled import Choices
from labelling.imagery.tilefile import write_mask
from tests.rasters import FOUR, pixels, write_stack

PRODUCT = "S2A_MSIL1C_20200529T094041_N0209_R036_T35VLF_20200529T120441"
LATER = "S2B_MSIL1C_20220529T094041_N0400_R036_T35VLF_20220529T120441"
SIDE = 64
CHOICES = Choices(bands=FOUR, tile_size=SIDE)


def write_subtile(
    folder: Path,
    *,
    product: str = PRODUCT,
    column: int = 2,
    row: int = 3,
    numbers: NDArray[np.uint16] | None = None,
    label: NDArray[np.uint8] | None = None,
    layers: Mapping[str, NDArray[np.uint8]] | None = None,
    overlap: float = 0,
    told: bool = True,
) -> Path:
    """A sub-tile as cm-vsm writes it: `numbers` (bands, side, side) as DN / 65535 floats."""
    values = pixels() if numbers is None else numbers
    side = values.shape[-1]
    tile = folder / f"{product}.CVAT" / f"tile_{column}_{row}"
    tile.mkdir(parents=True, exist_ok=True)
    taken = product.split("_")[2]
    path = tile / f"T35VLF_{taken}_tile_{column}_{row}.nc"
    codes = np.ones((side, side), np.uint8) if label is None else label
    with netCDF4.Dataset(path, "w", format="NETCDF4") as dataset:
        dataset.version = "0.3.7"
        dataset.overlap = np.float32(overlap)
        if told:
            dataset.product_name = f"{product}.SAFE"
        dataset.createDimension("x", side)
        dataset.createDimension("y", side)
        for name, plane in zip(FOUR, values):
            _variable(dataset, name, (plane / np.float32(65535)).astype(np.float32))
        for name, plane in {"Label": codes, **(layers or {})}.items():
            _variable(dataset, name, plane)
    return path


def _variable(dataset: netCDF4.Dataset, name: str, plane: NDArray) -> None:
    kind = "f4" if plane.dtype == np.float32 else "u1"
    variable = dataset.createVariable(name, kind, ("x", "y"), zlib=True, complevel=1)
    variable.set_auto_maskandscale(False)
    variable[:] = plane
    variable.scaling_factor = np.float32(1)
    variable.resampling_filter = "sinc"
    variable.last_modified = "2022-05-01T10:00:00Z"


def write_patch(
    folder: Path,
    *,
    label: NDArray[np.uint8],
    values: NDArray[np.uint16] | None = None,
    file: str = "manual_hq.tif",
    roi: str = "ROI_0001",
    place: Georeference | None = None,
) -> Path:
    """A CloudSEN12 patch: 13 bands called B1 …, with its label below `labels`."""
    patch = folder / "high" / roi / "20191028T141041_20191028T141041_T20HNH"
    names = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12"]
    side = label.shape[0]
    planes = pixels(bands=13, height=side, width=side) if values is None else values
    write_stack(patch / "S2L1C.tif", planes, bands=names, place=place)
    (patch / "labels").mkdir()
    write_mask(patch / "labels" / file, label, name="label")
    return patch


def write_table(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    with path.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_subscene(
    folder: Path, *, flags: NDArray, shares: NDArray | None = None, scene: str = PRODUCT
) -> Path:
    """A subscene of the Sentinel-2 Cloud Mask Catalogue; its mask's path."""
    high, wide = flags.shape[:2]
    values = np.full((high, wide, 13), 0.25, np.float32) if shares is None else shares
    for name, array in (("subscenes", values), ("masks", flags)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        np.save(folder / name / f"{scene}.npy", array)
    return folder / "masks" / f"{scene}.npy"


def one_hot(codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(rows, columns, 3) of codes 0, 1, 2; none is set where the code is 255."""
    return codes[..., None] == np.arange(3)


def write_biome(folder: Path, *, codes: NDArray[np.uint8], ending: str = "_fixedmask.tif") -> Path:
    """A Landsat stack with its label; the label's path."""
    side = codes.shape[0]
    names = ["B2_blue", "B3_green", "B4_red", "B5_nir", "B6_swir1", "B10_tirK_x100"]
    write_stack(folder / "Forest_00.tif", pixels(bands=6, height=side, width=side), bands=names)
    path = folder / f"Forest_00{ending}"
    write_mask(path, codes, name="label")
    return path


def write_map(
    folder: Path, codes: NDArray[np.uint8], *, place: Georeference, product: str = PRODUCT
) -> Path:
    """A classification map in the folders of Baetens and Hagolle's set."""
    path = folder / product / "Classification" / "classification_map.tif"
    path.parent.mkdir(parents=True)
    write_mask(path, codes, name="classes", place=place)
    return path


def cvat_xml(
    *images: str, meta: str = "<task><owner><username>lea</username></owner></task>"
) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
        f"  <meta>{meta}<dumped>2022-05-01 10:00:00+00:00</dumped></meta>\n"
        + "\n".join(images)
        + "\n</annotations>\n"
    )


def image(name: str, *shapes: str, side: int = SIDE) -> str:
    drawn = "".join(shapes)
    return f'  <image id="0" name="{name}" width="{side}" height="{side}">{drawn}</image>'


def polygon(label: str, *corners: tuple[float, float], z: int = 0) -> str:
    points = ";".join(f"{x:.2f},{y:.2f}" for x, y in corners)
    return f'<polygon label="{label}" occluded="0" points="{points}" z_order="{z}"></polygon>'


def box(label: str, left: float, top: float, right: float, bottom: float, *, z: int = 0) -> str:
    return (
        f'<box label="{label}" occluded="0" xtl="{left}" ytl="{top}" xbr="{right}" ybr="{bottom}" '
        f'z_order="{z}"></box>'
    )


def mask(label: str, runs: Sequence[int], *, left: int, top: int, width: int, height: int) -> str:
    rle = ", ".join(map(str, runs))
    return (
        f'<mask label="{label}" source="manual" occluded="0" rle="{rle}" left="{left}" top="{top}" '
        f'width="{width}" height="{height}" z_order="0"></mask>'
    )


def write_release(
    folder: Path,
    ids: NDArray[np.uint32],
    *,
    objects: Mapping[int, int],
    sample: str = "T35VLF_20200529T094041_tile_2_3.png",
    status: str = "LABELED",
    url: str = "https://example.org/assets/team/abc-123.png",
) -> Path:
    """A Segments.ai release with one sample, its bitmap beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    categories = ["clear", "cloud", "cloud_shadow", "semi_transparent_cloud", "not_defined"]
    attributes = {
        "format_version": "0.1",
        "annotations": [{"id": each, "category_id": c} for each, c in objects.items()],
        "segmentation_bitmap": {"url": url},
    }
    label = {"label_status": status, "attributes": attributes, "created_by": "ana"}
    dataset = {
        "name": "clouds",
        "task_type": "segmentation-bitmap",
        "task_attributes": {
            "format_version": "0.1",
            "categories": [{"name": n, "id": at} for at, n in enumerate(categories, start=1)],
        },
        "samples": [{"uuid": "1", "name": sample, "labels": {"ground-truth": label}}],
    }
    path = folder / "clouds-v1.json"
    path.write_text(json.dumps({"name": "v1", "dataset": dataset}))
    colours = np.stack(
        [ids & 255, ids >> 8 & 255, ids >> 16 & 255, np.full_like(ids, 255)], axis=-1
    )
    Image.fromarray(colours.astype(np.uint8), "RGBA").save(folder / Path(url).name)
    return path
