import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelling.errors import BadInput
from labelling.imagery.files import Georeference
from labelling.imagery.painter import sky
from labelling.imagery.painter.sun import overpass, sun_angles
from labelling.imagery.products.product import Angles
from labelling.imagery.shadows import HEIGHTS, meridian_convergence, shadow_offsets

zeniths, azimuths = st.floats(0, 80), st.floats(0, 360)


def test_at_45_degrees_a_shadow_lies_as_far_away_as_its_cloud_is_high():
    offsets = shadow_offsets(Angles(45.0, 180.0))

    assert [each.height for each in offsets] == list(HEIGHTS)
    for each in offsets:
        assert math.hypot(each.rows, each.columns) * 10 == pytest.approx(each.height)


@pytest.mark.parametrize(
    ("azimuth", "down", "right"), [(180, -100, 0), (0, 100, 0), (90, 0, -100), (270, 0, 100)]
)
def test_a_shadow_falls_away_from_the_sun(azimuth, down, right):
    (offset,) = shadow_offsets(Angles(45.0, azimuth), heights=[1000])

    assert (offset.rows, offset.columns) == pytest.approx((down, right), abs=1e-9)


@given(zeniths, azimuths)
def test_twice_as_high_is_twice_as_far(zenith, azimuth):
    low, high = shadow_offsets(Angles(zenith, azimuth), heights=[2000, 4000])

    assert (high.rows, high.columns) == pytest.approx((2 * low.rows, 2 * low.columns))


@given(zeniths, azimuths)
def test_seen_from_where_the_sun_is_no_shadow_shows(zenith, azimuth):
    angles = Angles(zenith, azimuth)

    (offset,) = shadow_offsets(angles, view=angles, heights=[5000])

    assert (offset.rows, offset.columns) == pytest.approx((0, 0), abs=1e-9)


@given(zeniths, azimuths)
def test_seen_from_right_above_the_view_changes_nothing(zenith, azimuth):
    sun = Angles(zenith, azimuth)

    assert shadow_offsets(sun, view=Angles(0.0, 77.0)) == shadow_offsets(sun)


@given(zeniths, azimuths, st.floats(-3, 3))
def test_a_turned_grid_turns_the_sun_the_other_way(zenith, azimuth, turn):
    (here,) = shadow_offsets(Angles(zenith, azimuth), convergence=turn, heights=[1000])
    (there,) = shadow_offsets(Angles(zenith, azimuth - turn), heights=[1000])

    assert (here.rows, here.columns) == pytest.approx((there.rows, there.columns))


@pytest.mark.parametrize("seed", range(4))
def test_the_painters_shadow_lies_where_it_is_expected(seed):
    day = date(2026, 6, 1)
    taken = overpass(day, longitude=25, latitude=59)
    azimuth, zenith = sun_angles(taken, longitude=25, latitude=59)
    thickness = np.zeros((512, 512), np.float32)
    rows, columns = np.random.default_rng(seed).integers(200, 300, 2)
    thickness[rows : rows + 12, columns : columns + 12] = 20
    cloud = sky.Layer(thickness, 2000.0, 0.0, 0.0)

    shade = cloud.shadow(azimuth, zenith)

    (offset,) = shadow_offsets(Angles(zenith, azimuth), heights=[2000])
    moved = centroid(shade) - centroid(thickness)
    assert moved == pytest.approx((offset.rows, offset.columns), abs=1)


def test_the_grids_north_leans_as_the_projection_says():
    for longitude, latitude in [(24.1, 59.0), (27.0, 59.0), (29.9, 62.0)]:
        here = Georeference("EPSG:4326", (1.0, 0.0, longitude, 0.0, -1.0, latitude))
        (x, y), (x_north, y_north) = here.project("EPSG:32635", [(0, 0), (-0.001, 0)])
        true_north = math.degrees(math.atan2(x_north - x, y_north - y))

        bearing = meridian_convergence(longitude=longitude, latitude=latitude, zone=35)

        assert bearing == pytest.approx(-true_north, abs=0.01)


@pytest.mark.parametrize(
    ("sun", "view", "field"),
    [
        (Angles(89.0, 180.0), None, "sun_zenith"),
        (Angles(-1.0, 180.0), None, "sun_zenith"),
        (Angles(40.0, 180.0), Angles(95.0, 0.0), "view_zenith"),
    ],
)
def test_a_sun_too_low_to_say_is_refused(sun, view, field):
    with pytest.raises(BadInput) as refusal:
        shadow_offsets(sun, view=view)

    assert refusal.value.field == field


def centroid(field):
    row, column = np.indices(field.shape)
    return np.array([(row * field).sum(), (column * field).sum()]) / field.sum()
