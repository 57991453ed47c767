"""What the quality gate finds among what is stored: copies, ground shown twice, offset steps.

Products are painted (synthetic).
"""

from datetime import timedelta

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.models import CampaignTile, Installation, Tile
from labelling.workflow.ingest.products import ingest_stack
from tests.factories import CampaignFactory
from tests.labelling.products import NOON, TAKEN, bring_in, campaign, painted, write
from tests.rasters import IN_35VLF, pixels, write_stack

pytestmark = pytest.mark.django_db


@pytest.fixture
def north():
    return CampaignFactory(slug="north")


def bring_stack(path, into, **options):
    return ingest_stack(path, campaign=into, now=NOON, blobs=store(), **options)


def on_35vlf(folder, name, values, *, day=1, level="L1C"):
    tags = {"MGRS": "35VLF", "DATETIME": f"2026-06-{day:02d}T09:50:31Z", "LEVEL": level}
    return write_stack(folder / name, values, place=IN_35VLF, tags=tags)


def fences():
    order = ("tile__scene__product_id", "tile__acquisition__place__key")
    return list(CampaignTile.objects.order_by(*order).values_list("fence", flat=True))


def test_a_failing_tile_is_stored_enrolled_and_fenced_with_its_reason(north, tmp_path):
    bright = pixels(height=256, width=256)
    bright[:, :200] = 65_535

    report = bring_stack(write_stack(tmp_path / "a.tif", bright), north)

    tile = Tile.objects.get()
    assert tile.quality["flags"] == ["saturated"]
    assert tile.saturated_share == 200 / 256
    assert fences() == ["saturated"]
    assert report.fenced == [{"tile": "a/undated-none-none", "reason": "saturated"}]
    assert "1 fenced off (saturated 1)" in report.line()


def test_a_renamed_copy_is_a_near_duplicate_of_the_first(north, tmp_path):
    values = pixels(height=256, width=256)
    bring_stack(write_stack(tmp_path / "a.tif", values), north)

    bring_stack(write_stack(tmp_path / "b.tif", values + 1), north)
    bring_stack(write_stack(tmp_path / "c.tif", pixels(height=256, width=256, seed=4)), north)

    first, copy, other = Tile.objects.order_by("pk")
    assert (copy.near_duplicate_of, other.near_duplicate_of) == (first, None)
    assert fences() == ["", "near duplicate", ""]


def test_a_near_duplicate_is_served_where_its_twin_is_not(north, tmp_path):
    south, values = CampaignFactory(slug="south"), pixels(height=256, width=256)
    bring_stack(write_stack(tmp_path / "a.tif", values), north)

    bring_stack(write_stack(tmp_path / "b.tif", values), south)

    assert Tile.objects.last().quality["flags"] == ["near duplicate"]
    assert CampaignTile.objects.get(campaign=south).fence == ""


def test_the_same_picture_under_another_date_of_a_place_is_a_near_duplicate(north, tmp_path):
    values = pixels(height=256, width=256)
    bring_stack(on_35vlf(tmp_path, "a.tif", values), north)

    bring_stack(on_35vlf(tmp_path, "b.tif", values, day=2), north)
    bring_stack(on_35vlf(tmp_path, "c.tif", pixels(height=256, width=256, seed=1), day=3), north)

    assert fences() == ["", "near duplicate", ""]


def test_a_place_where_the_offset_was_forgotten_once_is_flagged(north, tmp_path):
    ground = np.linspace(150, 2500, 256 * 256).reshape(256, 256).astype(np.uint16)
    scenes = [np.stack([ground + 40 * band + day for band in range(4)]) for day in range(3)]
    for day, values in enumerate(scenes, start=1):
        bring_stack(on_35vlf(tmp_path, f"{day}.tif", values + 97 * day, day=day), north)

    bring_stack(on_35vlf(tmp_path, "raw.tif", scenes[0] + 1000 + 97, day=9), north)
    bring_stack(on_35vlf(tmp_path, "raw-l2.tif", scenes[0] + 1097, day=9, level="L2A"), north)

    flagged = Tile.objects.get(scene__product_id="raw")
    assert flagged.quality["flags"] == ["offset step"]
    assert 900 <= flagged.quality["step"] <= 1000
    assert Tile.objects.get(scene__product_id="raw-l2").quality["flags"] == []


def test_queries_do_not_grow_with_what_is_stored(north, tmp_path, django_assert_max_num_queries):
    for day in range(1, 13):
        values = pixels(height=256, width=256, seed=day)
        bring_stack(on_35vlf(tmp_path, f"{day}.tif", values, day=day), north)
    path = on_35vlf(tmp_path, "last.tif", pixels(height=256, width=256, seed=20), day=20)

    with django_assert_max_num_queries(40):
        bring_stack(path, north)


def test_ground_that_a_neighbouring_product_shows_is_served_once(tmp_path):
    """35VLF and 35VMF overlap by 10 km, on grids that don't fit each other."""
    no_borders = {"pool": 1.0, "validation": 0.0, "test": 0.0}
    Installation.objects.create(pk=1, split_shares=no_borders, frozen=NOON)
    scene, into = painted(), campaign()
    border = 39 * 256  # 120 m west of 35VMF's first pixel
    bring_in(write(tmp_path, scene, left=border), into)

    report = bring_in(write(tmp_path, scene, mgrs="35VMF"), into)

    twins = [each for each in report.fenced if each["reason"] == "near duplicate"]
    assert {each["tile"].split("/2026")[0] for each in twins} == {
        f"35VMF/256/{row}/{column}" for row in (0, 1) for column in (0, 1)
    }
    twin = Tile.objects.get(acquisition__place__key="35VMF/256/1/0")
    assert twin.near_duplicate_of.acquisition.place.key == "35VLF/256/1/39"
    assert twin.quality["shown"] == 1


def test_another_pass_shows_the_ground_anew(tmp_path):
    scene, into = painted(), campaign()
    bring_in(write(tmp_path, scene, left=39 * 256), into)

    later = TAKEN + timedelta(minutes=100)
    report = bring_in(write(tmp_path, scene, mgrs="35VMF", taken=later), into)

    assert {each["reason"] for each in report.fenced} == {"little data"}
