"""A snapshot goes out whole, the same each time, and goes on where it stopped. All synthetic."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from pathlib import Path

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict, NotFound
from labelling.imagery.exports.forms import FORMATS
from labelling.workflow.export.order import Order, contents_of
from labelling.workflow.export.run import export
from labelling.workflow.export.subjects import file_names
from tests.labelling.exports.world import TILES, chips_of, ordered, table

pytestmark = pytest.mark.django_db


def contents(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("form", FORMATS)
def test_every_tile_comes_back_as_it_was_frozen(form, snapshot, tmp_path):
    out = tmp_path / "out"

    report = export(ordered(snapshot, form), out, blobs=store(), threads=2)

    frozen_chips = chips_of(snapshot)
    legend = contents_of(snapshot, blobs=store()).legend
    manifest = json.loads(store().read(f"{snapshot.folder}/manifest.json"))
    names = file_names(manifest["samples"], subtiles=FORMATS[form].subtile_names)
    assert report.tiles == len(frozen_chips) == TILES
    for number, (name, (label, bands)) in enumerate(zip(names, frozen_chips.values())):
        read = FORMATS[form].read(out / f"shard-{number // 2:05d}", name, legend)
        assert np.array_equal(read.label, label)
        assert np.array_equal(read.bands, bands)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_snapshot_twice_is_the_same_to_the_byte(form, snapshot, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"

    export(ordered(snapshot, form), first, blobs=store(), threads=1)
    export(ordered(snapshot, form), second, blobs=store(), threads=3)

    assert contents(first) == contents(second)


def test_the_list_names_every_file_with_its_hash(snapshot, tmp_path):
    export(ordered(snapshot, "png"), tmp_path / "out", blobs=store())

    listed = json.loads((tmp_path / "out" / "export.json").read_text())["files"]
    there = contents(tmp_path / "out")
    assert set(listed) == set(there) - {"export.json"}
    assert all(len(there[name]) == told["bytes"] for name, told in listed.items())


def test_an_export_that_was_stopped_goes_on_with_the_next_shard(snapshot, tmp_path):
    whole, out, seen = tmp_path / "whole", tmp_path / "out", 0
    export(ordered(snapshot, "coco"), whole, blobs=store())

    def stop(tiles: int) -> None:
        nonlocal seen
        seen += tiles
        if seen == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(ordered(snapshot, "coco"), out, blobs=store(), threads=1, tell=stop)
    assert not (out / "export.json").exists()
    assert [each.name for each in out.glob("shard-*")] == ["shard-00000"]
    made = (out / "shard-00000" / "annotations.json").stat().st_ino

    report = export(ordered(snapshot, "coco"), out, blobs=store())

    assert report.shards_new == 1
    assert (out / "shard-00000" / "annotations.json").stat().st_ino == made
    assert contents(out) == contents(whole)


def test_what_a_killed_export_left_half_done_is_cleared_away(snapshot, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        export(ordered(snapshot, "png"), out, blobs=store(), tell=interrupt)
    half = out / ".shard-00000.c0ffee.part"
    half.mkdir()
    (half / "half.png").write_bytes(b"half")
    (out / "shard-00000").mkdir()  # renamed, but killed before it was noted

    report = export(ordered(snapshot, "png"), out, blobs=store())

    assert report.shards_new == 2
    assert not half.exists()
    assert not [name for name in contents(out) if "part" in name or ".export" in name]


def interrupt(tiles: int) -> None:
    raise KeyboardInterrupt


def test_a_shard_that_was_damaged_meanwhile_is_made_again(snapshot, tmp_path):
    out = tmp_path / "out"
    first = export(ordered(snapshot, "png"), out, blobs=store())
    harmed = next((out / "shard-00001").glob("*.png"))
    harmed.write_bytes(b"half")

    again = export(ordered(snapshot, "png"), out, blobs=store())

    assert again.shards_new > 0
    assert again.sha256 == first.sha256
    assert harmed.read_bytes() != b"half"


def test_a_finished_export_is_compared_and_left_alone(snapshot, tmp_path):
    out, told = tmp_path / "out", []
    export(ordered(snapshot, "png"), out, blobs=store())
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}

    report = export(ordered(snapshot, "png"), out, blobs=store(), tell=told.append)

    assert (report.shards_new, sum(told)) == (0, TILES)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_a_try_that_could_not_even_note_its_order_is_gone_on_with(snapshot, tmp_path):
    (tmp_path / "out" / ".export").mkdir(parents=True)
    (tmp_path / "out" / ".export" / ".0f.part").write_bytes(b"")

    report = export(ordered(snapshot, "png"), tmp_path / "out", blobs=store())

    assert report.tiles == TILES


def test_a_folder_with_something_else_in_it_is_refused(snapshot, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(Conflict, match="not empty") as refused:
        export(ordered(snapshot, "png"), tmp_path, blobs=store())

    assert refused.value.field == "out"
    assert contents(tmp_path)["thesis.txt"] == b"mine"
    assert not (tmp_path / "shard-00000").exists()


def test_a_folder_with_another_export_is_refused(snapshot, tmp_path):
    out = tmp_path / "out"
    export(ordered(snapshot, "png"), out, blobs=store())
    before = contents(out)

    with pytest.raises(Conflict, match="another export"):
        export(ordered(snapshot, "geotiff"), out, blobs=store())

    assert contents(out) == before


def test_two_exports_never_write_to_one_folder_at_once(snapshot, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    handle = os.open(out, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)

    with pytest.raises(Conflict, match="Another export is writing"):
        export(ordered(snapshot, "png"), out, blobs=store())

    os.close(handle)
    assert export(ordered(snapshot, "png"), out, blobs=store()).tiles == TILES


def test_a_full_disk_leaves_finished_shards_and_says_what_to_do(snapshot, tmp_path, monkeypatch):
    out, write, left = tmp_path / "out", Path.write_bytes, 2

    def filling_up(path: Path, content: bytes) -> int:
        nonlocal left
        if path.suffix == ".png":
            if not left:
                raise OSError(errno.ENOSPC, "No space left on device")
            left -= 1
        return write(path, content)

    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", filling_up)
        with pytest.raises(BadInput, match="No space left") as refused:
            export(ordered(snapshot, "png", with_bands=False), out, blobs=store(), threads=1)

    assert (refused.value.field, "Make room" in refused.value.help) == ("out", True)
    assert [each.name for each in out.iterdir() if each.name != ".export"] == ["shard-00000"]
    again = export(ordered(snapshot, "png", with_bands=False), out, blobs=store())
    assert again.shards_new == 1


def test_a_chip_that_storage_has_lost_is_named(snapshot, tmp_path):
    manifest = json.loads(store().read(f"{snapshot.folder}/manifest.json"))
    lost = manifest["samples"][2]
    store().delete(f"chips/{lost['label']}.npy")

    with pytest.raises(NotFound, match=lost["key"]):
        export(ordered(snapshot, "png"), tmp_path / "out", blobs=store())

    assert not (tmp_path / "out" / "export.json").exists()


def test_a_damaged_chip_is_named_and_never_exported(snapshot, tmp_path):
    manifest = json.loads(store().read(f"{snapshot.folder}/manifest.json"))
    key = f"chips/{manifest['samples'][0]['label']}.npy"
    octets = bytearray(store().read(key))
    octets[-1] ^= 1
    store().write(key, bytes(octets))

    with pytest.raises(BadInput, match="damaged") as refused:
        export(ordered(snapshot, "png"), tmp_path / "out", blobs=store())

    assert manifest["samples"][0]["key"] in str(refused.value)


def test_a_changed_manifest_is_refused(snapshot, tmp_path):
    key = f"{snapshot.folder}/manifest.json"
    store().write(key, store().read(key).replace(b'"pool"', b'"test"'))

    with pytest.raises(BadInput, match="isn't the one that was frozen"):
        export(ordered(snapshot, "png"), tmp_path / "out", blobs=store())


def test_what_a_format_cannot_hold_is_refused_before_anything_is_written(snapshot, tmp_path):
    with pytest.raises(BadInput):
        export(ordered(snapshot, "netcdf", with_bands=False), tmp_path / "out", blobs=store())
    with pytest.raises(BadInput) as refused:
        Order.of(snapshot, form="png", with_bands=False, with_provenance=True)

    assert refused.value.field == "with_provenance"
    assert not (tmp_path / "out").exists()


def test_provenance_goes_along_where_asked(snapshot, tmp_path):
    order = Order.of(snapshot, form="geotiff", with_bands=False, with_provenance=True)

    export(order, tmp_path / "out", blobs=store())

    legend = contents_of(snapshot, blobs=store()).legend
    for row in table(tmp_path / "out"):
        shard, _, file = row["files"].split()[0].partition("/")
        read = FORMATS["geotiff"].read(
            tmp_path / "out" / shard, file.removesuffix("_label.tif"), legend
        )
        assert np.array_equal(read.provenance, np.where(read.label == 255, 0, 4))


def test_more_tiles_ask_the_database_no_more_often(snapshot, tmp_path, django_assert_num_queries):
    # The classes' version, then the tiles of each of two shards.
    with django_assert_num_queries(3):
        export(ordered(snapshot, "png"), tmp_path / "out", blobs=store())
