import hashlib
from datetime import UTC, date, datetime
from xml.etree.ElementTree import Element

import numpy as np
import pytest
import rasterio
from defusedxml.ElementTree import parse

from labelling.errors import BadInput
from labelling.imagery.painter import BANDS, Site, paint_product
from labelling.imagery.painter.safe import write_painted, write_safe
from labelling.imagery.painter.safe_bands import (
    assembled,
    coarser,
    digital_numbers,
    native,
    write_jp2,
)
from labelling.imagery.painter.safe_header import LEVELS, STEPS, SafeHeader
from labelling.imagery.painter.safe_mosaic import paint_mosaic

NOON = datetime(2026, 5, 29, 9, 50, 31, tzinfo=UTC)
HEADER = SafeHeader(mgrs="35VLF", taken=NOON, size=60)


@pytest.fixture(scope="module")
def scene():
    return paint_product(5, Site("35VLF", 512, 1024), date(2026, 5, 29), size=128, regime="mixed")


def plane(product, band, *, metres=10):
    (path,) = product.glob(f"GRANULE/*/IMG_DATA/**/*_{band}*.jp2")
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def plain(value):
    return lambda band: np.full((60 // STEPS[band], 60 // STEPS[band]), value, np.uint16)


def test_the_same_scene_differs_between_baselines_by_the_offset_alone(tmp_path, scene):
    old = write_painted(tmp_path, scene, baseline="02.09")
    new = write_painted(tmp_path, scene, baseline="05.11")

    for band in BANDS:
        before, after = plane(old, band).astype(int), plane(new, band).astype(int)
        np.testing.assert_array_equal(np.where(after == 0, 0, after - 1000), before)


def test_images_hold_the_scenes_native_means_without_loss(tmp_path, scene):
    product = write_painted(tmp_path, scene, baseline="02.09")

    np.testing.assert_array_equal(plane(product, "B02"), scene.bands[1, :126, :126])
    np.testing.assert_array_equal(plane(product, "B11"), coarser(scene.bands[11, :126, :126], 2))
    np.testing.assert_array_equal(plane(product, "B09"), coarser(scene.bands[9, :126, :126], 6))


def test_the_name_follows_the_convention(tmp_path):
    product = write_safe(tmp_path, HEADER, plain(3000))

    assert product.name == "S2A_MSIL1C_20260529T095031_N0511_R022_T35VLF_20260529T125031.SAFE"


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_every_listed_image_is_there(tmp_path, level):
    product = write_safe(tmp_path, SafeHeader("35VLF", NOON, 60, level=level), plain(3000))

    root = parse(product / f"MTD_MSI{level}.xml").getroot()
    listed = {f"{each.text}.jp2" for each in root.iter("IMAGE_FILE")}
    found = {path.relative_to(product).as_posix() for path in product.rglob("*_B*.jp2")}
    assert listed == {name for name in found if "QI_DATA" not in name}
    assert len({name[-11:-8] if level == "L2A" else name[-7:-4] for name in listed}) == len(
        LEVELS[level]
    )


def test_the_manifest_tells_size_and_checksum_of_every_other_file(tmp_path):
    product = write_safe(tmp_path, HEADER, plain(3000))

    told = {
        each.find(".//fileLocation").get("href").removeprefix("./"): (
            int(each.find("byteStream").get("size")),
            each.findtext(".//checksum"),
        )
        for each in parse(product / "manifest.safe").getroot().iter("dataObject")
    }

    files = [path for path in product.rglob("*") if path.is_file() and path.suffix != ".safe"]
    assert told == {
        path.relative_to(product).as_posix(): (
            path.stat().st_size,
            hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest(),
        )
        for path in files
    }


def test_a_painted_product_says_that_it_is_synthetic(tmp_path):
    product = write_safe(tmp_path, HEADER, plain(3000))

    root: Element = parse(product / "MTD_MSIL1C.xml").getroot()
    assert root.findtext(".//DATATAKE_TYPE") == "SYNTHETIC"
    assert "No satellite took them" in (product / "SYNTHETIC").read_text()


def test_masks_follow_the_truth(tmp_path):
    truth = np.zeros((60, 60), np.uint8)
    truth[:30, :30], truth[:30, 30:], truth[30:, :30], truth[54:, 54:] = 1, 2, 3, 255
    header = SafeHeader("35VLF", NOON, 60, level="L2A")

    product = write_safe(tmp_path, header, plain(3000), truth=truth)

    scl = plane(product, "SCL")
    assert (scl[0, 0], scl[0, -1], scl[-1, 0], scl[16, 16], scl[-1, -1]) == (9, 10, 3, 4, 0)
    with rasterio.open(next(product.rglob("MSK_CLASSI_B00.jp2"))) as dataset:
        opaque, cirrus, snow = dataset.read()
    assert (opaque.sum(), cirrus.sum(), snow.sum()) == (25, 25, 0)
    assert opaque[0, 0] == cirrus[0, -1] == 1


def test_before_the_offset_clouds_are_outlines_in_map_coordinates(tmp_path):
    truth = np.zeros((60, 60), np.uint8)
    truth[6:30, 6:30], truth[12:18, 12:18], truth[36:42, 36:42] = 1, 0, 2
    header = SafeHeader("35VLF", NOON, 60, baseline="02.09")

    product = write_safe(tmp_path, header, plain(3000), truth=truth)

    text = next(product.rglob("MSK_CLOUDS_B00.gml")).read_text()
    assert text.count("<eop:MaskFeature") == text.count("<gml:exterior>") == 2
    assert text.count("<gml:interior>") == 1
    assert "300060 6599940" in text
    assert "urn:ogc:def:crs:EPSG::32635" in text


def test_numbers_are_reflectance_less_the_offset_and_special_ones_stay():
    source = digital_numbers(lambda band: np.array([[0, 1, 3000, 64_800, 65_535]]), offset=-1000)

    (rows,) = source("B02")

    assert rows.tolist() == [[0, 1001, 4000, 65_534, 65_535]]


def test_negative_reflectance_can_be_written():
    source = digital_numbers(lambda band: np.array([[-300, -5000]], np.int32), offset=-1000)

    (rows,) = source("B02")

    assert rows.tolist() == [[700, 1]]


def test_means_are_no_data_beside_no_data_and_saturated_with_saturation():
    pixels = np.array([[2, 4, 0, 9, 9, 65_535], [3, 4, 9, 9, 9, 9]], np.uint16)

    assert coarser(pixels, 2).tolist() == [[3, 0, 65_535]]


def test_a_band_may_come_in_pieces(tmp_path):
    rows = np.arange(3600, dtype=np.uint16).reshape(60, 60)

    whole = assembled("B02", iter([rows[:7], rows[7:50], rows[50:]]), side=60)

    np.testing.assert_array_equal(whole, rows)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((59, 60), np.uint16), np.zeros((61, 60), np.uint16), np.zeros((60, 61), np.uint16),
     np.zeros((60, 60), np.int16)],
)  # fmt: skip
def test_a_band_of_another_size_or_type_is_refused_and_nothing_is_left(tmp_path, pixels):
    with pytest.raises(BadInput, match="B02") as refusal:
        write_safe(tmp_path, HEADER, lambda band: pixels if band == "B02" else plain(9)(band))

    assert refusal.value.field == "bands"
    assert list(tmp_path.glob("*.SAFE")) == []


def test_a_product_is_not_written_over(tmp_path):
    product = write_safe(tmp_path, HEADER, plain(3000))

    with pytest.raises(BadInput, match=f"{product.name} exists already"):
        write_safe(tmp_path, HEADER, plain(4000))

    assert plane(product, "B02")[0, 0] == 3000


@pytest.mark.parametrize(
    "changes", [{"size": 64}, {"size": 0}, {"size": 10_986}, {"top": -6}, {"left": 10_950}]
)
def test_a_product_that_leaves_its_tile_or_its_pixels_is_refused(changes):
    with pytest.raises(BadInput) as refusal:
        SafeHeader("35VLF", NOON, **{"size": 60, **changes})
    assert refusal.value.field == "size"


def test_large_images_have_the_blocks_of_real_products(tmp_path):
    write_jp2(
        tmp_path / "a.jp2",
        np.zeros((1, 60, 1100), np.uint16),
        place=HEADER.place(),
        block=1024,
    )

    with rasterio.open(tmp_path / "a.jp2") as dataset:
        assert dataset.block_shapes == [(60, 1024)]


def test_a_source_from_planes_gives_native_pixels():
    planes = {band: np.full((60, 60), 7, np.uint16) for band in BANDS}

    assert [native(planes, STEPS)(band).shape[0] for band in ("B01", "B02", "B05")] == [10, 60, 30]


def test_a_mosaic_covers_the_product_alike_every_time_and_nowhere_twice():
    header = SafeHeader("35VLF", NOON, size=120)
    mosaic = paint_mosaic(header, seed=3, side=60, patches=2)

    red = assembled("B04", mosaic("B04"), side=120)
    swir = assembled("B11", mosaic("B11"), side=60)

    again = paint_mosaic(header, seed=3, side=60, patches=2)
    np.testing.assert_array_equal(red, assembled("B04", again("B04"), side=120))
    assert red.all()
    assert swir.all()
    assert not (red[:60, :60] == red[:60, 60:]).all()


def test_a_mosaic_of_patches_that_do_not_fit_is_refused():
    with pytest.raises(BadInput) as refusal:
        paint_mosaic(HEADER, seed=1, side=36)
    assert refusal.value.field == "side"
