"""What every store promises, on a folder and on S3."""

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelling.adapters.folder import FolderBlobs
from labelling.errors import BadInput, NotFound

KEY = "labels/35VLF/512/3/7/1-ab.tif"


def keys(blobs, prefix=""):
    return [key for key, _ in blobs.sizes(prefix)]


def in_workplace(blobs, made, key):
    """The made folder, moved to where work on `key` is done."""
    place = blobs.workplace(f"{key}/1")
    place.parent.mkdir(parents=True, exist_ok=True)
    return shutil.move(made, place)


def test_what_is_written_is_read_back_and_named_by_its_hash(blobs):
    digest = blobs.write(KEY, b"clear")

    assert digest == hashlib.sha256(b"clear").hexdigest()
    assert blobs.checksum(KEY) == digest
    assert blobs.read(KEY) == b"clear"
    assert blobs.exists(KEY)


def test_a_second_write_replaces_the_first(blobs):
    blobs.write("thumbs/a.png", b"old")

    blobs.write("thumbs/a.png", b"new")

    assert blobs.read("thumbs/a.png") == b"new"
    assert keys(blobs) == ["thumbs/a.png"]


def test_a_writer_that_fails_leaves_the_old_blob_and_nothing_else(blobs):
    blobs.write("tiles/a.tif", b"whole")

    def breaks(path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        blobs.write_with("tiles/a.tif", breaks)
    assert blobs.read("tiles/a.tif") == b"whole"
    assert list(blobs.sizes()) == [("tiles/a.tif", 5)]


def test_a_writers_file_has_no_place_once_it_is_stored(blobs):
    seen = []

    blobs.write_with("tiles/a.tif", lambda path: (seen.append(path), path.write_bytes(b"x")))

    assert not seen[0].exists()


def test_many_writers_of_one_key_never_collide(blobs):
    content = b"chip" * 50_000

    with ThreadPoolExecutor(4) as writers:
        digests = set(writers.map(lambda _: blobs.write("chips/same.npy", content), range(16)))

    assert digests == {hashlib.sha256(content).hexdigest()}
    assert keys(blobs) == ["chips/same.npy"]


def test_of_those_who_write_once_one_is_the_first(blobs):
    with ThreadPoolExecutor(4) as writers:
        first = list(writers.map(lambda n: blobs.write_once("pool.json", b"%d" % n), range(12)))

    assert first.count(True) == 1
    assert blobs.read("pool.json") == b"%d" % first.index(True)
    assert keys(blobs) == ["pool.json"]


def test_deleting_says_whether_there_was_anything(blobs):
    blobs.write("a/b", b"x")

    assert blobs.delete("a/b") is True
    assert blobs.delete("a/b") is False
    assert not blobs.exists("a/b")


BAD = ["", "/etc/passwd", "../up", "a/../../up", "a//b", "a/./b", "a\\..\\b", "a\nb", "a/"]


@pytest.mark.parametrize("key", ["missing", "folder"])
def test_a_missing_blob_is_named(blobs, key):
    blobs.write("folder/x", b"")

    for ask in (blobs.read, blobs.checksum, blobs.local, blobs.index, blobs.folder):
        with pytest.raises(NotFound, match=key):
            ask(key)


def test_keys_that_could_leave_the_store_are_refused(blobs):
    asks = (blobs.read, blobs.raster, blobs.exists, blobs.delete, blobs.local, blobs.workplace)

    for key in BAD:
        for ask in (*asks, lambda key: blobs.write(key, b"x")):
            with pytest.raises(BadInput, match="storage key"):
                ask(key)
    assert keys(blobs) == []


def test_a_listing_is_in_the_order_of_keys_with_sizes_and_times(blobs):
    for key in ("b", "a/c", "a-b", "a/b/d", "ä/x", "a.b", "c/1", "Z"):
        blobs.write(key, key.encode())

    listed = list(blobs.listing())

    assert [each.key for each in listed] == sorted(each.key for each in listed)
    assert dict(blobs.sizes())["ä/x"] == 4
    assert keys(blobs, "a/") == ["a/b/d", "a/c"]
    assert keys(blobs, "a") == ["a-b", "a.b", "a/b/d", "a/c"]
    assert keys(blobs, "nothing") == []
    assert abs(datetime.now(UTC) - listed[0].modified) < timedelta(minutes=5)


@given(st.lists(st.text("ab-./", min_size=1, max_size=8), max_size=12))
def test_a_folder_is_listed_as_a_sorted_set_of_its_keys(tmp_path_factory, names):
    blobs = FolderBlobs(tmp_path_factory.mktemp("store"))
    written = set()
    for name in names:
        try:
            blobs.write(name, b"")
            written.add(name)
        except (BadInput, OSError):  # no key, or a folder stands where the file should
            continue

    assert keys(blobs) == sorted(written)


def test_a_blob_has_a_file_on_this_machine(blobs):
    blobs.write("chips/ab.npy", b"pixels")

    assert blobs.local("chips/ab.npy").read_bytes() == b"pixels"
    assert blobs.local("chips/ab.npy").name == "ab.npy"


def test_an_adopted_folder_is_whole_and_says_what_it_holds(blobs, made):
    folder = in_workplace(blobs, made, "rounds/north/1")

    index = blobs.adopt(folder, "rounds/north/1/fit", without=["shard-*.npz"])

    assert list(index.files) == ["card.json", "maps/blocks.npz"]
    assert index.files["card.json"].sha256 == hashlib.sha256(b"{}").hexdigest()
    assert blobs.whole("rounds/north/1/fit")
    assert blobs.index("rounds/north/1/fit") == index
    here = blobs.folder("rounds/north/1/fit")
    assert (here / "maps" / "blocks.npz").read_bytes() == b"blocks" * 1000
    assert not (here / "shard-0.npz").exists()
    for name, entry in index.files.items():
        assert blobs.checksum(index.blob("rounds/north/1/fit", name)) == entry.sha256


def test_the_first_of_two_workers_results_stays(blobs, made, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "card.json").write_bytes(b'{"late": true}')
    first = blobs.adopt(in_workplace(blobs, made, "rounds/north/1"), "rounds/north/1/fit")

    second = blobs.adopt(other, "rounds/north/1/fit")

    assert second == first
    assert (blobs.folder("rounds/north/1/fit") / "card.json").read_bytes() == b"{}"


def test_a_folder_that_was_not_adopted_is_not_whole(blobs, made):
    in_workplace(blobs, made, "rounds/north/1")

    assert not blobs.whole("rounds/north/1")
    assert not blobs.whole("rounds/north/1/1")


def test_an_index_that_is_none_is_refused_by_name(blobs):
    blobs.write("rounds/north/1/fit/index.json", b'{"files": []}')

    with pytest.raises(BadInput, match="rounds/north/1/fit"):
        blobs.index("rounds/north/1/fit")
