"""Storage that is wrong, full or away: the refusal says which setting, and nothing is left."""

import errno
import os
import subprocess
import sys

import pytest
from boto3.s3.transfer import TransferConfig

from labelling.adapters import beside as writing
from labelling.adapters import objects, s3
from labelling.adapters.blobs import from_url, store
from labelling.adapters.folder import FolderBlobs
from labelling.adapters.objects import ObjectBlobs
from labelling.adapters.s3 import gdal_options
from labelling.errors import BadInput, StorageAway
from tests.objectstore import always, hanging, on

SETTINGS = "labelling.config.settings"


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_installation_stores_where_its_url_says(settings, tmp_path):
    settings.STORAGE_URL = f"file://{tmp_path}/with%20space"

    assert store() == FolderBlobs(tmp_path / "with space")


def test_a_checkout_in_a_folder_with_an_odd_name_stores_inside_it(tmp_path):
    var = tmp_path / "cloud #1?"
    told = {**os.environ, "WORKBENCH_VAR": str(var), "DJANGO_SETTINGS_MODULE": SETTINGS}
    told.pop("STORAGE_URL", None)
    ask = "from labelling.adapters.blobs import store; print(store().path('a'))"

    said = subprocess.run([sys.executable, "-c", ask], env=told, capture_output=True, text=True)

    assert said.stdout.strip() == str(var / "blobs" / "a")


def test_a_bucket_and_its_prefix_are_where_its_url_says(bucket, server):
    store().write("a/b", b"x")

    assert server.names(bucket) == ["work bench/a/b"]
    assert store().raster("a/b") == f"/vsis3/{bucket}/work bench/a/b"


@pytest.mark.parametrize(
    "url",
    ["http://x/y", "file://host/x", "file:///", "s3://", "s3://Under_score/x", "s3://bucket/a/../b",
     "s3://bucket/a//b", "s3://bucket?x=1", "file:///cloud#1/blobs", "file:///blobs?", "file:///a#"],
)  # fmt: skip
def test_other_storage_is_refused_by_name(url):
    with pytest.raises(BadInput, match="STORAGE_URL") as refusal:
        from_url(url)

    assert refusal.value.field == "STORAGE_URL"


@pytest.mark.parametrize("address", ["127.0.0.1:9000", "ftp://host", "http://host/path"])
def test_an_endpoint_that_is_no_address_is_refused(bucket, settings, address):
    settings.AWS_ENDPOINT_URL = address

    with pytest.raises(BadInput, match="AWS_ENDPOINT_URL"):
        store()


def test_a_missing_bucket_is_named(bucket):
    with pytest.raises(BadInput, match="no such bucket") as refusal:
        from_url("s3://nobodys-bucket/x")

    assert refusal.value.field == "STORAGE_URL"


def test_wrong_keys_are_refused_by_the_variables_name(bucket, server):
    with server.failing(always("403 Forbidden")), pytest.raises(BadInput) as refusal:
        store()

    assert refusal.value.field == "AWS_ACCESS_KEY_ID"


def test_no_keys_at_all_are_refused_by_the_variables_name(bucket, settings, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        setattr(settings, name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(BadInput, match="no keys") as refusal:
        store()

    assert refusal.value.field == "AWS_ACCESS_KEY_ID"


def test_an_endpoint_where_nobody_listens_is_away(bucket, settings, hasty):
    settings.AWS_ENDPOINT_URL = "http://127.0.0.1:9"

    with pytest.raises(StorageAway, match=r"127\.0\.0\.1:9") as refusal:
        store()

    assert refusal.value.field == "AWS_ENDPOINT_URL"


@pytest.mark.parametrize("fault", [always("500 Broken"), hanging(1.5)], ids=["500", "hanging"])
def test_a_server_that_fails_is_away_and_nothing_is_half_written(bucket, server, hasty, fault):
    blobs = store()
    blobs.write("tiles/a.tif", b"whole")

    with server.failing(fault):
        with pytest.raises(StorageAway, match=r"tiles/a\.tif"):
            blobs.write("tiles/a.tif", b"newer")
        with pytest.raises(StorageAway, match=r"tiles/a\.tif"):
            blobs.read("tiles/a.tif")

    server.requests.clear()
    assert blobs.read("tiles/a.tif") in (b"whole", b"newer")
    assert server.names(bucket) == ["work bench/tiles/a.tif"]
    assert files(blobs.work) == []


@pytest.mark.parametrize("ask", ["read", "checksum", "local"])
def test_a_copy_that_breaks_off_again_and_again_is_away(bucket, server, hasty, ask):
    blobs = store()
    blobs.write("chips/ab.npy", os.urandom(300_000))
    server.cuts = 50

    with pytest.raises(StorageAway, match=r"chips/ab\.npy"):
        getattr(blobs, ask)("chips/ab.npy")

    server.cuts = 0
    assert files(blobs.cache) == []


@pytest.mark.parametrize("status", ["429 Too Many Requests", "408 Request Timeout"])
def test_a_server_that_is_too_busy_is_away(bucket, server, hasty, status):
    with server.failing(always(status)), pytest.raises(StorageAway):
        store()


def test_an_upload_in_parts_that_fails_leaves_nothing(bucket, server, hasty, monkeypatch, tmp_path):
    monkeypatch.setattr(objects, "ONE_PUT", 5 * 2**20)
    small = TransferConfig(multipart_threshold=objects.ONE_PUT, multipart_chunksize=objects.ONE_PUT)
    monkeypatch.setattr(objects, "PARTS", small)
    blobs, content = store(), os.urandom(11 * 2**20)
    digest = blobs.write("rounds/pool.npz", content)
    assert blobs.checksum("rounds/pool.npz") == digest
    assert blobs.read("rounds/pool.npz") == content

    with server.failing(on("PUT", "500 Broken")), pytest.raises(StorageAway):
        blobs.write("rounds/maps.npz", content)

    assert server.names(bucket) == ["work bench/rounds/pool.npz"]


def test_half_a_folder_is_never_taken_for_a_whole_one(bucket, server, hasty, made):
    blobs = store()
    after = iter(["", "", "500 Broken"])

    def third_put_fails(method, path):
        return next(after, "500 Broken") if method == "PUT" else ""

    with server.failing(third_put_fails), pytest.raises(StorageAway):
        blobs.adopt(made, "rounds/north/1/fit")

    assert len(server.names(bucket)) == 2
    assert not blobs.whole("rounds/north/1/fit")
    index = blobs.adopt(made, "rounds/north/1/fit")
    assert len(index.files) == 3


def test_a_blob_that_was_damaged_in_storage_is_not_copied(bucket, server):
    blobs = store()
    digest = blobs.write("chips/ab.npy", b"pixels")
    server.client.put_object(
        Bucket=bucket, Key="work bench/chips/ab.npy", Body=b"pixelz", Metadata={"sha256": digest}
    )

    with pytest.raises(BadInput, match="damaged"):
        blobs.local("chips/ab.npy")

    assert files(blobs.cache) == []


def test_a_copy_on_this_machine_is_made_once(bucket, server):
    blobs = store()
    blobs.write("chips/ab.npy", b"pixels")
    first = blobs.local("chips/ab.npy")
    server.requests.clear()

    assert blobs.local("chips/ab.npy") == first
    assert server.requests == []


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    blobs = FolderBlobs(tmp_path / "blobs")
    blobs.write("tiles/a.tif", b"whole")

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(StorageAway, match="the disk is full"):
        blobs.write("tiles/a.tif", b"newer")
    with pytest.raises(StorageAway, match="the disk is full"):
        blobs.write_once("tiles/b.tif", b"newer")

    assert blobs.read("tiles/a.tif") == b"whole"
    assert [path.name for path in files(tmp_path / "blobs")] == ["a.tif"]


def test_gdal_is_told_the_endpoint_and_no_keys(settings):
    settings.AWS_ENDPOINT_URL, settings.AWS_REGION = "https://s3.example.org:9000", "eu-north-1"
    settings.AWS_SECRET_ACCESS_KEY = "hush"

    options = gdal_options()

    assert options["AWS_S3_ENDPOINT"] == "s3.example.org:9000"
    assert (options["AWS_HTTPS"], options["AWS_VIRTUAL_HOSTING"]) == ("YES", "FALSE")
    assert options["AWS_REGION"] == "eu-north-1"
    assert "hush" not in options.values()


def test_amazons_own_server_needs_no_endpoint(settings):
    settings.AWS_ENDPOINT_URL = settings.AWS_REGION = ""

    assert "AWS_S3_ENDPOINT" not in gdal_options()
    assert s3.Endpoint.from_settings() == s3.Endpoint()


def test_the_store_is_kept_as_long_as_its_settings_stay(bucket):
    first = store()

    assert isinstance(first, ObjectBlobs)
    assert store() is first
