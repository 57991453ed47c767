from __future__ import annotations

from dataclasses import replace

import netCDF4
import numpy as np
import pytest

from labelling.errors import BadInput
from labelling.imagery.labelsets.kappaset import items
from labelling.imagery.labelsets.kappaset import read as read_subtile
from tests.labelling.imagery.labelsets.writers import (
    CHOICES,
    LATER,
    PRODUCT,
    cvat_xml,
    image,
    write_subtile,
)
from tests.rasters import cut_short, pixels


def test_digital_numbers_come_out_exactly_as_they_went_in(tmp_path):
    numbers = np.arange(4 * 64 * 64, dtype=np.uint16).reshape(4, 64, 64) * 3 + 1

    subtile = read_subtile(write_subtile(tmp_path, numbers=numbers), CHOICES)

    assert np.array_equal(subtile.picture.pixels, numbers)


def test_products_before_and_after_baseline_04_00_give_the_same_reflectance(tmp_path):
    numbers = pixels() + 1000
    numbers[:, 0, 0] = 0
    numbers[:, 0, 1] = 65535

    before = read_subtile(write_subtile(tmp_path, numbers=numbers), CHOICES)
    shifted = np.where((numbers == 0) | (numbers == 65535), numbers, numbers + 1000)
    after = read_subtile(
        write_subtile(tmp_path, product=LATER, numbers=shifted.astype(np.uint16)), CHOICES
    )

    assert np.array_equal(before.picture.pixels, after.picture.pixels)
    assert after.origin["offset"] == -1000


def test_kappamasks_codes_become_ours(tmp_path):
    label = np.zeros((64, 64), np.uint8)
    label[:6] = np.arange(6)[:, None]

    subtile = read_subtile(write_subtile(tmp_path, label=label), CHOICES)

    assert subtile.label[:6, 0].tolist() == [254, 0, 3, 2, 1, 255]
    assert subtile.provenance[:6, 0].tolist() == [4, 4, 4, 4, 4, 0]
    assert subtile.table == "kappaset/1"


def test_the_ground_is_that_of_the_numbers_column_first(tmp_path):
    subtile = read_subtile(write_subtile(tmp_path, column=2, row=31), CHOICES)

    west, north = subtile.picture.place.transform[2::3]
    assert subtile.picture.mgrs == "35VLF"
    assert (west, north) == (300_000 + 2 * 640, 6_600_000 - 31 * 640)
    assert subtile.picture.product_id == f"{PRODUCT}_tile_2_31"


def test_tile_2_3_and_tile_2_31_are_two_and_10_comes_after_9(tmp_path):
    for row in (31, 3, 10, 9):
        write_subtile(tmp_path, row=row)

    names = [item.name for item in items(tmp_path, CHOICES)]

    assert [name.removesuffix(".nc").rpartition("_")[2] for name in names] == ["3", "9", "10", "31"]


def test_overlapping_subtiles_lie_on_the_ground_but_on_no_grid(tmp_path):
    subtile = read_subtile(write_subtile(tmp_path, column=2, overlap=0.5), CHOICES)

    assert subtile.picture.mgrs == ""
    assert subtile.picture.place is not None


def test_subtiles_of_an_area_of_interest_have_no_ground(tmp_path):
    choices = replace(CHOICES, scene_places=True)

    assert read_subtile(write_subtile(tmp_path), choices).picture.place is None


def test_a_subtile_that_sticks_out_of_the_product_has_no_ground(tmp_path):
    subtile = read_subtile(write_subtile(tmp_path, column=171, row=0), CHOICES)

    assert subtile.picture.place is None


def test_other_maskers_layers_come_along_in_our_codes(tmp_path):
    scl = np.full((64, 64), 3, np.uint8)
    sure = np.full((64, 64), 90, np.uint8)
    layers = {"SCL": scl, "S2CC": sure, "DL-L8S2-UV": scl + 1, "SS2CC": sure}

    subtile = read_subtile(write_subtile(tmp_path, layers=layers), CHOICES)

    found = {each.source: int(each.codes[0, 0]) for each in subtile.masks}
    assert found == {"scl": 2, "cldprb": 1, "dl_l8s2_uv": 1}
    assert any("SS2CC" in note for note in subtile.notes)


def test_a_layer_with_an_unknown_code_is_left_out_and_told(tmp_path):
    layers = {"SCL": np.full((64, 64), 11, np.uint8)}

    subtile = read_subtile(write_subtile(tmp_path, layers=layers), CHOICES)

    assert subtile.masks == ()
    assert "SCL left out" in subtile.notes[0]


def test_pixels_without_data_are_not_labelled(tmp_path):
    numbers = pixels()
    numbers[:, :10] = 0

    subtile = read_subtile(write_subtile(tmp_path, numbers=numbers), CHOICES)

    assert (subtile.label[:10] == 255).all()
    assert (subtile.label[10:] == 0).all()


def test_the_author_is_whom_the_drawing_beside_it_names(tmp_path):
    path = write_subtile(tmp_path)
    meta = "<task><assignee><username>ben</username></assignee></task>"
    (path.parent / "annotations.xml").write_text(cvat_xml(image("a.png"), meta=meta))

    assert read_subtile(path, CHOICES).author == "ben"


def test_without_a_baseline_the_offset_is_asked_for(tmp_path):
    path = write_subtile(tmp_path, told=False)
    lonely = tmp_path / path.name
    path.rename(lonely)

    with pytest.raises(BadInput) as refused:
        read_subtile(lonely, CHOICES)
    told = read_subtile(lonely, replace(CHOICES, baseline_offset=-1000))

    assert refused.value.field == "baseline-offset"
    assert told.origin["offset"] == -1000


def test_an_offset_that_contradicts_the_baseline_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"baseline 02\.09 has offset 0"):
        read_subtile(write_subtile(tmp_path), replace(CHOICES, baseline_offset=-1000))


def test_nan_and_values_between_numbers_are_refused_by_band(tmp_path):
    path = write_subtile(tmp_path)
    for value in (np.nan, 0.5 / 65535, 1.5, -1.0):
        with netCDF4.Dataset(path, "a") as dataset:
            dataset["B04"][5, 5] = value

        with pytest.raises(BadInput, match="its B04 isn't stored") as refused:
            read_subtile(path, CHOICES)
        assert refused.value.field == "B04"


def test_a_missing_variable_a_wrong_shape_and_an_unknown_code_are_named(tmp_path):
    plain = write_subtile(tmp_path, column=1)
    with netCDF4.Dataset(plain, "a") as dataset:
        dataset.renameVariable("Label", "Labels")
    small = write_subtile(tmp_path, column=3)
    with netCDF4.Dataset(small, "a") as dataset:
        dataset.renameVariable("B08", "B8")
        dataset.createDimension("z", 3)
        dataset.createVariable("B08", "f4", ("x", "z"))
    odd = write_subtile(tmp_path, column=4, label=np.full((64, 64), 9, np.uint8))

    for path, told in ((plain, "no variable Label"), (small, "64 × 3"), (odd, "code 9")):
        with pytest.raises(BadInput, match=told) as refused:
            read_subtile(path, CHOICES)
        assert path.name in str(refused.value)


def test_a_file_cut_short_is_refused_by_name(tmp_path):
    path = cut_short(write_subtile(tmp_path), share=0.6)

    with pytest.raises(BadInput, match=path.name):
        read_subtile(path, CHOICES)


def test_subtiles_that_do_not_fill_the_campaigns_tiles_stay_off_its_grid(tmp_path):
    subtile = read_subtile(write_subtile(tmp_path), replace(CHOICES, tile_size=256))

    assert subtile.picture.mgrs == ""
    assert subtile.picture.place is not None


def test_a_small_file_that_says_it_holds_a_giant_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "giant.nc"
    with netCDF4.Dataset(path, "w") as dataset:
        dataset.createDimension("x", 200_000)
        dataset.createDimension("y", 200_000)
        dataset.createVariable("Label", "u1", ("x", "y"), zlib=True)

    with pytest.raises(BadInput, match="200000 × 200000"):
        read_subtile(path, CHOICES)


def test_a_file_named_for_another_day_than_its_product_is_refused(tmp_path):
    path = write_subtile(tmp_path)
    with netCDF4.Dataset(path, "a") as dataset:
        dataset.product_name = LATER

    with pytest.raises(BadInput) as refused:
        read_subtile(path, CHOICES)

    assert refused.value.field == "product_name"
