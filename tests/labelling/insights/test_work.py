import uuid
from datetime import timedelta

import pytest

from labelling.insights.gold import GoldScore
from labelling.insights.pace import LEAST, paces
from labelling.insights.work import PUBLISHED, gold_standing, work_of
from labelling.models import Annotation, Membership, Reservation, Review, Task
from tests.factories import NOON, CampaignFactory, person
from tests.labelling.insights.rows import RoundFactory, reservation, score
from tests.labelling.quality.hands import small_task, small_tile

pytestmark = pytest.mark.django_db


@pytest.fixture
def north():
    return CampaignFactory()


@pytest.fixture
def ana(north):
    return person("ana", campaign=north)


@pytest.fixture
def ben(north):
    return person("ben", campaign=north)


def done(
    campaign, who, *, seconds: int, idle: int = 0, difficulty: int | None = None, tile=None, **task
) -> Reservation:
    """A label handed in after so many active and idle seconds; only rows."""
    spell = reservation(small_task(campaign, tile, **task), who, how="submitted")
    Reservation.objects.filter(pk=spell.pk).update(active_seconds=seconds, idle_seconds=idle)
    Task.objects.filter(pk=spell.task_id).update(state="submitted")
    Annotation.objects.create(
        acquisition=spell.task.acquisition,
        schema=campaign.schema,
        n=spell.task.acquisition.annotations.count() + 1,
        task=spell.task,
        author=who,
        tool="brush",
        source="campaign",
        raster="labels/none.tif",
        sha256="0" * 64,
        pixels={},
        labelled_share=1,
        difficulty=difficulty,
        created=NOON,
    )
    return spell


def row(campaign, who, *, own: bool = False):
    members = Membership.objects.filter(campaign=campaign, user=who).select_related("user")
    return work_of(campaign, list(members), own=own)[0]


def test_labelling_and_reviewing_are_timed_apart(north, ana):
    done(north, ana, seconds=300, idle=60)
    done(north, ana, seconds=420)
    task = small_task(north, state="submitted")
    Reservation.objects.create(
        task=task, n=1, person=ana, kind="review", returns_to="submitted", started=NOON,
        heartbeat=NOON, active_seconds=90, ended=NOON + timedelta(minutes=3), how="reviewed",
    )  # fmt: skip

    work = row(north, ana)

    assert (work.labelling.done, work.labelling.active_seconds) == (2, 720)
    assert work.labelling.idle_seconds == 60
    assert work.labelling.per_hour == 10
    assert (work.reviewing.done, work.reviewing.active_seconds) == (1, 90)
    assert work.reviewing.per_hour == 40


def test_labels_that_nobody_timed_make_nobody_faster(north, ana):
    done(north, ana, seconds=600)
    done(north, ana, seconds=0)

    labelling = row(north, ana).labelling

    assert (labelling.done, labelling.per_hour) == (2, 6)


def test_time_on_a_tile_given_back_is_time_but_no_label(north, ana):
    spell = reservation(small_task(north), ana, how="released")
    Reservation.objects.filter(pk=spell.pk).update(active_seconds=200)

    work = row(north, ana)

    assert (work.labelling.done, work.labelling.active_seconds) == (0, 200)


def test_a_label_taken_back_and_handed_in_again_is_one(north, ana):
    first = done(north, ana, seconds=100)
    Reservation.objects.create(
        task=first.task, n=2, person=ana, assignment=first.assignment, returns_to="open",
        started=NOON, heartbeat=NOON, active_seconds=50, ended=NOON, how="submitted",
    )  # fmt: skip

    assert row(north, ana).labelling.done == 1


def test_pace_is_measured_on_tiles_of_one_round_and_score_band(north, ana, ben):
    round = RoundFactory(campaign=north)
    for band, (hers, his) in enumerate([(100, 200), (400, 800)]):
        for place in range(6):
            for who, seconds in ((ana, hers), (ben, his)):
                tile = small_tile(north)
                score(round, tile, value=band + place / 100)
                done(north, who, seconds=seconds, tile=tile)

    found = paces(north)

    assert found[ana.pk].factor > 1 > found[ben.pk].factor
    assert found[ana.pk].factor == pytest.approx(2 * found[ben.pk].factor)
    assert found[ana.pk].labels == 12


def test_hard_tiles_do_not_make_a_person_slow(north, ana, ben):
    for _ in range(LEAST):
        done(north, ana, seconds=900, difficulty=5)
        done(north, ben, seconds=100, difficulty=1)

    found = paces(north)

    assert (found[ana.pk].factor, found[ben.pk].factor) == (1, 1)


def test_tiles_of_which_there_are_few_are_measured_together(north, ana, ben):
    done(north, ana, seconds=300, difficulty=5)
    done(north, ben, seconds=100, difficulty=1)

    found = paces(north)

    assert found[ana.pk].factor == pytest.approx(200 / 300)


def test_reasons_for_rework_are_counted(north, ana, ben):
    for reason in ("borders", "borders", "missed_cloud"):
        label = Annotation.objects.get(task=done(north, ana, seconds=60).task)
        Review.objects.create(
            annotation=label, reviewer=ben, verdict="rejected", reason=reason, created=NOON
        )

    assert list(row(north, ana).rework.items()) == [("borders", 2), ("missed_cloud", 1)]


def test_how_hard_tiles_were_found_is_counted(north, ana):
    for difficulty in (1, 3, 3, None):
        done(north, ana, seconds=60, difficulty=difficulty)

    assert row(north, ana).difficulty == {1: 1, 3: 2}


@pytest.mark.parametrize("tool", ["revert", "schema migration"])
def test_labels_that_nobody_drew_count_for_nobody(north, ana, tool):
    for place in range(2 * LEAST):
        done(north, ana, seconds=100 * (place % 2 + 1), difficulty=place % 2 * 4 + 1)
    before = row(north, ana).difficulty, paces(north)[ana.pk]
    for label in list(Annotation.objects.filter(author=ana)):
        label.pk, label.uuid, label.n, label.tool = None, uuid.uuid4(), label.n + 1, tool
        label.difficulty = 3 if tool == "schema migration" else None
        label._state.adding = True
        label.save(force_insert=True)

    assert (row(north, ana).difficulty, paces(north)[ana.pk]) == before


def test_a_persons_own_gold_score_moves_in_steps_of_several_tiles(ana):
    scores = [GoldScore(ana.pk, mean, 1.0, {}) for mean in (1.0,) * PUBLISHED + (0.0,)]

    own, leads = (gold_standing(scores, own=each) for each in (True, False))

    assert (own.tiles, own.mean) == (PUBLISHED, 1)
    assert (leads.tiles, leads.mean) == (PUBLISHED + 1, PUBLISHED / (PUBLISHED + 1))


def test_own_eyes_see_neither_drift_nor_qualification(north, ana):
    Membership.objects.filter(user=ana).update(
        qualification={"qualified": "2026-06-01T12:00:00+00:00", "drift": {"since": "2026-06-02"}}
    )

    assert (row(north, ana).qualified, row(north, ana).drift) != (None, None)
    assert (row(north, ana, own=True).qualified, row(north, ana, own=True).drift) == (None, None)


def test_work_elsewhere_is_not_counted(north, ana):
    done(CampaignFactory(), ana, seconds=100)

    assert row(north, ana).labelling.done == 0


@pytest.mark.parametrize("people", [1, 4])
def test_people_are_five_queries_however_many(north, people, django_assert_num_queries):
    for n in range(people):
        done(north, person(f"ana-{n}", campaign=north), seconds=60)
    members = list(Membership.objects.filter(campaign=north).select_related("user"))

    with django_assert_num_queries(5):
        assert len(work_of(north, members)) == people
