import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from labelling.adapters.blobs import Blobs, from_url, store
from labelling.errors import BadInput, NotFound


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


def files(blobs):
    return sorted(path.name for path in blobs.root.rglob("*") if path.is_file())


def test_what_is_written_is_read_back_and_named_by_its_hash(blobs):
    digest = blobs.write("labels/35VLF/512/3/7/1-ab.tif", b"clear")

    assert digest == hashlib.sha256(b"clear").hexdigest()
    assert blobs.read("labels/35VLF/512/3/7/1-ab.tif") == b"clear"
    assert blobs.exists("labels/35VLF/512/3/7/1-ab.tif")


def test_a_second_write_replaces_the_first(blobs):
    blobs.write("thumbs/a.png", b"old")

    blobs.write("thumbs/a.png", b"new")

    assert blobs.read("thumbs/a.png") == b"new"
    assert files(blobs) == ["a.png"]


def test_a_writer_that_fails_leaves_the_old_blob_and_nothing_else(blobs):
    blobs.write("tiles/a.tif", b"whole")

    def breaks(path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        blobs.write_with("tiles/a.tif", breaks)
    assert blobs.read("tiles/a.tif") == b"whole"
    assert files(blobs) == ["a.tif"]


def test_many_writers_of_one_key_never_collide(blobs):
    content = b"chip" * 50_000

    with ThreadPoolExecutor(8) as writers:
        digests = set(writers.map(lambda _: blobs.write("chips/same.npy", content), range(64)))

    assert digests == {hashlib.sha256(content).hexdigest()}
    assert files(blobs) == ["same.npy"]


def test_deleting_says_whether_there_was_anything(blobs):
    blobs.write("a/b", b"x")

    assert blobs.delete("a/b") is True
    assert blobs.delete("a/b") is False
    assert not blobs.exists("a/b")


@pytest.mark.parametrize("key", ["missing", "folder"])
def test_a_missing_blob_is_named(blobs, key):
    blobs.write("folder/x", b"")

    with pytest.raises(NotFound, match=key):
        blobs.read(key)


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../up", "a/../../up", "a//b", "a/./b", "a\\..\\b", "a\nb", "a/"]
)
def test_keys_that_could_leave_the_store_are_refused(blobs, key):
    with pytest.raises(BadInput):
        blobs.write(key, b"x")


def test_the_installation_stores_where_its_url_says(settings, tmp_path):
    settings.STORAGE_URL = f"file://{tmp_path}/with%20space"

    assert store() == Blobs(tmp_path / "with space")


@pytest.mark.parametrize("url", ["s3://bucket/prefix", "http://x/y", "file://host/x", "file:///"])
def test_other_storage_is_refused_by_name(url):
    with pytest.raises(BadInput, match="STORAGE_URL") as refusal:
        from_url(url)
    assert refusal.value.field == "STORAGE_URL"
