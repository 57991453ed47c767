import io

import numpy as np
import pytest
from PIL import Image

from labelling.imagery.composites import (
    band_roles,
    composite,
    default_composites,
    thumbnail,
)
from labelling.models import SENTINEL2_BANDS
from tests.rasters import FOUR


def names(bands):
    return {each["name"]: each["bands"] for each in default_composites(bands)}


def test_sentinel_2_gets_its_four_pictures():
    assert names(SENTINEL2_BANDS) == {
        "True colour": ["B04", "B03", "B02"],
        "False colour": ["B08", "B04", "B03"],
        "SWIR": ["B12", "B8A", "B04"],
        "Cirrus": ["B10", "B10", "B10"],
    }


@pytest.mark.parametrize(
    ("bands", "true_colour"),
    [
        (["blue", "green", "red", "nir", "swir16", "swir22"], ["red", "green", "blue"]),
        (["B2", "B3", "B4", "B5", "B6", "B7", "B9"], ["B4", "B3", "B2"]),
        (["B2_blue", "B3_green", "B4_red", "B5_nir"], ["B4_red", "B3_green", "B2_blue"]),
    ],
)
def test_other_names_are_understood(bands, true_colour):
    assert names(bands)["True colour"] == true_colour


def test_the_same_number_is_another_band_on_another_satellite():
    assert band_roles(["B5", "B4", "B3"])["nir"] == "B5"
    assert band_roles(["B08", "B04", "B05"])["nir"] == "B08"


@pytest.mark.parametrize("bands", [["VV", "VH", "DEM"], ["VV", "VH"], ["VV"], ["B10", "B01"]])
def test_bands_nobody_knows_are_shown_in_their_order(bands):
    shown = default_composites(bands)[0]["bands"]

    assert len(shown) == 3
    assert shown[0] == bands[0]


def test_a_picture_shows_the_stretch_and_leaves_no_data_black():
    values = np.array([[[0, 1000, 2000, 3000]]] * 3, dtype=np.uint16)
    stretch = {"B04": [1000, 3000], "B03": [1000, 3000]}

    picture = composite(values, ["B04", "B03", "B02"], shown=["B04", "B03", "B02"], stretch=stretch)

    assert picture.dtype == np.uint8
    assert picture[0, :, 0].tolist() == [0, 0, 127, 255]
    assert picture[0, :, 2].tolist() == [0, 0, 0, 0]  # no stretch for B02


def test_a_thumbnail_is_a_small_png_and_says_what_it_must():
    values = np.zeros((4, 256, 256), dtype=np.uint16)
    stretch = {name: [0, 3000] for name in FOUR}

    plain = Image.open(io.BytesIO(thumbnail(values, FOUR, stretch=stretch)))
    painted = Image.open(io.BytesIO(thumbnail(values, FOUR, stretch=stretch, caption="synthetic")))

    assert (plain.format, plain.size) == ("PNG", (128, 128))
    assert plain.getextrema() == ((0, 0),) * 3
    assert painted.getextrema()[0][1] > 200  # the word
