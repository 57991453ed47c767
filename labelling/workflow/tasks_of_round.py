"""Open a round's tasks: pre-labels drawn first, then tasks, ranking and the pointer in one go."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from labelling.imagery.tilefile import read_label
from labelling.models import Layer, Ranking, Task, TaskRank, Tile, record
from labelling.workflow.attempt import Attempt
from labelling.workflow.children import run_child
from labelling.workflow.picking import Picks, read_picks, write_json
from labelling.workflow.pool import REPLACEABLE, eligible_tiles

LANES = {"control": Task.Lane.CONTROL}
"""The lane of a slice of the batch; all others are active."""


@dataclass(frozen=True)
class Drawn:
    """A stored pre-label."""

    raster: str
    """Blob key."""
    sha256: str
    """Of the mask's bytes."""


@dataclass(frozen=True)
class Opening:
    """What the open step works from."""

    picks: Picks
    layers: dict[str, Drawn]
    """By tile uuid."""


def predraw(attempt: Attempt) -> Opening:
    """Draw the model's mask of each picked tile that may show one."""
    picks = read_picks(attempt)
    shown = [each["tile"] for each in picks.picks if each["slice"] not in LANES]
    if attempt.round.model is None or not shown:
        return Opening(picks, {})
    tiles = list(
        Tile.objects.filter(uuid__in=shown).select_related("acquisition__place").order_by("pk")
    )
    out = attempt.folder / "prelabels"
    run_child(
        "labelling.compute",
        "prelabel",
        prelabel_request(attempt, tiles),
        out,
        log=attempt.folder / "prelabel.log",
        tick=attempt.tick,
    )
    layers = {}
    for tile in tiles:
        layers[str(tile.uuid)] = stored_layer(attempt, tile, out / f"{tile.uuid}.tif")
        attempt.tick()
    return Opening(picks, layers)


def prelabel_request(attempt: Attempt, tiles: list[Tile]) -> Path:
    request = {
        "bands": attempt.round.campaign.bands,
        "model": str(attempt.adopted("fit")),
        "tiles": [
            {"uuid": str(tile.uuid), "raster": attempt.blobs.raster(tile.raster)} for tile in tiles
        ],
    }
    return write_json(attempt.folder / "prelabel.json", request)


def layer_version(attempt: Attempt) -> str:
    assert attempt.round.model is not None
    return attempt.round.model.hash[:8]


def stored_layer(attempt: Attempt, tile: Tile, drawn: Path) -> Drawn:
    """Copy a drawn mask to its place in storage."""
    key = f"layers/{tile.key}/model-{layer_version(attempt)}.tif"
    mask, _ = read_label(drawn)
    attempt.blobs.write_with(key, lambda path: shutil.copyfile(drawn, path))
    return Drawn(key, hashlib.sha256(mask.tobytes()).hexdigest())


def open_tasks(attempt: Attempt, opening: Opening, now: datetime) -> dict[str, Any]:
    """Close older replaceable tasks, open the batch, and switch the campaign to the new ranking.

    A tile that was labelled or taken since it was picked is left out.
    """
    round, campaign = attempt.round, attempt.round.campaign
    older = Task.objects.of(campaign).filter(REPLACEABLE).exclude(round_no=round.n)
    superseded = older.update(state=Task.State.SUPERSEDED)
    wanted = [uuid.UUID(each["tile"]) for each in opening.picks.picks]
    free = {tile.uuid: tile for tile in eligible_tiles(campaign).filter(uuid__in=wanted)}
    layers = kept_layers(attempt, opening, list(free.values()), now)
    tasks = [
        Task(
            campaign=campaign,
            acquisition_id=free[name].acquisition_id,
            tile=free[name],
            lane=LANES.get(each["slice"], Task.Lane.ACTIVE),
            round_no=round.n,
            prelabel=layers.get(name) if each["slice"] not in LANES else None,
            created=now,
        )
        for name, each in zip(wanted, opening.picks.picks)
        if name in free
    ]
    Task.objects.bulk_create(tasks)
    ranking = switch_ranking(attempt, tasks, now)
    record("created", ranking, campaign=campaign, who=None, now=now, superseded=superseded)
    return {"opened": len(tasks), "superseded": superseded, "left_out": len(wanted) - len(tasks)}


def kept_layers(
    attempt: Attempt, opening: Opening, tiles: list[Tile], now: datetime
) -> dict[uuid.UUID, Layer]:
    layers = {}
    for tile in tiles:
        if drawn := opening.layers.get(str(tile.uuid)):
            layers[tile.uuid], _ = Layer.objects.get_or_create(
                tile=tile,
                source="model",
                version=layer_version(attempt),
                defaults={"raster": drawn.raster, "sha256": drawn.sha256, "created": now},
            )
    return layers


def switch_ranking(attempt: Attempt, tasks: list[Task], now: datetime) -> Ranking:
    """A new ranking: first what older rounds left to do (the control slice), then the batch.

    A control tile in somebody's hands keeps its place too: it may come back, and a control slice
    of which some tiles are never served is no random sample.
    """
    campaign = attempt.round.campaign
    left = Task.objects.of(campaign).exclude(lane=Task.Lane.ACTIVE).order_by("ranks__rank")
    left = left.filter(
        state__in=[Task.State.OPEN, Task.State.RESERVED],
        ranks__ranking=campaign.ranking_id,
        ranks__isnull=False,  # before the first ranking, too
    )
    last = campaign.rankings.order_by("-n").first()
    ranking = Ranking.objects.create(campaign=campaign, n=last.n + 1 if last else 1, created=now)
    TaskRank.objects.bulk_create(
        [
            TaskRank(ranking=ranking, task=task, rank=place)
            for place, task in enumerate([*left, *tasks], start=1)
        ],
        batch_size=1000,
    )
    type(campaign).objects.filter(pk=campaign.pk).update(ranking=ranking)
    campaign.ranking = ranking
    return ranking
