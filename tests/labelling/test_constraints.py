"""What must always hold is held by the database itself, whatever code writes the rows."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from labelling.models import (
    LEASE,
    Acquisition,
    Annotation,
    Assignment,
    Campaign,
    CampaignTile,
    ClassSchema,
    Event,
    IdempotencyKey,
    Membership,
    Model,
    Ranking,
    Reservation,
    Review,
    Round,
    Task,
    TaskRank,
    Tile,
    record,
)
from tests.factories import (
    NOON,
    AcquisitionFactory,
    CampaignFactory,
    PlaceFactory,
    TaskFactory,
    TileFactory,
    person,
    rank,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory(slug="north")


@pytest.fixture
def ana(campaign):
    return person("ana", campaign=campaign)


def refused(name: str):
    """The database refuses by the constraint `name`; SQLite names the columns of a unique one."""
    return pytest.raises(IntegrityError, match=f"{name}|UNIQUE constraint failed")


def spell(task: Task, who, **changes) -> Reservation:
    """An unsaved live reservation."""
    assignment, _ = Assignment.objects.get_or_create(
        campaign=task.campaign, acquisition=task.acquisition, person=who, defaults={"root": task}
    )
    given = {"n": 1, "kind": "active", "returns_to": "open", "started": NOON, "heartbeat": NOON}
    return Reservation(task=task, person=who, assignment=assignment, **(given | changes))


def annotation(campaign: Campaign, acquisition: Acquisition, **changes) -> Annotation:
    """An unsaved annotation."""
    given = {"n": 1, "tool": "t", "source": "s", "raster": "r", "sha256": "h", "pixels": {}}
    given |= {"labelled_share": 1.0, "created": NOON}
    return Annotation(acquisition=acquisition, schema=campaign.schema, **(given | changes))


@pytest.mark.parametrize(
    "change",
    [
        {"state": "reserved"},
        {"state": "reserved", "lease_ends": NOON + LEASE},
        {"state": "reserved", "holder": "ana"},
        {"state": "open", "holder": "ana"},
        {"state": "submitted", "lease_ends": NOON},
    ],
)
def test_a_task_has_a_holder_and_a_lease_exactly_while_reserved(campaign, ana, change):
    task = TaskFactory(campaign=campaign)
    change = change | ({"holder": ana} if "holder" in change else {})

    with refused("claimed_task_has_annotator_and_lease"):
        Task.objects.filter(pk=task.pk).update(**change)


def test_a_task_has_one_live_reservation(campaign, ana):
    task, ben = TaskFactory(campaign=campaign), person("ben", campaign=campaign)
    spell(task, ana).save()

    with refused("one_live_reservation_per_task"):
        Reservation.objects.bulk_create([spell(task, ben, n=2)])


def test_a_person_has_one_active_and_one_held_tile(campaign, ana):
    tasks = [TaskFactory(campaign=campaign) for _ in range(4)]
    spell(tasks[0], ana).save()
    spell(tasks[1], ana, kind="held").save()

    for task, kind in zip(tasks[2:], ("active", "held")):
        with refused("one_reservation_in_each_slot_of_a_person"), transaction.atomic():
            Reservation.objects.bulk_create([spell(task, ana, kind=kind)])


def test_the_active_tiles_of_two_campaigns_count_together(campaign, ana):
    spell(TaskFactory(campaign=campaign), ana).save()
    elsewhere = TaskFactory(campaign=CampaignFactory(slug="south"))

    with refused("one_reservation_in_each_slot_of_a_person"):
        spell(elsewhere, ana).save()


def test_ended_reservations_are_kept_without_limit(campaign, ana):
    task = TaskFactory(campaign=campaign)

    Reservation.objects.bulk_create(
        [spell(task, ana, n=n, ended=NOON, how="released") for n in (1, 2)]
    )

    assert Reservation.objects.count() == 2


def test_nobody_is_given_two_copies_of_one_acquisition(campaign, ana):
    tile = TileFactory()
    copies = [TaskFactory(campaign=campaign, tile=tile, copy=copy) for copy in (0, 1)]
    spell(copies[0], ana).save()

    with refused("nobody_gets_two_copies_of_one_acquisition"):
        Assignment.objects.bulk_create(
            [
                Assignment(
                    campaign=campaign, acquisition=tile.acquisition, person=ana, root=copies[1]
                )
            ]
        )


def test_a_task_exists_once_for_its_lane_round_and_copy(campaign):
    task = TaskFactory(campaign=campaign)

    with refused("task_once_per_lane_round_and_copy"):
        Task.objects.bulk_create(
            [
                Task(
                    campaign=campaign,
                    acquisition=task.acquisition,
                    tile=task.tile,
                    lane="active",
                    round_no=1,
                    created=NOON,
                )
            ]
        )


@pytest.mark.parametrize("change", [{"ended": NOON}, {"how": "released"}])
def test_a_reservation_that_ended_says_how(campaign, ana, change):
    row = spell(TaskFactory(campaign=campaign), ana)
    row.save()

    with refused("ended_reservation_says_how"):
        Reservation.objects.filter(pk=row.pk).update(**change)


def test_a_tile_is_cut_at_one_of_two_sizes(campaign):
    with refused("campaign_tile_size_is_256_or_512"):
        Campaign.objects.update(tile_size=500)


def test_a_place_is_in_one_of_three_splits():
    PlaceFactory()

    with refused("place_split_is_known"):
        PlaceFactory(split="train")


def test_a_person_has_one_role_in_a_campaign(campaign, ana):
    with refused("one_role_per_campaign"):
        Membership.objects.bulk_create([Membership(campaign=campaign, user=ana, role="lead")])


def test_a_schema_version_exists_once(campaign):
    with refused("schema_version_once"):
        ClassSchema.objects.create(campaign=campaign, version=1, classes=[])


def test_labels_of_an_acquisition_are_numbered_once(campaign):
    acquisition = AcquisitionFactory()
    annotation(campaign, acquisition).save()

    with refused("annotation_numbered"):
        Annotation.objects.bulk_create([annotation(campaign, acquisition)])


def test_a_place_has_one_undated_acquisition():
    place = PlaceFactory()
    Acquisition.objects.create(place=place, taken=None)

    with refused("undated_acquisition_once"):
        Acquisition.objects.create(place=place, taken=None)


def test_a_tile_exists_once_for_its_level_and_baseline():
    tile = TileFactory()

    with refused("tile_once_per_level_and_baseline"):
        TileFactory(acquisition=tile.acquisition)


def test_a_tile_is_enrolled_once(campaign):
    tile = TileFactory(campaign=campaign)

    with refused("tile_enrolled_once"):
        CampaignTile.objects.create(campaign=campaign, tile=tile)


def test_a_rank_is_taken_once_and_a_task_ranked_once(campaign):
    first, second = TaskFactory(campaign=campaign), TaskFactory(campaign=campaign)
    ranking = rank(campaign, first)

    with refused("rank_taken_once"), transaction.atomic():
        TaskRank.objects.create(ranking=ranking, task=second, rank=1)
    with refused("task_ranked_once"):
        TaskRank.objects.create(ranking=ranking, task=first, rank=2)


def test_rankings_are_numbered(campaign):
    rank(campaign)

    with refused("ranking_numbered"):
        Ranking.objects.create(campaign=campaign, n=1, created=NOON)


def test_a_campaign_has_one_unfinished_round(campaign):
    given = {"campaign": campaign, "strategy": "auto", "batch": 1, "seed": 0, "created": NOON}
    Round.objects.create(n=1, state="running", **given)

    with refused("one_unfinished_round_per_campaign"):
        Round.objects.create(n=2, state="planned", **given)


def test_a_campaign_has_one_champion(campaign):
    given = {"campaign": campaign, "folder": "f", "card": {}, "created": NOON}
    Model.objects.create(hash="a", state="champion", **given)

    with refused("one_champion_per_campaign"):
        Model.objects.create(hash="b", state="champion", **given)


def test_a_rejection_has_a_reason(campaign, ana):
    label = annotation(campaign, AcquisitionFactory())
    label.save()

    with refused("rejection_has_a_reason"):
        Review.objects.create(annotation=label, reviewer=ana, verdict="rejected", created=NOON)


def test_an_idempotency_key_is_used_once_by_a_person(ana):
    given = {"key": "k", "person": ana, "request": "r", "created": NOON}
    IdempotencyKey.objects.create(**given)

    with refused("key_used_once"):
        IdempotencyKey.objects.create(**given)


@pytest.mark.parametrize(
    ("rows", "change", "name"),
    [
        (Task, {"state": "lost"}, "task_state_is_known"),
        (Task, {"lane": "fast"}, "task_lane_is_known"),
        (Membership, {"role": "king"}, "membership_role_is_known"),
        (Reservation, {"kind": "kept"}, "reservation_kind_is_known"),
        (Tile, {"valid_share": 1.5}, "tile_valid_share_is_a_share"),
        (CampaignTile, {"scope": "maybe"}, "enrolment_scope_is_known"),
    ],
)
def test_a_word_or_share_that_does_not_exist_is_refused(campaign, ana, rows, change, name):
    task = TaskFactory(campaign=campaign)
    spell(task, ana).save()
    annotation(campaign, task.acquisition).save()

    with refused(name):
        rows.objects.update(**change)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"trust": -0.1}, "annotation_trust_is_a_share"),
        ({"kind": "rough"}, "annotation_kind_is_known"),
        ({"difficulty": 6}, "annotation_difficulty_is_1_to_5"),
    ],
)
def test_a_label_with_a_value_that_does_not_exist_is_refused(campaign, wrong, name):
    label = annotation(campaign, AcquisitionFactory())
    for field, value in wrong.items():
        setattr(label, field, value)

    with refused(name):
        label.save()


def test_what_happened_cannot_be_changed_or_deleted(campaign, ana):
    event = record("created", campaign, campaign=campaign, who=ana, now=NOON)

    for change in (
        event.save,
        event.delete,
        Event.objects.all().delete,
        lambda: Event.objects.update(verb="failed"),
    ):
        with pytest.raises(TypeError, match="append-only"):
            change()
    assert Event.objects.get().verb == "created"
