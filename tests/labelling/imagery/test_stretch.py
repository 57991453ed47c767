import numpy as np
import pytest

from labelling.imagery.products.stack import inspect_stack
from labelling.imagery.stretch import scene_stretch, span
from tests.rasters import FOUR, pixels, write_stack


def test_a_scene_has_one_stretch_whatever_its_tiles_show(tmp_path):
    values = pixels(height=400, width=300)
    values[:, :200] = 0

    stretch = scene_stretch(inspect_stack(write_stack(tmp_path / "a.tif", values)))

    assert set(stretch) == set(FOUR)
    low, high = stretch["B02"]
    assert 200 < low < 600  # no data doesn't count
    assert low < high <= 5000


def test_a_large_scene_is_looked_at_in_patches(tmp_path):
    values = np.full((1, 1500, 1100), 800, dtype=np.uint16)
    values[:, 1000:] = 1600

    stretch = scene_stretch(inspect_stack(write_stack(tmp_path / "a.tif", values, bands=["B02"])))

    assert stretch == {"B02": [800, 1600]}


def test_cloud_does_not_push_the_ground_into_black():
    cloudy = np.array([300] * 60 + [9000] * 40, dtype=np.uint16)
    snowy = np.array([300] * 20 + [8000] * 80, dtype=np.uint16)

    assert span(np.bincount(cloudy)) == [300, 3500]
    assert span(np.bincount(snowy)) == [300, 8000]


@pytest.mark.parametrize("values", [[], [0], [500, 500]])
def test_a_stretch_is_never_empty(values):
    low, high = span(np.bincount(np.array(values, dtype=np.uint16)))

    assert low < high
