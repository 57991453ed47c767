"""Every setting that can be named changes what comes out; a flag that nothing reads is a lie.

An earlier pipeline of the field took `-aug` on its command line and used it nowhere.
"""

import dataclasses
import json
from functools import cache

import pytest

from tests.training.snapshots import SnapshotFolder, paint
from training.checkpoint import WEIGHTS
from training.config import FitConfig
from training.files import sha256
from training.fit import fit

PLAIN = {
    "width": 2, "depth": 1, "crop": 16, "batch": 4, "steps": 4, "warm_up": 1, "settle": 0.5,
    "ema": 0.5, "evaluate_every": 4, "precision": "fp32", "device": "cpu", "threads": 1,
}  # fmt: skip
NEVER = {
    "checkpoint_every": "when progress is kept",
    "checkpoint_minutes": "when progress is kept",
    "readers": "who reads the crops",
    "device": "another device takes another machine",
    "threads": "rounding, and only on some machines",
}
"""{setting: what it is about}: those that must not change a result, or can't be tried here."""
OTHERWISE = {
    "width": 3, "depth": 2, "dropout": 0.5, "members": 2, "steps": 5, "batch": 3, "crop": 32,
    "learning_rate": 1e-4, "weight_decay": 0.5, "clip": 1e-4, "ema": 0.0, "settle": 1.0,
    "loss": "lovasz", "dice_weight": 2.0, "class_weighting": "none", "rare_share": 1.0,
    "strata": "month", "replay_share": 0.9, "replay_until": 0, "pretrain_steps": 2,
    "augment": False, "turns": "none", "rotation": 30.0, "scale": 0.5, "common_gain": 0.0,
    "band_gain": 0.0, "offset": 0.02, "haze": 0.05, "noise": 0.0, "band_dropout": 0.9,
    "features": "sqrt+sun", "precision": "bf16", "evaluate_every": 2, "seed": 1,
}  # fmt: skip
"""{setting: a value that is not PLAIN's}."""
BESIDE = {
    "warm_up": ({"steps": 8}, 2),
    "focal_gamma": ({"loss": "focal"}, 0.5),
    "finetune_rate": ({"pretrain_steps": 2}, 1.0),
    "gain": ({"pretrain_steps": 2}, True),
    "mask_dropout": ({"features": "sqrt+masks:scl"}, 0.0),
    "patience": ({"evaluate_every": 1, "learning_rate": 1e-7, "patience": 0}, 1),
    "shrink": ({"init": True}, 0.5),
    "perturb": ({"init": True}, 0.5),
}
"""{setting: (what it takes to matter, a value)}."""
TRIED = {**{name: ({}, value) for name, value in OTHERWISE.items()}, **BESIDE}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Settings -> what came out: hash of the weights, the looks on the way, the gain."""
    root = tmp_path_factory.mktemp("settings")
    folder = SnapshotFolder(root, tile_size=32)
    for seed in range(6):
        bands, label = paint(seed, size=32, codes=(0, 0, 1, 3))
        folder.add(
            bands,
            label,
            split="validation" if seed == 5 else "pool",
            source="cloudsen12" if seed in (1, 3) else "campaign",
            month=1 + seed // 3,
            sun_azimuth=150.0,
            sun_zenith=40.0,
            planes={"mask:scl": label},
        )
    snapshot = folder.write()

    @cache
    def run(settings):
        wanted = {**PLAIN, **dict(settings)}
        first = first_weights() if wanted.pop("init", False) else None
        out = root / sha256(repr(settings).encode())
        fit(FitConfig(**wanted), snapshot, out, init=first)
        card = json.loads((out / "card.json").read_text())
        return card["weights"]["sha256"], str(card["members"]), str(card.get("gain"))

    def first_weights():
        run(())
        return root / sha256(repr(()).encode()) / WEIGHTS

    return lambda settings: run(tuple(sorted(settings.items())))


def test_every_setting_is_tried_or_said_to_change_nothing():
    known = {field.name for field in dataclasses.fields(FitConfig)}

    assert known == TRIED.keys() | NEVER.keys()
    assert not TRIED.keys() & NEVER.keys()


@pytest.mark.parametrize("name", sorted(TRIED))
def test_a_setting_changes_what_comes_out(fitted, name):
    beside, value = TRIED[name]

    assert fitted({**beside, name: value}) != fitted(beside)


@pytest.mark.parametrize(
    "otherwise", [{"checkpoint_every": 1}, {"checkpoint_minutes": 60.0}, {"readers": 3}]
)
def test_how_a_fit_is_carried_out_changes_nothing(fitted, otherwise):
    assert fitted(otherwise) == fitted({})
