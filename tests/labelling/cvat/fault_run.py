"""A campaign drawn in CVAT while everything fails that can: in the end nothing is lost or doubled.

Three annotators draw on the fake server, a reviewer accepts and rejects here, and workers push,
send and pull. All along answers are lost, the server fails, is slow or gone for minutes, webhooks
come twice, late or never, and workers are killed before and after each of their requests and in
the middle of taking a label in. Tiles and labels are synthetic; chance is drawn from a seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import User

from labelling.adapters.blobs import store
from labelling.adapters.cvat.door import open_door
from labelling.errors import Conflict, CvatError, NotYours, QueueEmpty
from labelling.imagery.drawings.masks import encode
from labelling.imagery.tilefile import read_label, write_tile
from labelling.models import Annotation, CvatJob, Event, Task
from labelling.workflow.claims import return_expired
from labelling.workflow.cvat import dealing
from labelling.workflow.cvat.pulling import pull
from labelling.workflow.cvat.reconciling import mend, reconcile
from labelling.workflow.cvat.serving import top_up
from labelling.workflow.cvat.webhooks import receive
from labelling.workflow.review import accept, reject
from labelling.workflow.review_queue import claim_review
from tests.contract.fake import Server, views
from tests.contract.fake.state import Job
from tests.factories import TaskFactory, TileFactory, person, rank
from tests.labelling.cvat.site import BANDS, SIDE, Site
from tests.rasters import pixels

SECRET = "a secret between the two"
SERVER_TROUBLES: tuple[dict[str, Any], ...] = (
    {"kind": "lose"},
    {"kind": "drop"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429, "retry_after": "1"},
    {"kind": "html"},
    {"kind": "slow", "seconds": 0.002},
)
CODES = np.array([0, 1, 3, 254], np.uint8)


class Killed(BaseException):
    """A worker's process ends here, whatever it was about to do."""


@dataclass
class FaultRun:
    site: Site
    seed: int
    people: list[User] = field(default_factory=list)
    truth: dict[str, np.ndarray] = field(default_factory=dict)
    """{image: the label that was drawn on it last}."""
    seen: Counter[str] = field(default_factory=Counter)
    """What went wrong, by kind."""

    def __post_init__(self) -> None:
        self.dice = np.random.default_rng(self.seed)
        self.there = self.site.server.state
        self.reviewer = person("rita", campaign=self.site.campaign, role="reviewer")
        self.calm = False

    # --- what the workers do, each of which may be killed

    def push(self) -> None:
        self.site.errands()

    def pull(self) -> None:
        link = self.site.link
        pull(link, open_door(link, clock=self.site.clock), clock=self.site.clock)

    def serve(self) -> None:
        """Whoever has nothing in hand asks for a tile."""
        for who in self.people:
            if not Task.objects.filter(holder=who).exists():
                top_up(self.site.link, who, now=self.site.now)

    def poke(self) -> None:
        """Webhooks arrive: some never, some twice, in any order."""
        waiting, self.there.deliveries = self.there.deliveries, []
        for at in self.dice.permutation(len(waiting)):
            for _ in range(self.dice.choice([0, 1, 2], p=[0.3, 0.5, 0.2])):
                told = waiting[at]
                signature = told.headers["X-Signature-256"]
                if receive(told.body, signature=signature, secret=SECRET):
                    self.seen["pokes"] += 1
        self.pull()

    def sweep(self) -> None:
        return_expired(now=self.site.now)

    # --- what people do

    def draw(self) -> None:
        """Each annotator draws on what he has there; most are finished at once."""
        for job in list(self.there.jobs.values()):
            mine = job.assignee is not None and job.stage == "annotation"
            if mine and job.state != "completed" and self.dice.random() < 0.8:
                done = self.calm or self.dice.random() < 0.7
                self.paint(job, "completed" if done else "in progress")

    def edit_late(self) -> None:
        """Now and then somebody changes what has been handed in, or accepted, already."""
        late = CvatJob.objects.filter(task__state__in=["submitted", "accepted"], gone=None)
        for row in late.select_related("task").order_by("pk"):
            job = self.there.jobs.get(row.remote or 0)
            if job is None or job.stage == "annotation":
                continue
            # The first accepted one for certain, so that a small run has one, too.
            first = row.task.state == "accepted" and not self.seen["late edits"]
            if first or self.dice.random() < 0.01:
                self.seen["late edits"] += 1
                self.paint(job, job.state)

    def paint(self, job: Job, state: str) -> None:
        image = self.there.tasks[job.task].images[job.frame].name
        blocks = self.dice.choice(CODES, size=(8, 8))
        label = np.kron(blocks, np.ones((SIDE // 8, SIDE // 8), np.uint8))
        ids = {int(code): id for code, id in self.site.link.labels.items()}
        with self.there.lock:
            self.there.shapes[job.id] = [
                {
                    "id": self.there.number("shape"), "type": "mask", "frame": job.frame,
                    "label_id": ids[int(code)], "points": encode(label == code), "z_order": 0,
                    "rotation": 0.0, "source": "manual",
                }
                for code in np.unique(blocks)
            ]  # fmt: skip
            job.state = state
            self.there.touch_annotations(self.there.tasks[job.task], [job])
            self.there.tell(
                "update:job", self.site.link.project, {"job": views.job(self.there, job)}
            )
        self.truth[image] = label

    def review(self) -> None:
        while True:
            try:
                task = claim_review(
                    campaign=self.site.campaign, reviewer=self.reviewer, now=self.site.now
                ).task
                if task.parent_id is None and self.dice.random() < 0.15:
                    reject(task=task, reviewer=self.reviewer, reason="borders", now=self.site.now)
                else:
                    accept(task=task, reviewer=self.reviewer, now=self.site.now)
            except (QueueEmpty, Conflict, NotYours):
                return

    # --- time, and what goes wrong

    def tick(self) -> None:
        self.site.wait(seconds=int(self.dice.integers(20, 400)))
        self.site.server.faults.clear()
        if not self.calm:
            self.trouble()
        steps = [
            self.push,
            self.pull,
            self.serve,
            self.draw,
            self.edit_late,
            self.poke,
            self.review,
            self.sweep,
        ]
        for at in self.dice.permutation(len(steps)):
            self.live(steps[at])

    def trouble(self) -> None:
        if self.dice.random() < 0.05:
            self.seen["outages"] += 1
            self.site.server.fail("drop", times=10_000)
            return
        for _ in range(self.dice.integers(0, 4)):
            kind = SERVER_TROUBLES[self.dice.integers(len(SERVER_TROUBLES))]
            self.seen["faults"] += 1
            self.site.server.fail(**kind, times=int(self.dice.integers(1, 3)))

    def live(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Killed:
            self.seen["kills"] += 1
        except CvatError as away:
            self.seen[type(away).__name__] += 1

    def perhaps_die(self) -> None:
        if not self.calm and self.dice.random() < 0.02:
            raise Killed

    # --- the whole of it

    def run(self, *, most: int) -> None:
        """Until every tile is accepted, or `most` ticks; then in calm until both sides agree."""
        for _ in range(most):
            if not self.unfinished():
                break
            self.tick()
        self.calm = True
        for _ in range(most):
            self.tick()
            self.site.wait(minutes=31)
            link = self.site.link
            cvat = open_door(link, clock=self.site.clock)
            if not self.unfinished() and not mend(link, cvat, clock=self.site.clock).total:
                break

    def unfinished(self) -> int:
        done = Task.objects.filter(campaign=self.site.campaign, state__in=["accepted", "rejected"])
        return Task.objects.filter(campaign=self.site.campaign).count() - done.count()

    def result(self) -> dict[str, Any]:
        """{tiles, lost, doubled, pixels, differences, held}, all but the first to be 0."""
        link = self.site.link
        cvat = open_door(link, clock=self.site.clock)
        findings = reconcile(link, cvat, now=self.site.now)
        roots = Task.objects.filter(campaign=self.site.campaign, root=None)
        labels = {row.frame_name: self.label_of(row) for row in CvatJob.objects.filter(gone=None)}
        images = [image.name for task in self.there.tasks.values() for image in task.images]
        known = {name: label for name, label in labels.items() if label is not None}
        return {
            "tiles": roots.count(),
            "lost": roots.count() - len(known) + len(set(labels) - set(images)),
            "doubled": len(images) - len(set(labels)) + self.doubled(),
            "pixels": sum(int((known[name] != self.truth[name]).sum()) for name in known),
            "differences": findings.total,
            "held": findings.held,
        }

    def label_of(self, row: CvatJob) -> np.ndarray | None:
        """What stands for the tile, if its task was accepted."""
        label = (
            Annotation.objects.filter(task=row.task_id, task__state="accepted").order_by("n").last()
        )
        return None if label is None else read_label(store().raster(label.raster))[0]

    def doubled(self) -> int:
        """Tasks handed in more than once, and versions that changed nothing."""
        handed_in = Event.objects.filter(verb="submitted", kind="task").values_list(
            "object_id", flat=True
        )
        extra = len(handed_in) - len(set(handed_in))
        last: dict[int, str] = {}
        for task, sha256 in Annotation.objects.order_by("task", "n").values_list("task", "sha256"):
            extra += last.get(task) == sha256
            last[task] = sha256
        return extra


def prepared(campaign: Any, server: Server, *, tiles: int, seed: int) -> FaultRun:
    """A connected campaign with tiles that aren't pushed yet. They share one painted picture."""
    settings.CVAT_URL, settings.CVAT_TOKEN = server.url, server.token
    settings.CVAT_WEBHOOK_SECRET = SECRET
    site = Site(campaign, server)
    site.connect(
        webhook="https://workbench.example.org/api/v1/cvat/webhook",
        options={"batch": max(tiles // 6, 4), "keep": tiles, "context": False, "prelabels": False},
    )
    raster = "tiles/shared.tif"
    values = pixels(height=SIDE, width=SIDE, seed=seed)
    store().write_with(raster, lambda path: write_tile(path, values, bands=BANDS))
    rank(
        campaign,
        *(TaskFactory(campaign=campaign, tile=TileFactory(raster=raster)) for _ in range(tiles)),
    )
    run = FaultRun(site, seed, people=site.people("ana", "ben", "cleo"))
    run.dice = np.random.default_rng(seed)
    return run


def deadly(run: FaultRun, patch: pytest.MonkeyPatch) -> None:
    """Have workers die before and after their requests, and before a label's row is committed."""
    transport = open_door(run.site.link, clock=run.site.clock).transport
    call, take_in = transport.call, dealing.take_in

    def dangerous_call(*arguments: Any, **options: Any) -> Any:
        run.perhaps_die()
        answer = call(*arguments, **options)
        run.perhaps_die()
        return answer

    def dangerous_take_in(*arguments: Any, **options: Any) -> Any:
        label = take_in(*arguments, **options)
        run.perhaps_die()
        return label

    patch.setattr(transport, "_pause", lambda seconds: None)
    patch.setattr(transport, "call", dangerous_call)
    patch.setattr(dealing, "take_in", dangerous_take_in)
