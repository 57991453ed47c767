"""Rasters that GDAL reads from S3: what the way to them does is not taken for damage."""

from __future__ import annotations

import pytest

from labelling.adapters.blobs import store
from labelling.errors import RasterRejected, StorageAway
from labelling.imagery.tilefile import read_tile, write_tile
from tests.objectstore import always
from tests.rasters import pixels

KEY = "tiles/35VLF/256/1/0.tif"
TILE = pixels(height=256, width=256)
BANDS = [f"B{number:02d}" for number in range(1, len(TILE) + 1)]

pytestmark = pytest.mark.usefixtures("hasty")


@pytest.fixture
def raster() -> str:
    store().write_with(KEY, lambda path: write_tile(path, TILE, bands=BANDS))
    return store().raster(KEY)


def test_a_connection_that_breaks_off_once_is_tried_again(raster, server):
    server.cuts = 1

    assert (read_tile(raster) == TILE).all()


@pytest.mark.parametrize(
    ("status", "code", "field"),
    [
        ("503 Slow Down", "SlowDown", "STORAGE_URL"),
        ("500 Internal Server Error", "InternalError", "STORAGE_URL"),
        ("429 Too Many Requests", "TooManyRequests", "STORAGE_URL"),
        ("403 Forbidden", "AccessDenied", "AWS_ACCESS_KEY_ID"),
        ("403 Forbidden", "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"),
        ("400 Bad Request", "ExpiredToken", "AWS_SESSION_TOKEN"),
    ],
)
def test_an_answer_without_the_raster_says_nothing_of_the_raster(
    raster, server, status, code, field
):
    with (
        server.failing(always(status), code=code),
        pytest.raises(StorageAway, match=r"/vsis3/.*0\.tif can't be read now") as refusal,
    ):
        read_tile(raster)

    assert refusal.value.field == field


def test_a_server_that_is_gone_says_nothing_of_the_raster(raster, settings):
    settings.AWS_ENDPOINT_URL = "http://127.0.0.1:9"

    with pytest.raises(StorageAway, match="can't be read now"):
        read_tile(raster)


def test_a_raster_that_is_not_there_is_not_called_damaged(raster):
    store().delete(KEY)

    with pytest.raises(RasterRejected, match=r"0\.tif: no such file"):
        read_tile(raster)


def test_a_damaged_raster_is_called_so(raster):
    store().write(KEY, store().read(KEY)[:9000])

    with pytest.raises(RasterRejected, match="damaged"):
        read_tile(raster)
