"""Labels, events, snapshots and classes stay as they were written, by whatever road one comes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from labelling.models import Annotation, ClassSchema, Event, Layer, Snapshot, Tile, record
from tests.factories import NOON, TaskFactory, TileFactory, person
from tests.labelling.insights.rows import label

pytestmark = pytest.mark.django_db
FILLED_ONCE = ("shown", "kept", "compared")


@pytest.fixture
def task(campaign):
    return TaskFactory(campaign=campaign)


@pytest.fixture
def drawn(campaign, task) -> Annotation:
    return label(task.tile, campaign, pixels={"0": 5}, task=task)


@pytest.fixture
def snapshot(campaign) -> Snapshot:
    return Snapshot.objects.create(
        hash="a" * 64, campaign=campaign, rule={}, folder="f", counts={}, created=NOON
    )


def refused(reason: str):
    return pytest.raises(IntegrityError, match=reason)


def other_value(field, drawn: Annotation):
    """A value of the field that the label doesn't have."""
    changes = {
        "IntegerField": 99,
        "PositiveIntegerField": 99,
        "PositiveSmallIntegerField": 3,
        "BigAutoField": 99,
        "FloatField": 0.25,
        "JSONField": {"other": 1},
        "DateTimeField": NOON + timedelta(days=1),
        "UUIDField": "00000000-0000-4000-8000-000000000001",
        "CharField": "region",
        "TextField": "other",
    }
    if field.many_to_one:
        return -1 if getattr(drawn, field.attname) != -1 else -2
    return changes[field.get_internal_type()]


def test_every_column_of_a_label_is_guarded_or_filled_once(drawn):
    for field in Annotation._meta.concrete_fields:
        if field.name in FILLED_ONCE:
            continue
        with refused("labels are append-only"), transaction.atomic():
            change = {field.attname: other_value(field, drawn)}
            Annotation.objects.filter(pk=drawn.pk).update(**change)


def test_what_is_counted_after_a_label_came_in_is_filled_once(drawn, task):
    first, second = (
        Layer.objects.create(tile=task.tile, source="model", version=name, created=NOON)
        for name in ("one", "two")
    )
    row = Annotation.objects.filter(pk=drawn.pk)

    row.update(shown=first)
    row.update(kept={"untouched": True})
    row.update(compared=NOON)

    for change in ({"shown": second}, {"shown": None}, {"kept": {}}, {"compared": None}):
        with refused("labels are append-only"), transaction.atomic():
            row.update(**change)
    drawn.refresh_from_db()
    assert (drawn.shown, drawn.kept, drawn.compared) == (first, {"untouched": True}, NOON)


def test_a_label_that_is_saved_as_it_is_stays_so(drawn):
    drawn.save()

    assert Annotation.objects.get() == drawn


def test_nothing_that_happened_can_be_changed_or_deleted_in_sql(campaign, drawn, snapshot):
    record("created", campaign, campaign=campaign, who=None, now=NOON)
    tables = {
        Annotation: "sha256 = 'x'",
        Event: "verb = 'failed'",
        Snapshot: "hash = 'b'",
        ClassSchema: "classes = '[]'",
    }

    for model, change in tables.items():
        before = list(model.objects.values())
        for statement in ("UPDATE {0} SET {1}", "DELETE FROM {0}"):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as sql:
                sql.execute(statement.format(model._meta.db_table, change))
        assert list(model.objects.values()) == before


def test_nothing_that_happened_can_be_emptied_at_once(campaign, drawn):
    record("created", campaign, campaign=campaign, who=None, now=NOON)
    # SQLite has no TRUNCATE; deleting all rows is its way of it.
    empty = "TRUNCATE {} CASCADE" if connection.vendor == "postgresql" else "DELETE FROM {}"
    connection.check_constraints()  # none is put off to the end of the transaction

    for table in ("labelling_event", "labelling_annotation"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as sql:
            sql.execute(empty.format(table))


def test_events_labels_and_snapshots_cannot_be_changed_by_their_rows(campaign, drawn, snapshot):
    snapshot.hash = "b" * 64
    with refused("a snapshot is never changed"), transaction.atomic():
        snapshot.save()
    campaign.schema.classes = []
    with refused("classes are never edited"), transaction.atomic():
        campaign.schema.save()
    with refused("labels are append-only"), transaction.atomic():
        drawn.delete()


def test_an_event_names_a_verb_that_there_is(campaign):
    with pytest.raises(ValueError, match="befriended"):
        record("befriended", campaign, campaign=campaign, who=None, now=NOON)


def test_a_tile_in_use_cannot_be_deleted(campaign, drawn, task):
    enrolled = TileFactory(campaign=campaign)

    for tile in (task.tile, enrolled):
        with pytest.raises(ProtectedError, match=r"protected foreign keys: .*CampaignTile\.tile"):
            tile.delete()
        with pytest.raises(ProtectedError):
            Tile.objects.filter(pk=tile.pk).delete()

    assert Tile.objects.count() == 2


def test_who_did_something_cannot_be_forgotten(campaign):
    ana = person("ana", campaign=campaign)
    record("created", campaign, campaign=campaign, who=ana, now=NOON)

    with pytest.raises(ProtectedError):
        ana.delete()
