"""An export that several workers write is the one that a single worker writes, to the byte.

In a folder and in a bucket. Tiles are painted (synthetic); three of them are two shards.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from labelling import clock, tasks
from labelling.adapters.beside import sha256_of
from labelling.adapters.blobs import store
from labelling.models import Job, Shard, Snapshot
from labelling.workflow.export import order as orders
from labelling.workflow.export import run
from labelling.workflow.export.jobs import cancel_export, start_export
from labelling.workflow.export.order import Order, key_of
from labelling.workflow.export.places import place_of
from labelling.workflow.export.run import export, nothing
from labelling.workflow.export.together import begin
from labelling.workflow.sharing.hold import ShardGone
from labelling.workflow.sweep import sweep
from tests.labelling.exports.world import frozen, ordered
from tests.labelling.sharing_io.helpers import dealt, expired, held, helped

pytestmark = pytest.mark.django_db
UNITS = [2, 1]


@pytest.fixture
def snapshot(blobs) -> Snapshot:
    return frozen(slug="north")


def started(snapshot: Snapshot, form: str = "png") -> tuple[Job, Order]:
    order = ordered(snapshot, form, with_bands=False)
    return start_export(order=order, by=None, blobs=store(), now=clock.now()), order


def begun(job: Job, order: Order) -> None:
    """A conductor began it, and is heard of no more."""
    with place_of(order, store(), tell=nothing).held():
        dealt(job, plan=order.digest, units=UNITS)


def alone(order: Order, out: Path) -> dict[str, str]:
    """{file: sha256} of the export as one process writes it."""
    export(order, out, blobs=store())
    files = [path for path in out.rglob("*") if path.is_file()]
    return {path.relative_to(out).as_posix(): sha256_of(path) for path in files}


def shared(job: Job) -> dict[str, str]:
    """The same of the finished job's, from the bytes in storage."""
    job.refresh_from_db()
    assert (job.state, job.error) == ("done", "")
    folder = job.result["folder"]
    index = store().index(folder)
    return {name: store().checksum(index.blob(folder, name)) for name in index.files}


def left(order: Order) -> list[str]:
    """What lies in storage of an export."""
    return [key for key, _ in store().sizes("exports/") if key.startswith(key_of(order))]


@pytest.mark.parametrize("form", ["png", "coco", "stac"])
def test_shards_of_several_workers_make_the_export_of_one(snapshot, form, tmp_path):
    job, order = started(snapshot, form)
    begun(job, order)
    helped(job, 1)
    expired(job)

    tasks.export(job_id=job.pk)

    assert shared(job) == alone(order, tmp_path / "alone")
    assert job.result["shards_new"] == 2
    workers = Shard.objects.filter(job=job).order_by("n").values_list("worker", flat=True)
    assert [name == "far:1" for name in workers] == [False, True]
    assert not [key for key in left(order) if ".work/" in key]


def test_what_a_killed_worker_left_is_made_again_and_nothing_of_it_stays(snapshot, tmp_path):
    job, order = started(snapshot)
    begun(job, order)
    held(job, 0)
    helped(job, 1)
    place = place_of(order, store(), tell=nothing)
    draft = place.work.folder.path / ".shard-00000.dead.part" / "half.png"
    draft.parent.mkdir(parents=True, exist_ok=True)
    draft.write_bytes(b"half")
    expired(job)

    tasks.export(job_id=job.pk)

    assert shared(job) == alone(order, tmp_path / "alone")
    assert Shard.objects.get(job=job, n=0).token == 2
    assert not draft.exists()


def test_a_shard_that_is_noted_as_done_and_gone_is_made_again(snapshot, tmp_path):
    job, order = started(snapshot)
    begun(job, order)
    helped(job, 0, 1)
    lost = next(key for key, _ in store().sizes("exports/") if "shard-00001/" in key)
    store().delete(lost)
    expired(job)

    tasks.export(job_id=job.pk)

    assert shared(job) == alone(order, tmp_path / "alone")


def test_a_worker_that_lost_its_shard_adds_nothing(snapshot):
    job, order = started(snapshot)
    begun(job, order)
    late = held(job, 0)
    Shard.objects.filter(job=job, n=0).update(lease_ends=clock.now() - timedelta(seconds=1))
    held(job, 0)
    place = place_of(order, store(), tell=nothing)

    with pytest.raises(ShardGone), begin(job, store()) as do:
        do(late)

    assert not place.has(0)
    assert not [key for key in left(order) if "shard-00000" in key]


def test_a_cancelled_export_leaves_nothing_of_any_worker(snapshot):
    job, order = started(snapshot)
    begun(job, order)
    helped(job, 0)
    assert left(order)
    Job.objects.filter(pk=job.pk).update(cancel=True)
    expired(job)

    tasks.export(job_id=job.pk)

    job.refresh_from_db()
    assert (job.state, left(order)) == ("cancelled", [])


def test_the_sweep_removes_what_helpers_wrote_to_an_export_that_nobody_conducts(snapshot):
    job, order = started(snapshot)
    begun(job, order)
    helped(job, 0)
    expired(job)
    cancel_export(job=job, by=None, now=clock.now())

    counted = sweep(now=clock.now())["exports"]

    assert (counted > 0, left(order)) == (True, [])
    assert sweep(now=clock.now() + timedelta(hours=1))["exports"] == 0
    job.refresh_from_db()
    assert job.result == {"cleared": True}


def test_an_export_of_one_shard_calls_nobody(snapshot, monkeypatch, sent,
                                             django_capture_on_commit_callbacks):  # fmt: skip
    for module in (orders, run):
        monkeypatch.setattr(module, "SHARD", 256)
    job, _ = started(snapshot)

    with django_capture_on_commit_callbacks(execute=True):
        tasks.export(job_id=job.pk)

    job.refresh_from_db()
    assert (job.state, [name for name, _ in sent]) == ("done", [])
