"""Whole exports as others read them: STAC, COCO, and our own import and ingest. All synthetic."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pystac
import pytest

from labelling.adapters.blobs import store
from labelling.imagery.exports import coco
from labelling.imagery.labelsets import kappaset
from labelling.imagery.labelsets.labelled import Choices
from labelling.imagery.products.stack import inspect_stack
from labelling.imagery.tilefile import tile_bytes
from labelling.models import Tile
from labelling.workflow.export.order import contents_of
from labelling.workflow.export.run import export
from labelling.workflow.export.subjects import file_names
from labelling.workflow.snapshots.freezing import freeze
from tests.factories import NOON, AcquisitionFactory, CampaignFactory, PlaceFactory, TileFactory
from tests.labelling.exports.label_extension import validator
from tests.labelling.exports.world import TILES, chips_of, ordered, table
from tests.worlds import drawn, import_label

pytestmark = pytest.mark.django_db


def test_stac_is_valid_and_every_link_leads_somewhere(snapshot, tmp_path):
    export(ordered(snapshot, "stac"), tmp_path / "out", blobs=store())

    root = pystac.Catalog.from_file(str(tmp_path / "out" / "catalog.json"))
    with_network_off = validator()
    everything = [root, *root.get_children()]
    for each in [*everything, *everything[1].get_children(), *root.get_items(recursive=True)]:
        each.validate(validator=with_network_off)
    items = {each.id: each for each in root.get_items(recursive=True)}
    labels = {name: each for name, each in items.items() if not name.endswith("_image")}
    assert (len(items), len(labels)) == (2 * TILES, TILES)
    for name, item in labels.items():
        source = item.get_single_link("source")
        assert source is not None
        assert Path(source.get_absolute_href()).name == f"{name}_image.json"
        assert all(Path(asset.get_absolute_href()).is_file() for asset in item.assets.values())
        counts = item.properties["label:overviews"][0]["counts"]
        assert sum(each["count"] for each in counts) == 256 * 256


def test_a_stac_item_without_what_the_label_extension_asks_is_found_out(snapshot, tmp_path):
    export(ordered(snapshot, "stac"), tmp_path / "out", blobs=store())
    path = next(path for path in (tmp_path / "out" / "shard-00000").glob("*none.json"))
    told = json.loads(path.read_text())
    del told["properties"]["label:type"]

    with pytest.raises(pystac.STACValidationError):
        pystac.Item.from_dict(told).validate(validator=validator())


def test_stac_says_nothing_of_ground_and_date_that_nobody_knows(tmp_path):
    campaign = CampaignFactory(slug="nowhere")
    place = PlaceFactory(key="a scene", square="a scene")
    tile = TileFactory(
        acquisition=AcquisitionFactory(place=place, taken=None),
        campaign=campaign,
        raster="tiles/a.tif",
        quality={"painted": 1},
    )
    store().write_with(tile.raster, lambda path: path.write_bytes(plain_raster(campaign)))
    import_label(campaign, tile, drawn(campaign, 1)[1])
    made = freeze(campaign, blobs=store(), now=NOON)

    export(ordered(made, "stac"), tmp_path / "out", blobs=store())

    root = pystac.Catalog.from_file(str(tmp_path / "out" / "catalog.json"))
    (item, _) = root.get_items(recursive=True)
    item.validate(validator=validator())
    assert (item.geometry, item.datetime) == (None, None)
    assert item.properties["end_datetime"] == "2026-06-01T12:00:00Z"


def plain_raster(campaign) -> bytes:
    return tile_bytes(drawn(campaign, 1)[0], bands=campaign.bands)


def test_coco_above_the_shards_has_all_of_them(snapshot, tmp_path):
    out = tmp_path / "out"
    export(ordered(snapshot, "coco"), out, blobs=store())

    told = json.loads((out / "annotations.json").read_text())

    assert [each["id"] for each in told["images"]] == [1, 2, 3]
    assert all((out / each["file_name"]).is_file() for each in told["images"])
    assert len({each["id"] for each in told["annotations"]}) == len(told["annotations"])
    label, _ = next(iter(chips_of(snapshot).values()))
    first = [each for each in told["annotations"] if each["image_id"] == 1]
    assert np.array_equal(coco.painted(first, height=256, width=256), label)


def test_our_importer_reads_a_netcdf_export_as_it_is(snapshot, tmp_path):
    export(ordered(snapshot, "netcdf"), tmp_path / "out", blobs=store())
    bands = tuple(contents_of(snapshot, blobs=store()).legend.bands)
    choices = Choices(bands=bands, tile_size=256, baseline_offset=0)

    read = [each.read() for each in kappaset.items(tmp_path / "out", choices)]

    assert len(read) == TILES
    for found, (label, pixels) in zip(read, chips_of(snapshot).values()):
        assert np.array_equal(found.label, label)
        assert np.array_equal(found.picture.pixels, pixels)
        assert found.picture.taken == NOON


def test_ingest_knows_an_exported_geotiff_for_what_it_was(snapshot, tmp_path):
    export(ordered(snapshot, "geotiff"), tmp_path / "out", blobs=store())
    row = table(tmp_path / "out")[0]
    stack = next(name for name in row["files"].split() if not name.endswith("_label.tif"))

    product = inspect_stack(tmp_path / "out" / stack)

    tile = Tile.objects.select_related("acquisition__place").order_by("pk")[0]
    assert row["key"] == tile.key
    assert (product.taken, product.level, product.mgrs) == (NOON, "L1C", "35VLF")
    assert product.synthetic
    assert [band.name for band in product.bands] == tile.bands


def test_no_two_tiles_share_a_file_name():
    samples = [
        {"key": key, "place": "x", "group": "p"}
        for key in ("a b/undated-none-none", "a_b/undated-none-none", "A-B/undated-none-none")
    ]

    names = file_names(samples, subtiles=False)

    assert len({name.lower() for name in names}) == 3
    assert all(name.isascii() and "/" not in name for name in names)
