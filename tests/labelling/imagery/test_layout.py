import pytest

from labelling.errors import RasterRejected
from labelling.imagery.files import Georeference
from labelling.imagery.layout import footprint, lay_out
from labelling.imagery.products.stack import inspect_stack
from tests.rasters import IN_35VLF, pixels, write_stack


def stack_at(tmp_path, *, place=None, side=64, name="scene.tif", mgrs=""):
    tags = {"MGRS": mgrs} if mgrs else {}
    return inspect_stack(
        write_stack(tmp_path / name, pixels(height=side, width=side), place=place, tags=tags)
    )


def test_tiles_of_an_mgrs_tile_have_the_grids_keys_on_every_date(tmp_path):
    first = stack_at(tmp_path, place=IN_35VLF, side=600, mgrs="35VLF")
    moved = IN_35VLF.moved(rows=520, columns=0)
    second = stack_at(tmp_path, place=moved, side=100, name="later.tif", mgrs="35VLF")

    keys = [spot.place for spot in lay_out(first, size=512)]
    assert keys == ["35VLF/512/0/0", "35VLF/512/0/1", "35VLF/512/1/0", "35VLF/512/1/1"]
    (later,) = lay_out(second, size=512)
    assert later.place == "35VLF/512/1/0"
    assert later.georeference == IN_35VLF.moved(rows=512, columns=0)


def test_a_scene_of_one_tile_is_its_own_place(tmp_path):
    (spot,) = lay_out(stack_at(tmp_path), size=256)

    assert (spot.place, spot.ground, spot.touched) == ("scene", "scene", ())
    assert (spot.longitude, spot.georeference) == (None, None)


def test_a_scene_of_several_tiles_numbers_them_and_stays_one_group(tmp_path):
    spots = lay_out(stack_at(tmp_path, side=300), size=256)

    assert [spot.place for spot in spots] == [f"scene/256/{n // 2}/{n % 2}" for n in range(4)]
    assert {spot.ground for spot in spots} == {"scene"}


def test_a_scene_with_a_map_position_but_no_grid_is_split_by_its_ground(tmp_path):
    (spot,) = lay_out(stack_at(tmp_path, place=IN_35VLF), size=256)

    assert (spot.place, spot.ground) == ("scene", "6933/22/63")
    assert spot.longitude == pytest.approx(23.5, abs=0.1)
    assert spot.latitude == pytest.approx(59.5, abs=0.1)
    assert spot.touched == ("6933/22/63",)


def test_a_tile_over_a_squares_border_shows_both_squares(tmp_path):
    ((x, y),) = Georeference("EPSG:6933", (1.0, 0.0, 2.4e6, 0.0, -1.0, 6.25e6)).project(
        "EPSG:32635", [(0, 0)]
    )
    place = Georeference("EPSG:32635", (10.0, 0.0, x - 1000, 0.0, -10.0, y))

    (spot,) = lay_out(stack_at(tmp_path, place=place), size=256)

    assert set(spot.touched) == {"6933/23/62", "6933/24/62"}


def test_a_wrong_mgrs_tile_is_refused(tmp_path):
    stack = stack_at(tmp_path, place=IN_35VLF, mgrs="34VFL")

    with pytest.raises(RasterRejected, match="34VFL"):
        lay_out(stack, size=512)


def test_a_scene_called_like_an_mgrs_tile_never_takes_the_grids_keys(tmp_path):
    elsewhere = Georeference("EPSG:32635", (10.0, 0.0, 500_000.0, 0.0, -10.0, 6_300_000.0))

    for place in (None, elsewhere):
        with pytest.raises(RasterRejected, match="35VLF"):
            lay_out(stack_at(tmp_path, place=place, side=300, name="35VLF.tif"), size=256)


def test_the_footprint_is_a_closed_ring_on_the_globe(tmp_path):
    ring = footprint(stack_at(tmp_path, place=IN_35VLF))["coordinates"][0]

    assert ring[0] == ring[-1]
    assert len(ring) == 5
    assert all(23 < longitude < 25 and 59 < latitude < 60 for longitude, latitude in ring)
    assert footprint(stack_at(tmp_path, name="bare.tif")) is None
