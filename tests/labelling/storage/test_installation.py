"""An installation whose blobs are in S3: tiles come in, a round is done, the API answers.

A real S3 API on loopback; painted (synthetic) tiles and a tiny network.
"""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client

from labelling import clock
from labelling.adapters.blobs import store
from labelling.imagery.tilefile import content_hash, read_label, read_tile
from labelling.models import Annotation, Job, Layer, Model, Round, Task, Tile
from labelling.workflow.claims import claim_next
from labelling.workflow.ingest.products import ingest_stack
from labelling.workflow.rounds import plan_round, run_round
from labelling.workflow.submission import submit
from tests.factories import NOON, CampaignFactory, person
from tests.objectstore import always
from tests.rasters import IN_35VLF, pixels, write_stack
from tests.worlds import world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


def worked(round: Round) -> Round:
    """What a worker does with the round's job."""
    job = round.jobs.get()
    assert job.take(now=clock.now())
    run_round(job, blobs=store(), clock=clock.now)
    round.refresh_from_db()
    return round


def planned(campaign, *, strategy="entropy") -> Round:
    return plan_round(
        campaign=campaign, strategy=strategy, batch=2, seed=7, asked_by=None, now=NOON
    )


def octets(client: Client, path: str) -> bytes:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def test_a_round_trains_scores_and_opens_its_batch(server, bucket):
    campaign = world(pool=5, validation=1, labelled=3)

    done = worked(planned(campaign))

    assert (done.state, done.error) == ("done", "")
    assert Task.objects.filter(round_no=1, prelabel__isnull=False).count() == 2
    assert store().exists(f"{Model.objects.get().folder}/weights.safetensors")
    mask, _ = read_label(store().raster(Layer.objects.first().raster))
    assert set(np.unique(mask)) <= {0, 1, 2, 3}
    kept = [name.rpartition("/")[2] for name in server.names(bucket) if "/rounds/" in name]
    assert {"pool.json", "pool.npz", "maps.npz", "picks.json", "card.json"} <= set(kept)
    assert not {"checkpoint.pt", "shard-00000.npz"} & set(kept)


def test_a_round_whose_storage_is_away_goes_on_when_it_is_back(server, hasty):
    campaign = world(pool=4, validation=0)
    round, blobs = planned(campaign, strategy="random"), store()
    job = round.jobs.get()
    assert job.take(now=clock.now())

    with server.failing(always("503 Slow Down")):
        run_round(job, blobs=blobs, clock=clock.now)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.WAITING, 0)
    assert "s3://" in job.error

    Job.objects.update(lease_ends=NOON)
    assert job.requeue(now=clock.now())
    assert worked(round).state == "done"
    assert Task.objects.count() == 2


def test_a_stack_is_ingested_and_the_api_answers_its_bytes(tmp_path, client):
    campaign = CampaignFactory()
    stack = write_stack(tmp_path / "S2A_x.tif", pixels(height=256, width=256), place=IN_35VLF)

    ingest_stack(stack, campaign=campaign, now=NOON, blobs=store())

    tile = Tile.objects.get()
    client.force_login(person("lea", campaign=campaign, role="lead"))
    served = np.frombuffer(octets(client, f"/api/v1/tiles/{tile.uuid}/bands"), "<u2")
    stored = read_tile(store().raster(tile.raster), tile.bands)
    assert (served.reshape(stored.shape) == stored).all()
    assert content_hash(stored, tile.bands) == tile.sha256
    picture = client.get(f"/api/v1/tiles/{tile.uuid}/thumbnail.png")
    assert picture.content.startswith(b"\x89PNG")


def test_a_label_goes_to_storage_and_comes_back(client):
    campaign = world(pool=2, validation=0)
    ana = person("ana", campaign=campaign)
    assert worked(planned(campaign, strategy="random")).error == ""
    task = claim_next(campaign=campaign, person=ana, now=clock.now()).task
    label = np.ones((256, 256), np.uint8)

    submit(
        task=task, person=ana, now=clock.now(), label=label, provenance=label, schema_version=1,
        tool="brush",
    )  # fmt: skip

    client.force_login(ana)
    annotation = Annotation.objects.get()
    planes = octets(client, f"/api/v1/annotations/{annotation.uuid}/label")
    assert planes == label.tobytes() * 2


def test_a_tile_that_storage_lost_is_not_found_by_name(client):
    campaign = world(pool=1, validation=0)
    tile = Tile.objects.get()
    store().delete(tile.raster)
    client.force_login(person("lea", campaign=campaign, role="lead"))

    answer = client.get(f"/api/v1/tiles/{tile.uuid}/bands")

    assert answer.status_code == 404
    assert tile.raster in answer.json()["message"]


def test_storage_that_is_away_is_told_as_such(client, server, hasty):
    campaign = world(pool=1, validation=0)
    client.force_login(person("lea", campaign=campaign, role="lead"))

    with server.failing(always("503 Slow Down")):
        answer = client.get(f"/api/v1/tiles/{Tile.objects.get().uuid}/bands")

    assert answer.json()["code"] == "storage_away"
    assert "s3://" in answer.json()["message"]


def test_tiles_that_cannot_be_read_now_leave_the_round_to_the_sweep(server, hasty):
    campaign = world(pool=3, validation=0, labelled=2)
    job = planned(campaign).jobs.get()
    assert job.take(now=clock.now())

    with server.failing(lambda method, path: "503 Slow Down" if "tiles/" in path else ""):
        run_round(job, blobs=store(), clock=clock.now)

    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.WAITING, 0)
    assert "/vsis3/" in job.error
