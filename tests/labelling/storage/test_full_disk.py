"""A disk that takes no more: a refusal that says so, and nothing half-written."""

from __future__ import annotations

import errno
import json
import resource
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from labelling.adapters import folder, full
from labelling.adapters.blobs import store
from labelling.errors import StorageAway
from tests.labelling.test_commands import said
from tests.worlds import world

pytestmark = pytest.mark.django_db(transaction=True)
LARGEST = 2**16
"""Bytes that a file may have while the disk is small."""


@contextmanager
def small_files():
    """No file may grow beyond LARGEST: the system itself refuses, as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def everything_in(place: Path) -> set[str]:
    return {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}


def test_a_blob_that_does_not_fit_is_refused_and_the_old_one_stays(tmp_path):
    blobs = store()
    blobs.write("tiles/a.tif", b"as it was")
    content = b"x" * (LARGEST + 1)
    made = blobs.workplace("rounds/north/1/1")
    made.mkdir(parents=True)
    (made / "weights").write_bytes(content)

    with small_files():
        for write in (
            lambda: blobs.write("tiles/a.tif", content),
            lambda: blobs.write_once("tiles/b.tif", content),
            lambda: blobs.write_with("tiles/c.tif", lambda path: path.write_bytes(content)),
        ):
            with pytest.raises(StorageAway, match=r"tiles/.\.tif can't be written") as refused:
                write()
            assert refused.value.help

    assert blobs.read("tiles/a.tif") == b"as it was"
    assert [key for key, _ in blobs.sizes()] == ["rounds/north/1/1/weights", "tiles/a.tif"]
    assert everything_in(blobs.root) == {"rounds/north/1/1/weights", "tiles/a.tif"}


def test_a_folder_is_not_adopted_by_halves(tmp_path, monkeypatch):
    blobs = store()
    made = blobs.workplace("rounds/north/1/1")
    made.mkdir(parents=True)
    (made / "weights").write_bytes(b"x")
    monkeypatch.setattr(folder, "settle", no_space)

    with pytest.raises(StorageAway, match=r"rounds/north/1/fit/index\.json .*the disk is full"):
        blobs.adopt(made, "rounds/north/1/fit")

    assert not blobs.whole("rounds/north/1/fit")
    assert everything_in(blobs.root) == {"rounds/north/1/1/weights"}


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/somewhere")


def test_a_backup_to_a_full_disk_is_none_and_goes_on_once_there_is_room(tmp_path):
    place = tmp_path / "backups"
    world(pool=1, validation=0, labelled=1)
    assert max(size for _, size in store().sizes()) > LARGEST

    with small_files():
        status, out, _ = said("backup", str(place), "--json")

    told = json.loads(out.splitlines()[-1])["error"]
    assert status == 1
    assert told["code"] == "StorageAway"
    assert "can't be written" in told["message"]
    assert "room" in told["help"] or "limit" in told["help"]
    assert not list(place.rglob("*.part"))
    assert not list(place.rglob("manifest.json"))
    assert said("backup", str(place))[0] == 0
    assert said("restore", str(place), "--dry-run")[0] == 0


@pytest.mark.parametrize("number", full.MEANING)
def test_each_way_a_disk_can_refuse_is_told_with_what_to_do(number):
    told = full.refusal(OSError(number, "so it said", "/a/file"))

    assert told is not None
    assert "/a/file" in str(told)
    assert told.help


def test_a_database_on_a_full_disk_is_told_so(tmp_path):
    """SQLite's own answer, where it may have no more pages."""
    with closing(sqlite3.connect(tmp_path / "small.sqlite3")) as small:
        small.execute("CREATE TABLE t (a)")
        small.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as refused:
            small.execute("INSERT INTO t VALUES (zeroblob(100000))")

    told = full.database_refusal(refused.value)

    assert told is not None
    assert "disk is full" in str(told)
    assert full.database_refusal(sqlite3.OperationalError("no such table: t")) is None


def test_what_is_not_about_the_disk_is_left_as_it_is():
    with pytest.raises(PermissionError), full.told_when_full("tiles/a.tif"):
        raise PermissionError(errno.EACCES, "no")
