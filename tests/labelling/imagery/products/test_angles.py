import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelling.imagery.products.angles import AngleGrid, tile_angles
from labelling.imagery.products.archive import files_of
from labelling.imagery.products.safe_xml import metadata
from tests.labelling.imagery.products.safes import edit, tile_xml, write_small

NAN = float("nan")


def grid(zenith, azimuth, *, step=500.0):
    return AngleGrid(np.array(zenith, float), np.array(azimuth, float), (step, step))


def test_between_nodes_angles_are_bilinear():
    field = grid([[40, 42], [44, 46]], [[100, 110], [120, 130]])

    assert field.at(250, 250).zenith == pytest.approx(43)
    assert field.at(0, 125).zenith == pytest.approx(40.5)
    assert field.at(500, 500).zenith == pytest.approx(46)
    assert field.at(250, 250).azimuth == pytest.approx(115, abs=0.1)


def test_azimuth_goes_the_short_way_round_north():
    field = grid([[40, 40], [40, 40]], [[350, 10], [350, 10]])

    assert field.at(0, 250).azimuth % 360 == pytest.approx(0, abs=1e-6)
    assert field.at(0, 125).azimuth == pytest.approx(355, abs=0.1)


def test_nodes_that_no_detector_saw_are_left_out():
    field = grid([[5, NAN], [5, NAN]], [[104, NAN], [104, NAN]])

    assert field.at(250, 250).zenith == pytest.approx(5)
    assert field.at(250, 500) is None


@pytest.mark.parametrize("position", [(-1, 0), (0, -1), (501, 0), (0, 501)])
def test_off_the_grid_there_is_no_angle(position):
    assert grid([[1, 1], [1, 1]], [[0, 0], [0, 0]]).at(*position) is None


def test_a_single_node_is_its_own_grid():
    assert grid([[7]], [[200]]).at(0, 0).azimuth == pytest.approx(200)


@settings(deadline=None)
@given(st.floats(0, 1000), st.floats(0, 1000))
def test_zenith_stays_between_the_nodes(row, column):
    field = grid([[40, 42, 41], [44, 46, 39], [40, 45, 43]], [[0] * 3] * 3)

    assert 39 <= field.at(row, column).zenith <= 46


def test_views_are_averaged_over_bands_and_detectors(tmp_path):
    product = write_small(tmp_path)
    rows = "".join(f"<VALUES>{row}</VALUES>" for row in ("4 NaN", "4 NaN"))
    other = "".join(f"<VALUES>{row}</VALUES>" for row in ("6 8", "6 8"))
    steps = "<COL_STEP>5000</COL_STEP><ROW_STEP>5000</ROW_STEP>"
    views = "".join(
        f"<Viewing_Incidence_Angles_Grids><Zenith>{steps}<Values_List>{zenith}</Values_List>"
        f"</Zenith><Azimuth><Values_List>{azimuth}</Values_List></Azimuth>"
        "</Viewing_Incidence_Angles_Grids>"
        for zenith, azimuth in ((rows, rows.replace("4", "350")), (other, other.replace("6", "10")))
    )
    edit(tile_xml(product), r"<Viewing_Inc.*</Viewing_Incidence_Angles_Grids>", views)
    files = files_of(product)

    angles = tile_angles(metadata(files, next(n for n in files.sizes if n.endswith("MTD_TL.xml"))))

    assert angles.view(row=0, column=0).zenith == pytest.approx(5)
    assert angles.view(row=0, column=0).azimuth % 360 == pytest.approx(0, abs=1e-6)
    assert angles.view(row=0, column=500).zenith == pytest.approx(8)


def test_a_granule_without_view_angles_has_none(tmp_path):
    product = write_small(tmp_path)
    edit(tile_xml(product), r"<Viewing_Inc.*</Viewing_Incidence_Angles_Grids>", "")
    files = files_of(product)

    angles = tile_angles(metadata(files, next(n for n in files.sizes if n.endswith("MTD_TL.xml"))))

    assert angles.view(row=0, column=0) is None
    assert angles.sun(row=0, column=0) is not None
