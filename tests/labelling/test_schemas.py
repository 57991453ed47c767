"""Classes change by versions, and labels come along. All pixels are synthetic."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import Conflict
from labelling.imagery.tilefile import read_label
from labelling.insights.growth import newest_labels
from labelling.models import Annotation, Event, Gold, Job, Layer, Round, Task
from labelling.tasks import migrate_labels
from labelling.workflow.claims import claim_next
from labelling.workflow.relabelling import pending, run_migration, translated
from labelling.workflow.schemas import change_schema, plan_change
from labelling.workflow.submission import submit
from tests.factories import NOON, CampaignFactory, TaskFactory, TileFactory, person
from tests.labelling.labels import labelled, planes, submitted
from tests.worlds import import_label

pytestmark = pytest.mark.django_db
SNOW = {"code": 4, "name": "snow", "colour": "#ffffff", "hotkey": "5", "priority": 4}
THIN = {"code": 5, "name": "thin cloud", "hotkey": "6", "colour": "#123456", "priority": 5}


@pytest.fixture
def lea(campaign):
    return person("lea", campaign=campaign, role="lead")


@pytest.fixture
def tile(campaign):
    return TileFactory(campaign=campaign)


def with_snow(campaign) -> list[dict]:
    return [*campaign.schema.classes, SNOW]


def split_up(campaign) -> list[dict]:
    """Semi-transparent gives way to thin cloud and snow."""
    kept = [each for each in campaign.schema.classes if each["code"] != 2]
    return [*kept, SNOW, THIN]


def change(campaign, classes, mapping=None, *, migrate=True, **more):
    """Put the classes in force and let a worker migrate."""
    plan = plan_change(campaign.schema, classes, mapping or {})
    made, job = change_schema(campaign=campaign, change=plan, by=None, now=NOON, **more)
    if migrate:
        migrate_labels(job_id=job.pk)
        job.refresh_from_db()
        assert (job.state, job.error) == ("done", "")
    return made, job


def test_a_class_is_added_and_every_label_comes_along_as_it_is(campaign, tile, ana, lea):
    old = submitted(tile, campaign, ana, 0, 1, 254, 255, now=NOON - timedelta(days=9))

    made, job = change(campaign, with_snow(campaign), reopen="rereview")

    label = Annotation.objects.get(schema=made)
    assert (label.parent, label.author, label.task, label.tool) == (
        old, ana, old.task, "schema migration",
    )  # fmt: skip
    assert (label.sha256, label.pixels, label.created) == (old.sha256, old.pixels, old.created)
    assert job.result == {"labels": 1, "acquisitions": 1, "reopened": 0}
    assert Annotation.objects.filter(pk=old.pk).exists()
    verbs = list(Event.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["changed", "planned", "migrated", "finished"]


def test_classes_are_merged_and_split_pixel_by_pixel(campaign, tile, ana):
    old = submitted(tile, campaign, ana, 0, 1, 2, 3)
    two_kept = [each for each in split_up(campaign) if each["code"] != 3]

    made, _ = change(campaign, two_kept, {"2": None, "3": 0})

    label, provenance = read_label(store().raster(Annotation.objects.get(schema=made).raster))
    before, _ = read_label(store().raster(old.raster))
    assert np.array_equal(label, np.choose(before, [0, 1, 255, 0]))
    assert np.array_equal(provenance == 0, label == 255)


def test_tiles_that_lose_pixels_are_opened_again_once(campaign, tile, ana, ben):
    first = submitted(tile, campaign, ana, 0, 2, state="accepted")
    submitted(tile, campaign, ben, 2, copy=1)
    submitted(TileFactory(campaign=campaign), campaign, ana, 0, 1)

    _, job = change(campaign, split_up(campaign), {"2": None}, reopen="rereview")

    opened = Task.objects.get(lane="rereview")
    assert (opened.state, opened.acquisition) == ("open", tile.acquisition)
    assert (opened.root, opened.parent) == (first.task, first.task)
    assert opened.cause == "classes 2: semi-transparent anew"
    assert job.result == {"labels": 3, "acquisitions": 2, "reopened": 1}


def test_an_imported_label_that_loses_pixels_is_opened_for_whoever_is_next(campaign, tile):
    import_label(campaign, tile, planes(tile, 0, 2).label)

    change(campaign, split_up(campaign), {"2": None}, reopen="rework")

    opened = Task.objects.get(lane="rework")
    assert (opened.tile, opened.root, opened.meant_for) == (tile, None, None)


def test_which_label_has_the_say_is_the_same_after_the_change(campaign, tile, ana, ben):
    import_label(campaign, tile, planes(tile, 3).label)
    submitted(tile, campaign, ana, 0, 1, now=NOON)
    bens = submitted(tile, campaign, ben, 0, 2, copy=1, now=NOON + timedelta(hours=1))

    change(campaign, with_snow(campaign))

    (speaking,) = newest_labels(campaign)
    assert speaking.parent == bens


def test_what_was_taken_back_rejected_or_replaced_is_left_behind(campaign, tile, ana):
    first = submitted(tile, campaign, ana, 0)
    second = labelled(first.task, ana, 1)
    submitted(TileFactory(campaign=campaign), campaign, ana, 1, state="rejected")

    made, _ = change(campaign, with_snow(campaign))

    assert [each.parent for each in Annotation.objects.filter(schema=made)] == [second]


def test_a_label_under_the_new_classes_has_the_newer_word(campaign, tile, ana):
    old = submitted(tile, campaign, ana, 0)
    made, job = change(campaign, with_snow(campaign), migrate=False)
    new = labelled(old.task, ana, 4, schema=made)

    migrate_labels(job_id=job.pk)

    assert list(Annotation.objects.filter(schema=made)) == [new]


def test_gold_is_measured_under_the_classes_in_force(campaign, tile, ana):
    old = submitted(tile, campaign, ana, 0, 1, state="accepted")
    gold = Gold.objects.create(
        campaign=campaign, acquisition=tile.acquisition, annotation=old, created=NOON
    )

    made, _ = change(campaign, with_snow(campaign))

    gold.refresh_from_db()
    assert (gold.annotation.schema, gold.annotation.parent) == (made, old)


def test_a_migration_that_died_goes_on_where_it_was(campaign, ana):
    for code in range(3):
        submitted(TileFactory(campaign=campaign), campaign, ana, code)
    made, job = change(campaign, with_snow(campaign), migrate=False)
    job.take(now=clock.now())

    class Killed(BaseException):
        pass

    def kill(done: int, total: int) -> None:
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        run_migration(job, blobs=store(), clock=clock.now, tell=kill)
    assert Annotation.objects.filter(schema=made).count() == 2
    Job.objects.update(state="waiting")  # as the sweep leaves it

    migrate_labels(job_id=job.pk)

    job.refresh_from_db()
    assert (job.state, job.result["labels"]) == ("done", 3)
    parents = Annotation.objects.filter(schema=made).values_list("parent", flat=True)
    assert len(set(parents)) == 3


def test_a_worker_that_lost_its_job_writes_nothing_more(campaign, tile, ana):
    submitted(tile, campaign, ana, 0)
    made, job = change(campaign, with_snow(campaign), migrate=False)
    job.take(now=clock.now())
    Job.objects.update(token=7)  # another worker's

    run_migration(job, blobs=store(), clock=clock.now)

    assert not Annotation.objects.filter(schema=made).exists()
    assert pending(made).count() == 1


def test_work_in_hand_under_the_old_classes_is_answered_with_the_version(campaign, tile, ana):
    task = TaskFactory(campaign=campaign, tile=tile)
    claim_next(campaign=campaign, person=ana, now=NOON)
    change(campaign, with_snow(campaign))
    task = Task.objects.select_related("campaign__schema", "tile").get(pk=task.pk)
    made = planes(tile, 0, 1)

    with pytest.raises(Conflict, match="version 1 of the classes; version 2 is in force"):
        submit(
            task=task, person=ana, now=NOON, tool="brush", schema_version=1,
            label=made.label, provenance=made.provenance,
        )  # fmt: skip


def test_hints_with_codes_that_mean_something_else_are_taken_away(campaign, tile):
    hint = Layer.objects.create(tile=tile, source="model", version="1", created=NOON)
    waiting = TaskFactory(campaign=campaign, tile=tile, prelabel=hint)

    change(campaign, with_snow(campaign))
    waiting.refresh_from_db()
    assert waiting.prelabel == hint  # nothing moved

    campaign.refresh_from_db()
    change(campaign, [*campaign.schema.classes[:3], SNOW], {"3": 0})
    waiting.refresh_from_db()
    assert waiting.prelabel is None


def test_a_running_round_and_an_unfinished_migration_hold_a_change_up(campaign, tile, ana):
    submitted(tile, campaign, ana, 0)
    running = Round.objects.create(
        campaign=campaign, n=1, state="running", strategy="auto", batch=1, seed=0, created=NOON
    )
    with pytest.raises(Conflict, match="Round 1 is under way"):
        change(campaign, with_snow(campaign))
    running.delete()

    _, job = change(campaign, with_snow(campaign), migrate=False)
    with pytest.raises(Conflict, match="still being migrated"):
        change(campaign, [*campaign.schema.classes, THIN])
    Job.objects.filter(pk=job.pk).update(state="failed", lease_ends=None)
    with pytest.raises(Conflict, match="1 labels were not migrated"):
        change(campaign, [*campaign.schema.classes, THIN])


def test_of_two_changes_at_once_the_second_is_refused(campaign):
    plans = [
        plan_change(campaign.schema, classes, {})
        for classes in (with_snow(campaign), [*campaign.schema.classes, THIN])
    ]
    change_schema(campaign=campaign, change=plans[0], by=None, now=NOON)
    Job.objects.update(state="done", lease_ends=None)

    with pytest.raises(Conflict, match="changed the classes just now"):
        change_schema(campaign=campaign, change=plans[1], by=None, now=NOON)
    assert campaign.schemas.count() == 2


def test_another_campaign_is_left_alone(campaign, tile, ana):
    other = CampaignFactory(slug="south")
    submitted(tile, other, ana, 0)

    made, _ = change(campaign, with_snow(campaign))

    assert Annotation.objects.get().schema == other.schema
    assert not Annotation.objects.filter(schema=made).exists()


def test_codes_without_a_meaning_are_not_labelled():
    old = planes(TileFactory.build(), 0, 1, 7, 254)

    new = translated(old, {"0": 3, "1": None})

    assert np.unique(new.label).tolist() == [3, 254, 255]
    assert (new.label[old.label == 7] == 255).all()
