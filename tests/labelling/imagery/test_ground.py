import pytest

from labelling.errors import RasterRejected
from labelling.imagery.files import Georeference
from labelling.imagery.ground import ground_at, ground_in, ground_of
from tests.rasters import IN_35VLF, write_stack


def test_a_place_on_the_grid_says_where_it_lies():
    assert ground_of("35VLF/512/2/3") == IN_35VLF.moved(rows=1024, columns=1536)


@pytest.mark.parametrize("name", ["scene", "scene/256/0/1", "35VLF/512/2", "99VLF/512/0/0"])
def test_another_name_says_nothing(name):
    assert ground_of(name) is None


def test_a_tile_off_the_grid_is_where_its_raster_says(tmp_path):
    place = Georeference("EPSG:32635", (30.0, 0.0, 5e5, 0.0, -30.0, 6.5e6))
    raster = write_stack(tmp_path / "tile.tif", place=place)

    assert ground_at("scene", str(raster)) == place
    assert ground_at("35VLF/512/0/0", str(raster)) == IN_35VLF


def test_a_raster_without_georeference_says_nothing(tmp_path):
    assert ground_in(str(write_stack(tmp_path / "tile.tif"))) is None


def test_a_lost_raster_is_named(tmp_path):
    with pytest.raises(RasterRejected, match=r"lost\.tif"):
        ground_at("scene", str(tmp_path / "lost.tif"))
