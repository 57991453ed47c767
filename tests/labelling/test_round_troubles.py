"""What can go wrong around a round: reprocessed products, late workers, single classes, refusals.

Painted (synthetic) tiles and a tiny network.
"""

from __future__ import annotations

import numpy as np
import pytest
from django.db import OperationalError

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import BadInput, LostLease
from labelling.imagery.tilefile import read_label
from labelling.management.commands.demo import Command as Demo
from labelling.management.processes import hand_back
from labelling.models import (
    DEFAULT_CLASSES,
    JOB_LEASE,
    Campaign,
    ClassSchema,
    Job,
    Layer,
    Round,
    Score,
    Task,
    Tile,
)
from labelling.workflow import pick_rows, picking
from labelling.workflow.rounds import cancel_round, run_round
from labelling.workflow.steps import STEPS, Step
from tests.factories import NOON, TaskFactory, person
from tests.labelling.one_round import planned, taken, work
from tests.worlds import import_label, painted_tile, truth, world

pytestmark = pytest.mark.django_db


def test_random_goes_on_without_a_model_while_the_labels_hold_a_single_class():
    campaign = world(pool=3, validation=0)
    tile = painted_tile(campaign, 10)
    import_label(campaign, tile, truth(campaign, tile) * 0)

    done = work(planned(campaign, strategy="random", batch=2))

    assert (done.state, done.error, done.model) == ("done", "", None)
    assert done.steps["fit"]["skipped"] == "no labels of two classes yet"
    assert Task.objects.filter(state="open").count() == 2


@pytest.mark.parametrize("seed", [-1, 2**40])
def test_a_seed_out_of_range_is_named(seed):
    campaign = world(pool=1, validation=0)

    with pytest.raises(BadInput) as refused:
        planned(campaign, seed=seed)

    assert refused.value.field == "seed"


def test_a_round_cancelled_in_its_last_step_opens_nothing(monkeypatch):
    campaign = world(pool=3, validation=0)
    round = planned(campaign)
    prepare, write = STEPS[Round.Step.OPEN]

    def cancelled_meanwhile(attempt):
        made = prepare(attempt)
        cancel_round(round=Round.objects.get(), by=None, now=NOON)
        return made

    monkeypatch.setitem(STEPS, Round.Step.OPEN, Step(cancelled_meanwhile, write))
    work(round)

    assert round.state == "cancelled"
    assert not Task.objects.exists()


def test_a_result_that_a_late_worker_adopted_first_is_taken_over():
    campaign = world(pool=3, validation=0)
    attempt = taken(planned(campaign))
    for worker in ("late", str(attempt.job.token)):
        folder = attempt.blobs.workplace(f"{attempt.key}/{worker}/pick")
        folder.mkdir(parents=True)
        (folder / "picks.json").write_text(worker)
    attempt.blobs.adopt(attempt.folder_of("late") / "pick", f"{attempt.key}/pick")

    adopted = attempt.adopt("pick")

    assert (adopted / "picks.json").read_text() == "late"


def test_a_late_worker_cannot_replace_the_listed_pool():
    campaign = world(pool=3, validation=0)
    attempt = taken(planned(campaign))
    listing = picking.listed_pool(attempt)

    attempt.blobs.write_once(f"{attempt.key}/pool.json", b'{"tiles": [], "known": []}')

    assert picking.listed_pool(attempt) == listing


def test_a_database_that_is_away_for_a_moment_does_not_end_the_work(monkeypatch):
    campaign = world(pool=3, validation=0)
    attempt = taken(planned(campaign))

    def away(*args, **kwargs):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(Job, "renew", away)
    attempt.tick({"stage": "fit"})  # raises nothing

    attempt.renewed -= 2 * JOB_LEASE.total_seconds()
    attempt.tried = 0.0
    with pytest.raises(LostLease):
        attempt.tick()


def test_a_control_tile_in_somebodys_hands_keeps_its_place_in_the_next_ranking():
    campaign = world(pool=6, validation=0)
    work(planned(campaign, batch=2))
    control = Task.objects.order_by("pk").first()
    Task.objects.filter(pk=control.pk).update(lane="control")
    ana = person("ana", campaign=campaign)
    assert control.reserve(by=ana, now=NOON)

    work(planned(campaign, batch=2))
    work(planned(campaign, batch=2))

    assert control.leave(by=ana, to="open")
    campaign.refresh_from_db()
    assert Task.objects.of(campaign).filter(state="open").by_rank(campaign.ranking_id)[0] == control


def test_codes_are_those_the_model_was_trained_on_even_if_the_classes_change_meanwhile(monkeypatch):
    campaign = world(pool=5, validation=0, labelled=3)
    prepare, write = STEPS[Round.Step.SCORE]

    def after_a_change_of_classes(attempt):
        schema = ClassSchema.objects.create(
            campaign=campaign, version=2, classes=[{**DEFAULT_CLASSES[0], "code": 9, "name": "ice"}]
        )
        Campaign.objects.update(schema=schema)
        attempt.round.campaign.schema = schema
        return prepare(attempt)

    monkeypatch.setitem(STEPS, Round.Step.SCORE, Step(after_a_change_of_classes, write))
    done = work(planned(campaign, strategy="entropy", batch=1))

    assert done.error == ""
    assert set(Score.objects.filter(round=done)[0].fractions) == {"0", "1", "2", "3"}
    mask, _ = read_label(store().raster(Layer.objects.get().raster))
    assert set(np.unique(mask)) <= {0, 1, 2, 3}


def test_scores_that_a_dead_worker_wrote_already_are_left_as_they_are(monkeypatch):
    campaign = world(pool=7, validation=0, labelled=3)
    monkeypatch.setattr(pick_rows, "CHUNK", 2)
    prepare, write = STEPS[Round.Step.PICK]

    def twice(attempt):
        prepare(attempt)
        return prepare(attempt)

    monkeypatch.setitem(STEPS, Round.Step.PICK, Step(twice, write))
    done = work(planned(campaign, strategy="entropy", batch=2))

    assert done.error == ""
    scores = Score.objects.filter(round=done)
    assert (scores.count(), scores.filter(picked__isnull=False).count()) == (4, 2)


def test_a_class_with_a_long_name_fits_into_the_reason():
    long = [{**each, "name": f"{each['name']} {'very ' * 20}thick"} for each in DEFAULT_CLASSES]
    campaign = world(pool=6, validation=0, labelled=3, classes=long)
    campaign.picking = {"ramp_from": 0, "ramp_over": 1, "least_validation": 0, "coverage_share": 0}
    campaign.save()

    done = work(planned(campaign, strategy="auto", batch=3))

    assert done.error == ""
    assert max(len(score.why) for score in Score.objects.all()) == 80


def test_an_unranked_reference_tile_stays_behind_the_batch_in_the_first_ranking_too():
    campaign = world(pool=3, validation=1)
    validation = Tile.objects.get(acquisition__place__split="validation")
    reference = TaskFactory(campaign=campaign, tile=validation, lane="reference", round_no=0)

    work(planned(campaign, batch=2))

    campaign.refresh_from_db()
    assert list(Task.objects.of(campaign).by_rank(campaign.ranking_id))[-1] == reference


def test_the_demo_starts_another_round_only_where_none_has_been_done():
    campaign = world(pool=1)
    failed = planned(campaign)
    Round.objects.filter(pk=failed.pk).update(state="failed")

    second = Demo().awaited_round(campaign)
    assert (second.n, second.state) == (2, "planned")
    assert Demo().awaited_round(campaign) == second

    Round.objects.filter(pk=second.pk).update(state="done")
    third = planned(campaign)
    Round.objects.filter(pk=third.pk).update(state="failed")
    assert Demo().awaited_round(campaign) is None  # serve what there is


def test_work_that_was_handed_back_does_not_count_as_a_death():
    attempt = taken(planned(world(pool=1)))

    hand_back()

    attempt.job.refresh_from_db()
    assert attempt.job.attempts == 0
    assert attempt.job.requeue(now=clock.now())


def test_a_round_whose_database_is_away_is_left_to_the_sweep(monkeypatch):
    campaign = world(pool=3, validation=0)
    attempt = taken(planned(campaign))

    def away(*given):
        raise OperationalError("database is locked")

    monkeypatch.setitem(STEPS, Round.Step.SCORE, Step(away, away))
    run_round(attempt.job, blobs=attempt.blobs, clock=attempt.clock)

    attempt.job.refresh_from_db()
    assert (attempt.job.state, attempt.job.error) == (Job.State.WAITING, "database is locked")
    assert attempt.job.lease_ends > clock.now()  # it is given a pause
    assert Round.objects.get().state == Round.State.RUNNING
