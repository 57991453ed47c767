"""What a backup holds, what it leaves out, and that it may be killed."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest
from django.db import connection

from labelling import clock
from labelling.adapters.blobs import store
from labelling.adapters.folder import FolderBlobs
from labelling.errors import BadInput, Conflict, LostLease
from labelling.models import Annotation, Campaign, Draft, Tile
from labelling.workflow.backup import run
from labelling.workflow.backup.hold import LEASE, Hold, held
from labelling.workflow.backup.papers import names
from labelling.workflow.backup.places import place_of
from labelling.workflow.backup.run import Watcher, back_up
from tests.labelling.other_database import copied_to, working_in
from tests.labelling.test_commands import said

pytestmark = pytest.mark.django_db(transaction=True)


def lines(site, model: str) -> list[list]:
    packed = next(site.place.glob(f"backups/*/rows/labelling.{model}.jsonl.gz"))
    return [json.loads(line) for line in gzip.decompress(packed.read_bytes()).splitlines()]


def test_a_dry_run_counts_what_is_new_and_writes_nothing(site):
    told = site.back_up("--dry-run")

    assert not site.place.exists()
    assert told["copied"] == told["blobs"] > 0
    made = site.back_up()
    assert {name: made[name] for name in ("rows", "blobs", "size", "copied", "copied_size")} == {
        name: told[name] for name in ("rows", "blobs", "size", "copied", "copied_size")
    }
    before = site.files()
    assert site.back_up("--dry-run")["copied"] == 0
    assert site.files() == before
    for path in site.place.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.fixture
def elsewhere(site, tmp_path) -> Iterator[Callable[[str], None]]:
    """Executes a statement as another process would, and commits it."""
    if connection.vendor == "postgresql":

        def write(statement: str) -> None:
            with closing(psycopg2.connect(**connection.get_connection_params())) as other, other:
                other.cursor().execute(statement)

        yield write
        return
    file = tmp_path / "workbench.sqlite3"
    copied_to(file)

    def write_to_file(statement: str) -> None:
        with closing(sqlite3.connect(file, timeout=1)) as other, other:
            other.execute(statement)

    with working_in(str(file)):
        yield write_to_file


def test_rows_are_those_of_one_moment_while_others_write(site, elsewhere, monkeypatch):
    """Somebody changes a row and replaces a draft once the moment has begun."""
    dump, draft = run.rows.dump, Draft.objects.get()

    def meanwhile(*args):
        elsewhere("UPDATE labelling_campaign SET name = 'Elsewhere'")
        store().delete(draft.label)
        return dump(*args)

    monkeypatch.setattr(run.rows, "dump", meanwhile)

    told = back_up(source=store(), place=place_of(str(site.place)), clock=clock.now)

    assert Campaign.objects.get().name == "Elsewhere"
    assert [row for row in lines(site, "campaign") if "Elsewhere" in row] == []
    assert told.drafts_gone == 1
    assert told.troubles == []


def test_a_backup_that_was_killed_goes_on_and_half_of_one_is_none(site, monkeypatch):
    class Killed(BaseException):
        pass

    monkeypatch.setattr("labelling.workflow.backup.copying.LISTED", 2)
    copied = []

    def dies() -> None:
        copied.append(1)
        if len(copied) == 6:
            raise Killed

    place = place_of(str(site.place))
    with pytest.raises(Killed):
        back_up(source=store(), place=place, clock=clock.now, watcher=Watcher(blob=dies))
    assert names(place)[0] == []
    assert said("restore", str(site.place))[0] == 1

    read = []
    monkeypatch.setattr(
        FolderBlobs,
        "read",
        lambda self, key, plain=FolderBlobs.read: read.append(key) or plain(self, key),
    )
    told = site.back_up("--keep", "1")

    assert told["copied"] == told["blobs"] - 4  # two lists of two were finished
    assert len([key for key in read if key.startswith(("tiles/", "labels/"))]) <= told["copied"]
    assert [len(each) for each in names(place)] == [1, 0]


def test_retention_keeps_what_a_kept_backup_needs(site):
    site.back_up()
    old = Draft.objects.get().label
    kept = site.blob_of(old)
    site.draft("ben", 2)
    second = site.back_up()
    # Another picture under the same key: both backups that stay need their own.
    store().write(Tile.objects.latest("pk").thumbnail, b"another picture")

    third = site.back_up("--keep", "2")

    assert third["removed"] == {"backups": 1, "blobs": 1}
    assert not kept.exists()
    assert site.blob_of(Draft.objects.get().label).exists()
    for name in (second["name"], third["name"]):
        status, out, _ = said("restore", str(site.place), "--backup", name, "--dry-run")
        assert status == 0, out
    # A kept one that can't be read: nobody knows what it needs.
    (site.place / "backups" / third["name"] / "manifest.json").write_bytes(b"{}")
    before = set(site.files())
    status, out, _ = said("backup", str(site.place), "--keep", "2")
    assert status == 3
    assert f"No old backup was removed: backups/{third['name']}/manifest.json" in out
    assert before <= set(site.files())
    status, out, _ = said("restore", str(site.place), "--list")
    assert status == 3
    assert [second["name"] in out, f"{third['name']}  backups" in out] == [True, True]


def test_what_is_missing_is_named_and_the_rest_is_backed_up(site):
    label = Annotation.objects.latest("pk").raster
    store().delete(label)

    status, out, _ = said("backup", str(site.place))

    assert status == 3
    assert f"missing  {label}" in out
    assert said("restore", str(site.place), "--dry-run")[0] == 0


def test_a_pool_blob_that_was_cut_short_is_written_anew(site):
    site.back_up()
    label = Annotation.objects.latest("pk").raster
    at = site.blob_of(label)
    at.write_bytes(b"short")

    assert site.back_up()["copied"] == 1

    assert at.read_bytes() == store().read(label)


def test_one_backup_at_a_time(site):
    place = place_of(str(site.place))
    with held(place, clock.now) as hold:
        status, _, err = said("backup", str(site.place))
        assert status == 1
        assert f"by process {os.getpid()}" in err
        # On another machine it counts as dead when it has said nothing for long.
        told = json.loads(place.read("busy.json")) | {"machine": "elsewhere"}
        place.write("busy.json", json.dumps(told).encode())
        with pytest.raises(Conflict, match="elsewhere"):
            Hold(place, clock.now).take()
        Hold(place, lambda: clock.now() + 2 * LEASE).take()
        hold._until = clock.now() + timedelta(minutes=1)
        with pytest.raises(LostLease):
            hold.renew()
    # Here it counts as dead as soon as its process is.
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    told = json.loads(place.read("busy.json")) | {
        "machine": os.uname().nodename,
        "process": gone.pid,
    }
    place.write("busy.json", json.dumps(told).encode())
    site.back_up()


@pytest.mark.parametrize("word", ["{var}/blobs", "{var}", "{var}/blobs/below"])
def test_the_storage_is_no_place_for_its_own_backup(site, settings, word):
    with pytest.raises(BadInput, match="lie one in the other"):
        place_of(word.format(var=settings.WORKBENCH_VAR))
