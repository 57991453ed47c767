"""One run of benchmarks.scale: an installation is filled, workers are started, and watched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SEED = int(os.environ.get("BENCH_SEED", "0"))
TILES = {"score": (2048, 128), "export": (5120, 1024)}
"""In a whole and in a quick run: two shards and more."""
SIDE = 512
RASTERS = 16
"""Different ones; tiles share them."""
QUEUES = {"score": ("train,score", "score"), "export": ("io", "io")}
"""Of the first worker, who conducts, and of the others."""
PATIENCE = 3600.0


def run(work: str, *, workers: int, kill: bool, quick: bool) -> dict[str, Any]:
    """Have the work done by so many workers; rate, shares, files, and tiles lost or doubled."""
    import django

    django.setup()
    from labelling.models import Job

    tiles = TILES[work][quick]
    job = {"score": scoring, "export": exporting}[work](tiles)
    started = [worker(n, QUEUES[work][n > 0]) for n in range(workers)]
    try:
        killed = killed_in_a_shard(job, started) if kill else None
        wait(job, started)
    finally:
        for each in started:
            end(each)
    job = Job.objects.get(pk=job.pk)
    if job.state != Job.State.DONE:
        raise SystemExit(f"{work}: {job.state}: {job.error}\n{last_lines()}")
    return {"tiles": tiles, "killed_in": killed, **shares(job), **outcome(work, job, tiles)}


def worker(number: int, queues: str) -> subprocess.Popen[bytes]:
    """As docs/operating.md starts one, on a core of its own."""
    cores = sorted(os.sched_getaffinity(0))
    words = [
        sys.executable, "-m", "celery", "--app", "labelling.config.celery", "worker",
        "--concurrency", "1", "--queues", queues, "--hostname", f"scale{number}@%h",
        "--loglevel", "INFO",
    ]  # fmt: skip
    with log().open("ab") as lines:
        return subprocess.Popen(
            words, cwd=ROOT, stdout=lines, stderr=lines, start_new_session=True,
            preexec_fn=partial(os.sched_setaffinity, 0, {cores[number % len(cores)]}),
        )  # fmt: skip


def end(process: subprocess.Popen[bytes]) -> None:
    """A worker and all its children at once, as the loss of its machine does."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def killed_in_a_shard(job: Any, started: list[subprocess.Popen[bytes]]) -> int:
    """Kill the worker that helps as soon as it holds a shard; the shard's number."""
    from labelling.models import Shard

    helper = started[-1]
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        running = Shard.objects.filter(job=job, state="running", progress__gt=0)
        held = running.filter(worker__endswith=f":{helper.pid}").first()
        if held is not None:
            end(helper)
            return int(held.n)
        time.sleep(0.05)
    raise SystemExit(f"The second worker never held a shard.\n{last_lines()}")


def wait(job: Any, started: list[subprocess.Popen[bytes]]) -> None:
    from labelling.models import Job, Shard

    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        job.refresh_from_db()
        if job.state not in (Job.State.WAITING, Job.State.RUNNING):
            return
        if started[0].poll() is not None:
            raise SystemExit(f"A worker ended by itself.\n{last_lines()}")
        time.sleep(0.5)
    raise SystemExit(f"Not done in an hour: {Shard.objects.count()} shards.\n{last_lines()}")


def shares(job: Any) -> dict[str, Any]:
    """How fast the shards were done, and by whom."""
    from labelling.models import Shard

    done = list(Shard.objects.filter(job=job))
    seconds = (
        max(each.finished for each in done) - min(each.started for each in done)
    ).total_seconds()
    counts = Counter(each.worker for each in done)
    return {
        "rate": sum(each.units for each in done) / seconds,
        "shards": len(done),
        "by_worker": sorted(counts.values(), reverse=True),
    }


def outcome(work: str, job: Any, tiles: int) -> dict[str, Any]:
    from labelling.adapters.blobs import store
    from labelling.models import Score

    if work == "score":
        rows = list(Score.objects.filter(round=job.round).values_list("tile", flat=True))
        key = f"rounds/{job.round.campaign.slug}/{job.round.n}/score"
        index = store().index(key)
        wanted = ("pool.npz", "maps.npz")
        files = {name: store().checksum(index.blob(key, name)) for name in wanted}
        return {"lost": tiles - len(set(rows)), "doubled": len(rows) - len(set(rows)),
                "files": files}  # fmt: skip
    key = job.result["folder"]
    index = store().index(key)
    files = {name: store().checksum(index.blob(key, name)) for name in index.files}
    written = [name for name in files if name.startswith("shard-")]
    return {"lost": max(tiles - len(written), 0), "doubled": max(len(written) - tiles, 0),
            "files": files}  # fmt: skip


def exporting(tiles: int) -> Any:
    """An order for a snapshot of that many labels, sent to the workers."""
    from benchmarks.export import freeze
    from labelling import clock
    from labelling.adapters.blobs import store
    from labelling.models import Snapshot
    from labelling.workflow.export.jobs import start_export
    from labelling.workflow.export.order import Order

    freeze(tiles)
    order = Order.of(Snapshot.objects.get(), form="png", with_bands=False)
    return start_export(order=order, by=None, blobs=store(), now=clock.now())


def scoring(tiles: int) -> Any:
    """A round that has its model and is to score that many tiles, sent to the workers."""
    from django.core.management import call_command

    from labelling import clock
    from labelling.models import Job, Round
    from labelling.workflow.founding import found_campaign
    from labelling.workflow.rounds import plan_round

    call_command("migrate", verbosity=0)
    campaign = found_campaign(slug="bench", name="Benchmark (synthetic)", now=clock.now())
    pool(campaign, tiles)
    model = network(campaign)
    round = plan_round(
        campaign=campaign, strategy="entropy", batch=10, seed=SEED, asked_by=None, now=clock.now()
    )
    Round.objects.filter(pk=round.pk).update(step="score", model=model, ranked_by=model)
    return Job.objects.get(round=round)


def pool(campaign: Any, tiles: int) -> None:
    """Tiles that share RASTERS painted rasters."""
    from labelling import clock
    from labelling.adapters.blobs import store
    from labelling.imagery.painter.products import paint_products
    from labelling.imagery.tilefile import write_tile
    from labelling.models import Acquisition, CampaignTile, Place, Scene, Tile

    blobs, now = store(), clock.now()
    scenes = list(paint_products(products=RASTERS, places=RASTERS, size=SIDE, seed=SEED))
    for number, each in enumerate(scenes):
        pixels = np.asarray(each.bands, np.uint16)
        blobs.write_with(
            f"tiles/bench-{number}.tif",
            lambda path, pixels=pixels: write_tile(path, pixels, bands=campaign.bands),
        )
    scene = Scene.objects.create(
        product_id="BENCH", level="L1C", state="ready", synthetic=True, created=now
    )
    places = Place.objects.bulk_create(
        Place(key=f"35VLF/{SIDE}/{n // 1000}/{n % 1000}", square="6933/1", split="pool")
        for n in range(tiles)
    )
    taken = Acquisition.objects.bulk_create(Acquisition(place=place, taken=now) for place in places)
    made = Tile.objects.bulk_create(
        Tile(
            acquisition=each, scene=scene, level="L1C", baseline="05.11", bands=campaign.bands,
            raster=f"tiles/bench-{n % RASTERS}.tif", sha256=f"{n:064x}", height=SIDE, width=SIDE,
            valid_share=1, sun_zenith=40, sun_azimuth=160, created=now,
        )
        for n, each in enumerate(taken)
    )  # fmt: skip
    CampaignTile.objects.bulk_create(
        CampaignTile(campaign=campaign, tile=tile, scope="in") for tile in made
    )


def network(campaign: Any) -> Any:
    """The default network, fitted for two steps: it knows nothing, and takes as long."""
    import json

    from benchmarks.training import paint_snapshot
    from labelling import clock
    from labelling.adapters.blobs import store
    from labelling.models import Model

    room = Path(os.environ["WORKBENCH_VAR"])
    (room / "painted").mkdir()
    snapshot = paint_snapshot(room / "painted")
    words = ["steps=2", "batch=1", "crop=64", "warm_up=0", "threads=1"]
    command = [sys.executable, "-m", "training", "fit", str(snapshot), str(room / "model")]
    command += [part for word in words for part in ("--set", word)]
    # A child, so that this process doesn't hold torch's memory and threads beside the workers.
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    card = json.loads((room / "model" / "card.json").read_text())
    key = f"models/{card['card_sha256']}"
    for name in ("weights.safetensors", "card.json"):
        store().write(f"{key}/{name}", (room / "model" / name).read_bytes())
    return Model.objects.create(
        hash=card["card_sha256"], campaign=campaign, folder=key, card=card, state="champion",
        created=clock.now(),
    )  # fmt: skip


def log() -> Path:
    return Path(os.environ["WORKBENCH_VAR"]) / "workers.log"


def last_lines(lines: int = 40) -> str:
    return (
        "\n".join(log().read_text(errors="replace").splitlines()[-lines:]) if log().exists() else ""
    )
