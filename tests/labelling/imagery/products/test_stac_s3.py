"""Items whose rasters lie in S3, against a real S3 API on loopback."""

import json
from pathlib import Path

import pytest

from labelling.errors import RasterRejected
from labelling.imagery.products.stac import inspect_stac
from labelling.imagery.reading import match_bands, reading
from tests.labelling.imagery.products.items import earth_search, write_raster
from tests.objectstore import KEYS, ObjectStore


@pytest.fixture
def server(settings, monkeypatch):
    running = ObjectStore()
    running.client.create_bucket(Bucket="scenes")
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": running.url, "AWS_REGION": "us-east-1"}.items():
        setattr(settings, name, value)
        monkeypatch.setenv(name, value)
    yield running
    running.stop()


def uploaded(item: Path, server: ObjectStore) -> Path:
    """The item with its GeoTIFFs in the bucket, and no longer on the disk."""
    content = json.loads(item.read_text())
    for asset in content["assets"].values():
        local = item.parent / asset["href"]
        if local.suffix == ".tif" and local.is_file():
            server.client.upload_file(str(local), "scenes", f"35VLF/{local.name}")
            local.unlink()
            asset["href"] = f"s3://scenes/35VLF/{local.name}"
    item.write_text(json.dumps(content))
    return item


def test_an_item_in_s3_is_inspected_and_read(tmp_path, server):
    product = inspect_stac(uploaded(earth_search(tmp_path), server))

    with reading(product, match_bands(product, ["B02", "B8A"])) as reader:
        pixels = reader.window(top=0, left=0, height=60, width=60)
    assert (pixels == 1500).all()
    assert all(band.path.startswith("/vsis3/scenes/35VLF/") for band in product.bands)


def test_a_wrong_flag_is_seen_in_s3_too(tmp_path, server):
    item = earth_search(tmp_path)
    write_raster(tmp_path / "B04.tif", 400)

    with pytest.raises(RasterRejected, match="of band B04 negative"):
        inspect_stac(uploaded(item, server))


def test_an_object_that_is_not_there_is_named(tmp_path, server):
    item = uploaded(earth_search(tmp_path), server)
    server.client.delete_object(Bucket="scenes", Key="35VLF/B02.tif")

    with pytest.raises(RasterRejected, match=r"item\.json: asset 'blue': B02\.tif"):
        inspect_stac(item)
