"""Handing in a label: what is checked, what is written, and that finished work is never lost."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import numpy as np
import pytest
from django.db import OperationalError, connection

from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict, LabelRejected, NotYours
from labelling.imagery.tilefile import read_label
from labelling.models import (
    LEASE,
    Annotation,
    ClassSchema,
    Event,
    Reservation,
    Task,
)
from labelling.workflow import numbering
from labelling.workflow.claims import claim_next, release, return_expired
from labelling.workflow.numbering import label_key
from labelling.workflow.submission import submit
from tests.factories import NOON, CampaignFactory, TaskFactory, TileFactory, rank

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LATE = NOON + LEASE + MINUTE


@pytest.fixture
def task(campaign):
    task = TaskFactory(campaign=campaign)
    rank(campaign, task)
    return task


def drawn(cloudy_rows: int = 6, **changes):
    """A label of 256² pixels: some rows of cloud, then clear, the last row not looked at."""
    label = np.zeros((256, 256), np.uint8)
    label[:cloudy_rows] = 1
    label[-1] = 255
    provenance = np.where(label == 255, 0, 1).astype(np.uint8)
    made = {"label": label, "provenance": provenance, "schema_version": 1, "tool": "editor"}
    return made | changes


def claimed(campaign, who):
    return claim_next(campaign=campaign, person=who, now=NOON).task


def test_a_label_is_kept_with_everything_about_it(campaign, ana, task):
    claimed(campaign, ana)

    annotation = submit(task=task, person=ana, now=NOON + MINUTE, **drawn())

    stored = Annotation.objects.get()
    assert stored == annotation
    assert (stored.n, stored.author, stored.task, stored.tool) == (1, ana, task, "editor")
    assert (stored.source, stored.kind, stored.trust) == ("campaign", "full", 1)
    assert stored.pixels == {"0": 249 * 256, "1": 6 * 256, "255": 256}
    assert stored.labelled_share == pytest.approx(255 / 256)
    assert stored.created == NOON + MINUTE


def test_the_blob_holds_both_planes_under_a_key_that_names_them(campaign, ana, task):
    claimed(campaign, ana)
    made = drawn()

    annotation = submit(task=task, person=ana, now=NOON, **made)

    label, provenance = read_label(store().path(annotation.raster))
    digest = hashlib.sha256(made["label"].tobytes() + made["provenance"].tobytes()).hexdigest()
    assert np.array_equal(label, made["label"])
    assert np.array_equal(provenance, made["provenance"])
    assert annotation.sha256 == digest
    assert annotation.raster == f"labels/{task.acquisition.key}/1-{digest[:16]}.tif"


def test_submitting_ends_the_reservation_and_the_work_is_counted(campaign, ana, task):
    claimed(campaign, ana)

    submit(task=task, person=ana, now=NOON + MINUTE, **drawn())

    task.refresh_from_db()
    spell = Reservation.objects.get()
    assert (task.state, task.holder) == ("submitted", None)
    assert (spell.how, spell.ended, spell.active_seconds) == ("submitted", NOON + MINUTE, 60)


def test_submitting_leaves_a_trace_with_the_labels_hash(campaign, ana, task):
    claimed(campaign, ana)

    annotation = submit(task=task, person=ana, now=NOON, **drawn())

    event = Event.objects.about(task).get(verb="submitted")
    assert (event.who, event.after) == (ana, annotation.sha256)
    assert event.detail == {"annotation": str(annotation.uuid)}


def test_the_held_tile_becomes_the_active_one_with_a_fresh_lease(campaign, ana, task):
    TaskFactory(campaign=campaign)
    claimed(campaign, ana)
    held = claim_next(campaign=campaign, person=ana, now=NOON, hold="held")

    submit(task=task, person=ana, now=NOON + 20 * MINUTE, **drawn())

    held.refresh_from_db()
    assert held.kind == "active"
    assert held.task.lease_ends == NOON + 20 * MINUTE + LEASE
    assert claim_next(campaign=campaign, person=ana, now=NOON + 20 * MINUTE) == held


def test_the_same_label_twice_is_one_annotation(campaign, ana, task):
    claimed(campaign, ana)
    first = submit(task=task, person=ana, now=NOON, **drawn())

    again = submit(task=Task.objects.get(), person=ana, now=NOON + MINUTE, **drawn())

    assert again == first
    assert Annotation.objects.count() == 1
    assert Event.objects.filter(verb="submitted").count() == 1


def test_the_same_label_twice_is_recognised_after_the_classes_changed(campaign, ana, task):
    claimed(campaign, ana)
    first = submit(task=task, person=ana, now=NOON, **drawn())
    campaign.schema = ClassSchema.objects.create(
        campaign=campaign, version=2, classes=campaign.schema.classes[:1]
    )
    campaign.save()

    assert submit(task=Task.objects.get(), person=ana, now=NOON, **drawn()) == first


def test_another_label_of_a_submitted_tile_is_a_conflict(campaign, ana, task):
    claimed(campaign, ana)
    submit(task=task, person=ana, now=NOON, **drawn())

    with pytest.raises(Conflict, match="another label"):
        submit(task=Task.objects.get(), person=ana, now=NOON, **drawn(cloudy_rows=7))

    assert Annotation.objects.count() == 1


def test_somebody_elses_tile_cannot_be_submitted(campaign, ana, ben, task, scratch):
    claimed(campaign, ana)

    with pytest.raises(NotYours):
        submit(task=task, person=ben, now=NOON, **drawn())

    assert not Annotation.objects.exists()
    assert not (scratch / "blobs").exists()


def test_a_tile_nobody_holds_cannot_be_submitted(campaign, ana, task):
    with pytest.raises(NotYours):
        submit(task=task, person=ana, now=NOON, **drawn())


def test_a_tile_given_back_cannot_be_submitted_any_more(campaign, ana, task):
    claimed(campaign, ana)
    release(task=task, person=ana, now=NOON)

    with pytest.raises(NotYours):
        submit(task=task, person=ana, now=NOON, **drawn())


def test_a_lease_that_ran_out_does_not_throw_work_away(campaign, ana, task):
    claimed(campaign, ana)

    annotation = submit(task=task, person=ana, now=LATE, **drawn())

    assert annotation.author == ana
    assert Reservation.objects.get().how == "submitted"


def test_nor_does_the_sweep_while_nobody_else_has_taken_the_tile(campaign, ana, task):
    claimed(campaign, ana)
    return_expired(now=LATE)

    annotation = submit(task=Task.objects.get(), person=ana, now=LATE + MINUTE, **drawn())

    task.refresh_from_db()
    spells = Reservation.objects.order_by("n").values_list("n", "how")
    assert (annotation.author, task.state) == (ana, "submitted")
    assert list(spells) == [(1, "expired"), (2, "submitted")]


def test_nor_does_a_new_round_that_superseded_the_tile_meanwhile(campaign, ana, task):
    claimed(campaign, ana)
    return_expired(now=LATE)
    Task.objects.update(state="superseded")

    submit(task=Task.objects.get(), person=ana, now=LATE, **drawn())

    task.refresh_from_db()
    assert task.state == "submitted"


def test_a_superseded_tile_given_to_the_same_person_anew_is_handed_in_only_there(
    campaign, ana, task
):
    claimed(campaign, ana)
    return_expired(now=LATE)
    Task.objects.update(state="superseded")
    anew = TaskFactory(campaign=campaign, tile=task.tile, round_no=2)
    claim_next(campaign=campaign, person=ana, now=LATE)

    with pytest.raises(NotYours):
        submit(task=Task.objects.get(pk=task.pk), person=ana, now=LATE, **drawn())

    assert submit(task=anew, person=ana, now=LATE, **drawn()).task == anew


def test_an_expired_tile_that_somebody_else_took_is_his(campaign, ana, ben, task):
    claimed(campaign, ana)
    return_expired(now=LATE)
    claim_next(campaign=campaign, person=ben, now=LATE)

    with pytest.raises(NotYours):
        submit(task=Task.objects.get(), person=ana, now=LATE, **drawn())

    assert Task.objects.get().holder == ben


def test_late_work_can_be_handed_in_while_another_tile_is_in_hand(campaign, ana, task):
    claimed(campaign, ana)
    return_expired(now=LATE)
    other = TaskFactory(campaign=campaign)
    rank(campaign, other)
    in_hand = claim_next(campaign=campaign, person=ana, now=LATE)

    submit(task=Task.objects.get(pk=task.pk), person=ana, now=LATE, **drawn())

    in_hand.refresh_from_db()
    assert (in_hand.kind, in_hand.ended) == ("active", None)


def test_labels_of_one_acquisition_are_numbered(campaign, ana, ben):
    tile = TileFactory()
    for copy, who in enumerate((ana, ben)):
        TaskFactory(campaign=campaign, tile=tile, copy=copy)
        submit(task=claimed(campaign, who), person=who, now=NOON, **drawn())

    assert list(Annotation.objects.order_by("n").values_list("n", "author__username")) == [
        (1, "ana"),
        (2, "ben"),
    ]


def test_a_number_taken_meanwhile_gives_way_to_the_next(campaign, ana, task, monkeypatch):
    claimed(campaign, ana)
    rival = {"kind": "full", "tool": "import", "source": "set", "raster": "x", "sha256": "x"}
    rival |= {"pixels": {}, "labelled_share": 1, "created": NOON}

    def meanwhile(acquisition, **known):
        """An imported label takes the number that was just found to be free."""
        if not Annotation.objects.exists():
            Annotation.objects.create(
                acquisition=task.acquisition, schema=campaign.schema, n=1, **rival
            )
        return label_key(acquisition, **known)

    monkeypatch.setattr(numbering, "label_key", meanwhile)
    annotation = submit(task=task, person=ana, now=NOON, **drawn())

    assert annotation.n == 2
    assert store().exists(annotation.raster)


def test_a_rework_names_the_label_it_corrects(campaign, ana, task):
    claimed(campaign, ana)
    first = submit(task=task, person=ana, now=NOON, **drawn())
    Task.objects.update(state="rejected")
    TaskFactory(campaign=campaign, tile=task.tile, lane="rework", root=task, parent=task)

    second = submit(task=claimed(campaign, ana), person=ana, now=NOON, **drawn(cloudy_rows=7))

    assert (second.parent, second.n) == (first, 2)


def test_storage_that_cannot_be_written_leaves_the_tile_in_hand(campaign, ana, task, scratch):
    claimed(campaign, ana)
    (scratch / "blobs").write_text("a file where a folder should be")

    with pytest.raises(OSError, match="blobs"):
        submit(task=task, person=ana, now=NOON, **drawn())

    task.refresh_from_db()
    assert (task.state, task.holder) == ("reserved", ana)
    assert not Annotation.objects.exists()


def test_a_database_that_fails_half_way_leaves_the_tile_in_hand(campaign, ana, task):
    claimed(campaign, ana)

    def fails(execute, sql, params, many, context):
        """The last row that is written isn't."""
        if sql.startswith('INSERT INTO "labelling_event"'):
            raise OperationalError("the server closed the connection")
        return execute(sql, params, many, context)

    with pytest.raises(OperationalError), connection.execute_wrapper(fails):
        submit(task=task, person=ana, now=NOON, **drawn())

    task.refresh_from_db()
    assert (task.state, task.holder) == ("reserved", ana)
    assert not Annotation.objects.exists()
    assert Reservation.objects.get().ended is None


def test_an_outdated_version_of_the_classes_is_a_conflict(campaign, ana, task):
    claimed(campaign, ana)

    with pytest.raises(Conflict, match="version 2 of the classes; version 1") as refusal:
        submit(task=task, person=ana, now=NOON, **drawn(schema_version=2))

    assert refusal.value.field == "schema_version"


@pytest.mark.parametrize(
    ("plane", "size", "words"),
    [
        ("label", (256, 255), "256 × 255"),
        ("provenance", (128, 256), "128 × 256"),
        ("label", (256,), "256 uint8"),
    ],
)
def test_a_plane_of_another_size_is_rejected_by_name(campaign, ana, task, plane, size, words):
    claimed(campaign, ana)

    with pytest.raises(LabelRejected, match=words) as refusal:
        submit(task=task, person=ana, now=NOON, **drawn(**{plane: np.ones(size, np.uint8)}))

    assert refusal.value.field == plane
    assert not Annotation.objects.exists()


def test_a_plane_of_another_type_is_rejected(campaign, ana, task):
    claimed(campaign, ana)

    with pytest.raises(LabelRejected, match="int64"):
        submit(task=task, person=ana, now=NOON, **drawn(label=np.zeros((256, 256), np.int64)))


@pytest.mark.parametrize("code", [4, 17, 253])
def test_a_code_outside_the_campaigns_classes_is_rejected_by_name(campaign, ana, task, code):
    claimed(campaign, ana)
    made = drawn()
    made["label"][0, 0] = code

    with pytest.raises(LabelRejected, match=f"code {code} is none of the campaign's") as refusal:
        submit(task=task, person=ana, now=NOON, **made)

    assert refusal.value.field == "label"


def test_unsure_is_an_answer_but_no_class(campaign, ana, task):
    claimed(campaign, ana)
    made = drawn()
    made["label"][:128] = 254

    annotation = submit(task=task, person=ana, now=NOON, **made)

    assert annotation.labelled_share == pytest.approx(127 / 256)
    assert annotation.pixels["254"] == 128 * 256


def test_an_empty_label_is_not_all_clear(campaign, ana, task):
    claimed(campaign, ana)
    nothing = np.full((256, 256), 255, np.uint8)

    with pytest.raises(LabelRejected, match="Nothing is labelled"):
        submit(
            task=task,
            person=ana,
            now=NOON,
            **drawn(label=nothing, provenance=np.zeros_like(nothing)),
        )


def test_an_unknown_provenance_is_rejected(campaign, ana, task):
    claimed(campaign, ana)
    made = drawn()
    made["provenance"][3, 4] = 6

    with pytest.raises(LabelRejected, match="Provenance 6") as refusal:
        submit(task=task, person=ana, now=NOON, **made)

    assert refusal.value.field == "provenance"


@pytest.mark.parametrize(("row", "provenance"), [(3, 0), (255, 1)])
def test_provenance_is_none_exactly_where_nothing_is_labelled(campaign, ana, task, row, provenance):
    claimed(campaign, ana)
    made = drawn()
    made["provenance"][row, 4] = provenance

    with pytest.raises(LabelRejected, match=f"at row {row}, column 4") as refusal:
        submit(task=task, person=ana, now=NOON, **made)

    assert refusal.value.field == "provenance"


@pytest.mark.parametrize("tool", ["", "x" * 41, "a\nb"])
def test_a_tool_has_a_short_printable_name(campaign, ana, task, tool):
    claimed(campaign, ana)

    with pytest.raises(BadInput) as refusal:
        submit(task=task, person=ana, now=NOON, **drawn(tool=tool))

    assert refusal.value.field == "tool"


def test_a_campaign_of_28_classes_takes_all_its_codes(ana):
    classes = [
        {"code": code, "name": f"c{code}", "colour": "#000000", "hotkey": "", "priority": 0}
        for code in range(28)
    ]
    campaign = CampaignFactory(slug="many", classes=classes)
    task = TaskFactory(campaign=campaign)
    label = np.tile(np.arange(256, dtype=np.uint8) % 28, (256, 1))
    claim_next(campaign=campaign, person=ana, now=NOON)

    annotation = submit(
        task=task,
        person=ana,
        now=NOON,
        **drawn(label=label, provenance=np.ones_like(label)),
    )

    assert len(annotation.pixels) == 28
