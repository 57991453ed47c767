import numpy as np
import pytest
import rasterio

from labelling.errors import LabelRejected, RasterRejected
from labelling.imagery.tilefile import (
    content_hash,
    read_label,
    read_tile,
    write_label,
    write_tile,
)
from tests.rasters import FOUR, IN_35VLF, cut_short, pixels


def test_a_tile_comes_back_exactly_with_names_and_place(tmp_path):
    values, path = pixels(height=256, width=256), tmp_path / "t.tif"

    write_tile(path, values, bands=FOUR, place=IN_35VLF, tags={"SYNTHETIC": "true"})

    np.testing.assert_array_equal(read_tile(path), values)
    with rasterio.open(path) as file:
        assert file.descriptions == FOUR
        assert (file.crs.to_epsg(), tuple(file.transform)[:6]) == (32635, IN_35VLF.transform)
        assert (file.nodata, file.tags()["SYNTHETIC"]) == (0, "true")
        assert file.block_shapes[0] == (256, 256)


def test_a_tile_is_read_in_the_bands_asked_for_and_zeros_for_those_it_lacks(tmp_path):
    values, path = pixels(), tmp_path / "t.tif"
    write_tile(path, values, bands=FOUR)

    asked = read_tile(path, ["B08", "B12", "B03"])

    np.testing.assert_array_equal(asked[0], values[3])
    assert not asked[1].any()
    np.testing.assert_array_equal(asked[2], values[1])


def test_a_tile_with_none_of_the_bands_is_refused(tmp_path):
    write_tile(tmp_path / "t.tif", pixels(), bands=FOUR)

    with pytest.raises(RasterRejected, match=r"t\.tif.*B12"):
        read_tile(tmp_path / "t.tif", ["B12"])


def test_a_tile_cut_short_is_refused_by_name(tmp_path):
    write_tile(tmp_path / "t.tif", pixels(), bands=FOUR)

    with pytest.raises(RasterRejected, match=r"t\.tif"):
        read_tile(cut_short(tmp_path / "t.tif", share=0.9))


@pytest.mark.parametrize(
    ("values", "bands"),
    [(pixels(), FOUR[:3]), (pixels().astype(np.float32), FOUR), (pixels()[0], FOUR)],
)
def test_what_is_no_tile_is_not_written(tmp_path, values, bands):
    with pytest.raises(RasterRejected):
        write_tile(tmp_path / "t.tif", values, bands=bands)
    assert not (tmp_path / "t.tif").exists()


def test_the_content_hash_knows_pixels_names_and_nothing_else():
    values = pixels()

    assert content_hash(values, FOUR) == content_hash(np.asfortranarray(values), list(FOUR))
    assert content_hash(values, FOUR) != content_hash(values, FOUR[::-1])
    assert content_hash(values, FOUR) != content_hash(values[:, ::-1], FOUR)
    assert content_hash(values, FOUR) != content_hash(values.reshape(4, 32, 128), FOUR)


def test_label_and_provenance_come_back_exactly(tmp_path):
    label = np.arange(256, dtype=np.uint8).reshape(16, 16)
    provenance = np.full((16, 16), 4, dtype=np.uint8)

    write_label(tmp_path / "l.tif", label, provenance)

    again = read_label(tmp_path / "l.tif")
    np.testing.assert_array_equal(again[0], label)
    np.testing.assert_array_equal(again[1], provenance)


def test_planes_of_different_size_or_type_are_refused(tmp_path):
    label = np.zeros((16, 16), dtype=np.uint8)

    for provenance in (label[:8], label.astype(np.int16)):
        with pytest.raises(LabelRejected, match=r"l\.tif"):
            write_label(tmp_path / "l.tif", label, provenance)


def test_a_tile_is_no_stored_label(tmp_path):
    write_tile(tmp_path / "t.tif", pixels(), bands=FOUR)

    with pytest.raises(LabelRejected, match=r"t\.tif"):
        read_label(tmp_path / "t.tif")
