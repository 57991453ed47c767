"""Every format holds a tile exactly, twice the same, and as others read it. Tiles are synthetic."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from labelling.errors import BadInput
from labelling.imagery.exports import coco
from labelling.imagery.exports.forms import FORMATS, form_named
from labelling.imagery.exports.outgoing import ClassMark, Legend, Pixels, Subject
from labelling.imagery.ground import ground_of
from labelling.imagery.labelsets import kappaset
from labelling.imagery.labelsets.labelled import Choices
from tests.factories import NOON

CODES = np.array([0, 1, 2, 3, 254, 255], np.uint8)
SIDE = 48
PLACE = f"35VLF/{SIDE}/3/2"
PRODUCT = "S2A_MSIL1C_20200529T094041_N0500_R036_T35VLF_20230417T101523"
TAKEN = datetime(2020, 5, 29, 9, 40, 41, tzinfo=UTC)
CLASSES = tuple(
    ClassMark(code, name, colour)
    for code, (name, colour) in enumerate(
        [("clear", "#3b7d4f"), ("cloud", "#f2c14e"), ("thin", "#4cc3d9"), ("shadow", "#9b5de5")]
    )
)
LEGEND = Legend("ab" * 32, "north", NOON, CLASSES, ("B02", "B8A", "B10"), synthetic=True)
SUBJECT = Subject(
    name="T35VLF_20200529T094041_tile_2_3",
    number=7,
    key=f"{PLACE}/20200529T094041-L1C-05.00",
    place=PLACE,
    product=PRODUCT,
    split="pool",
    source="campaign",
    licence="CC-BY-4.0",
    trust=1.0,
    taken=TAKEN,
    ground=ground_of(PLACE),
    satellite="S2A",
    level="L1C",
    baseline="05.00",
    mgrs="35VLF",
    sun_azimuth=163.25,
    sun_zenith=38.1,
)


def label(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice(CODES, (SIDE, SIDE))


def bands(seed: int = 0) -> np.ndarray:
    made = np.random.default_rng(seed).integers(1, 60_000, (3, SIDE, SIDE)).astype(np.uint16)
    made[:, 0, 0], made[0, 1, 1], made[1, 2, 2] = 0, 65_535, 1
    return made


def written(name: str, pixels: Pixels, folder: Path, subject: Subject = SUBJECT) -> Path:
    form = form_named(name)
    piece = form.tile(subject, pixels, LEGEND)
    for file, content in {**piece.files, **form.shard([piece.note], LEGEND)}.items():
        (folder / file).write_bytes(content)
    return folder


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "plane",
    [label(), np.full((SIDE, SIDE), 255, np.uint8), np.full((SIDE, SIDE), 254, np.uint8)],
    ids=["every code", "nothing labelled", "all unsure"],
)
def test_label_and_bands_come_back_as_they_went(name, plane, tmp_path):
    written(name, Pixels(plane, bands()), tmp_path)

    read = FORMATS[name].read(tmp_path, SUBJECT.name, LEGEND)

    assert np.array_equal(read.label, plane)
    assert read.label.dtype == np.uint8
    assert read.bands is not None
    assert np.array_equal(read.bands, bands())


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "netcdf"])
def test_labels_alone_come_back_without_bands(name, tmp_path):
    written(name, Pixels(label()), tmp_path)

    read = FORMATS[name].read(tmp_path, SUBJECT.name, LEGEND)

    assert np.array_equal(read.label, label())
    assert read.bands is None


@pytest.mark.parametrize("name", FORMATS)
def test_a_tile_has_the_same_bytes_each_time(name):
    first, second = (
        FORMATS[name].tile(SUBJECT, Pixels(label(), bands()), LEGEND) for _ in range(2)
    )

    assert first.files == second.files


@pytest.mark.parametrize("product", [PRODUCT, PRODUCT.replace("N0500", "N0209"), "painted-4"])
def test_our_importer_reads_the_netcdf_exactly(product, tmp_path):
    plane = label()
    plane[0, 0] = 255  # where no band has data the importer takes no label
    subject = replace(SUBJECT, product=product)
    written("netcdf", Pixels(plane, bands()), tmp_path, subject)
    choices = Choices(
        bands=LEGEND.bands, tile_size=SIDE, baseline_offset=0 if product == "painted-4" else None
    )

    (item,) = kappaset.items(tmp_path, choices)
    read = item.read()

    assert np.array_equal(read.label, plane)
    assert read.picture is not None
    assert np.array_equal(read.picture.pixels, bands())
    assert read.picture.bands == LEGEND.bands
    assert read.picture.taken == TAKEN
    assert read.picture.place == SUBJECT.ground
    assert read.picture.mgrs == "35VLF"


def test_netcdf_refuses_what_kappaset_has_no_code_for():
    snow = replace(LEGEND, classes=(*CLASSES, ClassMark(4, "snow", "#ffffff")))

    with pytest.raises(BadInput, match="no code for class 4 snow"):
        FORMATS["netcdf"].check(snow, with_bands=True)
    with pytest.raises(BadInput, match="holds the bands"):
        FORMATS["netcdf"].check(LEGEND, with_bands=False)


def test_netcdf_refuses_reflectance_that_no_digital_number_can_hold():
    bright = bands()
    bright[0, 5, 5] = 64_900

    with pytest.raises(BadInput, match=SUBJECT.key):
        FORMATS["netcdf"].tile(SUBJECT, Pixels(label(), bright), LEGEND)


def test_a_png_shows_the_classes_colours_and_nothing_where_nobody_labelled(tmp_path):
    written("png", Pixels(label()), tmp_path)

    with Image.open(tmp_path / f"{SUBJECT.name}.png") as image:
        shown = np.asarray(image.convert("RGBA"))

    plane = label()
    assert (shown[plane == 1] == (0xF2, 0xC1, 0x4E, 255)).all()
    assert (shown[plane == 255][:, 3] == 0).all()
    assert (shown[plane == 254][:, 3] == 255).all()


def test_a_geotiff_lies_where_the_tile_does_and_says_what_ingest_asks(tmp_path):
    written("geotiff", Pixels(label(), bands()), tmp_path)

    with rasterio.open(tmp_path / f"{SUBJECT.name}.tif") as stack:
        tags, names = stack.tags(), stack.descriptions
    with rasterio.open(tmp_path / f"{SUBJECT.name}_label.tif") as codes:
        where, nodata, colours = codes.transform, codes.nodata, codes.colormap(1)

    assert names == LEGEND.bands
    assert tags["DATETIME"] == "2020-05-29T09:40:41+00:00"
    assert (tags["MGRS"], tags["SUN_ZENITH"]) == ("35VLF", "38.1")
    assert tuple(where)[:6] == SUBJECT.ground.transform
    assert nodata == 255
    assert colours[3] == (0x9B, 0x5D, 0xE5, 255)


def test_a_geotiff_has_its_directory_before_its_pixels():
    piece = FORMATS["geotiff"].tile(SUBJECT, Pixels(label(), bands()), LEGEND)

    for content in piece.files.values():
        directory, entries = entries_of(content)
        end = directory + 2 + 12 * len(entries)
        assert directory == 8
        assert all(
            end < offset < len(content) for offset in offsets(content, entries[TILE_OFFSETS])
        )


TILE_OFFSETS = 324
"""Number of the TIFF tag that says where blocks of pixels begin."""


def entries_of(content: bytes) -> tuple[int, dict[int, tuple[int, int]]]:
    """Where a TIFF's directory begins, and {tag: (count, value)} of what it lists."""
    (directory,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, directory)
    places = (directory + 2 + 12 * number for number in range(count))
    found = (struct.unpack_from("<HHII", content, place) for place in places)
    return directory, {tag: (many, value) for tag, _, many, value in found}


def offsets(content: bytes, entry: tuple[int, int]) -> tuple[int, ...]:
    """One offset stands in the directory itself, several where it points."""
    count, value = entry
    return (value,) if count == 1 else struct.unpack_from(f"<{count}I", content, value)


def test_a_geotiff_holds_the_provenance_where_asked(tmp_path):
    plane = np.random.default_rng(3).integers(0, 6, (SIDE, SIDE)).astype(np.uint8)
    written("geotiff", Pixels(label(), provenance=plane), tmp_path)

    read = FORMATS["geotiff"].read(tmp_path, SUBJECT.name, LEGEND)

    assert np.array_equal(read.provenance, plane)


def test_a_coco_mask_has_the_area_and_box_of_its_class():
    plane = np.full((SIDE, SIDE), 255, np.uint8)
    plane[4:10, 20:33] = 0

    (mask,) = coco.masks(SUBJECT, plane)

    assert (mask["category_id"], mask["image_id"], mask["id"]) == (1, 7, 7 * 256)
    assert (mask["area"], mask["bbox"]) == (6 * 13, [20, 4, 13, 6])


def test_coco_masks_that_overlap_are_refused():
    (mask,) = coco.masks(SUBJECT, np.zeros((SIDE, SIDE), np.uint8))

    with pytest.raises(BadInput, match="overlaps"):
        coco.painted([mask, {**mask, "id": 9}], height=SIDE, width=SIDE)


def test_an_unknown_format_is_refused_with_those_there_are():
    with pytest.raises(BadInput) as refused:
        form_named("shapefile")

    assert refused.value.field == "format"
    assert all(name in refused.value.help for name in FORMATS)
