"""Training a U-Net: this package's learner against a plain fp32 PyTorch loop with a DataLoader.

    python -m benchmarks.training [--quick]

Same network (base width 16, 13 bands), same first weights, same crops with the same augmentation
in the same order, same loss and schedule. The plain loop is what one writes first: fp32, the
default memory format, a Dataset that makes one crop at a time, a DataLoader with workers. The
tiles are painted (synthetic). Runs alternate, each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from benchmarks._figures import figure, peak_mib
from benchmarks._limit import within
from benchmarks.ranking import keep_chip
from labelling.imagery.painter.products import paint_products
from labelling.imagery.painter.spectra import BANDS
from training.config import FitConfig
from training.crops import CropSource
from training.device import choose_device, choose_precision
from training.losses import Mix, segmentation_loss
from training.member import Bench, Learner, class_weights, mixed
from training.memory import keep_what_is_freed
from training.schedule import learning_rate, settled
from training.snapshot import IGNORE, Snapshot, open_snapshot
from training.survey import Survey, survey
from training.unet import UNet, UNetConfig

SEED = int(os.environ.get("BENCH_SEED", "0"))
SCENES = 12
SIZE = 512
NAMES = ("clear", "cloud", "semi-transparent", "shadow")
WARM = 5
"""Steps before the clock starts."""
LAST = 20
"""Steps at the end whose mean loss is compared."""
LIMIT = 90
"""Minutes for all of it; a quiet machine of two cores takes about 20."""
WORKERS = (0, 2)
"""Of the plain loop's DataLoader; the faster one counts."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="12 steps, one repeat")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        kind, folder, steps, seed = given.child
        sys.stdout.write(json.dumps(run(kind, Path(folder), int(steps), int(seed))))
        return
    steps, repeats = (12, 1) if given.quick else (80, 3)
    with within(LIMIT), tempfile.TemporaryDirectory() as scratch:
        folder = paint_snapshot(Path(scratch))
        show(steps, [interleaved(folder, steps, SEED + n) for n in range(repeats)])


def interleaved(folder: Path, steps: int, seed: int) -> dict[str, dict[str, float]]:
    kinds = ["ours", "ours-fp32", *(f"plain-{count}" for count in WORKERS)]
    return {kind: in_a_child(kind, folder, steps, seed) for kind in kinds}


def in_a_child(kind: str, folder: Path, steps: int, seed: int) -> dict[str, float]:
    words = [kind, str(folder), str(steps), str(seed)]
    command = [sys.executable, "-m", "benchmarks.training", "--child", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def run(kind: str, folder: Path, steps: int, seed: int) -> dict[str, float]:
    snapshot = open_snapshot(folder)
    # On the CPU on both sides; with a GPU a plain loop on it would be the peer.
    config = FitConfig(steps=steps, seed=seed, device="cpu")
    counted = survey(snapshot, snapshot.of_split("pool"), report=lambda done: None)
    if kind.startswith("ours"):
        keep_what_is_freed()  # as `python -m training` does
        precision = "fp32" if kind == "ours-fp32" else "auto"
        return ours(snapshot, counted, replace(config, precision=precision))
    return plain(snapshot, counted, config, workers=int(kind.partition("-")[2]))


def network_of(snapshot: Snapshot, config: FitConfig) -> UNetConfig:
    bands, classes = len(snapshot.bands), len(snapshot.classes)
    return UNetConfig(bands, classes, config.width, config.depth, config.dropout)


def source_of(snapshot: Snapshot, counted: Survey, config: FitConfig) -> CropSource:
    return CropSource(snapshot, snapshot.of_split("pool"), counted, config, member=0)


def ours(snapshot: Snapshot, counted: Survey, config: FitConfig) -> dict[str, float]:
    device = choose_device(config.device)
    bench = Bench(
        config=config,
        network=network_of(snapshot, config),
        normalisation=counted.normalisation,
        class_weight=class_weights(config, counted.pixels),
        device=device,
        precision=choose_precision(config.precision, device),
    )
    source = source_of(snapshot, counted, config)
    watch = Watch(config)
    for loss in Learner(bench, source, first=None).learn():
        watch.step(float(loss), waited=source.waited)
    return {**watch.figures(), "bf16": float(bench.precision == torch.bfloat16)}


class Crops(Dataset[Any]):
    """One crop at a time, as one writes it; where it lies is drawn beforehand."""

    def __init__(self, snapshot: Snapshot, counted: Survey, config: FitConfig) -> None:
        self.snapshot, self.side = snapshot, config.crop
        self.mean, self.deviation = (
            np.asarray(each, dtype=np.float32)[:, None, None]
            for each in (counted.normalisation.mean, counted.normalisation.deviation)
        )
        source = source_of(snapshot, counted, config)
        self.items = [item for step in range(config.steps) for item in drawn(source, step)]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        sample, window, way, gain, seen, grain = self.items[index]
        bands = np.load(self.snapshot.chips / f"{sample.bands}.npy", mmap_mode="r")
        label = np.load(self.snapshot.chips / f"{sample.label}.npy", mmap_mode="r")[window]
        pixels = bands[(slice(None), *window)].astype(np.float32)
        valid = pixels.any(axis=0)
        x = (np.sqrt(pixels * gain[:, None, None]) - self.mean) / self.deviation
        x *= seen[:, None, None]
        x += grain * np.random.default_rng(index).standard_normal(x.shape, dtype=np.float32)
        x *= valid
        y = np.where(valid & (label < 254), label, IGNORE).astype(np.int64)
        return laid_down(x, way), laid_down(y, way), np.float32(sample.trust)


def drawn(source: CropSource, step: int) -> list[tuple[Any, ...]]:
    """What the step's crops are cut from and how they are lit, without reading them."""
    draws = source.sampler.draws(source.sampler.dice(step), step)
    look = source.batch(step).look
    return [
        (
            draw.sample,
            (draw.rows, draw.columns),
            draw.way,
            look.gain[n],
            look.seen[n],
            look.grain[n],
        )
        for n, draw in enumerate(draws)
    ]


def laid_down(array: Any, way: int) -> Any:
    array = array.swapaxes(-1, -2) if way & 4 else array
    array = np.flip(array, -2) if way & 2 else array
    return np.ascontiguousarray(np.flip(array, -1) if way & 1 else array)


def plain(
    snapshot: Snapshot, counted: Survey, config: FitConfig, *, workers: int
) -> dict[str, float]:
    torch.manual_seed(mixed(config.seed, 0))  # the learner's own first weights
    net = UNet(network_of(snapshot, config))
    optimiser = torch.optim.AdamW(
        net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    weight = class_weights(config, counted.pixels)
    loader = DataLoader(
        Crops(snapshot, counted, config), batch_size=config.batch, num_workers=workers
    )
    watch = Watch(config)
    for step, (x, y, trust) in enumerate(loader):
        net.train()
        for part in net.modules():
            if isinstance(part, torch.nn.BatchNorm2d) and settled(config, step):
                part.eval()
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(config, step)
        loss = segmentation_loss(net(x), y, trust=trust, class_weight=weight, mix=Mix())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), config.clip)
        optimiser.step()
        watch.step(loss.item())
    return watch.figures()


class Watch:
    """Times steps and keeps their losses."""

    def __init__(self, config: FitConfig) -> None:
        self.batch, self.losses, self.started = config.batch, [], 0.0
        self.waited = self.waited_before = 0.0

    def step(self, loss: float, *, waited: float = 0.0) -> None:
        self.losses.append(loss)
        self.ended, self.waited = time.perf_counter(), waited
        if len(self.losses) == WARM:
            self.started, self.waited_before = self.ended, waited

    def figures(self) -> dict[str, float]:
        seconds = self.ended - self.started
        return {
            "samples_per_s": (len(self.losses) - WARM) * self.batch / seconds,
            "loss": statistics.fmean(self.losses[-LAST:]),
            "wait": (self.waited - self.waited_before) / seconds,
            "peak_mib": peak_mib(),
        }


def paint_snapshot(folder: Path) -> Path:
    chips = folder / "chips"
    chips.mkdir()
    samples = []
    for number, scene in enumerate(
        paint_products(products=SCENES, places=SCENES, size=SIZE, seed=SEED)
    ):
        samples.append(
            {
                "key": f"{number:02}/{scene.product_id}",
                "group": scene.product_id,
                "split": "pool",
                "bands": keep_chip(chips, scene.bands),
                "label": keep_chip(chips, scene.truth),
                "source": "synthetic",
                "trust": 1.0,
            }
        )
    manifest = {
        "format": "cloudmask-snapshot/1",
        "campaign": "benchmark",
        "tile_size": SIZE,
        "bands": list(BANDS),
        "classes": [{"code": code, "name": name} for code, name in enumerate(NAMES)],
        "chips": "../chips",
        "synthetic": True,
        "samples": samples,
    }
    snapshot = folder / "snapshot"
    snapshot.mkdir()
    (snapshot / "manifest.json").write_text(json.dumps(manifest))
    return snapshot


def show(steps: int, runs: list[dict[str, dict[str, float]]]) -> None:
    note = (
        f"{steps} steps of 4 painted (synthetic) crops of 256 px, 13 bands, base width 16; "
        f"{len(runs)} seeds, runs alternate; {torch.get_num_threads()} threads, "
        f"{'bf16' if runs[0]['ours']['bf16'] else 'fp32'} against fp32"
    )
    plains = [max((each[f"plain-{n}"] for n in WORKERS), key=_speed) for each in runs]
    whole = steps >= 80
    figure(
        "training.ratio_vs_plain",
        statistics.median(
            _speed(each["ours"]) / _speed(peer) for each, peer in zip(runs, plains, strict=True)
        ),
        unit="×",
        bar=">= 3" if whole else "",
        note=f"{note}; the faster of {WORKERS} workers, median of the pairs",
        workers={n: [round(_speed(each[f"plain-{n}"]), 3) for each in runs] for n in WORKERS},
    )
    figure(
        "training.samples_per_s",
        statistics.median(_speed(each["ours"]) for each in runs),
        unit="samples/s",
        note=note,
    )
    figure(
        "training.samples_per_s_fp32",
        statistics.median(_speed(each["ours-fp32"]) for each in runs),
        unit="samples/s",
        note=f"{note}; ours in fp32, whatever this CPU is thought to be better at",
        ratio_vs_plain=round(
            statistics.median(
                _speed(each["ours-fp32"]) / _speed(peer)
                for each, peer in zip(runs, plains, strict=True)
            ),
            4,
        ),
    )
    ours, theirs = (
        statistics.fmean(each["loss"] for each in group)
        for group in ([each["ours"] for each in runs], plains)
    )
    figure(
        "training.loss_gap",
        abs(ours - theirs) / theirs,
        unit="share",
        bar="<= 0.02" if whole else "",
        note=f"{note}; mean loss of the last {LAST} steps, on the same crops, mean of the seeds",
        ours=round(ours, 5),
        plain=round(theirs, 5),
        by_seed=[round(each["ours"]["loss"] / p["loss"] - 1, 4) for each, p in zip(runs, plains)],
    )
    figure(
        "training.wait_share",
        statistics.median(each["ours"]["wait"] for each in runs),
        unit="share",
        note=f"{note}; time that the learner waited for crops",
    )
    figure(
        "training.peak_mib",
        max(each["ours"]["peak_mib"] for each in runs),
        unit="MiB",
        note=note,
    )


def _speed(figures: dict[str, float]) -> float:
    return figures["samples_per_s"]


if __name__ == "__main__":
    main()
