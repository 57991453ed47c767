"""Tiles labelled in regions, from a round's plan to what a network learns from."""

from __future__ import annotations

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.errors import BadInput, LabelRejected
from labelling.imagery.tilefile import read_label, read_tile
from labelling.insights.growth import classes
from labelling.models import Annotation, Guidance, Round, Task, Tile
from labelling.tasks import migrate_labels
from labelling.workflow.claims import claim_next
from labelling.workflow.comparing import compare_label
from labelling.workflow.consensus import agree
from labelling.workflow.fetching import snapshot_here
from labelling.workflow.picking_rules import rules_from
from labelling.workflow.planes import Planes
from labelling.workflow.regions import cut_to_regions, guidance_of, region_numbers, without_bare
from labelling.workflow.regions_plan import plan_tiles
from labelling.workflow.review import fix, reject
from labelling.workflow.review_queue import claim_review
from labelling.workflow.schemas import change_schema, plan_change
from labelling.workflow.submission import submit
from tests.factories import NOON, person
from tests.labelling.frozen import frozen
from tests.labelling.regions.planned_regions import (
    SIDE,
    at_the_opening,
    opened,
    regions_world,
)
from tests.worlds import truth
from training.snapshot import IGNORE, open_snapshot
from training.survey import survey

pytestmark = pytest.mark.django_db


def in_regions() -> list[Task]:
    return [task for task in tasks() if region_numbers(task) is not None]


def tasks() -> list[Task]:
    related = ("guidance__layer", "prelabel", "tile__acquisition__place", "campaign__schema")
    return list(Task.objects.select_related(*related).order_by("pk"))


def whole_label(task: Task) -> Planes:
    label = truth(task.campaign, task.tile)
    return Planes(label, np.ones_like(label))


def work_of(planes: Planes) -> dict:
    return {
        "label": planes.label, "provenance": planes.provenance, "schema_version": 1, "tool": "t",
    }  # fmt: skip


def test_a_round_plans_regions_for_some_of_its_active_tiles_and_never_for_control_ones():
    campaign = regions_world()

    told = opened(campaign, active=7, control=2)

    guided = in_regions()
    hinted = [task for task in tasks() if task.arm == "hinted"]
    assert told["regions"] == len(guided) > 0
    assert {task.arm for task in guided} == {"hinted"}
    assert len(guided) <= 4  # of 7: the others keep the shares of the classes
    assert Guidance.objects.count() == len(hinted)  # heat maps wherever a pre-label shows
    for task in guided:
        regions = task.guidance.regions
        kinds = [each["kind"] for each in regions]
        assert kinds.count("control") == 2
        bare = [each["kind"] for each in regions if each["bare"]]
        assert bare.count("control") == 2
        assert bare.count("informative") >= min(2, kinds.count("informative"))
        mask = read_tile(store().raster(task.guidance.layer.raster))[0]
        np.testing.assert_array_equal(mask, region_numbers(task))
        assert set(task.guidance.boxes[0]) == {"number", "top", "left", "height", "width"}


@pytest.mark.parametrize(("setting", "expected"), [("off", 0), ("advised", 2)])
def test_regions_are_planned_where_the_campaign_asks_for_them(setting, expected):
    assert opened(regions_world(regions=setting), active=4)["regions"] == expected


def test_a_setting_that_there_is_not_is_refused():
    with pytest.raises(BadInput, match="off, advised, always") as refused:
        rules_from({"regions": "sometimes"})

    assert refused.value.field == "picking.regions"


def test_the_same_round_gives_the_same_plans_to_whichever_worker_goes_on():
    attempt, opening = at_the_opening(regions_world(), active=4)
    keys = {name: drawn.raster for name, drawn in opening.layers.items()}
    again = plan_tiles(attempt, opening.picks, list(Tile.objects.order_by("-pk")), keys)

    assert {name: plan.regions for name, plan in again.items()} == {
        name: plan.regions for name, plan in opening.plans.items()
    }
    assert [plan.sha256 for _, plan in sorted(again.items())] == [
        plan.sha256 for _, plan in sorted(opening.plans.items())
    ]


def test_tiles_drawn_by_lot_stand_for_the_pool_and_are_labelled_whole():
    _, opening = at_the_opening(regions_world(), active=2, slice="random")

    assert [plan.regions for plan in opening.plans.values()] == [[], []]


def test_tiles_that_several_people_label_are_labelled_whole():
    opened(regions_world(quality={"overlap_share": 1}), active=2)

    assert not in_regions()


def test_tiles_without_their_pre_label_show_no_guidance():
    opened(regions_world(quality={"overlap_share": 0, "plain_share": 0.9}), active=5)

    plain = [task for task in tasks() if task.arm == "plain"]
    assert len(plain) >= 4
    assert {guidance_of(task) for task in plain} == {None}


def test_a_pre_label_shows_outside_of_bare_regions_alone():
    opened(regions_world(), active=2)
    task = in_regions()[0]
    mask = truth(task.campaign, task.tile)

    shown = without_bare(mask, task)

    numbers = region_numbers(task)
    bare = [n for n, each in enumerate(task.guidance.regions, start=1) if each["bare"]]
    aided = (numbers > 0) & ~np.isin(numbers, bare)
    assert (shown[aided] == mask[aided]).all()
    assert (shown[~aided] == 255).all()


@pytest.fixture
def labelled():
    """Ana's label of a task in regions, and the task; she drew the whole tile."""
    campaign = regions_world()
    opened(campaign, active=2)
    ana = person("ana", campaign=campaign)
    for _ in range(2):
        task = next(each for each in tasks() if each == claim_next(
            campaign=campaign, person=ana, now=NOON
        ).task)  # fmt: skip
        numbers, planes = region_numbers(task), whole_label(task)
        label = submit(task=task, person=ana, now=NOON, **work_of(planes))
        if numbers is not None:
            return label, task, numbers
    raise AssertionError("No task of the round is in regions.")


def test_a_partial_label_goes_from_its_author_to_the_network(labelled):
    label, task, numbers = labelled
    inside = int((numbers > 0).sum())
    stored, made = read_label(store().raster(label.raster))

    assert label.kind == Annotation.Kind.REGION
    assert (stored[numbers == 0] == 255).all()
    assert (made[numbers == 0] == 0).all()
    assert (stored[numbers > 0] == truth(task.campaign, task.tile)[numbers > 0]).all()
    assert label.labelled_share == pytest.approx(inside / SIDE**2)
    Annotation.objects.exclude(pk=label.pk).update(trust=0)  # the others teach nothing
    Task.objects.filter(pk=task.pk).update(state="accepted")

    snapshot = open_snapshot(snapshot_here(frozen(task.campaign).folder, blobs=store()))

    mine = [each for each in snapshot.samples if each.trust > 0]
    (sample,) = mine
    assert ((snapshot.read_label(sample) == IGNORE) == (numbers == 0)).all()
    assert survey(snapshot, mine, report=lambda done: None).pixels.sum() == inside
    balance = {each.code: each.pixels for each in classes(task.campaign)}
    per_class = np.bincount(stored[numbers > 0], minlength=4)
    others = sum(
        np.bincount(read_label(store().raster(each.raster))[0].ravel(), minlength=256)[:4]
        for each in Annotation.objects.exclude(pk=label.pk)
    )
    assert [balance[code] for code in range(4)] == (per_class + others).tolist()
    compare_label(annotation_id=label.pk, now=NOON)
    label.refresh_from_db()
    assert label.kept["untouched"]  # of what the pre-label showed, the author changed nothing
    assert set(label.kept["iou"].values()) <= {1.0, None}  # bare regions count for nothing


def test_a_region_with_a_hole_is_refused_by_number_and_left_out_ground_is_not(labelled):
    _, task, numbers = labelled
    planes = cut_to_regions(whole_label(task), task)
    ben = person("ben", campaign=task.campaign)
    Task.objects.filter(pk=task.pk).update(state="open")
    other = Task.objects.get(pk=task.pk)
    for number in (1, 3):
        row, column = np.argwhere(numbers == number)[5]
        planes.label[row, column], planes.provenance[row, column] = 255, 0
    task.refresh_from_db()
    claim = claim_next(campaign=task.campaign, person=ben, now=NOON).task
    assert claim == other

    with pytest.raises(LabelRejected, match="Regions 1, 3 aren't labelled"):
        submit(task=task, person=ben, now=NOON, **work_of(planes))


def test_a_reviewer_fixes_a_partial_label_as_one(labelled):
    _, task, numbers = labelled
    Task.objects.filter(pk=task.pk).update(state="submitted")
    rex = person("rex", campaign=task.campaign, role="reviewer")
    claim_review(campaign=task.campaign, reviewer=rex, now=NOON, task=task)
    changed = whole_label(task)
    changed.label[numbers == 1] = 1
    fixed = fix(task=task, reviewer=rex, now=NOON, **work_of(changed))

    assert fixed.kind == Annotation.Kind.REGION
    assert fixed.pixels["255"] == int((numbers == 0).sum())


def test_a_rework_asks_for_the_same_regions(labelled):
    _, task, numbers = labelled
    Task.objects.filter(pk=task.pk).update(state="submitted")
    rex = person("rex", campaign=task.campaign, role="reviewer")
    claim_review(campaign=task.campaign, reviewer=rex, now=NOON, task=task)
    reject(task=task, reviewer=rex, reason="borders", note="", now=NOON)

    (rework,) = [each for each in tasks() if each.parent_id == task.pk]
    np.testing.assert_array_equal(region_numbers(rework), numbers)
    assert agree(rework, now=NOON) is None


@pytest.mark.parametrize(("lane", "whole"), [("rework", False), ("rereview", True)])
def test_a_change_of_the_classes_asks_for_the_same_regions_anew(labelled, lane, whole):
    _, task, numbers = labelled
    campaign = task.campaign
    Round.objects.update(state="done", finished=NOON)
    cloud = truth(campaign, task.tile)[numbers > 0]
    gone = int(np.bincount(cloud).argmax())
    kept = [each for each in campaign.schema.classes if each["code"] != gone]
    change = plan_change(campaign.schema, kept, {str(gone): None})

    _, job = change_schema(campaign=campaign, change=change, by=None, now=NOON, reopen=lane)
    migrate_labels(job_id=job.pk)

    (opened,) = [each for each in tasks() if each.parent_id == task.pk]
    assert opened.lane == lane
    if whole:
        assert region_numbers(opened) is None
        return
    np.testing.assert_array_equal(region_numbers(opened), numbers)
    mask = truth(campaign, task.tile)  # in codes that now say something else, or nothing
    assert (without_bare(mask, opened) == 255).all()
    assert not all(each["bare"] for each in task.guidance.regions)
