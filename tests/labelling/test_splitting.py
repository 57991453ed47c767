"""The split: previewed, frozen once, shown; and nothing moves a place afterwards."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from labelling.errors import BadInput, Conflict
from labelling.imagery.split import DEFAULT_SHARES
from labelling.models import DEFAULT_CLASSES, CampaignTile, Event, Installation, Place
from labelling.workflow.ingest.fences import SPLIT_BORDER
from labelling.workflow.splitting import freeze_split, plan_split, split_counts
from tests.factories import NOON, TileFactory
from tests.labelling.test_commands import said
from tests.rasters import FOUR, IN_35VLF, pixels, write_codes, write_stack

pytestmark = pytest.mark.django_db

ALL_POOL = {"pool": 1.0, "validation": 0.0, "test": 0.0}


def scenes(folder: Path, count: int, *, side: int = 64, labelled: bool = True) -> Path:
    """Scenes a hundred kilometres apart, on as many days, half of each label cloud."""
    label = np.zeros((side, side), np.uint8)
    label[: side // 2] = 1
    for n in range(count):
        tags = {"PRODUCT_ID": f"scene-{n}", "DATETIME": f"2026-06-{n + 1:02d}T10:00:00Z"}
        place = IN_35VLF.moved(rows=0, columns=10_000 * n)
        write_stack(
            folder / f"scene-{n}.tif", pixels(height=side, width=side), place=place, tags=tags
        )
        if labelled:
            write_codes(folder / f"scene-{n}_label.tif", label)
    return folder


def planned(folder, shares=DEFAULT_SHARES, seed=0):
    return plan_split([folder], size=256, classes=DEFAULT_CLASSES, split=(shares, seed))


def test_a_plan_counts_scenes_tiles_and_classes_and_writes_nothing(tmp_path):
    plan = planned(scenes(tmp_path, 3), ALL_POOL)

    pool = plan.splits["pool"]
    assert (pool.scenes, pool.tiles, plan.fenced, plan.labelled) == (3, 3, 0, 3)
    cloud = pool.classes["cloud"]
    assert (cloud.scenes, cloud.tiles, cloud.pixels) == (3, 3, 3 * 32 * 64)
    assert pool.classes["shadow"].scenes == 0
    assert not Installation.objects.exists()
    assert not Place.objects.exists()


def test_a_plan_is_what_the_ingest_then_does(tmp_path, campaign):
    scenes(tmp_path, 6)
    shares = {"pool": 0.4, "validation": 0.3, "test": 0.3}
    plan = planned(tmp_path, shares, seed=3)
    freeze_split(shares=shares, seed=3, who=None, now=NOON)

    said("ingest", str(tmp_path), "--campaign", campaign.slug)

    stored = split_counts()
    served = {
        split: CampaignTile.objects.filter(tile__acquisition__place__split=split)
        .exclude(fence=SPLIT_BORDER)
        .count()
        for split in stored
    }
    assert served == {split: counts.tiles for split, counts in plan.splits.items()}
    assert sum(each["fenced"] for each in stored.values()) == plan.fenced
    assert sum(each["tiles"] for each in stored.values()) == 6


def test_too_few_scenes_of_a_split_or_a_class_are_warned_of(tmp_path):
    plan = planned(scenes(tmp_path, 3), ALL_POOL)

    assert plan.warnings == [
        "pool has 0 scenes of semi-transparent, fewer than 3.",
        "pool has 0 scenes of shadow, fewer than 3.",
    ]
    few = planned(tmp_path, {"pool": 0.0, "validation": 0.5, "test": 0.5})
    assert any(warning.startswith("test has") for warning in few.warnings) or any(
        warning.startswith("validation has") for warning in few.warnings
    )


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_counted(tmp_path):
    scenes(tmp_path, 2)
    (tmp_path / "scene-1.tif").write_bytes(b"not a raster")

    plan = planned(tmp_path, ALL_POOL)

    assert plan.splits["pool"].tiles == 1
    assert "scene-1.tif" in plan.refused["scene-1.tif"]


def test_a_frozen_split_is_planned_with_whatever_else_is_asked_for(tmp_path):
    freeze_split(shares=ALL_POOL, seed=9, who=None, now=NOON)

    plan = planned(scenes(tmp_path, 1))

    assert (plan.frozen, plan.shares, plan.seed) == (True, ALL_POOL, 9)


def test_the_split_is_frozen_once(tmp_path):
    freeze_split(shares=ALL_POOL, seed=1, who=None, now=NOON)

    with pytest.raises(Conflict, match="frozen") as refusal:
        freeze_split(shares=DEFAULT_SHARES, seed=2, who=None, now=NOON)

    assert "test places" in refusal.value.help
    assert Installation.objects.get().split_shares == ALL_POOL
    assert Event.objects.filter(verb="froze").count() == 1


def test_unfair_shares_are_refused():
    with pytest.raises(BadInput, match="shares"):
        freeze_split(shares={"pool": 1.0}, seed=0, who=None, now=NOON)


def test_the_commands_plan_freeze_and_show(tmp_path):
    scenes(tmp_path, 2)

    plan = said("split", "plan", str(tmp_path), "--tile-size", "256", "--seed", "4")
    dry = said("split", "freeze", "--seed", "4", "--dry-run")
    frozen = said("split", "freeze", "--seed", "4", "--json")
    again = said("split", "freeze", "--seed", "5")
    shown = said("split", "show", "--json")

    assert [each[0] for each in (plan, dry, frozen, again, shown)] == [0, 0, 0, 1, 0]
    assert "Warning: " in plan[1]
    assert "Would freeze" in dry[1]
    assert json.loads(frozen[1])["seed"] == json.loads(shown[1])["seed"] == 4
    assert "frozen on" in again[2]


def test_the_plan_for_machines_ends_in_one_object_and_says_partly_done(tmp_path):
    scenes(tmp_path, 2)
    (tmp_path / "scene-1.tif").write_bytes(b"not a raster")

    status, out, _ = said("split", "plan", str(tmp_path), "--tile-size", "256", "--json")

    told = json.loads(out.splitlines()[-1])
    assert status == 3
    assert set(told["splits"]) == {"pool", "validation", "test"}
    assert list(told["refused"]) == ["scene-1.tif"]


def test_what_is_stored_is_counted_by_split(campaign):
    tile = TileFactory(campaign=campaign, bands=list(FOUR))
    CampaignTile.objects.filter(tile=tile).update(fence="split border")

    told = split_counts()

    assert told["pool"] == {"squares": 1, "places": 1, "acquisitions": 1, "tiles": 1, "fenced": 1}
    assert told["test"]["tiles"] == 0


def test_no_code_writes_a_split_a_second_time():
    root = Path(__file__).resolve().parents[2] / "labelling"
    writes = re.compile(r"\.update\([^)]*\bsplit=|\.split = |bulk_update\([^)]*split")

    found = [path.name for path in root.rglob("*.py") if writes.search(path.read_text())]

    assert found == []
