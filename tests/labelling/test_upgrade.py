"""A database of the first version, with rows in their old shapes, comes up to date: by `migrate`,
and by restoring a backup that an older version made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from labelling.models import (
    CampaignTile,
    Event,
    IdempotencyKey,
    Job,
    Membership,
    Ranking,
    Round,
    TaskRank,
)
from labelling.workflow.backup import papers, rows, schema
from labelling.workflow.backup.places import place_of
from tests.factories import NOON
from tests.flushing import lifted
from tests.labelling.other_database import empty_database
from tests.labelling.test_commands import said

pytestmark = pytest.mark.django_db(transaction=True)
APP = "labelling"
FIRST, OLDER, OLD = "0001_initial", "0004_queue_quality_and_models", "0008_queue_speed"
NAME = "000001-20260601T120000Z-0a1b2c"


def migrated_to(name: str) -> Apps:
    MigrationExecutor(connection).migrate([(APP, name)])
    return schema.bring_to(schema.applied())


def rows_of_the_first_version(old: Apps) -> None:
    def made(model: str, /, **values: Any) -> Any:
        return old.get_model(APP, model).objects.create(**values)

    ana = old.get_model("auth", "User").objects.create(username="ana")
    campaign = made("Campaign", slug="north", name="North", created=NOON)
    classes = [{"code": 0, "name": "clear", "colour": "#000000", "hotkey": "1"}]
    campaign.schema = made("ClassSchema", campaign=campaign, version=1, classes=classes)
    made(
        "Membership", campaign=campaign, user=ana, role="annotator",
        qualification={"hints": {"plain": 7, "unaided": 3}, "passed": True},
    )  # fmt: skip
    place = made("Place", key="35VLF/512/0/0", square="6933/1/1", split="pool")
    there = made("Acquisition", place=place, taken=NOON)
    scene = made("Scene", product_id="S2A_1", cloud_cover=25.0, created=NOON)
    tile = made(
        "Tile", acquisition=there, scene=scene, raster="tiles/a.tif", sha256="0" * 64,
        bands=["B02"], height=512, width=512, valid_share=1.0, created=NOON,
    )  # fmt: skip
    made("CampaignTile", campaign=campaign, tile=tile)
    of = {"campaign": campaign, "acquisition": there, "tile": tile, "created": NOON}
    waits, done = made("Task", lane="active", **of), made("Task", lane="active", copy=1, **of)
    old.get_model(APP, "Task").objects.filter(pk=done.pk).update(state="accepted")
    campaign.ranking = made("Ranking", campaign=campaign, n=1, created=NOON)
    campaign.save()
    for rank, task in enumerate((waits, done), start=1):
        made("TaskRank", ranking=campaign.ranking, task=task, rank=rank)
    made(
        "Annotation", acquisition=there, schema=campaign.schema, n=1, task=done, author=ana,
        tool="editor", source="people", raster="labels/a.tif", sha256="1" * 64,
        pixels={"0": 262144}, labelled_share=1.0, created=NOON,
    )  # fmt: skip
    model = made(
        "Model", hash="2" * 64, campaign=campaign, folder="models/2", created=NOON,
        card={"weights": {"file": "weights.safetensors", "sha256": "3" * 64, "bytes": 1}},
    )  # fmt: skip
    round = made(
        "Round", campaign=campaign, n=1, state="running", step="pick", strategy="entropy",
        batch=5, seed=1, model=model, created=NOON,
    )  # fmt: skip
    made("Job", kind="run_round", round=round, lease_ends=NOON, created=NOON)
    for key, status in (("answered", 200), ("open", None)):
        made("IdempotencyKey", key=key, person=ana, request="4" * 64, status=status, created=NOON)
    made("Event", campaign=campaign, when=NOON, who=ana, verb="created", kind="task", object_id=1)


def older_backup(place: Path, old: Apps) -> None:
    """What `backup` of that version wrote."""
    target = place_of(str(place))
    tables = [rows._dump_model(m, target, NAME, lambda count: None) for m in rows.kept_models(old)]
    made = papers.Manifest(
        NAME, NOON.isoformat(), connection.vendor, schema.applied(), tuple(tables), (), 0, 0, ()
    )
    target.write(papers.manifest_key(NAME), made.dump())


def check_all_is_up_to_date() -> None:
    member = Membership.objects.get()
    assert (member.plain, member.unaided) == (7, 3)
    assert member.qualification == {"passed": True}
    assert Ranking.objects.get().in_force == NOON
    assert list(TaskRank.objects.order_by("rank").values_list("waiting", flat=True)) == [
        True,
        False,
    ]
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["answered"]
    assert Round.objects.get().ranked_by.hash == "2" * 64
    assert Job.objects.get().campaign.slug == "north"
    assert CampaignTile.objects.get().cloud == 0.25
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.get().__class__._base_manager.update(kind="other")


def test_old_rows_come_up_to_date_by_migrating_and_by_restoring(tmp_path):
    with empty_database(tmp_path):
        rows_of_the_first_version(schema.bring_to(with_others({APP: [FIRST]})))
        migrated_to(OLDER)
        old = migrated_to(OLD)
        older_backup(tmp_path / "backups", old)
        empty(old)

        status, _, err = said("restore", str(tmp_path / "backups"))

        assert status == 0, err
        check_all_is_up_to_date()
        # And back, with what that version knows.
        old = migrated_to(OLD)
        assert old.get_model(APP, "Membership").objects.get().plain == 7
        assert old.get_model(APP, "Event").objects.count() == 1


def with_others(migrations: dict[str, list[str]]) -> dict[str, list[str]]:
    """Those, and all that Django's own apps and others' have."""
    for app, name in sorted(MigrationExecutor(connection).loader.disk_migrations):
        if app != APP:
            migrations.setdefault(app, []).append(name)
    return migrations


def empty(old: Apps) -> None:
    """Without rows, as no program of ours can make it."""
    with transaction.atomic(), lifted():
        for model in rows.kept_models(old):
            model._base_manager.all()._raw_delete("default")
