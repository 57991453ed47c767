"""SAFE products come in whole: their radiometry, their grid, their angles, their acquisitions.

All products are painted (synthetic).
"""

from dataclasses import replace

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.errors import RasterRejected
from labelling.imagery.tilefile import read_tile
from labelling.models import Acquisition, CampaignTile, Place, Scene, Tile
from tests.labelling.products import SIDE, TAKEN, bring_in, campaign, painted, write
from tests.rasters import cut_short

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def scene():
    return painted()


@pytest.fixture(scope="module")
def old(scene, tmp_path_factory):
    return write(tmp_path_factory.mktemp("old"), scene, baseline="02.09")


@pytest.fixture(scope="module")
def new(scene, tmp_path_factory):
    return write(tmp_path_factory.mktemp("new"), scene, baseline="05.11")


@pytest.fixture(scope="module")
def level2(scene, tmp_path_factory):
    return write(tmp_path_factory.mktemp("level2"), scene, level="L2A")


def stored(tile):
    return read_tile(store().raster(tile.raster))


def test_a_product_becomes_tiles_of_the_grid_with_what_its_metadata_say(new, scene):
    north = campaign()

    report = bring_in(new, north)

    assert (report.tiles_new, report.missing) == (9, [])
    found = Scene.objects.get()
    assert (found.satellite, found.level, found.baseline, found.orbit) == (
        "S2A",
        "L1C",
        "05.11",
        22,
    )
    assert (found.orbit, found.state, found.offset_rule, found.synthetic) == (22, "ready", 1, True)
    assert found.radiometry["B02"] == [-1000, 10_000]
    assert found.footprint["type"] == "Polygon"
    tile = Tile.objects.get(acquisition__place__key="35VLF/256/1/1")
    assert tile.acquisition.taken == TAKEN
    assert 30 < tile.sun_zenith < 60
    assert 0 <= tile.view_zenith < 15
    inside = scene.bands[:, 256:512, 256:512]
    np.testing.assert_array_equal(stored(tile)[1], np.maximum(inside[1], 1))
    edge = Tile.objects.get(acquisition__place__key="35VLF/256/2/2")
    assert edge.valid_share == (SIDE - 512) ** 2 / 256**2


def test_one_scene_of_two_baselines_is_stored_alike_to_the_last_unit(old, new):
    north = campaign()

    bring_in(old, north)
    bring_in(new, north)

    pairs = {}
    for tile in Tile.objects.select_related("acquisition__place"):
        pairs.setdefault(tile.acquisition.place.key, []).append(tile)
    assert len(pairs) == 9
    for one, two in pairs.values():
        assert {one.baseline, two.baseline} == {"02.09", "05.11"}
        assert one.sha256 == two.sha256
        np.testing.assert_array_equal(stored(one), stored(two))


def test_both_levels_of_an_acquisition_share_it_and_so_its_labels(new, level2):
    north = campaign()

    bring_in(new, north)
    report = bring_in(level2, north)

    assert report.missing == ["B10"]
    assert Tile.objects.filter(level="L2A").first().missing == ["B10"]
    assert (Place.objects.count(), Acquisition.objects.count(), Tile.objects.count()) == (9, 9, 18)
    assert not CampaignTile.objects.exclude(fence="").filter(fence="near duplicate").exists()


def test_reflectance_below_zero_is_stored_as_one_and_counted(scene, tmp_path):
    planes = scene.bands.astype(np.int32)
    planes[1, 10:20, 10:20] = -50

    bring_in(write(tmp_path, replace(scene, bands=planes)), campaign())

    tile = Tile.objects.get(acquisition__place__key="35VLF/256/0/0")
    assert tile.quality["negative"] == 100
    assert (stored(tile)[1, 10:20, 10:20] == 1).all()


@pytest.mark.parametrize("share", [0.5, 0.97])
def test_a_damaged_image_fails_the_product_by_name_and_a_whole_one_mends_it(scene, tmp_path, share):
    north, product = campaign(), write(tmp_path, scene)
    (image,) = product.glob("GRANULE/*/IMG_DATA/*_B03.jp2")
    whole = image.read_bytes()
    cut_short(image, share=share)

    with pytest.raises(RasterRejected, match=r"_B03\.jp2"):
        bring_in(product, north)
    failed = Scene.objects.get()
    assert (failed.state, "_B03.jp2" in failed.reason) == ("failed", True)

    image.write_bytes(whole)
    report = bring_in(product, north)
    mended = Scene.objects.get()
    assert (report.tiles_new, mended.state, mended.reason) == (9, "ready", "")


def test_a_zipped_product_is_the_same_product(scene, tmp_path):
    from tests.labelling.imagery.products.safes import zipped

    north, product = campaign(), write(tmp_path / "folder", scene)
    bring_in(product, north)
    archive = zipped(product, tmp_path / f"{product.name}.zip")

    report = bring_in(archive, north)

    assert (report.state, report.tiles_known, Tile.objects.count()) == ("known", 9, 9)


def test_halves_of_a_pass_fill_each_other_and_what_both_show_stays_with_the_first(tmp_path, scene):
    """A datastrip that ends inside a tile makes two products of one acquisition."""
    into, north_half, south_half = campaign(), scene.bands.copy(), scene.bands.copy()
    north_half[:, 300:] = 0
    south_half[:, :300] = 0
    first = write(tmp_path / "north", replace(scene, bands=north_half))
    second = write(tmp_path / "south", replace(scene, bands=south_half))
    second = second.rename(second.with_name(second.name.replace("125031.SAFE", "133000.SAFE")))
    for path in second.rglob("*"):
        if path.suffix in (".xml", ".safe"):
            path.write_text(path.read_text().replace("20260529T125031", "20260529T133000"))

    bring_in(first, into)
    report = bring_in(second, into)

    assert (report.tiles_new, report.tiles_elsewhere, report.tiles_empty) == (3, 3, 3)
    holders = {
        tile.acquisition.place.key.split("/")[2]: tile.scene.product_id
        for tile in Tile.objects.select_related("acquisition__place", "scene")
    }
    assert holders == {"0": first.stem, "1": first.stem, "2": second.stem}
    assert bring_in(second, into).state == "known"
