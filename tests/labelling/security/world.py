"""One of everything that an address can name, in one campaign. All of it is synthetic."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from labelling.adapters.blobs import store
from labelling.clock import now
from labelling.imagery.tilefile import write_label
from labelling.insights.mining import KIND as MINE
from labelling.models import (
    Campaign,
    Flag,
    Gold,
    Job,
    Layer,
    Model,
    Release,
    Review,
    Round,
    Snapshot,
    Task,
)
from labelling.workflow.export.jobs import KIND as EXPORT
from labelling.workflow.releasing.copying import LIST
from labelling.workflow.releasing.jobs import KIND as RELEASE
from labelling.workflow.snapshots.jobs import KIND as FREEZE
from labelling.workflow.tokens import Wanted, make_token
from tests.factories import (
    NOON,
    AcquisitionFactory,
    CampaignFactory,
    PlaceFactory,
    TaskFactory,
    TileFactory,
    person,
    rank,
)
from tests.labelling.api.conftest import SIZE, signed_in, with_pixels
from tests.labelling.labels import labelled, submitted
from tests.labelling.security.who_may import ANA, BEN, LEAD, OUTSIDER, REVIEWER, ROOT, SERVICE

HASH = "ab" * 32
EXPORTED = {
    "snapshot": HASH,
    "form": "geotiff",
    "with_bands": False,
    "with_provenance": False,
    "asked_by": "lead",
}


@dataclass
class World:
    campaign: Campaign
    people: dict[str, Any]
    values: dict[str, dict[str, Any]]
    """{beginning of an address: {what stands in braces: its value}}; the longest one counts."""
    hidden: dict[str, str]
    """{what: a text by which an annotator would know it}"""

    def address(self, path: str) -> str:
        known = sorted((begin for begin in self.values if path.startswith(begin)), key=len)
        told = {name: value for begin in known for name, value in self.values[begin].items()}
        return path.format(**told)


def world() -> World:
    campaign = CampaignFactory(slug="north")
    roles = {ANA: "annotator", BEN: "annotator", REVIEWER: "reviewer", LEAD: "lead"}
    people = {
        who: person(who, campaign=campaign, role=role)
        for who, role in {**roles, SERVICE: "service"}.items()
    }
    people[OUTSIDER] = person(OUTSIDER, campaign=CampaignFactory(slug="south"), role="lead")
    people[ROOT] = person(ROOT)
    people[ROOT].is_superuser = True
    people[ROOT].save()
    task = TaskFactory(campaign=campaign)
    with_pixels(task.tile)
    add_masks(task)
    rank(campaign, task)
    assert signed_in(people[ANA]).post("/api/v1/campaigns/north/queue/next").status_code == 200
    values = values_of(campaign, people, task)
    return World(campaign, people, values, hidden_from(campaign, people, task))


def hidden_from(campaign: Campaign, people: dict[str, Any], task: Task) -> dict[str, str]:
    """What Ana must not learn: Ben's open label of her tile, gold, and places for testing."""
    open_label = submitted(task.tile, campaign, people[BEN], 0, lane="second", copy=2)
    gold = golden(campaign, people, guide="")
    place = PlaceFactory(key="35VLF/256/99/99", split="test")
    measured = TileFactory(acquisition=AcquisitionFactory(place=place), campaign=campaign)
    judged = labelled(TaskFactory(campaign=campaign, tile=measured, lane="pick"), None, 1)
    return {
        "Ben's open label": str(open_label.uuid),
        "Ben's task": str(open_label.task.uuid),
        "gold": str(gold.annotation.uuid),
        "the tile of gold": str(gold.annotation.task.tile.uuid),
        "the place for testing": place.key,
        "the tile for testing": str(measured.uuid),
        "its label": str(judged.uuid),
    }


def values_of(campaign: Campaign, people: dict[str, Any], task: Task) -> dict[str, dict[str, Any]]:
    label, fixed = fixed_label(campaign, people)
    newcomer = person("newcomer", campaign=campaign)
    newcomer.set_unusable_password()
    newcomer.save()
    base = "/api/v1/campaigns/{slug}"
    token, _ = make_token(Wanted(campaign, people[LEAD], "old", 1), by=people[LEAD], now=now())
    snapshot = Snapshot.objects.create(
        hash=HASH,
        campaign=campaign,
        rule={"schema": 1},
        folder="snapshots/ab",
        counts={},
        created=NOON,
    )
    model = Model.objects.create(
        hash="cd" * 32, campaign=campaign, folder="models/cd", card={}, created=NOON
    )
    gold = golden(campaign, people)
    round = Round.objects.create(
        campaign=campaign, n=1, strategy="random", batch=1, seed=0, created=NOON,
        state="done", step="done",
    )  # fmt: skip
    flag = Flag.objects.create(
        task=task, person=people[ANA], skipped=False, reason="technical", created=NOON
    )
    return {
        base: {"slug": "north", "annotation": gold.annotation.uuid, "username": newcomer.username},
        f"{base}/models": {"hash": model.hash},
        f"{base}/flags": {"id": flag.pk},
        f"{base}/rounds": {"n": round.n},
        f"{base}/releases": {"version": released(campaign, snapshot), "name": LIST},
        f"{base}/releases/jobs": {"id": job(campaign, RELEASE)},
        f"{base}/label-errors": {"id": job(campaign, MINE, asked_by="lead")},
        f"{base}/snapshots/jobs": {"id": job(campaign, FREEZE, rule={})},
        f"{base}/jobs": {"id": job(campaign, EXPORT, **EXPORTED)},
        f"{base}/tokens": {"id": token.uuid},
        "/api/v1/exports": {"id": job(campaign, EXPORT, **EXPORTED)},
        "/api/v1/snapshots": {"hash": HASH},
        "/api/v1/annotations": {"id": label.uuid},
        "/api/v1/me/feedback": {"id": fixed.pk},
        "/api/v1/tasks": {"id": task.uuid},
        "/api/v1/tiles": {"id": task.tile.uuid, "source": "scl"},
    }


def add_masks(task: Task) -> None:
    plane = np.zeros((SIZE, SIZE), np.uint8)
    for source in ("scl", "model"):
        layer = Layer.objects.create(
            tile=task.tile, source=source, version="1", raster=f"layers/{source}.tif", created=NOON
        )
        store().write_with(layer.raster, lambda path: write_label(path, plane, plane))
    Task.objects.filter(pk=task.pk).update(prelabel=layer)


def fixed_label(campaign: Campaign, people: dict[str, Any]) -> tuple[Any, Review]:
    """A label of Ana's that the reviewer has fixed."""
    tile = TileFactory(campaign=campaign)
    with_pixels(tile)
    label = submitted(tile, campaign, people[ANA], 0, 1, state="accepted")
    verdict = Review.objects.create(
        annotation=label, reviewer=people[REVIEWER], verdict="fixed", created=NOON
    )
    labelled(label.task, people[REVIEWER], 1, 1, parent=label)
    return label, verdict


def golden(campaign: Campaign, people: dict[str, Any], guide: str = "Thin cloud.") -> Gold:
    """A label of the lead's that people are measured by, and that the guide shows if it says so."""
    label = submitted(TileFactory(campaign=campaign), campaign, people[LEAD], 1, state="accepted")
    return Gold.objects.create(
        campaign=campaign, acquisition=label.acquisition, annotation=label, guide=guide,
        created=NOON,
    )  # fmt: skip


def released(campaign: Campaign, snapshot: Snapshot) -> str:
    store().write(f"releases/1.0/{LIST}", json.dumps({"files": {}}).encode())
    made = Release.objects.create(
        campaign=campaign, version="1.0", snapshot=snapshot, folder="releases/1.0", sha256=HASH,
        created=NOON,
    )  # fmt: skip
    return made.version


def job(campaign: Campaign, kind: str, **request: Any) -> Any:
    lease = now() + timedelta(minutes=1)
    row = Job.objects.create(
        campaign=campaign, kind=kind, request=request, created=NOON, lease_ends=lease
    )
    return row.uuid
