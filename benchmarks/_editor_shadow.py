"""How well one drag casts a cloud's shadow: the page's own kernel on painted and on real tiles."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from benchmarks._figures import figure
from labelling.imagery.painter import BANDS, paint_products

ROOT = Path(__file__).resolve().parents[1]
KERNELS = ("shadow", "pieces", "shape")
DATES = ("2020-06-27", "2020-07-20")
SCL_SHADOW = 3
PIXEL = (29.0, 31.0)
"""Metres of ground east and south that a pixel of the real tiles is."""


def shadow_figures(*, quick: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-shadow-") as scratch:
        kernels = bundled(Path(scratch, "kernels"))
        painted = cast(
            kernels, write_painted(Path(scratch, "painted"), products=8 if quick else 24)
        )
        drags = [drag["iou"] for tile in painted for drag in tile["drags"]]
        note = f"median of {len(drags)} clouds of 300 pixels and more, one drag each, painted tiles"
        figure("shadow_iou", statistics.median(drags), unit="IoU", bar=">= 0.7", note=note)
        moves = sorted(took for tile in painted for took in tile["moves"])
        p95 = moves[int(0.95 * (len(moves) - 1))]
        figure("shadow_move_ms", p95, unit="ms", bar="<= 16", note="p95 of a move of the drag")
        show_real(kernels, Path(scratch, "real"))


def show_real(kernels: Path, folder: Path) -> None:
    samples = os.environ.get("WORKBENCH_SAMPLES")
    if not samples:
        return
    told, rivals = write_real(folder, Path(samples, "alberta_shadow"))
    for tile in cast(kernels, told):
        note = "drags on machine-made clouds against human shadows, Alberta, about 30 m a pixel"
        figure(f"human_shadow_iou_{tile['name']}", tile["whole"], unit="IoU", note=note)
        rival = rivals[tile["name"]]
        figure(f"sen2cor_shadow_iou_{tile['name']}", rival, unit="IoU", note="Sen2Cor, same pixels")


def bundled(folder: Path) -> Path:
    """The kernels as plain modules."""
    folder.mkdir()
    (folder / "package.json").write_text('{"type": "module"}')
    frontend = ROOT / "frontend"
    for name in KERNELS:
        source, target = f"src/editor/{name}.ts", folder / f"{name}.js"
        command = ["npx", "rolldown", source, "-o", str(target), "--format", "esm"]
        subprocess.run(command, cwd=frontend, check=True, capture_output=True)
    return folder


def cast(kernels: Path, folder: Path) -> list[dict[str, Any]]:
    script = Path(__file__).with_name("_editor_shadow.mjs")
    command = ["node", str(script), str(kernels), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def write_painted(folder: Path, *, products: int) -> Path:
    """Synthetic tiles with clouds that throw a shadow, as the driver reads them."""
    folder.mkdir()
    told = []
    for scene in paint_products(products=products, places=6, seed=3):
        if (scene.truth == 3).sum() < 400 or not (scene.truth == 1).any():
            continue
        near_infrared = scene.bands[list(BANDS).index("B08")]
        angle = math.radians(scene.sun_azimuth)
        fall = {"x": -math.sin(angle), "y": math.cos(angle)}
        put(folder / f"{len(told)}.bin", near_infrared, scene.truth)
        size = {"width": 512, "height": 512, "least": 300, "seen": 0.6}
        told.append({"name": str(len(told)), "fall": fall, **size})
    (folder / "tiles.json").write_text(json.dumps(told))
    return folder


def write_real(folder: Path, data: Path) -> tuple[Path, dict[str, float]]:
    """The Alberta dates, and Sen2Cor's IoU on each."""
    folder.mkdir()
    angles = json.loads((data / "angles.json").read_text())
    told, rivals = [], {}
    for date in DATES:
        with rasterio.open(data / f"{date}.tif") as file:
            near_infrared = file.read(list(file.descriptions).index("B08") + 1)
        truth, scl = (
            first_band(data / f"{date}_label_mixed.tif"),
            first_band(data / f"{date}_SCL_CLP_CLD.tif"),
        )
        put(folder / f"{date}.bin", near_infrared, truth)
        height, width = truth.shape
        size = {"width": width, "height": height, "least": 12, "seen": 0.05}
        told.append({"name": date, "fall": fall_of(angles[date]["sunAzimuthAngles"]), **size})
        shadow, theirs = truth == 3, (scl == SCL_SHADOW) & (truth != 1)
        rivals[date] = float((shadow & theirs).sum() / (shadow | theirs).sum())
    (folder / "tiles.json").write_text(json.dumps(told))
    return folder, rivals


def fall_of(azimuth: float) -> dict[str, float]:
    angle = math.radians(azimuth)
    right, down = -math.sin(angle) / PIXEL[0], math.cos(angle) / PIXEL[1]
    length = math.hypot(right, down)
    return {"x": right / length, "y": down / length}


def first_band(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        band: np.ndarray = file.read(1)
    return band


def put(path: Path, near_infrared: np.ndarray, truth: np.ndarray) -> None:
    path.write_bytes(near_infrared.astype("<u2").tobytes() + truth.astype("u1").tobytes())
