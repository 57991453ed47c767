"""A duel between choosing and chance: two models trained alike, one on chosen tiles and one on
control tiles, judged on control tiles that neither has seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from django.conf import settings
from django.db import IntegrityError, transaction

from labelling.adapters.blobs import Blobs
from labelling.errors import Conflict
from labelling.imagery.boundaries import confusion
from labelling.imagery.tilefile import read_label
from labelling.insights.duels import NEEDED, Hand, Labelled, next_hand
from labelling.models import Campaign, Duel, Place, record
from labelling.workflow.aux_chips import beside_tiles, wanted_by
from labelling.workflow.children import run_child
from labelling.workflow.fetching import snapshot_here
from labelling.workflow.pool_listing import write_json
from labelling.workflow.snapshots.chips import entry
from labelling.workflow.snapshots.choosing import Sample, chosen, schema_of
from labelling.workflow.snapshots.freezing import describe
from labelling.workflow.snapshots.rule import DEFAULT
from labelling.workflow.steps import set_word

ARMS = ("chosen", "random")
Tick = Callable[[dict[str, Any] | None], None]


@dataclass(frozen=True)
class Ring:
    """Where a duel is fought."""

    campaign: Campaign
    n: int
    seed: int
    blobs: Blobs
    tick: Tick
    samples: Mapping[int, Sample]
    """{acquisition: the label and raster that stand for it}."""
    folder: Path
    """Gone with the duel: what it found is a row."""


def fight(
    campaign: Campaign, *, seed: int, blobs: Blobs, clock: Callable[[], datetime], tick: Tick
) -> Duel:
    """Train both models here, judge them, and keep the differences. Takes two fits.

    Raises Conflict where there are too few labels yet, or another duel was kept meanwhile, and
    JobFailed where a fit fails; then nothing is kept.
    """
    hand = next_hand(campaign)
    check_ready(hand)
    last = Duel.objects.filter(campaign=campaign).order_by("-n").first()
    schema = schema_of(campaign, DEFAULT)
    stand = {each.annotation.acquisition_id: each for each in chosen(campaign, schema)}
    number = last.n + 1 if last else 1
    with TemporaryDirectory(prefix="duel-", dir=settings.WORKBENCH_VAR) as room:
        ring = Ring(campaign, number, seed, blobs, tick, stand, Path(room))
        return keep(ring, hand, fought(ring, hand), now=clock())


def fought(ring: Ring, hand: Hand) -> list[dict[str, Any]]:
    """What each model made of the products to judge on."""
    judged = [each for each in hand.judged if each.acquisition in ring.samples]
    right: dict[str, dict[str, float]] = {}
    for arm in ARMS:
        model = trained(ring, arm, getattr(hand, arm))
        right[arm] = accuracies(ring, judged, drawn(ring, arm, model, judged))
    return pairs_of(judged, right)


def check_ready(hand: Hand) -> None:
    """Raises Conflict."""
    if not hand.ready:
        raise Conflict(
            f"Too few labels for a duel: there are {hand.arm} of each arm, and "
            f"{hand.products} products to judge on.",
            field="campaign",
            help=f"It takes {NEEDED}. Control tiles are labelled as the queue serves them.",
        )


def trained(ring: Ring, arm: str, tiles: Sequence[Labelled]) -> Path:
    """The folder of a model that learnt these tiles, and what is labelled of validation."""
    out = ring.folder / f"{arm}-fit"
    chosen_settings = {"threads": settings.TORCH_THREADS, **ring.campaign.training}
    key = frozen(ring, arm, {each.acquisition for each in tiles})
    try:
        run_child(
            "training",
            "fit",
            snapshot_here(key, blobs=ring.blobs),
            out,
            "--seed",
            str(ring.seed),
            *[word for pair in sorted(chosen_settings.items()) for word in set_word(*pair)],
            log=ring.folder / f"{arm}-fit.log",
            tick=ring.tick,
        )
    finally:
        ring.blobs.delete(f"{key}/manifest.json")
    return out


def frozen(ring: Ring, arm: str, acquisitions: Collection[int]) -> str:
    """The key of a training set like a snapshot's, under no snapshot's name: nobody is to meet it.
    Its own for each fight, so that two at once don't meet either."""
    validation = Place.Split.VALIDATION
    samples = [
        each
        for key, each in ring.samples.items()
        if key in acquisitions or each.tile.acquisition.place.split == validation
    ]
    planes = wanted_by(ring.campaign.training)
    there = beside_tiles([each.tile.pk for each in samples], planes, campaign=ring.campaign)
    entries = []
    for sample in samples:
        entries.append(entry(sample, ring.campaign, ring.blobs, there.get(sample.tile.pk)))
        ring.tick(None)
    manifest = describe(ring.campaign, schema_of(ring.campaign, DEFAULT), samples, entries, DEFAULT)
    key = f"duels/{ring.folder.name}-{arm}"
    content = json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False).encode()
    ring.blobs.write(f"{key}/manifest.json", content)
    return key


def drawn(ring: Ring, arm: str, model: Path, judged: Sequence[Labelled]) -> Path:
    """The folder of the model's masks of the judged tiles, `<uuid>.tif` each."""
    tiles = [ring.samples[each.acquisition].tile for each in judged]
    planes = wanted_by(ring.campaign.training)
    there = beside_tiles([tile.pk for tile in tiles], planes, campaign=ring.campaign)
    listed = []
    for tile in tiles:
        told = there[tile.pk].told() if planes else {}
        opened = {name: ring.blobs.raster(key) for name, key in told.get("planes", {}).items()}
        beside = {**told, "planes": opened} if planes else {}
        listed.append({"uuid": str(tile.uuid), "raster": ring.blobs.raster(tile.raster), **beside})
    request = {"bands": ring.campaign.bands, "model": str(model), "tiles": listed}
    out = ring.folder / f"{arm}-masks"
    run_child(
        "labelling.compute",
        "prelabel",
        write_json(ring.folder / f"{arm}-masks.json", request),
        out,
        log=ring.folder / f"{arm}-masks.log",
        tick=ring.tick,
    )
    return out


def accuracies(ring: Ring, judged: Sequence[Labelled], masks: Path) -> dict[str, float]:
    """{product: share of the labelled pixels that the model has right}, where any is labelled."""
    codes = schema_of(ring.campaign, DEFAULT).codes
    counts: dict[str, np.ndarray] = {}
    for each in judged:
        sample = ring.samples[each.acquisition]
        label, _ = read_label(ring.blobs.raster(sample.annotation.raster))
        mask, _ = read_label(masks / f"{sample.tile.uuid}.tif")
        table = confusion(label, mask, codes)
        counts[each.product] = counts.get(each.product, np.zeros_like(table)) + table
    return {
        product: float(np.trace(table) / table.sum())
        for product, table in counts.items()
        if table.sum()
    }


def pairs_of(
    judged: Sequence[Labelled], right: Mapping[str, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """In the order in which the products' first labels came in."""
    chosen_right, random_right = (right[arm] for arm in ARMS)
    products = [each.product for each in judged]
    return [
        {
            "product": product,
            "tiles": products.count(product),
            "chosen": round(chosen_right[product], 6),
            "random": round(random_right[product], 6),
        }
        for product in dict.fromkeys(products)
        if product in chosen_right and product in random_right
    ]


def keep(ring: Ring, hand: Hand, pairs: list[dict[str, Any]], *, now: datetime) -> Duel:
    """Write the duel down. Raises Conflict."""
    if not pairs:
        raise Conflict(
            "None of the labels to judge on names a class: the duel says nothing.",
            field="campaign",
            help="Wait for further control labels.",
        )
    arms = {arm: [str(each.annotation) for each in getattr(hand, arm)] for arm in ARMS}
    try:
        with transaction.atomic():
            kept = Duel.objects.create(
                campaign=ring.campaign,
                n=ring.n,
                arms={**arms, "seed": ring.seed},
                pairs=pairs,
                judged_until=max(each.created for each in hand.judged),
                created=now,
            )
            record("created", kept, campaign=ring.campaign, who=None, now=now, pairs=len(pairs))
    except IntegrityError:
        raise Conflict(
            f"Another duel of {ring.campaign.slug} ended just now: this one isn't kept.",
            field="campaign",
        ) from None
    return kept
