import json

import pytest

from labelling.errors import RasterRejected
from labelling.imagery.products.stac import inspect_stac
from labelling.imagery.products.stac_item import LARGEST_JSON
from tests.labelling.imagery.products.items import change, earth_search, write_item, write_raster

MADE_FROM = "S2B_MSIL2A_20260529T095029_{}_T35VLF_20260529T130000.SAFE"


def refusal(item, match, *, field=None):
    with pytest.raises(RasterRejected, match=match) as caught:
        inspect_stac(item)
    assert caught.value.help
    if field is not None:
        assert caught.value.field == field


@pytest.mark.parametrize(
    "href",
    ["https://example.org/B02.tif", "http://example.org/B02.tif", "gs://bucket/B02.tif",
     "ftp://example.org/B02.tif"],
)  # fmt: skip
def test_assets_on_the_web_are_not_fetched(tmp_path, href):
    item = change(earth_search(tmp_path), blue={"href": href})

    refusal(item, r"item\.json: asset 'blue' is at .*neither a local file nor in S3", field="blue")


@pytest.mark.parametrize("href", ["/vsicurl/http://example.org/B02.tif", "/vsizip//x.zip/B02.tif"])
def test_assets_that_are_gdals_own_file_systems_are_refused(tmp_path, href):
    refusal(change(earth_search(tmp_path), blue={"href": href}), "asset 'blue' is no file")


def test_an_asset_that_is_not_there_is_named(tmp_path):
    refusal(
        change(earth_search(tmp_path), blue={"href": "./gone.tif"}),
        r"asset 'blue': gone\.tif: no such file",
    )


def test_an_item_without_bands_is_refused(tmp_path):
    write_raster(tmp_path / "a.tif")

    refusal(write_item(tmp_path / "item.json", {"data": {"href": "a.tif"}}), "holds a band")


@pytest.mark.parametrize(
    "content",
    ["", "not json", "[]", "{}", '{"type": "Feature"}', '{"type": "Feature", "stac_version": 1}',
     '{"type": "Catalog", "stac_version": "1.0.0", "id": "x", "description": "y", "links": []}'],
)  # fmt: skip
def test_what_is_no_item_is_refused(tmp_path, content):
    path = tmp_path / "item.json"
    path.write_text(content)

    refusal(path, r"item\.json: no STAC item")


def test_an_item_larger_than_any_is_not_parsed(tmp_path):
    path = tmp_path / "item.json"
    path.write_text(" " * (LARGEST_JSON + 1))

    refusal(path, "more than")


@pytest.mark.parametrize("offset", [None, 0])
def test_a_late_baseline_without_an_offset_or_a_word_about_it_is_refused(tmp_path, offset):
    item = earth_search(tmp_path, offset=offset, earthsearch__boa_offset_applied=False)

    refusal(item, r"baseline 05\.11 has no offset, and nothing says that it was taken out")


def test_an_early_baseline_with_an_offset_is_refused(tmp_path):
    refusal(
        earth_search(tmp_path, s2__processing_baseline="02.14"), r"an offset at baseline 02\.14"
    )


def test_a_flag_that_the_pixels_contradict_is_refused(tmp_path):
    item = earth_search(tmp_path, earthsearch__boa_offset_applied=False)
    write_raster(tmp_path / "B04.tif", 400)

    refusal(item, r"would make 100% of band B04 negative: it seems to be taken out", field="offset")


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"s2__processing_baseline": "99.99"}, "'99.99' is unknown"),
        ({"s2__processing_baseline": None}, "doesn't say its processing baseline"),
        ({"eo__cloud_cover": 120}, "eo:cloud_cover is 120"),
        ({"view__sun_azimuth": "south"}, "view:sun_azimuth is 'south'"),
        ({"view__sun_elevation": True}, "view:sun_elevation is True"),
        ({"view__sun_elevation": 10**400}, "view:sun_elevation is 1000"),
        ({"grid__code": "MGRS-99XYZ"}, "'99XYZ' is not an MGRS tile"),
        ({"platform": "a satellite", "constellation": "sentinel-2"}, "platform"),
        ({"s2__product_uri": MADE_FROM.format("N0500_R036")}, "its baseline 05.11 isn't that of"),
        ({"s2__product_uri": MADE_FROM.format("N0511_R037")}, "its orbit 36 isn't that of"),
    ],
)
def test_properties_that_make_no_sense_are_refused(tmp_path, properties, told):
    refusal(earth_search(tmp_path, **properties), f"item.json: .*{told}")


@pytest.mark.parametrize(
    ("raster", "told"),
    [
        ({"scale": 0.0001, "offset": -0.10003}, "no whole one"),
        ({"scale": 0.0001, "offset": "-0.1"}, "offset of asset 'blue' is '-0.1', no number"),
        ({"scale": 0}, "scale 0"),
        ({"offset": -0.1}, "an offset but no scale"),
        ("text", "no list of objects"),
    ],
)
def test_radiometry_that_makes_no_sense_is_refused(tmp_path, raster, told):
    refusal(change(earth_search(tmp_path), blue={"raster:bands": [raster]}), told)


def test_another_sensor_has_to_say_what_its_numbers_mean(tmp_path):
    write_raster(tmp_path / "a.tif")
    asset = {"href": "a.tif", "bands": [{"name": "OLI_B4"}]}
    item = write_item(tmp_path / "item.json", {"red": asset}, platform="landsat-8")

    refusal(item, "no raster:scale", field="red")


@pytest.mark.parametrize(
    ("raster", "told"),
    [
        ({"metres": 15}, "'blue', 40 by 40 pixels of 15 .* doesn't nest"),
        ({"north": 6_600_100}, "doesn't nest in asset 'blue', .* from 300000, 6600100"),
        ({"crs": "EPSG:32634"}, "in EPSG:32635, doesn't nest in asset 'blue', .* in EPSG:32634"),
        ({"dtype": "uint8", "values": 4}, "uint8 pixels, not uint16"),
        ({"crs": None}, "no georeference"),
    ],
)
def test_rasters_that_do_not_fit_together_are_refused(tmp_path, raster, told):
    item = earth_search(tmp_path)
    write_raster(tmp_path / "B02.tif", **raster)

    refusal(item, told)


def test_an_asset_that_lists_more_bands_than_it_has_is_refused(tmp_path):
    item = earth_search(tmp_path)
    entries = [{"name": "B02"}, {"name": "B05"}]
    raster = [{"scale": 0.0001, "offset": -0.1}] * 2
    change(item, blue={"eo:bands": entries, "raster:bands": raster})

    refusal(item, "'blue' lists 2 bands, but has 1")


def test_an_id_that_is_no_name_is_refused(tmp_path):
    item = earth_search(tmp_path)
    content = json.loads(item.read_text())
    item.write_text(json.dumps({**content, "id": "../x"}))

    refusal(item, r"its id '\.\./x'")
