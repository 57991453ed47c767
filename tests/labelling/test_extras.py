"""Other rasters beside the tiles, brought onto their grid. All painted: synthetic."""

from __future__ import annotations

import json
from hashlib import sha256

import numpy as np
import pytest
import rasterio
from django.core.management import call_command
from rasterio.errors import NotGeoreferencedWarning

from labelling.adapters.blobs import store
from labelling.errors import BadInput, NotFound, RasterRejected
from labelling.imagery.extras import read_extra
from labelling.imagery.ground import ground_of
from labelling.models import Event, Layer, Tile
from labelling.workflow.masking.extras import Extra, bring_extra
from tests.factories import NOON
from tests.worlds import world

pytestmark = pytest.mark.django_db

SLOPE = (0.5, 0.25)
"""What the painted raster's two planes rise by to the east, a pixel of 10 m."""


@pytest.fixture
def north():
    """Three tiles side by side; a raster around the first reaches a little into the second."""
    return world(pool=3, validation=0)


@pytest.fixture
def tile(north):
    return Tile.objects.order_by("pk")[0]


def raster(path, tile, *, step=10.0, crs=None, dtype="float32", nodata=None, rows=None):
    """A plane that rises to the east over the tile and 100 m around it, and another."""
    ground = ground_of(tile.acquisition.place.key)
    west, north = ground.transform[2] - 100, ground.transform[5] + 100
    side = round((tile.height * 10 + 200) / step)
    east = (np.arange(side) + 0.5) * step / 10 - 10  # in the tile's pixels
    planes = np.stack([np.broadcast_to(100 + slope * east, (side, side)) for slope in SLOPE])
    if rows is not None:
        planes = planes.copy()
        planes[:, rows] = np.nan if nodata is None else nodata
    with rasterio.open(
        path, "w", driver="GTiff", count=2, height=side, width=side, dtype=dtype, nodata=nodata,
        crs=crs or ground.crs, transform=rasterio.Affine(step, 0, west, 0, -step, north),
    ) as file:  # fmt: skip
        file.write(planes.astype(dtype))
    return path


def bring(path, north, **more):
    extra = Extra(path, **{"name": "s1", "version": "1", **more})
    return bring_extra(extra, campaign=north, blobs=store(), now=NOON)


def stored(tile, **more):
    layer = Layer.objects.get(tile=tile, source="s1", **more)
    return read_extra(store().raster(layer.raster))


@pytest.mark.parametrize("step", [10.0, 20.0])
def test_a_raster_is_cut_to_the_tiles_it_reaches_on_their_grid(tmp_path, north, tile, step):
    report = bring(raster(tmp_path / "s1.tif", tile, step=step), north)

    planes = stored(tile)
    expected = 100 + (np.arange(256) + 0.5)[None] * np.array(SLOPE)[:, None]
    assert (report.tiles_new, report.tiles_beyond, report.planes) == (2, 1, 2)
    assert planes.shape == (2, 256, 256)
    assert planes == pytest.approx(np.broadcast_to(expected[:, None], (2, 256, 256)), abs=0.02)
    assert Event.objects.filter(verb="imported").count() == 1
    assert Layer.objects.get(tile=tile).sha256 == sha256(planes[0].tobytes()).hexdigest()


@pytest.mark.parametrize(("dtype", "nodata"), [("float32", None), ("int16", -999)])
def test_what_the_raster_lacks_is_missing_and_not_zero(tmp_path, north, tile, dtype, nodata):
    path = raster(tmp_path / "s1.tif", tile, dtype=dtype, nodata=nodata, rows=slice(60, 100))

    bring(path, north)

    planes = stored(tile)
    assert np.isnan(planes[:, 55:85]).all()
    assert np.isfinite(planes[:, :48]).all()
    assert np.isfinite(planes[:, 92:]).all()


def test_the_same_raster_again_changes_nothing_and_a_newer_one_lies_beside(tmp_path, north, tile):
    path = raster(tmp_path / "s1.tif", tile)

    first, again = bring(path, north), bring(path, north)
    newer = bring(path, north, version="2")

    assert [each.tiles_new for each in (first, again, newer)] == [2, 0, 2]
    assert again.tiles_known == 2
    assert Layer.objects.filter(tile=tile).count() == 2


def test_tiles_of_another_product_are_left_alone(tmp_path, north, tile):
    path = raster(tmp_path / "s1.tif", tile)
    other = Tile.objects.order_by("pk")[2]

    report = bring(path, north, product=other.scene.product_id)

    assert (report.tiles_new, report.tiles_beyond) == (0, 1)
    with pytest.raises(NotFound, match="no tile of product S2X"):
        bring(path, north, product="S2X")


def test_another_number_of_planes_is_refused(tmp_path, north, tile):
    bring(raster(tmp_path / "s1.tif", tile), north)
    with rasterio.open(tmp_path / "s1.tif") as file:
        profile, plane = file.profile | {"count": 1}, file.read(1)
    with rasterio.open(tmp_path / "one.tif", "w", **profile) as file:
        file.write(plane, 1)

    with pytest.raises(BadInput, match=r"one\.tif has 1 planes, s1 1 has 2"):
        bring(tmp_path / "one.tif", north, version="2")


@pytest.mark.parametrize("name", ["S1", "", "../s1", "scl", "s2cloudless"])
def test_a_name_that_is_none_or_a_masks_is_refused(tmp_path, name):
    with pytest.raises(BadInput) as refusal:
        Extra(tmp_path / "s1.tif", name, "1")

    assert refusal.value.field == "name"


def test_a_raster_without_a_place_is_refused_and_nothing_is_kept(tmp_path, north):
    form = {"driver": "GTiff", "count": 1, "height": 8, "width": 8, "dtype": "uint8"}
    with (
        pytest.warns(NotGeoreferencedWarning),
        rasterio.open(tmp_path / "bare.tif", "w", **form) as file,
    ):
        file.write(np.ones((1, 8, 8), np.uint8))

    with pytest.raises(RasterRejected, match=r"bare\.tif: doesn't say where it lies"):
        bring(tmp_path / "bare.tif", north)

    assert not Layer.objects.exists()


def test_the_command_brings_in_and_lists(tmp_path, north, tile, capsys):
    path = raster(tmp_path / "s1.tif", tile)
    words = ["extras", "import", str(path), "--name", "s1", "--version", "2026"]
    words += ["--campaign", north.slug, "--every-date", "--json"]

    call_command(*words, "--dry-run")
    looked = json.loads(capsys.readouterr().out)
    assert not Layer.objects.exists()
    call_command(*words)
    done = json.loads(capsys.readouterr().out)
    call_command("extras", "list", "--campaign", north.slug, "--json")
    listed = json.loads(capsys.readouterr().out)

    assert looked["tiles_new"] == done["tiles_new"] == 2
    assert listed["extras"] == [{"name": "s1", "version": "2026", "tiles": 2}]
