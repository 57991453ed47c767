import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelling.errors import BadInput, RasterRejected
from labelling.imagery.files import Georeference
from labelling.imagery.grid import COLUMNS, ROWS, grid_of, square_of
from tests.rasters import IN_35VLF

zones = st.integers(1, 60)


def tiles_of_zone(zone):
    return st.tuples(
        st.sampled_from("CDEFGHJKLMNPQRSTUVWX"),
        st.sampled_from(COLUMNS[zone % 3]),
        st.sampled_from(ROWS),
    ).map(lambda letters: f"{zone:02d}{''.join(letters)}")


def test_a_real_products_corner_is_the_grids(samples):
    metadata = next((samples / "safe_l1c_layout").rglob("MTD_TL.xml")).read_text()
    west = float(re.search(r"<ULX>(\d+)", metadata)[1])
    north = float(re.search(r"<ULY>(\d+)", metadata)[1])

    grid = grid_of("31TCJ", size=512)

    assert (grid.epsg, grid.west, grid.north) == (32631, west, north)


@pytest.mark.parametrize(
    ("mgrs", "epsg", "corner"),
    [
        ("35VLF", 32635, (300_000, 6_600_000)),
        ("33UVV", 32633, (399_960, 6_000_000)),
        ("23KPQ", 32723, (600_000, 7_500_000)),
        ("32VNM", 32632, (499_980, 6_700_020)),
    ],
)
def test_known_tiles_start_where_they_do(mgrs, epsg, corner):
    grid = grid_of(mgrs, size=512)

    assert (grid.epsg, (grid.west, grid.north)) == (epsg, corner)


@given(zones.flatmap(tiles_of_zone))
def test_a_square_lies_in_its_latitude_band_or_is_refused(mgrs):
    try:
        epsg, west, south = square_of(mgrs)
    except BadInput:
        return
    middle = Georeference(f"EPSG:{epsg}", (1.0, 0.0, west + 5e4, 0.0, -1.0, south + 5e4))
    ((_, latitude),) = middle.project("EPSG:4326", [(0, 0)])

    band = "CDEFGHJKLMNPQRSTUVWX".index(mgrs[2])
    highest = 8 * band - 68 if mgrs[2] == "X" else 8 * band - 72
    assert 8 * band - 81 <= latitude <= highest + 1


@pytest.mark.parametrize("mgrs", ["01LAB", "", "35V", "61VLF", "35ILF", "35VAF", "35VLZ", "35vlf"])
def test_a_name_that_is_no_tile_is_refused(mgrs):
    with pytest.raises(BadInput, match="MGRS"):
        grid_of(mgrs, size=512)


def test_a_raster_at_the_corner_has_no_offset_and_a_moved_one_its_own():
    grid = grid_of("35VLF", size=512)

    assert grid.offset(IN_35VLF) == (0, 0)
    assert grid.offset(IN_35VLF.moved(rows=700, columns=33)) == (700, 33)
    assert grid.key(3, 7) == "35VLF/512/3/7"


@pytest.mark.parametrize(
    ("crs", "transform", "reason"),
    [
        ("EPSG:32634", IN_35VLF.transform, "EPSG:32634"),
        ("EPSG:32635", (20.0, 0.0, 3e5, 0.0, -20.0, 6.6e6), "20 by 20"),
        ("EPSG:32635", (10.0, 0.0, 3e5 + 4, 0.0, -10.0, 6.6e6), "between"),
        ("EPSG:32635", (10.0, 1.0, 3e5, 0.0, -10.0, 6.6e6), "north up"),
    ],
)
def test_a_raster_off_the_grid_is_refused_with_the_reason(crs, transform, reason):
    with pytest.raises(RasterRejected, match=reason):
        grid_of("35VLF", size=512).offset(Georeference(crs, transform))


@pytest.mark.parametrize("offset", [(-1, 0), (0, 10_900)])
def test_a_raster_beyond_its_tile_is_refused(offset):
    with pytest.raises(RasterRejected, match="beyond"):
        grid_of("35VLF", size=512).check_inside(offset, height=100, width=100)
