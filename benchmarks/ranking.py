"""One ranking pass of a U-Net over a pool of tiles on disk: read, forward, score, embed, write.

    python -m benchmarks.ranking [--quick]

The network has base width 16 and 13 bands, in bf16 and channels_last where the CPU multiplies
that. The tiles are painted (synthetic); what they show doesn't change the time. Then the pass, in
fp32 too, takes turns with csmask and s2cloudless on tiles of the same pool (make maskers).
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from al_engine.pooling import score_tile
from benchmarks._figures import figure, peak_mib
from benchmarks._ranking_peers import compare
from labelling.compute.scoring import Request, Scorer
from labelling.imagery.painter.products import paint_products
from labelling.imagery.painter.scene import PaintedScene
from labelling.imagery.painter.spectra import BANDS
from labelling.imagery.tilefile import read_tile, write_tile
from training.config import FitConfig
from training.fit import fit
from training.predict import Ensemble, load
from training.survey import valid_pixels

SEED = int(os.environ.get("BENCH_SEED", "0"))
PAINTED = 20
"""Different tiles; the pool repeats them, each in a file of its own."""
REPEATS = 5
"""Passes; the median is printed."""
LESSONS, TAUGHT = 24, 200
"""Painted scenes, and steps on them: enough that the net is one worth the time it takes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="12 tiles, one pass")
    quick = parser.parse_args().quick
    tiles, repeats = (12, 1) if quick else (100, REPEATS)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        request, pool, truths = prepared(folder, tiles, steps=5 if quick else TAUGHT)
        measure(request, pool, folder, repeats)
        judged = [(Path(each["raster"]), truth) for each, truth in zip(pool, truths)]
        compare(request, judged, folder / "peers.npz", repeats)


def prepared(
    folder: Path, tiles: int, *, steps: int
) -> tuple[Request, list[dict[str, str]], list[np.ndarray]]:
    """Painted tiles on disk, a network of base width 16 that learnt on others, and the truths of
    the first PAINTED tiles."""
    pool, truths = paint_pool(folder, tiles)
    model = folder / "model"
    fit(FitConfig(steps=steps, crop=128, width=16, seed=SEED), small_snapshot(folder), model)
    request = Request(list(BANDS), model, acquisition="entropy", passes=1, seed=SEED)
    return request, pool, truths


def small_snapshot(folder: Path) -> Path:
    """Painted scenes with their labels, none of the pool's, to teach a network on."""
    chips = folder / "chips"
    chips.mkdir()
    samples = []
    for number, scene in enumerate(lessons()):
        samples.append(
            {
                "key": scene.product_id,
                "group": scene.product_id,
                "place": str(number),
                "split": "pool",
                "bands": keep_chip(chips, scene.bands),
                "label": keep_chip(chips, scene.truth),
                "source": "synthetic",
                "trust": 1.0,
                "valid": 1.0,
                "sun_azimuth": scene.sun_azimuth,
                "sun_zenith": scene.sun_zenith,
            }
        )
    names = ["clear", "cloud", "semi-transparent", "shadow"]
    manifest = {
        "format": "cloudmask-snapshot/1",
        "campaign": "benchmark",
        "tile_size": 256,
        "bands": list(BANDS),
        "classes": [{"code": code, "name": name} for code, name in enumerate(names)],
        "chips": "../chips",
        "synthetic": True,
        "rule": {},
        "sources": [{"name": "synthetic", "licence": "", "trust": 1.0}],
        "samples": sorted(samples, key=lambda each: each["key"]),
    }
    snapshot = folder / "snapshot"
    snapshot.mkdir()
    (snapshot / "manifest.json").write_text(json.dumps(manifest))
    return snapshot


def lessons() -> Iterator[PaintedScene]:
    return paint_products(products=LESSONS, places=LESSONS, size=256, seed=SEED + 1000)


def keep_chip(chips: Path, pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    (chips / f"{digest}.npy").write_bytes(buffer.getvalue())
    return digest


def paint_pool(folder: Path, tiles: int) -> tuple[list[dict[str, str]], list[np.ndarray]]:
    painted, truths = [], []
    for number, scene in enumerate(paint_products(products=PAINTED, places=PAINTED, seed=SEED)):
        painted.append(folder / f"painted-{number}.tif")
        write_tile(painted[-1], scene.bands, bands=BANDS)
        truths.append(scene.truth)
    pool = []
    for number in range(tiles):
        name = f"tile-{number}.tif"
        shutil.copyfile(painted[number % PAINTED], folder / name)
        pool.append(
            {
                "key": name,
                "uuid": name,
                "raster": str(folder / name),
                "group": str(number % PAINTED),
            }
        )
    return pool, truths


def measure(request: Request, pool: list[dict[str, str]], folder: Path, repeats: int) -> None:
    pixels = [read_tile(each["raster"], request.bands) for each in pool[:20]]
    ensemble = load(request.model)
    passes, forwards, scorings = [], [], []
    for repeat in range(repeats):
        passes.append(seconds(rank, request, pool, fresh(folder, repeat)) / len(pool))
        forwards.append(seconds(forward, ensemble, pixels) / len(pixels))
        scorings.append(scoring_seconds(ensemble, pixels))
    whole = statistics.median(passes)
    note = (
        f"{len(pool)} painted (synthetic) tiles of 13 bands, 512 x 512; base width 16, "
        f"{str(ensemble.precision).removeprefix('torch.')}, {torch.get_num_threads()} threads; "
        f"median of {repeats}"
    )
    figure("ranking.tiles_per_s", 1 / whole, unit="tiles/s", bar=">= 8", note=note)
    figure("ranking.forward_share", statistics.median(forwards) / whole, unit="share", note=note)
    figure(
        "ranking.acquisition_share", statistics.median(scorings) / whole, unit="share", note=note
    )
    figure("ranking.peak_mib", peak_mib(), unit="MiB", note=note)


def fresh(folder: Path, repeat: int) -> Path:
    out = folder / f"out-{repeat}"
    out.mkdir()
    return out


def seconds(work: Callable[..., Any], *given: Any) -> float:
    started = time.perf_counter()
    work(*given)
    return time.perf_counter() - started


def rank(request: Request, pool: list[dict[str, str]], out: Path) -> None:
    """What a worker's child does with a shard; its progress is no figure."""
    with contextlib.redirect_stdout(sys.stderr):
        Scorer(request).keep(pool, out / "shard.npz")


def forward(ensemble: Ensemble, pixels: list[np.ndarray]) -> None:
    for _ in ensemble.stream(pixels):
        pass


def scoring_seconds(ensemble: Ensemble, pixels: list[np.ndarray]) -> float:
    """Acquisition and pooling of one tile, right after its forward, as in a pass."""
    spent = 0.0
    for tile, (probabilities, _) in zip(pixels, ensemble.stream(pixels)):
        valid = valid_pixels(tile)
        spent += seconds(score_tile, probabilities, valid)
    return spent / len(pixels)


if __name__ == "__main__":
    main()
