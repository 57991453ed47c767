"""How well a net trained here masks scenes that it never saw, beside csmask on the same pixels.

    python -m benchmarks.accuracy [--quick] [--seeds N] [--folds N]

On the real Landsat-8 Biome tiles of WORKBENCH_SAMPLES/l8_biome. Every seed deals the scenes into
folds of its own and trains a net for each fold on the others, so every scene is judged once a seed
by a net that saw none of it. csmask runs once, through the runner of `manage.py masks run`; its own
chips judge nothing here, and neither mask was tuned on these scenes. Classes are those that both
have: csmask has no thin cloud, so thin counts as cloud for both. Shadow is labelled in full on few
tiles (the data's README names them): on the others it counts as clear, for truth and masks alike.
Intervals: scenes, and for the net also seeds, drawn again (percentiles). No figure has a bar.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._figures import figure, peak_mib
from benchmarks._l8_biome import (
    BOTH,
    COMPLETE,
    FOUR,
    SAMPLES,
    Tile,
    read,
    shared,
    with_known_shadow,
    write_snapshot,
)
from benchmarks._limit import within
from labelling.imagery.masks.maskers import CSMASK, S2CLOUDLESS, Shot
from training.config import FitConfig
from training.evaluation.counts import SceneCounts, Statistic, scenes_per_class, total
from training.evaluation.evidence import Evidence, Truth
from training.evaluation.paired import paired_difference
from training.evaluation.resampling import FEWEST, Resampling, percentiles, resampled
from training.evaluation.statistics import iou_of, mean_iou_of
from training.fit import fit
from training.predict import load

SEED = int(os.environ.get("BENCH_SEED", "1"))
ROLES = {
    "B2": "blue", "B3": "green", "B4": "red", "B5": "nir", "B6": "swir16", "B7": "swir22",
}  # fmt: skip
"""{Landsat 8's band: what csmask calls it}."""
NET = FitConfig(width=8, steps=300, batch=4, crop=128, warm_up=20, evaluate_every=10_000)
HOW = Resampling(draws=2000)
LIMIT = 120
"""Minutes for all of it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, short trainings")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folds", type=int, default=3)
    words = parser.parse_args()
    if not SAMPLES.is_dir():
        sys.stderr.write(f"There is no folder {SAMPLES}; name another by WORKBENCH_SAMPLES.\n")
        return 1
    tiles = [read(path) for path in sorted(SAMPLES.glob("*_label.tif"))]
    with within(LIMIT):
        judge(tiles, words)
    return 0


def judge(tiles: Sequence[Tile], words: argparse.Namespace) -> None:
    seeds = 1 if words.quick else words.seeds
    config = FitConfig(**{**NET.as_json(), "steps": 40}) if words.quick else NET
    nets = [trained(tiles, config, seed=SEED + n, folds=words.folds) for n in range(seeds)]
    theirs, their_cost = by_csmask(tiles)
    about = f"{len(tiles)} real tiles of {len(theirs)} scenes, {words.folds} folds by scene"
    tell_scores([net.both for net in nets], theirs, about, config)
    tell_s2cloudless(tiles[0].bands)
    tell_thin([net.four for net in nets], about)
    tell_cost(nets, their_cost)


@dataclass(frozen=True)
class Net:
    """What the nets of one seed said of all scenes, each held out."""

    both: list[SceneCounts]
    four: list[SceneCounts]
    training_seconds: float
    """Of all folds."""
    seconds_per_mpix: float


def trained(tiles: Sequence[Tile], config: FitConfig, *, seed: int, folds: int) -> Net:
    both, four = Evidence(BOTH.merged, geometry=False), Evidence(FOUR, geometry=False)
    training = predicting = 0.0
    with tempfile.TemporaryDirectory(prefix="accuracy-") as scratch:
        for fold, held in enumerate(dealt(tiles, folds, seed=seed)):
            room = Path(scratch) / str(fold)
            write_snapshot([tile for tile in tiles if tile.scene not in held], room)
            began = time.perf_counter()
            fit(FitConfig(**{**config.as_json(), "seed": seed}), room, room / "model")
            training += time.perf_counter() - began
            sys.stderr.write(f"seed {seed}, fold {fold + 1} of {folds} trained\n")
            judged = [tile for tile in tiles if tile.scene in held]
            stream = load(room / "model").stream(tile.pixels for tile in judged)
            began = time.perf_counter()
            for tile, (probabilities, _) in zip(judged, stream, strict=True):
                said = probabilities.mean(dim=0).argmax(dim=0).cpu().numpy().astype(np.uint8)
                four.add(Truth(tile.scene, with_known_shadow(tile, tile.label)), said)
                both.add(*shared(tile, BOTH(said)))
            predicting += time.perf_counter() - began
    pixels = sum(tile.label.size for tile in tiles)
    return Net(both.scenes, four.scenes, training, 1e6 * predicting / pixels)


def dealt(tiles: Sequence[Tile], folds: int, *, seed: int) -> list[set[str]]:
    """Scenes by fold."""
    scenes = np.random.default_rng([SEED, seed]).permutation(sorted({t.scene for t in tiles}))
    return [set(part.tolist()) for part in np.array_split(scenes, folds)]


def by_csmask(tiles: Sequence[Tile]) -> tuple[list[SceneCounts], float]:
    """csmask's counts by scene, and seconds a megapixel."""
    evidence, seconds = Evidence(BOTH.merged, geometry=False), 0.0
    table = CSMASK.source.table()
    for tile in tiles:
        at = [tile.bands.index(name) for name in ROLES]
        shot = Shot(tile.pixels[at], tuple(ROLES.values()), "L1C")
        began = time.perf_counter()
        codes = CSMASK.run(shot, os.cpu_count() or 1)
        seconds += time.perf_counter() - began
        evidence.add(*shared(tile, BOTH(table.translate(codes, name=tile.name))))
    return evidence.scenes, 1e6 * seconds / sum(tile.label.size for tile in tiles)


def tell_scores(
    nets: Sequence[list[SceneCounts]], csmask: list[SceneCounts], about: str, config: FitConfig
) -> None:
    scheme = BOTH.merged
    there = scenes_per_class(csmask, scheme.size)
    shown = [k for k in range(scheme.size) if there[k] >= FEWEST]
    over = [scheme.names[k] for k in shown]
    note = f"{about}; thin counts as cloud; shadow on {len(COMPLETE)} tiles; over {', '.join(over)}"
    figures: dict[str, Statistic] = {"class_mean_iou": mean_iou_of(shown)}
    figures |= {f"iou_{scheme.names[k]}": iou_of(k) for k in shown}
    told = {"class_mean_iou": int(there[shown].min())}
    told |= {f"iou_{scheme.names[k]}": int(there[k]) for k in shown}
    for name, statistic in figures.items():
        mine, theirs = across(nets, statistic), across([csmask], statistic)
        scenes = {"scenes": told[name], "note": note}
        figure(f"accuracy.{name}", mine.value, unit="IoU", mask="net", low=mine.low,
               high=mine.high, seeds=len(nets), steps=config.steps, **scenes)  # fmt: skip
        figure(f"accuracy.{name}", theirs.value, unit="IoU", mask="csmask", low=theirs.low,
               high=theirs.high, **scenes)  # fmt: skip
        tell_lead(name, nets, csmask, statistic, note)
    for k in set(range(scheme.size)) - set(shown):
        nothing(f"accuracy.iou_{scheme.names[k]}", "–", scenes=int(there[k]))


def tell_s2cloudless(bands: Sequence[str]) -> None:
    """It wants ten bands of Sentinel-2, some of which Landsat 8 doesn't have."""
    assert S2CLOUDLESS.bands_of(bands) is None, "s2cloudless runs on these bands: judge it"
    nothing("accuracy.class_mean_iou", "cannot run: bands", mask="s2cloudless")


@dataclass(frozen=True)
class Told:
    value: float
    low: float
    high: float


def across(runs: Sequence[list[SceneCounts]], statistic: Statistic) -> Told:
    """Mean over runs of the statistic; scenes and runs are drawn again for its interval."""
    value = float(np.mean([statistic(total(scenes)) for scenes in runs]))
    return Told(value, *percentiles(redrawn(runs, statistic), level=HOW.level))


def redrawn(runs: Sequence[list[SceneCounts]], statistic: Statistic) -> NDArray[np.float64]:
    """(draws,) mean over drawn runs, on drawn scenes that are the same for every run."""
    each = np.stack([resampled(scenes, statistic, HOW) for scenes in runs])
    drawn = np.random.default_rng([HOW.seed, 2]).integers(0, len(runs), (HOW.draws, len(runs)))
    means: NDArray[np.float64] = each[drawn, np.arange(HOW.draws)[:, None]].mean(axis=1)
    return means


def tell_lead(
    name: str, nets: Sequence[list[SceneCounts]], csmask: list[SceneCounts],
    statistic: Statistic, note: str,
) -> None:  # fmt: skip
    """The net's lead over csmask, scene by scene; its p is of all seeds' counts together."""
    lead = across(nets, statistic).value - across([csmask], statistic).value
    apart = redrawn(nets, statistic) - resampled(csmask, statistic, HOW)
    low, high = percentiles(apart, level=HOW.level)
    together = [SceneCounts(seeds[0].scene, total(seeds)) for seeds in zip(*nets, strict=True)]
    as_often = [SceneCounts(one.scene, total([one] * len(nets))) for one in csmask]
    p = paired_difference(together, as_often, statistic, draws=HOW.draws).p
    figure(f"accuracy.lead_{name}", lead, unit="IoU", low=low, high=high, p=p, note=note)


def tell_thin(nets: Sequence[list[SceneCounts]], about: str) -> None:
    """The net's thin cloud apart from thick, which csmask does not provide."""
    thin = FOUR.names.index("semi-transparent")
    scenes = int(scenes_per_class(nets[0], FOUR.size)[thin])
    if scenes < FEWEST:
        nothing("accuracy.iou_semi-transparent", "–", scenes=scenes)
        return
    mine = across(nets, iou_of(thin))
    figure("accuracy.iou_semi-transparent", mine.value, unit="IoU", mask="net", low=mine.low,
           high=mine.high, scenes=scenes, seeds=len(nets), note=about)  # fmt: skip
    nothing("accuracy.iou_semi-transparent", "not provided", mask="csmask")


def tell_cost(nets: Sequence[Net], theirs: float) -> None:
    pace = float(np.median([net.seconds_per_mpix for net in nets]))
    figure("accuracy.s_per_mpix", pace, unit="s/Mpix", mask="net", note="forward and counting")
    figure("accuracy.s_per_mpix", theirs, unit="s/Mpix", mask="csmask")
    seconds = float(np.mean([net.training_seconds for net in nets]))
    figure("accuracy.training_s", seconds, unit="s", mask="net", note="all folds of one seed")
    figure("accuracy.peak_mib", peak_mib(), unit="MiB", note="the whole process")


def nothing(name: str, why: str, **more: Any) -> None:
    """A figure that can't be said."""
    line = {"figure": name, "value": None, "unit": "IoU", "note": why, **more}
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
