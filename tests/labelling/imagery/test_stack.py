from datetime import UTC, datetime

import numpy as np
import pytest

from labelling.errors import RasterRejected
from labelling.imagery.products.product import Angles
from labelling.imagery.products.stack import inspect_stack
from labelling.imagery.reading import match_bands, reading
from tests.rasters import FOUR, IN_35VLF, cut_short, pixels, write_stack


def read_all(stack, wanted):
    with reading(stack, match_bands(stack, wanted)) as reader:
        return reader.window(top=0, left=0, height=stack.height, width=stack.width)


def test_a_stack_tells_its_bands_size_place_and_scene(tmp_path):
    tags = {
        "PRODUCT_ID": "S2A_X", "DATETIME": "2026-05-29T11:50:31+02:00", "SATELLITE": "S2A",
        "LEVEL": "L1C", "BASELINE": "05.11", "MGRS": "35VLF", "SUN_AZIMUTH": "160.2",
        "SUN_ZENITH": "48.1", "SYNTHETIC": "true",
    }  # fmt: skip

    stack = inspect_stack(write_stack(tmp_path / "a.tif", place=IN_35VLF, tags=tags))

    assert (stack.band_names, stack.height, stack.width) == (FOUR, 64, 64)
    assert stack.place == IN_35VLF
    assert stack.taken == datetime(2026, 5, 29, 9, 50, 31, tzinfo=UTC)
    assert (stack.product_id, stack.level, stack.mgrs) == ("S2A_X", "L1C", "35VLF")
    assert (stack.sun, stack.synthetic) == (Angles(zenith=48.1, azimuth=160.2), True)


def test_a_bare_stack_is_named_after_its_file(tmp_path):
    stack = inspect_stack(write_stack(tmp_path / "Barren_00_0214.tif"))

    assert stack.product_id == "Barren_00_0214"
    assert (stack.place, stack.taken, stack.mgrs, stack.synthetic) == (None, None, "", False)


def test_bands_come_in_the_campaigns_order_and_missing_ones_as_zeros(tmp_path):
    values = pixels()
    stack = inspect_stack(write_stack(tmp_path / "a.tif", values))

    match = match_bands(stack, ["B08", "B11", "B02"])

    assert (match.missing, match.ignored) == (("B11",), ("B03", "B04"))
    expected = np.stack([values[3], np.zeros_like(values[0]), values[0]])
    np.testing.assert_array_equal(read_all(stack, ["B08", "B11", "B02"]), expected)


def test_the_caller_may_name_the_layers(tmp_path):
    path = write_stack(tmp_path / "a.tif", bands=None)

    assert inspect_stack(path, bands=["blue", "green", "red", "nir"]).band_names[3] == "nir"


@pytest.mark.parametrize("given", [["B02", "B03"], ["B02", "B03", "B04", "B08", "B11"]])
def test_a_wrong_number_of_names_is_refused(tmp_path, given):
    path = write_stack(tmp_path / "four.tif")

    with pytest.raises(RasterRejected, match=r"four\.tif.*4 bands, but") as refusal:
        inspect_stack(path, bands=given)
    assert refusal.value.field == "bands"


def test_layers_without_names_are_refused(tmp_path):
    path = write_stack(tmp_path / "anonymous.tif", bands=None)

    with pytest.raises(RasterRejected, match=r"anonymous\.tif.*no names") as refusal:
        inspect_stack(path)
    assert refusal.value.field == "bands"


def test_a_name_that_occurs_twice_is_refused(tmp_path):
    path = write_stack(tmp_path / "a.tif", bands=("B02", "B02", "B04", "B08"))

    with pytest.raises(RasterRejected, match="twice"):
        inspect_stack(path)


def test_a_stack_with_none_of_the_campaigns_bands_is_refused(tmp_path):
    stack = inspect_stack(write_stack(tmp_path / "a.tif"))

    with pytest.raises(RasterRejected, match=r"a\.tif.*B2_blue") as refusal:
        match_bands(stack, ["B2_blue"])
    assert refusal.value.field == "bands"


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int16"])
def test_other_pixel_types_are_refused_by_name(tmp_path, dtype):
    values = pixels().astype(dtype)
    if dtype == "float32":
        values[0, 0, 0] = np.nan
    path = write_stack(tmp_path / "wrong.tif", values)

    with pytest.raises(RasterRejected, match=rf"wrong\.tif.*{dtype}") as refusal:
        inspect_stack(path)
    assert refusal.value.field == "dtype"


@pytest.mark.parametrize("share", [0.001, 0.3, 0.9])
def test_a_stack_cut_short_is_refused_by_name(tmp_path, share):
    path = cut_short(write_stack(tmp_path / "broken.tif"), share=share)

    with pytest.raises(RasterRejected, match=r"broken\.tif"):
        read_all(inspect_stack(path), FOUR)


def test_a_file_that_is_no_raster_is_refused_by_name(tmp_path):
    path = tmp_path / "notes.tif"
    path.write_text("not a raster")

    with pytest.raises(RasterRejected, match=r"notes\.tif"):
        inspect_stack(path)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(RasterRejected, match=r"gone\.tif"):
        inspect_stack(tmp_path / "gone.tif")


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("DATETIME", "last Tuesday"), ("SUN_ZENITH", "120"), ("SUN_AZIMUTH", "south"),
        ("MGRS", "99XYZ"), ("MGRS", "35VIO"), ("SYNTHETIC", "perhaps"), ("PRODUCT_ID", "a/b"),
        ("PRODUCT_ID", ".."), ("LEVEL", "L1C/../.."), ("SUN_ZENITH", "nan"),
    ],
)  # fmt: skip
def test_a_tag_that_makes_no_sense_is_refused_by_name(tmp_path, tag, value):
    path = write_stack(tmp_path / "tagged.tif", tags={tag: value})

    with pytest.raises(RasterRejected, match=rf"tagged\.tif.*{tag}") as refusal:
        inspect_stack(path)
    assert refusal.value.field == tag


def test_real_landsat_and_sentinel_tiles_are_read(samples):
    landsat = inspect_stack(samples / "l8_biome" / "Urban_00_0515.tif")
    sentinel = inspect_stack(samples / "s2_l1c13_pairs" / "ROIs1158_spring_39_p100_clear.tif")

    assert (len(landsat.band_names), landsat.place) == (8, None)
    assert (sentinel.band_names[8], sentinel.place.crs) == ("B8A", "EPSG:32734")
