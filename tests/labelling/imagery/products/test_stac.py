import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from labelling.imagery.files import Georeference
from labelling.imagery.products.product import Angles
from labelling.imagery.products.stac import inspect_stac
from labelling.imagery.products.stac_bands import sentinel_name
from labelling.imagery.products.stac_item import for_gdal, read_item
from tests.labelling.imagery.products.items import (
    SIDE,
    change,
    earth_search,
    write_item,
    write_raster,
)
from tests.rasters import IN_35VLF

URI = "S2B_MSIL2A_20260529T095029_N0511_R036_T35VLF_20260529T130000"


def test_an_item_tells_its_scene(tmp_path):
    product = inspect_stac(earth_search(tmp_path))

    assert (product.form, product.product_id) == ("stac", "S2B_35VLF_20260529_0_L2A")
    assert (product.satellite, product.level, product.baseline) == ("S2B", "L2A", "05.11")
    assert (product.orbit, product.mgrs, product.cloud_cover) == (36, "35VLF", 12.5)
    assert product.taken == datetime(2026, 5, 29, 9, 50, 29, tzinfo=UTC)
    assert product.sun == Angles(zenith=42.0, azimuth=165.0)
    assert product.footprint["type"] == "Polygon"
    assert (product.place, product.height, product.width) == (IN_35VLF, SIDE, SIDE)


def test_common_names_become_sentinels_in_its_order_with_their_steps(tmp_path):
    product = inspect_stac(earth_search(tmp_path))

    assert {band.name: band.step for band in product.bands} == {
        "B01": 6, "B02": 1, "B03": 1, "B04": 1, "B06": 2, "B08": 1, "B8A": 2,
    }  # fmt: skip
    assert product.band_names == ("B01", "B02", "B03", "B04", "B06", "B08", "B8A")


def test_what_is_no_band_is_sorted_out_and_scl_is_a_mask(tmp_path):
    product = inspect_stac(earth_search(tmp_path))

    (mask,) = product.masks
    assert (mask.source, Path(mask.path).name, mask.step) == ("scl", "SCL.tif", 2)


def test_an_item_that_names_its_product_has_its_id(tmp_path):
    product = inspect_stac(earth_search(tmp_path, s2__product_uri=f"{URI}.SAFE"))

    assert product.product_id == URI
    assert product.taken == datetime(2026, 5, 29, 9, 50, 29, tzinfo=UTC)


def test_an_offset_in_the_numbers_is_told(tmp_path):
    product = inspect_stac(earth_search(tmp_path, offset=-0.1))

    assert {(band.offset, band.quantification) for band in product.bands} == {(-1000, 10_000)}


def test_an_offset_that_was_taken_out_is_not_taken_out_again(tmp_path):
    item = earth_search(tmp_path, offset=-0.1, earthsearch__boa_offset_applied=True)

    assert {band.offset for band in inspect_stac(item).bands} == {0}


@pytest.mark.parametrize("offset", [None, 0])
def test_before_the_offset_there_is_none(tmp_path, offset):
    item = earth_search(
        tmp_path, offset=offset, s2__processing_baseline="02.14", s2__datatake_id=None
    )

    product = inspect_stac(item)

    assert {band.offset for band in product.bands} == {0}
    assert product.taken == datetime(2026, 5, 29, 10, 0, 44, tzinfo=UTC)


def test_stac_1_1_names_its_bands_and_the_finest_asset_is_taken(tmp_path):
    entry = {"raster:scale": 0.0001, "raster:offset": -0.1}
    assets = {}
    for key, metres in {"B02_60m": 60, "B02_10m": 10, "B02_20m": 20, "B8A_20m": 20}.items():
        write_raster(tmp_path / f"{key}.tif", metres=metres)
        assets[key] = {"href": f"{key}.tif", "bands": [{"name": key[:3]}], **entry}
    item = write_item(
        tmp_path / "item.json", assets, s2__processing_baseline=None, processing__version="05.11"
    )

    product = inspect_stac(item)

    assert {b.name: (Path(b.path).name, b.step, b.offset) for b in product.bands} == {
        "B02": ("B02_10m.tif", 1, -1000), "B8A": ("B8A_20m.tif", 2, -1000),
    }  # fmt: skip


def test_bands_of_20_m_alone_lie_on_the_10_m_grid(tmp_path):
    item = change(earth_search(tmp_path), blue=None, green=None, red=None, nir=None, coastal=None)

    product = inspect_stac(item)

    assert (product.height, product.place) == (SIDE, IN_35VLF)
    assert {band.step for band in product.bands} == {2}


def test_one_asset_may_hold_several_bands(tmp_path):
    write_raster(tmp_path / "all.tif", np.full((2, SIDE, SIDE), 2000))
    entry = {"raster:scale": 0.0001, "raster:offset": -0.1}
    bands = [{"name": "B04", **entry}, {"name": "B02", **entry}]
    item = write_item(tmp_path / "item.json", {"data": {"href": "all.tif", "bands": bands}})

    product = inspect_stac(item)

    assert [(band.name, band.layer) for band in product.bands] == [("B02", 2), ("B04", 1)]


def test_another_sensor_keeps_its_own_names_and_grid(tmp_path):
    write_raster(tmp_path / "a.tif", metres=60)
    bands = [
        {"name": "OLI_B4", "eo:common_name": "red", "raster:scale": 2e-5, "raster:offset": -0.2}
    ]
    item = write_item(
        tmp_path / "item.json",
        {"red": {"href": "a.tif", "bands": bands}},
        platform="landsat-8",
        constellation=None,
    )

    product = inspect_stac(item)

    (band,) = product.bands
    assert (band.name, band.step, band.offset, band.quantification) == (
        "OLI_B4",
        1,
        -10_000,
        50_000,
    )
    assert (product.satellite, product.mgrs, product.baseline) == ("landsat-8", "", "")
    assert product.place == Georeference("EPSG:32635", (60, 0, 300_000, 0, -60, 6_600_000))


@pytest.mark.parametrize("code", ["MGRS-5VLF", "MGRS-05VLF"])
def test_a_zone_below_ten_gets_its_zero(tmp_path, code):
    assert inspect_stac(earth_search(tmp_path, grid__code=code)).mgrs == "05VLF"


def test_older_items_give_the_tile_in_parts(tmp_path):
    item = earth_search(
        tmp_path,
        grid__code=None,
        mgrs__utm_zone=35,
        mgrs__latitude_band="V",
        mgrs__grid_square="LF",
    )

    assert inspect_stac(item).mgrs == "35VLF"


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("s3://sentinel-cogs/35/V/LF/B02.tif", "/vsis3/sentinel-cogs/35/V/LF/B02.tif"),
        ("file:///data/with%20space/B02.tif", "/data/with space/B02.tif"),
        ("/data/B02.tif", "/data/B02.tif"),
    ],
)
def test_assets_are_local_or_in_s3(tmp_path, href, path):
    item = read_item(change(earth_search(tmp_path), blue={"href": href}))

    assert for_gdal(item, "blue") == path


def test_relative_assets_lie_beside_the_item(tmp_path):
    item = read_item(change(earth_search(tmp_path), blue={"href": "../x/B02.tif"}))

    assert Path(for_gdal(item, "blue")) == tmp_path.parent / "x" / "B02.tif"


@pytest.mark.parametrize(
    ("names", "band"),
    [
        (["B2"], "B02"), (["b8a"], "B8A"), (["B11_20m"], "B11"), (["rededge075"], "B06"),
        (["x", "nir08"], "B8A"), (["rededge", "B05"], "B05"), ([None, "swir16"], "B11"),
        (["rededge"], ""), (["B13"], ""), ([None], ""), (["scl"], ""),
    ],
)  # fmt: skip
def test_the_first_name_that_tells_a_band_counts(names, band):
    assert sentinel_name(*names) == band


def test_a_painted_item_says_so(tmp_path):
    assert inspect_stac(earth_search(tmp_path, synthetic=True)).synthetic
    assert not inspect_stac(earth_search(tmp_path)).synthetic


def test_the_item_is_read_without_being_changed(tmp_path):
    item = earth_search(tmp_path)
    before = json.loads(item.read_text())

    inspect_stac(item)

    assert json.loads(item.read_text()) == before
