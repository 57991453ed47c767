"""Label errors: look for them by out-of-fold models, and have the most doubtful labels drawn anew.

The looking is a job of a worker's child process. Of its ranking the first are opened in lane
rereview, in the transaction that ends the job: for somebody else than the author, without a mask to
start from, and no label twice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from labelling import enqueue
from labelling.adapters.beside import beside
from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput
from labelling.insights.mining import KIND, UNFINISHED
from labelling.models import JOB_LEASE, Annotation, Campaign, Event, Job, Place, Snapshot, record
from labelling.workflow.children import run_child
from labelling.workflow.fetching import snapshot_here
from labelling.workflow.lease import Lease
from labelling.workflow.leased import ask_to_stop, carry_out
from labelling.workflow.rereview import open_rereviews

REPORT = "mining.json"
KEPT = 500
"""Rows of a ranking that stand in the job; the whole ranking lies in storage."""
MOST_FOLDS, MOST_TASKS, WIDEST_BORDER = 20, KEPT, 32
GOES_ON_FROM = ("weights.safetensors", "card.json", "checkpoint.pt", "confidence.json", "rows.json")
"""What a fold's folder keeps of an interrupted attempt; the card after the weights it is of."""
AT_ONCE = 500
Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Options:
    """What a lead may choose of a mining."""

    folds: int = 5
    top: int = 20
    """Labels to have drawn anew; 0: only rank."""
    seed: int = 0
    border: int = 2
    """Pixels this near to a border of the label are not judged."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the fits that are to differ from the campaign's."""


@dataclass(frozen=True)
class Mining:
    """What there is to look through."""

    campaign: Campaign
    snapshot: Snapshot
    options: Options
    tiles: int
    """Labelled tiles of the pool."""
    scenes: int

    def request(self) -> dict[str, Any]:
        return {"snapshot": self.snapshot.hash, **asdict(self.options)}

    def facts(self) -> dict[str, Any]:
        return {**self.request(), "tiles": self.tiles, "scenes": self.scenes}


def plan(*, campaign: Campaign, snapshot: Snapshot, options: Options, blobs: Blobs) -> Mining:
    """Look what there is to look through; changes nothing.

    Raises BadInput (folds, top, border, snapshot), NotFound where storage lost the manifest.
    """
    check(options)
    if snapshot.campaign_id != campaign.pk:
        raise BadInput(
            f"Snapshot {snapshot} is of another campaign than {campaign.slug}.", field="snapshot"
        )
    if campaign.schema is None or snapshot.rule.get("schema") != campaign.schema.version:
        raise BadInput(
            f"Snapshot {snapshot} has version {snapshot.rule['schema']} of the classes, "
            f"{campaign.slug} another one.",
            field="snapshot",
            help="Freeze another: labels are drawn anew under the classes in force.",
        )
    pool = [each for each in entries_of(snapshot, blobs) if each["split"] == Place.Split.POOL]
    scenes = len({each["group"] for each in pool})
    if options.folds > scenes:
        raise BadInput(
            f"Snapshot {snapshot} has labels of {scenes} scenes of the pool: too few for "
            f"{options.folds} folds.",
            field="folds",
            help="Label tiles of more scenes and freeze another, or ask for fewer folds (at "
            "least 2).",
        )
    return Mining(campaign, snapshot, options, len(pool), scenes)


def check(options: Options) -> None:
    """Raises BadInput."""
    for name, least, most in (
        ("folds", 2, MOST_FOLDS),
        ("top", 0, MOST_TASKS),
        ("border", 0, WIDEST_BORDER),
        ("seed", 0, 2**31 - 1),
    ):
        value = getattr(options, name)
        if not least <= value <= most:
            raise BadInput(f"{name} must be from {least} to {most}, not {value}.", field=name)


def entries_of(snapshot: Snapshot, blobs: Blobs) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(blobs.read(f"{snapshot.folder}/manifest.json"))[
        "samples"
    ]
    return entries


def start_mining(*, mining: Mining, by: User | None, now: datetime, send: bool = True) -> Job:
    """A job for the workers; one that asks for the same and is under way is returned as it is.

    Without `send` nobody is told: the caller takes it himself. Should he die, a sweep sends it.
    """
    asked = mining.request()
    for known in Job.objects.filter(kind=KIND, campaign=mining.campaign, state__in=UNFINISHED):
        if {name: known.request.get(name) for name in asked} == asked:
            return known
    with transaction.atomic():
        job = Job.objects.create(
            kind=KIND,
            campaign=mining.campaign,
            request={**asked, "asked_by": by.username if by else ""},
            created=now,
            lease_ends=now + JOB_LEASE,
        )
        record(Event.Verb.PLANNED, job, campaign=mining.campaign, who=by, now=now, **asked)
        if send:
            enqueue.enqueue(enqueue.Job.MINE, job_id=job.pk)
    return job


def cancel_mining(*, job: Job, by: User | None, now: datetime) -> Job:
    """Ask an unfinished mining to stop; one that no worker has begun is cancelled at once.

    Raises Conflict when it is finished.
    """
    return ask_to_stop(job, by=by, now=now)


def run_mining(
    job: Job, *, blobs: Blobs, clock: Callable[[], datetime], tell: Tell = lambda progress: None
) -> None:
    """Do what is left of a mining's job. The caller has taken the job.

    `tell` gets the child's progress lines.
    """
    carry_out(job, lambda lease: mined(lease, blobs, tell), done=note, clock=clock)
    if Job.objects.filter(pk=job.pk).exclude(state__in=UNFINISHED).exists():
        shutil.rmtree(room_of(job), ignore_errors=True)


def mined(lease: Lease, blobs: Blobs, tell: Tell) -> dict[str, Any]:
    """The ranking, with the first of its rows; what an earlier worker finished isn't done again."""
    job = lease.job
    key = f"minings/{job.uuid}/{REPORT}"
    if not blobs.exists(key):
        out = done_in_child(lease, blobs, tell)
        lease.check()
        blobs.write(key, (out / REPORT).read_bytes())
    report = json.loads(blobs.read(key))
    return {**report, "rows": report["rows"][:KEPT], "report": key}


def done_in_child(lease: Lease, blobs: Blobs, tell: Tell) -> Path:
    job = lease.job
    mining = mining_of(job, blobs)
    room = room_of(job) / str(job.token)
    room.mkdir(parents=True, exist_ok=True)
    inherit(job, room / "out", lease)
    asked = room / "request.json"
    folder = lease.meanwhile(lambda: snapshot_here(mining.snapshot.folder, blobs=blobs))
    asked.write_text(json.dumps(request_of(mining, folder, blobs)))

    def tick(progress: dict[str, Any] | None) -> None:
        lease.tick(progress)
        if progress:
            tell(progress)

    log = room / "mine.log"
    run_child("labelling.compute", "mine", asked, room / "out", log=log, tick=tick)
    return room / "out"


def room_of(job: Job) -> Path:
    """On this machine; each worker that takes the job has a folder of its own in it."""
    return Path(settings.WORKBENCH_VAR) / "minings" / str(job.uuid)


def mining_of(job: Job, blobs: Blobs) -> Mining:
    """Raises as `plan`."""
    names = [each.name for each in fields(Options)]
    options = Options(**{name: job.request[name] for name in names})
    campaign = Campaign.objects.select_related("schema").get(pk=job.campaign_id)
    snapshot = Snapshot.objects.get(hash=job.request["snapshot"])
    return plan(campaign=campaign, snapshot=snapshot, options=options, blobs=blobs)


def inherit(job: Job, own: Path, lease: Lease) -> None:
    """Copy what earlier workers on this machine finished of each fold, the last one's first."""
    for token in range(job.token - 1, 0, -1):
        earlier = room_of(job) / str(token) / "out"
        for fold in sorted(earlier.glob("fold-*")):
            for name in GOES_ON_FROM:
                if (fold / name).exists() and not (own / fold.name / name).exists():
                    copied(fold / name, own / fold.name / name)
                lease.tick()


def copied(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with beside(target) as draft:
        shutil.copyfile(source, draft)
        draft.rename(target)


def request_of(mining: Mining, folder: Path, blobs: Blobs) -> dict[str, Any]:
    options = mining.options
    return {
        "snapshot": str(folder),
        "training": {
            "threads": settings.TORCH_THREADS, **mining.campaign.training, **options.training
        },
        "labels": dict(labels_of(mining, blobs)),
        "folds": options.folds,
        "seed": options.seed,
        "border": options.border,
    }  # fmt: skip


def labels_of(mining: Mining, blobs: Blobs) -> Iterator[tuple[str, str]]:
    """(sample's key, what GDAL opens of its stored label). One query for each AT_ONCE samples."""
    entries = entries_of(mining.snapshot, blobs)
    rest = (each for each in entries if each["split"] == Place.Split.POOL)
    while some := {each["annotation"]: each["key"] for each in islice(rest, AT_ONCE)}:
        found = Annotation.objects.filter(uuid__in=some)
        for uuid, raster in found.values_list("uuid", "raster"):
            yield some[str(uuid)], blobs.raster(raster)


def note(job: Job, result: dict[str, Any], now: datetime) -> None:
    """Open the first of the ranking; adds to `result` which, and why others weren't."""
    who = User.objects.filter(username=job.request["asked_by"]).first()
    assert job.campaign is not None
    opening = open_rereviews(
        campaign=job.campaign, rows=result["rows"], top=job.request["top"], who=who, now=now
    )
    result["opened"] = [str(task.uuid) for task in opening.tasks]
    result["passed_over"] = dict(opening.passed_over)
    record(
        Event.Verb.FINISHED, job, campaign=job.campaign, who=who, now=now,
        snapshot=result["snapshot"], tiles=result["tiles"], doubted=result["doubted_tiles"],
        opened=len(opening.tasks),
    )  # fmt: skip
