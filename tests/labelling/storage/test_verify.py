"""`verify` finds each kind of damage, and exactly it."""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from labelling.adapters.stored import Stored
from labelling.errors import BadInput, StorageAway
from labelling.imagery.tilefile import read_tile, write_tile
from labelling.models import Annotation, Layer, Round, Tile
from labelling.workflow.verify.compare import in_order, inspection, side_by_side
from labelling.workflow.verify.ledger import Expected, Ledger
from tests.factories import NOON, TileFactory
from tests.flushing import lifted
from tests.labelling.storage.holdings import KINDS, Holdings, holdings
from tests.objectstore import always

pytestmark = pytest.mark.django_db
LATER = timedelta(days=2)


@pytest.fixture
def held(tmp_path) -> Holdings:
    return holdings(tmp_path)


def found(held: Holdings, **options) -> list[tuple[str, str]]:
    """(problem, key) of everything that is found two days from now."""
    now = datetime.now(UTC) + LATER
    with inspection(blobs=held.blobs, now=now, **options) as work:
        return [(each.problem, each.key) for each in work.findings(lambda: None)]


def test_where_everything_is_as_it_should_be_nothing_is_found(held):
    assert found(held) == []
    assert found(held, fast=True) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_blob_is_found(held, kind):
    held.blobs.delete(held.keys[kind])

    assert found(held) == [("missing", held.keys[kind])]
    assert found(held, fast=True) == [("missing", held.keys[kind])]


@pytest.mark.parametrize("kind", KINDS)
def test_a_blob_that_was_cut_short_is_found(held, kind):
    content = held.blobs.read(held.keys[kind])
    held.damage(kind, content[: len(content) // 2])

    assert found(held) == [("damaged", held.keys[kind])]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_blob_is_found_without_reading_contents(held, kind):
    held.damage(kind, b"")

    assert found(held, fast=True) == [("damaged", held.keys[kind])]


@pytest.mark.parametrize("kind", ["manifest", "chip", "weights", "card", "file"])
def test_a_changed_bit_is_found(held, kind):
    content = held.blobs.read(held.keys[kind])
    held.damage(kind, content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])

    assert found(held) == [("damaged", held.keys[kind])]


@pytest.mark.parametrize("rows", [Tile, Annotation, Layer])
def test_a_whole_raster_with_other_pixels_is_found(held, rows):
    row = rows.objects.order_by("pk").first()
    with lifted():
        rows.objects.filter(pk=row.pk).update(sha256="0" * 64)

    assert found(held) == [("damaged", row.raster)]


def test_a_raster_whose_bands_lost_their_names_is_found(held):
    tile = Tile.objects.get(raster=held.keys["raster"])
    renamed = ["B99", *tile.bands[1:]]
    pixels = read_tile(held.blobs.raster(tile.raster))
    held.blobs.write_with(tile.raster, lambda path: write_tile(path, pixels, bands=renamed))

    assert found(held) == [("damaged", tile.raster)]


def test_a_kept_picture_may_be_there_and_must_be_whole(held):
    picture = held.blobs.read(held.keys["thumbnail"])
    held.blobs.write("thumbs/composites/ab/whole.png", picture)
    assert found(held) == []

    held.blobs.write("thumbs/composites/ab/cut.png", picture[:200])
    assert found(held) == [("damaged", "thumbs/composites/ab/cut.png")]
    assert found(held, fast=True) == []


def test_a_layer_whose_hash_is_not_known_need_only_be_readable(held):
    Layer.objects.update(sha256="")

    assert found(held) == []


@pytest.mark.parametrize(
    "key",
    ["tiles/stray.tif", "stray", "chips/0000.npy", "snapshots/0/manifest.json",
     "rounds/south/1/1/fit.log", "rounds/north/1/score/other.npz", "models/.0123.part",
     "thumbs/composites/ab/.0123.part"],
)  # fmt: skip
def test_a_blob_that_nothing_refers_to_is_found_once_it_is_old(held, key):
    held.blobs.write(key, b"stray")

    assert found(held) == [("extra", key)]
    assert found(held, older_than=2 * LATER) == []


@pytest.mark.parametrize(
    "key",
    ["rounds/north/1/3/fit/checkpoint.pt", "rounds/north/1/evaluate.log", "chips/made/x-y"],
)
def test_leftovers_of_attempts_and_caches_are_no_strangers(held, key):
    held.blobs.write(key, b"left")

    assert found(held) == []


def test_several_kinds_of_damage_are_found_together(held):
    held.blobs.delete(held.keys["label"])
    held.damage("chip", b"another")
    held.blobs.write("zebra", b"x")

    assert sorted(found(held)) == [
        ("damaged", held.keys["chip"]),
        ("extra", "zebra"),
        ("missing", held.keys["label"]),
    ]


def test_a_finished_step_must_have_its_folder_and_an_unfinished_one_may(held):
    Round.objects.update(steps={})
    assert found(held) == []

    steps = {"pick": {"finished": NOON.isoformat(), "picked": 1}}
    Round.objects.update(steps=steps)
    assert found(held) == [("missing", "rounds/north/1/pick/index.json")]


def test_many_rows_are_walked_in_pieces(held, django_assert_max_num_queries):
    tile = Tile.objects.first()
    Tile.objects.bulk_create(
        TileFactory.build(
            acquisition=tile.acquisition,
            scene=tile.scene,
            baseline=f"{n:05d}",
            raster=f"tiles/none/{n:05d}.tif",
        )
        for n in range(5000)
    )

    with django_assert_max_num_queries(12):
        missing = found(held, fast=True)

    assert missing == [("missing", f"tiles/none/{n:05d}.tif") for n in range(5000)]


KEY = st.text("ab-./é𝄞", min_size=1, max_size=4)


@given(wanted=st.sets(KEY), there=st.sets(KEY))
def test_two_sorted_streams_meet_at_equal_keys(wanted, there):
    with Ledger() as ledger:
        ledger.add(Expected(key, "raster", "") for key in wanted)
        stored = [Stored(key, 1, NOON) for key in sorted(there)]

        pairs = list(side_by_side(ledger, stored))

    both = {left.key for left, right in pairs if left and right}
    assert both == wanted & there
    assert {left.key for left, right in pairs if right is None} == wanted - there
    assert {right.key for left, right in pairs if left is None} == there - wanted


def test_a_listing_out_of_order_accuses_nobody():
    with pytest.raises(BadInput, match="order"):
        list(in_order([Stored("b", 1, NOON), Stored("a", 1, NOON)]))


def command(*words: str) -> tuple[int, str]:
    """Exit status and what `verify` printed."""
    out = StringIO()
    try:
        call_command("verify", *words, stdout=out, stderr=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_ends_well_when_nothing_is_wrong(held):
    status, said = command()

    assert status == 0
    assert "blobs compared: 0 missing, 0 damaged, 0 extra, 0 wrong." in said


def test_the_command_names_what_it_finds_and_whose_it_is(held):
    held.blobs.delete(held.keys["raster"])

    status, said = command("--fast")

    assert status == 3
    owner = Tile.objects.get(raster=held.keys["raster"]).uuid
    assert f"missing  {held.keys['raster']} (raster of tile {owner})" in said


def test_the_command_tells_machines_each_finding_and_a_summary(held):
    held.damage("weights", b"other")

    status, said = command("--json")

    lines = [json.loads(line) for line in said.splitlines()]
    told = [line["finding"] for line in lines if "finding" in line]
    assert status == 3
    assert [(each["problem"], each["key"]) for each in told] == [("damaged", held.keys["weights"])]
    assert "bytes" in told[0]["why"]
    assert {key: lines[-1][key] for key in ("missing", "damaged", "extra")} == {
        "missing": 0,
        "damaged": 1,
        "extra": 0,
    }


def test_young_strangers_are_accused_when_that_is_asked_for(held):
    held.blobs.write("zebra", b"x")
    os.utime(held.blobs.local("zebra"), (0, 0))
    held.blobs.write(f"young-{uuid.uuid4()}", b"x")

    assert command()[1].count("extra   ") == 1
    assert command("--older-than", "0")[1].count("extra   ") == 2
    with pytest.raises(CommandError, match="number of hours"):
        command("--older-than", "-1")


@pytest.mark.usefixtures("hasty")
def test_objects_that_may_not_be_read_are_not_called_damaged(tmp_path, server):
    held = holdings(tmp_path)

    def keeps_tiles_back(method, path):
        return "403 Forbidden" if "tiles/35VLF" in path else ""

    with (
        server.failing(keeps_tiles_back, code="AccessDenied"),
        pytest.raises(StorageAway, match="the keys may not do this"),
    ):
        found(held)


@pytest.mark.usefixtures("hasty")
def test_objects_are_compared_as_files_are(tmp_path, server):
    held = holdings(tmp_path)
    assert found(held) == []
    held.blobs.delete(held.keys["thumbnail"])
    held.damage("raster", b"II*\0 no tile")
    held.damage("file", b"scores" * 299 + b"scorez")

    assert sorted(found(held)) == sorted(
        [
            ("missing", held.keys["thumbnail"]),
            ("damaged", held.keys["raster"]),
            ("damaged", held.keys["file"]),
        ]
    )
    with server.failing(always("503 Slow Down")), pytest.raises(StorageAway):
        found(held)
