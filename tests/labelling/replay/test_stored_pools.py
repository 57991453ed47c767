"""Pools from disk: a snapshot, a folder of labelled tiles, real clear scenes to paint over."""

import numpy as np
import pytest

from labelling.compute.replay.pools import build_pool
from labelling.compute.replay.stored import folder_pool, snapshot_pool
from labelling.errors import BadInput
from labelling.imagery.painter.semi_real import find_clear_scenes, paint_over
from labelling.imagery.painter.spectra import BANDS
from labelling.imagery.tilefile import write_mask, write_tile
from tests.labelling.replay.worlds import small
from tests.training.snapshots import SnapshotFolder, paint


def write(folder, name, *, size=32, code=0):
    rng = np.random.default_rng(len(name))
    pixels = rng.integers(500, 5000, (2, size, size)).astype(np.uint16)
    write_tile(folder / f"{name}.tif", pixels, bands=["B03", "B08"])
    write_mask(folder / f"{name}_label.tif", np.full((size, size), code, np.uint8), name="label")


def test_a_folder_is_split_by_scene(tmp_path):
    for scene in range(6):
        for tile in range(3):
            write(tmp_path, f"Wood_{scene:02d}_{tile}", code=tile)

    pool = folder_pool(tmp_path, seed=0)

    assert (pool.pool.count, pool.test.count) == (12, 6)
    assert len(set(pool.test.group)) == 2
    assert "an illustration" in pool.about
    assert not pool.synthetic


def test_a_tile_without_a_labelled_pixel_is_left_out(tmp_path):
    for scene in range(4):
        write(tmp_path, f"Wood_{scene:02d}_0", code=scene % 2)
        write(tmp_path, f"Wood_{scene:02d}_1", code=255)

    pool = folder_pool(tmp_path, seed=0)

    assert pool.pool.count + pool.test.count == 4


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(BadInput, match="holds no labelled tile"):
        folder_pool(tmp_path, seed=0)


def test_a_snapshot_keeps_its_own_split(tmp_path):
    folder = SnapshotFolder(tmp_path)
    for number in range(6):
        split = ("pool", "pool", "pool", "validation", "test", "test")[number]
        folder.add(*paint(number), split=split)

    pool = snapshot_pool(folder.write())

    assert (pool.pool.count, pool.validation.count, pool.test.count) == (3, 1, 2)
    assert pool.synthetic


def test_the_real_landsat_tiles_can_be_replayed(samples):
    pool = folder_pool(samples / "l8_biome", seed=0)

    assert pool.pool.count + pool.test.count == 31
    assert "Test scenes by class: clear in" in pool.about


def test_painted_cloud_lies_over_real_ground(samples):
    scenes = find_clear_scenes(samples / "s2_l1c13_pairs")

    tiles = paint_over(scenes[:2], seed=(1,), products=20, tiles=3, size=32)

    assert tiles.pixels.shape == (60, len(BANDS), 32, 32)
    seen = tiles.pixels[:, BANDS.index("B08")]
    clear, cloud, shadow = (np.median(seen[tiles.truth == code]) for code in (0, 1, 3))
    assert shadow < clear < cloud


def test_pool_and_test_of_the_semi_real_flavour_share_no_place(samples):
    scenes = find_clear_scenes(samples / "s2_l1c13_pairs")
    assert len({scene.place for scene in scenes}) == 5

    pool = build_pool(small(pool="semi-real", samples=str(samples)))

    assert pool.about.startswith("Semi-real: synthetic (painted) cloud")
    assert pool.synthetic
    assert pool.bands == tuple(BANDS)


def test_without_real_scenes_the_semi_real_flavour_is_refused(tmp_path):
    with pytest.raises(BadInput, match="clear scenes of 0 places"):
        build_pool(small(pool="semi-real", samples=str(tmp_path)))
