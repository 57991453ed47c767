"""The whole loop without people: a simulated annotator draws what a labelled set says.

Everything runs through the same workflow code as with people, in an installation of its own. The
truth lies in a second campaign that the first never reads; a label is revealed only when the
simulated annotator has claimed the tile. Validation and test tiles are drawn first, as reference
tasks; test scenes never enter the pool.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.compute.lines import tell
from labelling.errors import BadInput, JobFailed, QueueEmpty
from labelling.imagery.label_checks import OVERRULABLE
from labelling.imagery.tilefile import read_label
from labelling.models import (
    UNLABELLED,
    UNSURE,
    Annotation,
    Campaign,
    Installation,
    Place,
    Round,
    Task,
)
from labelling.workflow.children import run_child
from labelling.workflow.claims import claim_next
from labelling.workflow.fetching import model_here, snapshot_here
from labelling.workflow.founding import admit, found_campaign, shape_of
from labelling.workflow.ingest.products import Intake, ingest_all
from labelling.workflow.ingest.sources import find_sources
from labelling.workflow.pool import eligible_tiles, servable_tiles
from labelling.workflow.rounds import plan_round, run_round
from labelling.workflow.scheduling import open_lane
from labelling.workflow.submission import submit

SHARES = {"pool": 0.6, "validation": 0.15, "test": 0.25}
"""More ground for the test than in a real installation: the sets are small."""
PAINTED = 1
"""Provenance of what the simulated annotator draws."""


@dataclass(frozen=True)
class Plan:
    """What to simulate; the keys of the request file."""

    data: Path
    rounds: int
    batch: int
    strategy: str
    seed: int
    training: dict[str, Any]

    @classmethod
    def read(cls, content: dict[str, Any]) -> Plan:
        return cls(**{**content, "data": Path(content["data"])})


class Simulation:
    """One run. `clock` is asked for the time; the dice come from the plan's seed."""

    def __init__(self, plan: Plan, *, blobs: Blobs, clock: Callable[[], datetime]) -> None:
        self.plan, self.blobs, self.clock = plan, blobs, clock

    def run(self) -> list[dict[str, Any]]:
        """A row a round: labelled tiles, test IoU per class, seconds. Told as it goes."""
        self.prepare()
        self.label_open_tasks()  # validation and test
        self.start_cold()
        return [self.turn(number) for number in range(1, self.plan.rounds + 1)]

    def prepare(self) -> None:
        """An installation, the campaign, its hidden truth, one annotator, the reference tasks."""
        Installation.objects.create(
            pk=1, split_seed=self.plan.seed, split_shares=SHARES, frozen=self.clock()
        )
        bands, size = shape_of(self.plan.data)
        self.truth = self.campaign_with("truth", bands, size)
        self.campaign = self.campaign_with("simulation", bands, size)
        self.annotator = User.objects.create_user("simulated")
        admit(self.annotator, campaign=self.campaign, role="annotator", now=self.clock())
        self.ingest(self.truth, labels=True)
        self.ingest(self.campaign, labels=False)
        reference = (
            servable_tiles(self.campaign)
            .filter(acquisition__place__split__in=[Place.Split.VALIDATION, Place.Split.TEST])
            .order_by("acquisition__place__key", "acquisition__taken")
        )
        open_lane(
            campaign=self.campaign, tiles=reference, lane="reference", by=None, now=self.clock()
        )

    def campaign_with(self, slug: str, bands: list[str], size: int) -> Campaign:
        return found_campaign(
            slug=slug,
            name=slug.title(),
            now=self.clock(),
            bands=bands,
            tile_size=size,
            training=self.plan.training,
        )

    def ingest(self, campaign: Campaign, *, labels: bool) -> None:
        sources = find_sources([self.plan.data])
        if not labels:
            sources = [replace(each, label=None) for each in sources]
        report = ingest_all(sources, Intake(campaign, self.blobs, self.clock()))
        for refused in report.refused:
            tell("progress", stage="ingest", refused=refused.line())
        if labels and not report.total("labels_new"):
            raise BadInput(
                f"{self.plan.data} holds no labelled scene.",
                field="data",
                help="Put <name>_label.tif beside <name>.tif.",
            )

    def start_cold(self) -> None:
        """Random batches, drawn without a model, until there are two classes to tell apart."""
        while len(self.classes_drawn()) < 2:
            if not self.round("random").steps["open"]["opened"]:
                raise BadInput("The pool holds a single class: nothing to learn.", field="data")
            self.label_open_tasks()

    def classes_drawn(self) -> set[str]:
        labels = Annotation.objects.filter(
            schema=self.campaign.schema, acquisition__place__split=Place.Split.POOL
        )
        codes = {code for pixels in labels.values_list("pixels", flat=True) for code in pixels}
        return codes - {str(UNLABELLED), str(UNSURE)}

    def turn(self, number: int) -> dict[str, Any]:
        """One round: train, rank, open a batch; judge the model; then draw the batch."""
        started = time.monotonic()
        done = self.round(self.plan.strategy)
        seconds = time.monotonic() - started
        assert done.snapshot is not None
        row = {
            "round": number,
            "labelled": done.snapshot.counts["pool"],
            "pool_left": eligible_tiles(self.campaign).count() + done.steps["open"]["opened"],
            **self.judged(done),
            "seconds": round(seconds, 1),
        }
        tell("progress", stage="round", done=number, total=self.plan.rounds, row=row)
        self.label_open_tasks()
        return row

    def round(self, strategy: str) -> Round:
        """Plan a round and do its job here. Raises JobFailed when it doesn't end well."""
        planned = plan_round(
            campaign=self.campaign,
            strategy=strategy,
            batch=self.plan.batch,
            seed=self.plan.seed,
            asked_by=None,
            now=self.clock(),
        )
        job = planned.jobs.get()
        job.take(now=self.clock())
        run_round(job, blobs=self.blobs, clock=self.clock)
        planned.refresh_from_db()
        self.campaign.refresh_from_db()
        if planned.state != Round.State.DONE:
            raise JobFailed(f"Round {planned.n} {planned.state}: {planned.error}")
        return planned

    def judged(self, done: Round) -> dict[str, Any]:
        """The round's model on the test scenes: IoU per class, None where the test lacks it."""
        assert done.snapshot is not None
        assert done.model is not None
        told = run_child(
            "training",
            "evaluate",
            model_here(done.model.folder, blobs=self.blobs),
            snapshot_here(done.snapshot.folder, blobs=self.blobs),
            "--split",
            "test",
            log=self.blobs.workplace(f"rounds/{self.campaign.slug}/{done.n}") / "evaluate.log",
            tick=lambda progress: None,
        )
        return {
            "test_tiles": told["tiles"],
            "test_iou": told["iou"],
            "test_class_mean_iou": told["class_mean_iou"],
        }

    def label_open_tasks(self) -> int:
        """Claim and draw until the queue is empty; returns how many tiles were drawn."""
        drawn = 0
        while True:
            try:
                reservation = claim_next(
                    campaign=self.campaign, person=self.annotator, now=self.clock()
                )
            except QueueEmpty:
                return drawn
            label = self.revealed(reservation.task)
            submit(
                task=reservation.task,
                person=self.annotator,
                label=label,
                provenance=np.where(label == UNLABELLED, 0, PAINTED).astype(np.uint8),
                schema_version=1,
                tool="simulation",
                overrule=OVERRULABLE,
                note="As the labelled set has it.",
                now=self.clock(),
            )
            drawn += 1

    def revealed(self, task: Task) -> NDArray[np.uint8]:
        """(H, W) what the labelled set says of a claimed tile; all 255 where it says nothing."""
        truth = (
            Annotation.objects.filter(acquisition=task.acquisition, schema=self.truth.schema)
            .order_by("n")
            .last()
        )
        if truth is None:
            return np.full((task.tile.height, task.tile.width), UNLABELLED, np.uint8)
        return read_label(self.blobs.raster(truth.raster))[0]


def simulate(content: dict[str, Any], *, blobs: Blobs, clock: Callable[[], datetime]) -> Any:
    return {"rows": Simulation(Plan.read(content), blobs=blobs, clock=clock).run()}
