"""An ingest that several workers do ends as that of one process: same rows, blobs and report.

Products are painted (synthetic); each is a shard here.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F

from labelling import clock, tasks
from labelling.adapters.blobs import store
from labelling.management import following
from labelling.models import Annotation, Campaign, Job, Scene, Shard, Tile
from labelling.workflow.ingest import jobs, together
from labelling.workflow.ingest.jobs import report_of, start_ingest
from labelling.workflow.ingest.plan import MOST, Plan, slices
from labelling.workflow.ingest.products import Intake, ingest_all
from labelling.workflow.ingest.sources import find_sources
from labelling.workflow.jobs import cancel_job
from labelling.workflow.sharing import conduct
from labelling.workflow.sweep import sweep
from tests.labelling.products import campaign, left_behind, painted, write
from tests.labelling.sharing_io.helpers import dealt, expired, helped
from tests.rasters import FOUR, cut_short, pixels, write_codes, write_stack

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def products(tmp_path_factory) -> Path:
    """Two stacks that show the same, a damaged one, one with a label, a mask, and a SAFE folder."""
    folder = tmp_path_factory.mktemp("products")
    scene = pixels(height=256, width=256, seed=4)
    write_stack(folder / "a.tif", scene)
    write_codes(folder / "a_label.tif", np.full((256, 256), 1, np.uint8))
    write_stack(folder / "b.tif", scene)
    cut_short(write_stack(folder / "c.tif", scene))
    write_stack(folder / "d.tif", pixels(height=256, width=256, seed=5))
    write_codes(folder / "e_mask.tif")
    write(folder, painted(), size=258, level="L2A")
    return folder


@pytest.fixture
def north() -> Campaign:
    return campaign(bands=list(FOUR))


def planned(folder: Path, **how: Any) -> Plan:
    return Plan.of(find_sources([folder]), with_masks=True, **how)


def alone(plan: Plan, into: Campaign) -> dict[str, Any]:
    """What one process says and leaves behind; then it is taken back."""
    with transaction.atomic():
        job = Intake(into, store(), clock.now(), with_masks=True, clock=clock.now)
        told = outcome(ingest_all(plan.sources, job).as_json())
        transaction.set_rollback(True)
    for key in [key for key, _ in store().sizes()]:
        store().delete(key)
    return told


def outcome(report: dict[str, Any]) -> dict[str, Any]:
    left = left_behind()
    left["blobs"] = [each for each in left["blobs"] if not each[0].startswith("ingests/")]
    labels = sorted(Annotation.objects.values_list("raster", "sha256", "source"))
    return {"report": report, "labels": labels, **left}


def started(plan: Plan, into: Campaign) -> Job:
    return start_ingest(plan, campaign=into, blobs=store(), now=clock.now())


def finished(job: Job) -> dict[str, Any]:
    tasks.ingest(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("done", "")
    return outcome(report_of(job, store()).as_json())


def begun(plan: Plan, into: Campaign) -> Job:
    job = started(plan, into)
    dealt(job, plan=plan.digest, units=plan.slices)
    return job


def test_products_made_in_any_order_are_recorded_as_one_process_does(products, north, blobs):
    plan = planned(products)
    expected = alone(plan, north)
    files = {each["file"]: each for each in expected["report"]["files"]}
    # The copy is fenced because of what came before it: the order matters.
    assert [each["reason"] for each in files["b.tif"]["fenced"]] == ["near duplicate"]
    assert (files["c.tif"]["state"], files["e_mask.tif"]["state"]) == ("refused", "skipped")
    job = begun(plan, north)

    helped(job, *[n for n in reversed(range(len(plan.slices))) if n % 2])
    expired(job)

    assert finished(job) == expected
    assert [key for key, _ in store().sizes("ingests/")] == [job.result["report"]]
    again = finished(started(plan, north))["report"]
    assert (again["tiles_new"], again["tiles_known"]) == (0, expected["report"]["tiles_new"])


class Killed(BaseException):
    """The end of a process, as far as a test in it can go."""


def test_who_goes_on_after_a_dead_conductor_tells_what_that_one_told(products, north, monkeypatch):
    plan = planned(products)
    expected = alone(plan, north)
    job, record, recorded = started(plan, north), jobs.outcome_of, []

    def dies(*given: Any, **how: Any) -> Any:
        if len(recorded) == 3:
            raise Killed
        recorded.append(given)
        return record(*given, **how)

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "outcome_of", dies)
        with pytest.raises(Killed):
            tasks.ingest(job_id=job.pk)
    done = dict(Shard.objects.filter(job=job).values_list("n", "token"))
    expired(job)

    assert finished(job) == expected
    assert dict(Shard.objects.filter(job=job).values_list("n", "token")) == done


def test_a_product_that_a_dead_conductor_had_in_hand_is_waited_for(tmp_path, north, monkeypatch):
    write_stack(tmp_path / "a.tif", pixels(height=256, width=256, seed=1))
    job = started(planned(tmp_path), north)
    scenes, leases = Scene.objects.all(), []

    def dies(*given: Any, **how: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("labelling.workflow.ingest.products.take_labels", dies)
        patch.setattr("labelling.workflow.ingest.hold.Hold.give_up", dies)  # as a kill: no word
        with pytest.raises(Killed):
            tasks.ingest(job_id=job.pk)

    def time_goes_by(seconds: float) -> None:
        leases.append(scenes.get().lease_ends)
        if len(leases) == 2:
            scenes.update(lease_ends=clock.now() - timedelta(seconds=1))

    monkeypatch.setattr(jobs.time, "sleep", time_goes_by)
    expired(job)

    assert finished(job)["report"]["tiles_new"] == 1
    assert len(leases) == 2


def test_a_conductor_that_loses_its_job_says_nothing_of_the_products(tmp_path, north, monkeypatch):
    write_stack(tmp_path / "a.tif", pixels(height=256, width=256, seed=1))
    job, record = started(planned(tmp_path), north), jobs.outcome_of

    def loses(source: Any, intake: Any, prepared: Any, **how: Any) -> Any:
        Job.objects.update(token=F("token") + 1)  # a sweep has sent it to another worker
        with monkeypatch.context() as hasty:  # it is noticed while the product is in hand
            hasty.setattr("labelling.workflow.lease.RENEW_EVERY", 0.0)
            outcome = record(source, intake, prepared, **how)
        Scene.objects.update(lease_ends=clock.now() - timedelta(seconds=1))  # a minute later
        return outcome

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "outcome_of", loses)
        tasks.ingest(job_id=job.pk)
    assert not store().exists(jobs.told_key(job, 0))
    expired(job)

    assert finished(job)["report"]["refused"] == 0


def test_a_blob_that_is_gone_and_a_product_that_changed_are_made_anew(tmp_path, north):
    for name, seed in (("a.tif", 1), ("b.tif", 2)):
        write_stack(tmp_path / name, pixels(height=256, width=256, seed=seed))
    plan = planned(tmp_path)
    job = begun(plan, north)
    helped(job, 0, 1)
    gone = sorted(key for key, _ in store().sizes("tiles/a/"))[0]
    store().delete(gone)
    write_stack(tmp_path / "b.tif", pixels(height=256, width=256, seed=3))
    expired(job)

    told = finished(job)

    assert store().exists(gone)
    assert told["report"]["tiles_new"] == 2
    rasters = set(Tile.objects.values_list("raster", flat=True))
    # Nothing is left of what b.tif once held.
    assert {key for key, _ in store().sizes("tiles/")} == rasters


def test_what_no_worker_can_read_is_named(tmp_path, north, monkeypatch):
    write_stack(tmp_path / "a.tif")
    job = started(planned(tmp_path), north)
    (tmp_path / "a.tif").unlink()
    monkeypatch.setattr(conduct, "JOB_LEASE", timedelta(0))

    tasks.ingest(job_id=job.pk)

    job.refresh_from_db()
    assert job.state == "failed"
    assert f"can't read {tmp_path / 'a.tif'}: No such file" in job.error
    assert Shard.objects.get().tries == 0


def test_a_worker_that_cannot_read_leaves_the_shard_to_one_that_can(tmp_path, north, monkeypatch):
    write_stack(tmp_path / "a.tif")
    plan = planned(tmp_path)
    job = begun(plan, north)
    with monkeypatch.context() as far:
        far.setattr(together, "unreadable", lambda path: f"{path}: not mounted")
        tasks.io_shards(job_id=job.pk)
    shard = Shard.objects.get()
    assert (shard.state, shard.tries) == ("waiting", 0)
    assert "not mounted" in shard.error
    expired(job)

    assert finished(job)["report"]["tiles_new"] == 1


def test_a_cancelled_ingest_takes_back_what_it_did_not_record(products, north):
    plan = planned(products)
    job = begun(plan, north)
    helped(job, *range(len(plan.slices)))
    assert list(store().sizes("tiles/"))
    Job.objects.filter(pk=job.pk).update(cancel=True)
    expired(job)

    tasks.ingest(job_id=job.pk)

    job.refresh_from_db()
    assert job.state == "cancelled"
    assert (list(store().sizes()), Tile.objects.count()) == ([], 0)


def test_the_sweep_clears_up_after_an_ingest_that_nobody_was_at_work_on(products, north):
    plan = planned(products)
    job = begun(plan, north)
    helped(job, *range(len(plan.slices)))
    expired(job)
    cancel_job(job=job, by=None, now=clock.now())

    assert sweep(now=clock.now())["ingests"] == 1
    assert list(store().sizes()) == []


def test_the_command_waits_and_says_what_the_plain_one_says(products, north, monkeypatch):
    words = [str(products), "--campaign", "north", "--with-masks"]
    with transaction.atomic():
        plain = said(*words)
        transaction.set_rollback(True)
    for key in [key for key, _ in store().sizes()]:
        store().delete(key)
    monkeypatch.setattr(
        following.time, "sleep", lambda _: tasks.ingest(job_id=Job.objects.get().pk)
    )

    shared = said(*words, "--workers")

    assert shared == plain
    assert plain[1] == 3
    with pytest.raises(CommandError, match="not allowed with argument"):
        call_command("ingest", *words, "--workers", "--dry-run")


def said(*words: str) -> tuple[list[str], int]:
    """What the ingest says of products and of all of them, and its status."""
    out, status = io.StringIO(), 0
    try:
        call_command("ingest", *words, stdout=out, stderr=out)
    except CommandError as error:
        status = error.returncode
    lines = [line for line in out.getvalue().splitlines() if line.startswith(("[", "Campaign"))]
    return lines, status


def test_the_same_ingest_under_way_is_joined_and_another_is_not(products, north):
    job = started(planned(products), north)

    assert started(planned(products), north) == job
    assert started(planned(products, bands=FOUR), north) != job


@pytest.mark.parametrize(
    ("weights", "cut"),
    [
        ([], []),
        ([2**40, 2**40], [1, 1]),
        ([1] * (2 * MOST), [1] * (2 * MOST)),  # MOST is 1 here
        ([0, 0, 2**28], [1, 1, 1]),
    ],
)
def test_sources_are_cut_by_number_and_weight(weights: Sequence[int], cut):
    assert slices(weights) == cut


def test_light_sources_share_a_slice_and_a_heavy_one_ends_it(monkeypatch):
    monkeypatch.setattr("labelling.workflow.ingest.plan.MOST", 32)

    assert slices([2**20] * 40) == [32, 8]
    assert slices([1, 1, 2**28, 1]) == [3, 1]


def test_a_plan_is_read_as_it_was_written(products):
    plan = planned(products, bands=FOUR)

    again = Plan.load(plan.dump())

    assert (again.digest, [asdict(each) for each in again.sources]) == (
        plan.digest,
        [asdict(each) for each in plan.sources],
    )
    assert all(each.path.is_absolute() for each in again.sources)
