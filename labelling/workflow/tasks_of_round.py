"""Open a round's tasks: pre-labels drawn first, then tasks, ranking and the pointer in one go."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from labelling.imagery.tilefile import read_label
from labelling.models import Layer, Model, Task, Tile, record
from labelling.workflow.attempt import Attempt
from labelling.workflow.aux_chips import beside_tiles, seen_by
from labelling.workflow.children import run_child
from labelling.workflow.fetching import model_here
from labelling.workflow.foreseeing import fixed_tiles, keep_foreseen, settling
from labelling.workflow.hints import UNAIDED, drawn_plain, plain_share
from labelling.workflow.overlap import drawn_overlap, second_copies, with_second_copies
from labelling.workflow.picking import Picks, read_picks
from labelling.workflow.pool import REPLACEABLE, eligible_tiles
from labelling.workflow.pool_listing import ranker_here, with_rasters, write_json
from labelling.workflow.qualification import hard_levels
from labelling.workflow.quality_rules import quality_rules
from labelling.workflow.queue_rules import queue_rules
from labelling.workflow.rankings import switch_ranking
from labelling.workflow.regions_plan import Plan, keep_plans, plan_tiles

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
    agreement: float | None = None
    """Kappa of the trained model with the one before, where both looked at the same tiles."""
    plans: dict[str, Plan] = field(default_factory=dict)
    """By tile uuid: what whoever labels it is guided by."""


def predraw(attempt: Attempt) -> Opening:
    """Draw the ranking model's mask of each picked tile: pre-labels of those that may show one,
    and of control tiles what their labels will be held against."""
    picks = read_picks(attempt)
    if attempt.round.ranked_by is None or not picks.picks:
        return Opening(picks, {})
    control = [each["tile"] for each in picks.picks if each["slice"] in LANES]
    tiles = list(
        Tile.objects.filter(uuid__in=[each["tile"] for each in picks.picks])
        .select_related("acquisition__place")
        .order_by("pk")
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
    keep_foreseen(attempt, control, out)
    layers = {}
    for tile in tiles:
        if str(tile.uuid) not in control:
            layers[str(tile.uuid)] = stored_layer(attempt, tile, out / f"{tile.uuid}.tif")
            attempt.tick()
    masks = {name: each.raster for name, each in layers.items()}
    plans = plan_tiles(attempt, picks, tiles, masks)
    return Opening(picks, layers, settling(attempt), plans)


def prelabel_request(attempt: Attempt, tiles: list[Tile]) -> Path:
    round = attempt.round
    trained = round.model or round.ranked_by
    assert trained is not None
    folder = attempt.meanwhile(lambda: model_here(trained.folder, blobs=attempt.blobs))
    request = {
        "bands": round.campaign.bands,
        "model": str(ranker_here(attempt)),
        "tiles": shown_to(round.ranked_by, tiles, attempt),
        "settling": {
            "model": str(folder),
            "tiles": shown_to(trained, fixed_tiles(attempt), attempt),
        },
    }
    return write_json(attempt.folder / "prelabel.json", request)


def shown_to(model: Model | None, tiles: list[Tile], attempt: Attempt) -> list[dict[str, Any]]:
    """The tiles as a child can open them, with what the model sees beside their bands."""
    planes = seen_by(model)
    there = beside_tiles([tile.pk for tile in tiles], planes, campaign=attempt.round.campaign)
    listed = [
        {
            "uuid": str(tile.uuid),
            "raster": tile.raster,
            **(there[tile.pk].told() if planes else {}),
        }
        for tile in tiles
    ]
    return with_rasters(listed, attempt.blobs)


def layer_version(attempt: Attempt) -> str:
    assert attempt.round.ranked_by is not None
    return attempt.round.ranked_by.hash[:8]


def stored_layer(attempt: Attempt, tile: Tile, drawn: Path) -> Drawn:
    """Copy a drawn mask to its place in storage, unless the same champion drew one there in an
    earlier round: tasks and hashes go by that, and another batch or machine may differ in a bit.
    """
    version = layer_version(attempt)
    if before := Layer.objects.filter(tile=tile, source="model", version=version).first():
        return Drawn(before.raster, before.sha256)
    key = f"layers/{tile.key}/model-{version}.tif"
    mask, _ = read_label(drawn)
    attempt.blobs.write_with(key, lambda path: shutil.copyfile(drawn, path))
    return Drawn(key, hashlib.sha256(mask.tobytes()).hexdigest())


def open_tasks(attempt: Attempt, opening: Opening, now: datetime) -> dict[str, Any]:
    """Close older replaceable tasks, open the batch, and switch the campaign to the new ranking.

    A tile that was labelled or taken since it was picked is left out. Of older rounds stay, in
    front, the active tiles that several people label: dropped, those that nobody has got round to
    would be missing from the agreement.
    """
    round, campaign = attempt.round, attempt.round.campaign
    older = Task.objects.of(campaign).filter(REPLACEABLE).exclude(round_no=round.n)
    superseded = older.exclude(with_second_copies()).update(state=Task.State.SUPERSEDED)
    stay = list(older.order_by("round_no", "pk"))
    wanted = [uuid.UUID(each["tile"]) for each in opening.picks.picks]
    free = {tile.uuid: tile for tile in eligible_tiles(campaign).filter(uuid__in=wanted)}
    layers = kept_layers(attempt, opening, list(free.values()), now)
    levels = levels_of(attempt, opening)
    tasks = [
        Task(
            campaign=campaign,
            acquisition_id=free[name].acquisition_id,
            tile=free[name],
            lane=LANES.get(each["slice"], Task.Lane.ACTIVE),
            round_no=round.n,
            level=levels.get(each["tile"], 0),
            prelabel=layers.get(name) if each["slice"] not in LANES else None,
            created=now,
        )
        for name, each in zip(wanted, opening.picks.picks)
        if name in free
    ]
    seconds = blind_copies(attempt, tasks, now)
    plain = share_arms(attempt, tasks, seconds=len(seconds))
    Task.objects.bulk_create([*tasks, *seconds])
    # What several people label is held against each other: they label it whole.
    several = {each.acquisition_id for each in seconds}
    guided = keep_plans(tasks, opening.plans, whole=several, now=now)
    ranking = switch_ranking(campaign, [*stay, *tasks], now=now)
    record("created", ranking, campaign=campaign, who=None, now=now, superseded=superseded)
    return {
        "opened": len(tasks),
        "second": len(seconds),
        "plain": plain,
        "regions": guided,
        "superseded": superseded,
        "left_out": len(wanted) - len(tasks),
        "agreement": opening.agreement,
    }


def blind_copies(attempt: Attempt, tasks: list[Task], now: datetime) -> list[Task]:
    """Further copies, unsaved, of a random share of the active tiles."""
    rules = quality_rules(attempt.round.campaign)
    active = {task.tile.uuid: task for task in tasks if task.lane == Task.Lane.ACTIVE}
    drawn = drawn_overlap(active.keys(), share=rules.overlap_share, seed=attempt.round.seed)
    several = [task for name, task in active.items() if name in drawn]
    return [copy for task in several for copy in second_copies(task, rules, now=now)]


def share_arms(attempt: Attempt, tasks: list[Task], *, seconds: int) -> int:
    """Draw the active tiles that are shown without their pre-label; how many.

    The pre-label stays with the task: what a person draws without it is held against it later.
    """
    campaign = attempt.round.campaign
    active = [task for task in tasks if task.lane == Task.Lane.ACTIVE and task.prelabel]
    waiting = Task.objects.of(campaign).filter(
        lane__in=UNAIDED - {Task.Lane.GOLD}, state=Task.State.OPEN
    )
    unaided = waiting.count() + seconds + sum(task.lane in UNAIDED for task in tasks)
    share = plain_share(quality_rules(campaign), active=len(active), unaided=unaided)
    names = [task.tile.uuid for task in active]
    plain = drawn_plain(names, share=share, seed=attempt.round.seed)
    for task in active:
        task.arm = Task.Arm.PLAIN if task.tile.uuid in plain else Task.Arm.HINTED
    return len(plain)


def levels_of(attempt: Attempt, opening: Opening) -> dict[str, int]:
    """{tile uuid: the level it takes} of the hardest tiles; without a model none is known to be."""
    if attempt.round.ranked_by is None:
        return {}
    scores = {
        each["tile"]: each["score"]
        for each in opening.picks.picks
        if each["slice"] == "informative"
    }
    return hard_levels(scores, queue_rules(attempt.round.campaign))


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
