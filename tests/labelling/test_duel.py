"""Two models trained alike, on chosen and on control tiles. Painted tiles: synthetic."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from labelling import clock
from labelling.adapters.blobs import store
from labelling.compute.prelabel import draw_prelabels
from labelling.errors import Conflict
from labelling.insights import duels
from labelling.models import Annotation, Duel, Snapshot
from labelling.workflow import duelling
from labelling.workflow.duelling import fight
from tests.factories import NOON, TaskFactory, person
from tests.worlds import import_label, painted_tile, truth, world
from training.config import FitConfig
from training.fit import fit

pytestmark = pytest.mark.django_db
SETTINGS = {
    "width": 4,
    "depth": 3,
    "crop": 64,
    "batch": 2,
    "steps": 2,
    "threads": 1,
    "checkpoint_every": 2,
    "evaluate_every": 2,
    "warm_up": 1,
    "precision": "fp32",
}


LEARNT: list[list[str]] = []
"""Splits of what each model learnt from, model by model."""


def in_this_process(module: str, work: str, first: Path, out: Path, *_: Any, **__: Any) -> None:
    """What the children do; it takes seconds to start one."""
    if module == "training":
        samples = json.loads((first / "manifest.json").read_text())["samples"]
        LEARNT.append(sorted(each["split"] for each in samples))
        fit(FitConfig(**SETTINGS), first, out)
    else:
        draw_prelabels(json.loads(first.read_text()), out)


def labelled(campaign, number: int, lane: str, *, minute: int) -> None:
    tile = painted_tile(campaign, 3 * number)
    task = TaskFactory(campaign=campaign, tile=tile, lane=lane, state="accepted")
    drawn = import_label(campaign, tile, truth(campaign, tile))
    values = {name: getattr(drawn, name) for name in ("raster", "sha256", "pixels")}
    Annotation.objects.create(
        acquisition=tile.acquisition, schema=campaign.schema, n=2, task=task,
        author=person("ana"), tool="test", source="campaign", labelled_share=1,
        created=NOON + timedelta(minutes=minute), **values,
    )  # fmt: skip


@pytest.fixture
def ready(monkeypatch):
    """A campaign with two labels for each arm and two more to judge on."""
    monkeypatch.setattr(duels, "LEAST_ARM", 2)
    monkeypatch.setattr(duels, "LEAST_PRODUCTS", 2)
    monkeypatch.setattr(duelling, "run_child", in_this_process)
    LEARNT.clear()
    campaign = world(pool=0, validation=1, slug="north")
    for number, lane in enumerate(("active", "active", "control", "control", "control", "control")):
        labelled(campaign, number + 1, lane, minute=number)
    return campaign


def test_a_duel_keeps_a_difference_for_each_product_that_neither_model_had_seen(ready):
    kept = fight(ready, seed=3, blobs=store(), clock=clock.now, tick=lambda progress: None)

    assert (len(kept.arms["chosen"]), len(kept.arms["random"]), len(kept.pairs)) == (2, 2, 2)
    assert all(0 <= pair[arm] <= 1 for pair in kept.pairs for arm in duelling.ARMS)
    assert kept.judged_until == NOON + timedelta(minutes=5)
    assert not Snapshot.objects.exists()  # a comparison of "newest" must not meet its sets
    assert LEARNT == [["pool", "pool", "validation"]] * 2
    assert not list(store().sizes("duels/"))
    with pytest.raises(Conflict, match="Too few labels"):
        fight(ready, seed=3, blobs=store(), clock=clock.now, tick=lambda progress: None)
    assert Duel.objects.count() == 1


def test_a_duel_without_labels_is_refused_on_the_command_line(capsys):
    world(pool=0, validation=0, slug="north")

    with pytest.raises(SystemExit) as ended:
        call_command("monitor", "duel", "north")

    assert ended.value.code == 1
    assert "20 labels of each arm" in capsys.readouterr().err
