"""The cloud mask of a whole product, against its parts: decoding, forwards, writing the COG.

    python -m benchmarks.predict [--quick]

The product is painted (synthetic), as `benchmarks.ingest` writes it; the network has base width 16
and depth 4, and learnt nothing. Each part runs alone, in a process of its own, on all cores: every
JPEG 2000 block decoded once; the network's forward on as many windows of the same sizes as
`predict` makes, from memory; the finished planes made into a cloud-optimised GeoTIFF. Decoding and
forwards are measured before `predict` and after it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

from benchmarks import ingest
from benchmarks._figures import figure, peak_mib
from benchmarks._limit import within
from benchmarks.ingest import Watch, only_product

SIZE, QUICK = ingest.SIZE, ingest.QUICK
LIMIT = 60
"""Minutes for all of it."""
PHASES: dict[str, Callable[[Path, int], dict[str, Any]]] = {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a product of a fifth of the side")
    parser.add_argument("--phase", choices=PHASES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.phase:
        django.setup()
        facts = PHASES[options.phase](options.folder, options.size)
        sys.stdout.write(json.dumps({**facts, "peak_mib": peak_mib()}) + "\n")
        return
    with within(LIMIT), tempfile.TemporaryDirectory() as scratch:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
            "WORKBENCH_VAR": scratch,
        }
        django.setup()
        small = Path(scratch) / "small"
        peaks = {QUICK: measured(small, QUICK, report=options.quick)}
        if not options.quick:
            peaks[SIZE] = measured(Path(scratch) / "whole", SIZE, report=True)
        figure(
            "predict.peak_mib", max(peaks.values()), unit="MiB",
            note="of the process that predicts; by the side of the product in pixels",
            by_side={str(side): round(peak, 1) for side, peak in peaks.items()},
        )  # fmt: skip


def measured(folder: Path, size: int, *, report: bool) -> float:
    """Peak MiB of `predict` on a product of this side; `report`: with the other figures."""
    folder.mkdir()
    phase("write", folder, size)
    phase("model", folder, size)
    if not report:
        return float(phase("predict", folder, size)["peak_mib"])
    parts = ("decode", "forwards")
    before = {name: phase(name, folder, size) for name in parts}
    whole = phase("predict", folder, size)
    after = {name: phase(name, folder, size) for name in parts}
    told = {name: (before[name]["seconds"] + after[name]["seconds"]) / 2 for name in parts}
    told["cog"] = phase("cog", folder, size)["seconds"]
    show(size, whole, told)
    return float(whole["peak_mib"])


def show(size: int, whole: dict[str, Any], parts: dict[str, float]) -> None:
    told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in parts.items())
    note = (
        f"one painted (synthetic) L1C product of {size}² pixels, 13 bands, base width 16, "
        f"{whole['windows']} windows of 1024 px, {os.cpu_count()} cores, {whole['device']}; "
        f"{told}, predict {whole['seconds']:.1f} s"
    )
    figure(
        "predict.ratio_vs_parts", whole["seconds"] / sum(parts.values()), unit="ratio",
        bar="<= 1.25" if size == SIZE else "", note=note,
    )  # fmt: skip
    figure(
        "predict.s_per_mpix", whole["seconds"] / (size**2 / 1e6), unit="s/Mpix", note=note,
        parts={name: round(seconds / (size**2 / 1e6), 4) for name, seconds in parts.items()},
    )  # fmt: skip


def phase(name: str, folder: Path, size: int) -> dict[str, Any]:
    """Run one phase in a process of its own; what it found."""
    from labelling.workflow.predicting import QUIET

    words = [sys.executable, "-m", "benchmarks.predict", "--phase", name]
    done = subprocess.run(
        [*words, "--folder", str(folder), "--size", str(size)],
        # As the command starts its child; the parts alike.
        env=os.environ | QUIET, stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def model(folder: Path, size: int) -> dict[str, Any]:
    """A network fitted for two steps."""
    from benchmarks.training import paint_snapshot
    from training.config import FitConfig
    from training.fit import fit

    painted = folder / "painted"
    painted.mkdir()
    config = FitConfig(steps=2, batch=1, crop=64, warm_up=0)
    fit(config, paint_snapshot(painted), folder / "model")
    return {}


def request(folder: Path) -> Any:
    from labelling.compute.predicting.request import Request
    from labelling.workflow.predicting import OVERLAP, WINDOW

    return Request(
        product=only_product(folder),
        model=folder / "model",
        target=folder / "mask.tif",
        window=WINDOW,
        overlap=OVERLAP,
    )


def predict(folder: Path, size: int) -> dict[str, Any]:
    from labelling.compute.predicting.work import predict

    watch = Watch()
    told = predict(request(folder))
    return {**watch.told(), "windows": told["windows"], "device": told["device"]}


def forwards(folder: Path, size: int) -> dict[str, Any]:
    """Every window's forward, normalisation and softmax included, on the same painted pixels."""
    import torch

    from labelling.compute.predicting.request import planned
    from labelling.imagery.reading import reading

    plan = planned(request(folder))
    side = max(row.length for row in plan.rows)
    with reading(plan.product, plan.match) as reader:
        pixels = reader.window(top=0, left=0, height=side, width=side)
    watch = Watch()
    for row in plan.rows:
        for column in plan.columns:
            for probabilities, _ in plan.ensemble.stream(
                [pixels[:, : row.length, : column.length]]
            ):
                probabilities.mean(dim=0)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return watch.told()


def cog(folder: Path, size: int) -> dict[str, Any]:
    """The mask that was made, cut into bands of rows again and put together alone."""
    import rasterio
    from rasterio.windows import Window

    from labelling.compute.predicting.request import planned
    from labelling.compute.predicting.spans import settled
    from labelling.imagery.cog import write_cog, write_rows

    plan, rows = planned(request(folder)), []
    with rasterio.open(folder / "mask.tif") as mask:
        for begin, end in settled(plan.rows):
            rows.append(folder / f"rows-{begin:05d}.tif")
            write_rows(
                rows[-1], mask.read(window=Window(0, begin, plan.product.width, end - begin))
            )
    watch = Watch()
    write_cog(folder / "again.tif", plan.mask(), rows, threads=os.cpu_count() or 1)
    return watch.told()


PHASES |= {
    "write": ingest.write,
    "decode": ingest.decode,
    "model": model,
    "forwards": forwards,
    "predict": predict,
    "cog": cog,
}

if __name__ == "__main__":
    main()
