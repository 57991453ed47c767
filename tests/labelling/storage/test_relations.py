"""`verify` finds rows that contradict each other, snapshots, cards and CVAT."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from labelling.adapters.blobs import store
from labelling.models import Annotation, Campaign, CvatJob, Model, Task
from labelling.workflow.snapshots.freezing import freeze
from tests.contract.fake import running
from tests.factories import NOON, CampaignFactory, TaskFactory, person, rank
from tests.flushing import lifted
from tests.labelling.cvat.hand_linked import linked, stripes
from tests.labelling.handing_in import claimed
from tests.labelling.storage.holdings import told_truly
from tests.worlds import world

pytestmark = pytest.mark.django_db(transaction=True)


def found(*words: str) -> tuple[list[tuple[str, str]], dict]:
    """(name, why) of every row that is wrong, and the last line."""
    out, status = StringIO(), 0
    try:
        call_command("verify", "--json", *words, stdout=out)
    except SystemExit as ended:
        status = ended.code
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    told = [line["finding"] for line in lines if "finding" in line]
    assert status == (3 if told else 0)
    wrong = [(each["key"], each["why"]) for each in told if each["problem"] == "wrong"]
    assert lines[-1]["wrong"] == len(wrong)
    return wrong, lines[-1]


def test_rows_that_contradict_each_other_are_named():
    north, south = CampaignFactory(slug="north"), CampaignFactory(slug="south")
    ana = person("ana", campaign=north)
    lost, kept, idle = (TaskFactory(campaign=north) for _ in range(3))
    rank(north, kept, idle)
    claimed(north, ana)
    assert found("--fast")[0] == []
    held = {"state": "reserved", "holder": ana, "lease_ends": NOON + timedelta(hours=1)}
    Task.objects.filter(pk=lost.pk).update(**held)
    Task.objects.filter(pk=kept.pk).update(state="open", holder=None, lease_ends=None)
    Campaign.objects.filter(pk=south.pk).update(ranking=north.ranking)

    wrong = dict(found("--fast")[0])

    assert wrong.keys() == {f"task {lost.uuid}", f"task {kept.uuid}", "campaign south"}
    assert "no reservation" in wrong[f"task {lost.uuid}"]
    assert "in nobody's hands" in wrong[f"task {kept.uuid}"]


def test_a_reference_to_nothing_is_named_where_the_database_lets_it_be():
    task = TaskFactory()
    Task.objects.filter(pk=task.pk).update(parent=None)
    if connection.vendor == "postgresql":
        assert found("--fast")[0] == []
        return
    with connection.constraint_checks_disabled():
        Task.objects.filter(pk=task.pk).update(parent_id=999_999)

    wrong = found("--fast")[0]

    assert [name for name, _ in wrong] == [f"labelling_task {task.pk}"]


def test_what_snapshots_and_cards_say_is_held_against_rows():
    campaign = world(slug="north", pool=2, validation=0, labelled=2)
    for tile in campaign.enrolments.select_related("tile"):
        told_truly(tile.tile, store())
    snapshot = freeze(campaign, blobs=store(), now=NOON)
    label = Annotation.objects.earliest("pk")
    assert found()[0] == []
    with lifted():
        label.__class__._base_manager.filter(pk=label.pk)._raw_delete("default")
    weights = {"file": "weights.safetensors", "sha256": "3" * 64, "bytes": 1}
    Model.objects.create(
        hash="2" * 64, campaign=campaign, snapshot=snapshot, folder="models/2", created=NOON,
        card={"snapshot": {"sha256": "f" * 64}, "weights": weights},
    )  # fmt: skip

    wrong = dict(found()[0])

    assert wrong.keys() == {f"annotation {label.uuid}", f"model {'2' * 12}"}
    assert f"snapshot {snapshot.hash[:12]}" in wrong[f"annotation {label.uuid}"]
    assert "f" * 12 in wrong[f"model {'2' * 12}"]


def test_cvat_is_compared_where_it_can_be_and_nothing_is_noted(settings):
    campaign = CampaignFactory(slug="north")
    ana = person("ana", campaign=campaign)
    with running() as fake:
        there = linked(campaign, fake, settings, ana)
        rows = there.tiles(2, ana)
        there.draw(rows[0], *there.label(stripes(0, 1)))
        there.pull()
        there.errands()
        there.pull()
        assert found("--fast")[0] == []
        there.server.state.delete_task(rows[0].batch.remote)
        before = list(CvatJob.objects.order_by("pk").values())

        wrong = [name for name, _ in found("--fast")[0]]

        assert len(wrong) == 3  # a task and its two jobs
        assert all(name.startswith("cvat north: ") for name in wrong)
        assert list(CvatJob.objects.order_by("pk").values()) == before
        assert found("--fast", "--without-cvat")[0] == []
        there.server.fail("status", path="/api/tasks", status=500)

        wrong, last = found("--fast")

        assert wrong == []
        assert last["cvat_not_compared"][0].startswith("CVAT of campaign north was not compared")
