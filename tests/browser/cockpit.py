"""A campaign in its middle, for the lead's page: rounds, people, a queue, troubles. All of it is
synthetic: tiles are painted, and figures are made up so that each panel has something to draw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import exp
from typing import Any

import numpy as np

from labelling.adapters.blobs import store
from labelling.clock import now
from labelling.imagery.composites import thumbnail
from labelling.imagery.tilefile import write_tile
from labelling.models import (
    Campaign,
    Evaluation,
    Job,
    Membership,
    Model,
    Reservation,
    Round,
    Score,
    Snapshot,
    Tile,
)
from tests.factories import (
    AcquisitionFactory,
    CampaignFactory,
    PlaceFactory,
    SceneFactory,
    TaskFactory,
    TileFactory,
    person,
)
from tests.labelling.insights.rows import label, reservation

BANDS = ("B02", "B03", "B04", "B08")
STRETCH: dict[str, tuple[float, float]] = dict.fromkeys(BANDS, (0.0, 6000.0))
SQUARES = ("35VLF", "34VFL", "32VNM", "30UYC", "33UUP")
NAMES = ("clear", "cloud", "semi-transparent", "shadow")
LABELLED, PICKED = 30, 14
MASKS = ("Sen2Cor SCL 2.10", "s2cloudless 1.7", "Fmask 4.6")


def cockpit(slug: str = "north") -> Campaign:
    """Lea leads it, Ana, Ben and Rita work in it; five rounds are done."""
    campaign = CampaignFactory(
        slug=slug, targets={"tiles": 60, "date": f"{now() + timedelta(days=40):%Y-%m-%d}"}
    )
    team = [person(name, campaign=campaign) for name in ("ana", "ben")]
    person("rita", campaign=campaign, role="reviewer")
    tiles = [_tile(campaign, number) for number in range(LABELLED + PICKED)]
    for number, tile in enumerate(tiles[:LABELLED]):
        _labelled(campaign, tile, number, team[number % 2])
    for n in range(1, 6):
        _round(campaign, n)
    _batch(campaign, tiles)
    _troubles(campaign, team[1])
    _compared(campaign)
    return campaign


def _tile(campaign: Campaign, number: int) -> Tile:
    square = SQUARES[number * number % len(SQUARES)]
    place = PlaceFactory(
        key=f"{square}/256/{number}/1", square=square, split="pool" if number % 5 else "validation"
    )
    taken = datetime(2025, number % 9 + 3, 3 + number % 4, 10, tzinfo=UTC)
    tile = TileFactory(
        acquisition=AcquisitionFactory(place=place, taken=taken),
        scene=SceneFactory(stretch=STRETCH, sun_azimuth=160.0),
        raster=f"tiles/{place.key}.tif",
        campaign=campaign,
    )
    pixels = _clouds(number, len(campaign.bands))
    store().write_with(tile.raster, lambda path: write_tile(path, pixels, bands=campaign.bands))
    tile.thumbnail = f"thumbnails/{place.key}.png"
    store().write(tile.thumbnail, thumbnail(pixels, campaign.bands, stretch=STRETCH))
    tile.save()
    return tile


def _clouds(seed: int, bands: int) -> np.ndarray:
    """(bands, 256, 256): round bright clouds on dark ground."""
    dice = np.random.default_rng(seed)
    rows, columns = np.mgrid[:256, :256]
    bright = np.zeros((256, 256))
    for row, column, size in dice.uniform((0, 0, 15), (256, 256, 60), (5, 3)):
        bright += np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / size**2)
    ground = dice.uniform(500, 1200, (bands, 1, 1)) + dice.normal(0, 60, (bands, 256, 256))
    return (ground + 4500 * bright).clip(1).astype(np.uint16)


def _labelled(campaign: Campaign, tile: Tile, number: int, who: Any) -> None:
    begun = now() - timedelta(days=2 * (LABELLED - number))
    state = "submitted" if number % 6 == 0 else "accepted"
    lane = "control" if number % 7 == 0 else "active"
    task = TaskFactory(
        campaign=campaign, tile=tile, state=state, lane=lane, created=begun, round_no=number // 6
    )
    cloud = 9000 + 4000 * (number % 5)
    pixels = {"0": 65_536 - cloud, "1": cloud - 5000, "2": 3000, "3": 2000}
    ended = begun + timedelta(minutes=20)
    label(tile, campaign, pixels=pixels, task=task, author=who, created=ended)
    spell = reservation(task, who, how="submitted")
    Reservation.objects.filter(pk=spell.pk).update(
        started=begun, ended=ended, active_seconds=600 + 13 * number
    )


def _round(campaign: Campaign, n: int) -> None:
    done = now() - timedelta(days=11 * (6 - n))
    name = f"{campaign.slug}-{n}"
    snapshot = Snapshot.objects.create(
        hash=sha256(name.encode()).hexdigest(), campaign=campaign, rule={},
        folder=f"snapshots/{name}",
        counts={"samples": 6 * n, "pool": 5 * n, "pixels": {"0": 9, "1": 5}}, created=done,
    )  # fmt: skip
    model = Model.objects.create(
        hash=f"{n}123456789abcdef-{name}", campaign=campaign, snapshot=snapshot,
        folder=f"models/{name}", card=_card(n), metrics=_metrics(n), created=done,
        state={5: "candidate", 4: "champion"}.get(n, "retired"), decided=done,
        decision=_decision(),
    )  # fmt: skip
    Round.objects.create(
        campaign=campaign, n=n, state="done", step="done", strategy="auto" if n > 1 else "random",
        batch=PICKED, seed=n, snapshot=snapshot, model=model, created=done,
        finished=done + timedelta(minutes=14 + n),
    )  # fmt: skip


def _metrics(n: int) -> dict[str, Any]:
    iou = {name: 0.9 - 0.17 * k - 0.4 * exp(-n / 2) for k, name in enumerate(NAMES)}
    mean, reach = sum(iou.values()) / 4, 0.16 / n**0.5
    return {
        "split": "validation", "class_mean_iou": mean, "iou": iou,
        "intervals": {
            "scenes": 9, "level": 0.95, "class_mean_iou": [mean - reach, mean + reach],
            "iou": {name: [value - reach, min(1, value + reach)] for name, value in iou.items()},
        },
    }  # fmt: skip


def _card(n: int) -> dict[str, Any]:
    before = [[p / 15, (p / 15) ** 1.6, 900] for p in range(1, 15)]
    after = [[p / 15, (p / 15) ** 1.1, 900] for p in range(1, 15)]
    return {
        "classes": [{"code": code, "name": name} for code, name in enumerate(NAMES)],
        "bands": list(BANDS),
        "config": {"steps": 100 * n, "batch": 4, "seed": 7},
        "snapshot": {"synthetic": True, "samples": {"pool": 5 * n, "validation": 9, "test": 0}},
        "metrics": _metrics(n),
        "environment": {"python": "3.11", "torch": "2.13", "device": "cpu"},
        "temperatures": [1.62, 1.48],
        "calibration": {
            "pixels": 50_400, "scenes": 9, "held_out": True,
            "ece_before": dict.fromkeys(NAMES, 0.081), "ece_after": dict.fromkeys(NAMES, 0.022),
            "bins_before": dict.fromkeys(NAMES, before), "bins_after": dict.fromkeys(NAMES, after),
        },
    }  # fmt: skip


def _decision() -> dict[str, Any]:
    row = {
        "scenes": 9, "reference": 11, "margin": 0.02, "candidate": 0.81, "champion": 0.8,
        "difference": {"value": 0.012, "low": -0.03, "high": 0.05, "p": 0.4, "scenes": 9},
        "verdict": "unsure",
    }  # fmt: skip
    return {
        "promote": False, "reasons": ["It may lose more than 0.02 IoU in shadow."],
        "needs": {"shadow": 7}, "champion": "4", "tiles": 9, "scenes": 9, "synthetic": True,
        "classes": dict.fromkeys(NAMES, row), "by_hand": None,
        "calibration": {"candidate": 0.022, "champion": 0.025, "most": 0.1, "holds": True},
    }  # fmt: skip


def _batch(campaign: Campaign, tiles: list[Tile]) -> None:
    newest = Round.objects.get(campaign=campaign, n=5)
    for place, tile in enumerate(tiles[LABELLED:], 1):
        slice, why = ("control", "drawn uniformly") if place % 5 == 0 else ("informative", "shadow")
        Score.objects.create(
            round=newest, tile=tile, score=0.9 / place**0.4, picked=place, slice=slice, why=why,
            fractions={"0": 0.5, "1": 0.3, "2": 0.1, "3": 0.1},
            drawn={
                "quota": "shadow" if place % 3 == 0 else "", "noise": 0.04 * (place % 4) - 0.05,
                "standing": place * 2, "probability": 0.1 if slice == "control" else None,
                "nearest": str(tiles[place].uuid), "likeness": round(0.9 - 0.03 * place, 2),
            },
        )  # fmt: skip
        TaskFactory(
            campaign=campaign, tile=tile, round_no=5, created=now() - timedelta(days=16),
            lane="control" if slice == "control" else "active",
        )  # fmt: skip


def _troubles(campaign: Campaign, who: Any) -> None:
    since = (now() - timedelta(days=3)).isoformat()
    members = Membership.objects.filter(campaign=campaign, user=who)
    members.update(qualification={"drift": {"since": since}})
    Job.objects.create(
        kind="labelling.export", campaign=campaign, state="failed", attempts=3,
        error="The disk of the export folder is full.", created=now(), finished=now(),
    )  # fmt: skip
    Job.objects.create(
        kind="labelling.mine", campaign=campaign, state="running", attempts=1, created=now(),
        lease_ends=now() + timedelta(hours=1),
        progress={"stage": "fold 2", "done": 34, "total": 90, "rate": 0.7},
    )  # fmt: skip


def _figure(value: float, reach: float = 0.03) -> dict[str, float]:
    return {"value": value, "low": value - reach, "high": value + reach}


def _suite(strength: float) -> dict[str, Any]:
    return {
        "buffer": [
            {
                "radius": radius,
                "leaked": _figure(strength * exp(-radius / 5), 0.02),
                "lost": _figure(0.03 + 0.012 * radius, 0.01),
            }
            for radius in range(21)
        ]
    }


def _compared(campaign: Campaign) -> None:
    masks = [_mask(name, 0.55 + 0.06 * k) for k, name in enumerate(MASKS)]
    Evaluation.objects.create(
        campaign=campaign, kind="comparison", split="validation", created=now(),
        report={
            "split": "validation", "snapshot": "abc", "synthetic": True,
            "label_sources": ["campaign"], "classes": list(NAMES), "tiles": 9, "scenes": 9,
            "scenes_per_class": dict.fromkeys(NAMES, 9), "fewest_scenes": 3, "resampling": {},
            "test_openings": 0, "masks": masks,
            "model": {
                "hash": "4" * 12, "state": "champion", "trained_on_these_data": False,
                "trained_on_tiles": 0, "suite": _suite(0.2),
                "cost": {"seconds_per_mpix": 0.9, "peak_mib": 800.0, "measured": "in this run",
                         "training_seconds": 800.0},
            },
        },
    )  # fmt: skip


def _mask(name: str, mean: float) -> dict[str, Any]:
    pair = {
        "scenes": 9, "scenes_per_class": dict.fromkeys(NAMES, 9), "over": list(NAMES),
        "mask": {"iou": {}, "class_mean_iou": _figure(mean)},
        "model": {"iou": {}, "class_mean_iou": _figure(0.74)},
        "lead": {**_figure(0.74 - mean), "p": 0.01, "p_holm": 0.03, "scenes": 9},
    }  # fmt: skip
    return {
        "name": name, "source": name, "version": "1", "classes": list(NAMES), "not_provided": [],
        "counted_as": {}, "tiles": 9, "answered": 0.97, "trained_on_these_data": False,
        "trained_on": [], "said_by": "its makers", "cost": None, "answered_pixels": pair,
        "all_pixels": pair, "suite": _suite(1 - mean),
    }  # fmt: skip
