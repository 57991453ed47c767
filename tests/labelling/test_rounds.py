"""A round from snapshot to open tasks, on painted (synthetic) tiles and a tiny network."""

from __future__ import annotations

import json

import pytest
from django.db import connections

from labelling import clock
from labelling.adapters.blobs import store
from labelling.adapters.folder import FolderBlobs
from labelling.errors import BadInput, Conflict
from labelling.models import Event, Job, Layer, Model, Round, Score, Task
from labelling.workflow.foreseeing import loaded
from labelling.workflow.picking import read_picks
from labelling.workflow.rounds import cancel_round, plan_round, run_round, take_step
from labelling.workflow.tasks_of_round import Opening, open_tasks
from tests.factories import NOON, person
from tests.labelling.judged import kept, scored_in_process, trained
from tests.worlds import import_label, painted_tile, truth, world

pytestmark = pytest.mark.django_db


def planned(campaign, *, strategy="auto", batch=3, seed=7) -> Round:
    return plan_round(
        campaign=campaign, strategy=strategy, batch=batch, seed=seed, asked_by=None, now=NOON
    )


def work(round: Round) -> Round:
    """What a worker does with the round's job."""
    job = round.jobs.get()
    assert job.take(now=clock.now())
    run_round(job, blobs=store(), clock=clock.now)
    round.refresh_from_db()
    return round


def test_a_round_trains_ranks_and_opens_its_batch_in_pick_order():
    campaign = world(pool=7, labelled=3)

    done = work(planned(campaign, strategy="auto"))

    assert (done.state, done.error) == ("done", "")
    picked = Score.objects.filter(round=done, picked__isnull=False).order_by("picked")
    campaign.refresh_from_db()
    served = Task.objects.of(campaign).by_rank(campaign.ranking_id)
    assert [task.tile_id for task in served] == [score.tile_id for score in picked]
    assert len(served) == 3
    assert Score.objects.filter(round=done).count() == 4  # every tile that could be chosen


def test_tasks_start_from_the_models_mask_but_control_tiles_do_not():
    campaign = world(pool=9, labelled=3)

    done = work(planned(campaign, strategy="auto", batch=5))

    assert done.error == ""
    lanes = Task.objects.of(campaign).filter(round_no=1)
    assert lanes.filter(lane="control").count() == 1
    assert not lanes.filter(lane="control", prelabel__isnull=False).exists()
    assert not lanes.filter(lane="active", prelabel__isnull=True).exists()
    assert Layer.objects.count() == 4
    assert store().exists(Layer.objects.first().raster)
    # What the model says of the control tile is kept where nobody is shown it.
    foreseen = loaded(store().path(f"rounds/{campaign.slug}/1/foreseen/masks.npz").read_bytes())
    assert list(foreseen) == [str(lanes.get(lane="control").tile.uuid)]
    assert (
        len(loaded(store().path(f"rounds/{campaign.slug}/1/foreseen/settled.npz").read_bytes()))
        == 9
    )
    assert done.steps["open"]["agreement"] is None  # there was no model before


def test_the_model_is_kept_with_card_and_validation_metrics():
    campaign = world(pool=4, labelled=3, validation=1)

    work(planned(campaign, strategy="entropy", batch=1))

    model = Model.objects.get()
    assert store().exists(f"{model.folder}/weights.safetensors")
    assert model.metrics["split"] == "validation"
    assert set(model.metrics["iou"]) == {"clear", "cloud", "semi-transparent", "shadow"}


def test_a_model_is_copied_before_the_transaction_that_keeps_it():
    campaign = world(pool=4, labelled=3)
    database, within = connections["default"], []

    class Watched(FolderBlobs):
        def write_with(self, key, writer):
            if key.startswith("models/"):
                within.append(len(database.savepoint_ids))
            return super().write_with(key, writer)

    job = planned(campaign, strategy="entropy", batch=1).jobs.get()
    assert job.take(now=clock.now())
    run_round(job, blobs=Watched(store().root), clock=clock.now)

    assert within == [0, 0]
    assert Model.objects.exists()


def test_a_round_without_labels_is_refused_with_what_to_do():
    campaign = world(pool=3, labelled=0)

    failed = work(planned(campaign, strategy="entropy"))

    assert failed.state == "failed"
    assert "No tile of the pool is labelled yet" in failed.error
    assert "random" in failed.error
    assert not Task.objects.exists()
    assert failed.jobs.get().state == Job.State.FAILED


def test_a_single_class_cannot_train_and_the_round_says_so():
    campaign = world(pool=3, labelled=0)
    for number in (10, 11):
        tile = painted_tile(campaign, number)
        import_label(campaign, tile, truth(campaign, tile) * 0)

    failed = work(planned(campaign, strategy="entropy"))

    assert failed.state == "failed"
    assert "class" in failed.error
    assert not Task.objects.exists()


def test_random_needs_no_model_and_opens_a_first_batch():
    campaign = world(pool=4, validation=0, labelled=0)

    done = work(planned(campaign, strategy="random", batch=2))

    assert (done.state, done.error, done.model) == ("done", "", None)
    assert Task.objects.filter(state="open").count() == 2


@pytest.mark.parametrize("strategy", ["auto", "stratified", "kmeans", "coverage"])
def test_a_first_batch_without_labels_covers_the_pool(strategy):
    campaign = world(pool=6, validation=0, labelled=0)

    done = work(planned(campaign, strategy=strategy, batch=2))

    assert (done.state, done.error, done.model) == ("done", "", None)
    why = set(Score.objects.filter(round=done).values_list("slice", "why"))
    assert why == {("coverage", "like many tiles that nobody has labelled")}


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    """Of one model, for all strategies."""
    return trained(tmp_path_factory.mktemp("model"), seed=1)


@pytest.mark.parametrize("strategy", ["margin", "clasp", "power", "coverage", "stratified"])
def test_every_strategy_that_a_model_serves_opens_a_batch(strategy, model_folder):
    campaign = world(pool=8, labelled=3)
    attempt = scored_in_process(campaign, kept(model_folder, campaign), strategy=strategy)

    take_step(attempt)
    with attempt.fenced() as now:
        open_tasks(attempt, Opening(read_picks(attempt), {}), now)

    assert Score.objects.filter(round=attempt.round).count() == 5  # all were scored
    assert Task.objects.filter(state="open").count() == 3


def test_a_new_round_closes_older_unreserved_tasks_and_their_tiles_compete_again():
    campaign = world(pool=5, validation=0, labelled=2)
    work(planned(campaign, strategy="random", batch=2))
    ana = person("ana", campaign=campaign)
    held, waiting = Task.objects.order_by("pk")
    assert held.reserve(by=ana, now=NOON)

    done = work(planned(campaign, strategy="random", batch=2))

    assert done.error == ""
    held.refresh_from_db(), waiting.refresh_from_db()
    assert (held.state, waiting.state) == ("reserved", "superseded")
    second = Task.objects.filter(round_no=2)
    assert held.tile not in [task.tile for task in second]
    assert second.count() == 2


def test_an_empty_pool_ends_the_round_with_nothing_opened():
    campaign = world(pool=2, labelled=2)

    done = work(planned(campaign, strategy="entropy", batch=2))

    assert (done.state, done.error) == ("done", "")
    assert "No tile is left" in done.steps["pick"]["notes"][0]
    assert not Task.objects.exists()


def test_two_rounds_of_one_campaign_do_not_run_at_once():
    campaign = world(pool=2, labelled=0)
    planned(campaign)

    with pytest.raises(Conflict, match="still running"):
        planned(campaign)


@pytest.mark.parametrize(
    ("strategy", "batch", "field"), [("magic", 3, "strategy"), ("auto", 0, "batch")]
)
def test_a_plan_that_makes_no_sense_names_the_field(strategy, batch, field):
    campaign = world(pool=1)

    with pytest.raises(BadInput) as refused:
        planned(campaign, strategy=strategy, batch=batch)

    assert refused.value.field == field
    assert not Round.objects.exists()


def test_a_round_no_worker_has_begun_is_cancelled_at_once():
    campaign = world(pool=2, labelled=0)
    round = planned(campaign)
    lea = person("lea", campaign=campaign, role="lead")

    cancelled = cancel_round(round=round, by=lea, now=NOON)

    assert cancelled.state == "cancelled"
    assert not round.jobs.get().take(now=NOON)
    assert Event.objects.about(round).filter(verb="cancelled", who=lea).exists()


def test_a_running_round_stops_when_it_is_cancelled():
    campaign = world(pool=4, labelled=3)
    round = planned(campaign)
    Job.objects.update(cancel=True)

    work(round)

    assert round.state == "cancelled"
    assert not Task.objects.exists()


def test_a_delivery_of_a_job_that_is_taken_does_nothing():
    campaign = world(pool=2)
    job = planned(campaign).jobs.get()
    assert job.take(now=NOON)

    again = Job.objects.get(pk=job.pk)

    assert not again.take(now=NOON)


def test_the_picks_are_what_the_stored_scores_say():
    campaign = world(pool=7, labelled=3)

    done = work(planned(campaign, strategy="entropy", batch=2))

    scores = Score.objects.filter(round=done).order_by("-score", "tile__acquisition__place__key")
    assert [s.picked for s in scores][:2] == [1, 2]
    stored = store().path(f"rounds/{campaign.slug}/1/pick/picks.json")
    assert [each["row"] for each in json.loads(stored.read_text())["picks"]]
