"""Ingest of a whole Sentinel-2 L1C product, against only decoding its files.

    python -m benchmarks.ingest [--quick]

The product is painted (synthetic): 13 bands as lossless JPEG 2000 in ESA's block sizes, with sensor
noise, so that its files are as heavy as real ones. Each phase runs in a process of its own, on all
cores; decoding uses the same reader as the ingest, which also resamples, judges, hashes and stores
every tile. `--quick` takes a quarter of the product's side.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks._figures import figure, peak_mib
from benchmarks._phases import phase as phase_of

SEED = int(os.environ.get("BENCH_SEED", "0"))
SIZE, QUICK = 10_980, 2_196
"""Pixels along each side at 10 m."""
TAKEN = datetime(2026, 6, 1, 9, 50, 31, tzinfo=UTC)
HEAVIEST = (100, 130)
"""MB that each 10 m file of a real product has, at least and at most."""
OLD, NEW = "02.09", "05.11"
"""Processing baselines without and with the offset."""

phase = partial(phase_of, "benchmarks.ingest")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a quarter of the side")
    parser.add_argument("--phase", choices=PHASES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = QUICK if options.quick else SIZE
    if options.phase:
        facts = PHASES[options.phase](options.folder, size)
        sys.stdout.write(json.dumps({**facts, "peak_mib": peak_mib()}) + "\n")
        return
    with tempfile.TemporaryDirectory() as scratch:
        report(Path(scratch), size, quick=options.quick)


def report(folder: Path, size: int, *, quick: bool) -> None:
    """Run the phases and print their figures."""
    weights = phase("write", folder, quick=quick)["megabytes"]
    # Before and after, so that a machine that slows down on the way is not held against either.
    first = phase("decode", folder, quick=quick)
    ingest = phase("ingest", folder, quick=quick)
    decode = (first["seconds"] + phase("decode", folder, quick=quick)["seconds"]) / 2
    again = phase("ingest", folder, quick=quick)
    what = f"one painted (synthetic) L1C product of {size}² pixels, 13 bands"
    tell_weights(weights, size)
    note = (
        f"{what}, {os.cpu_count()} cores; decode {decode:.1f} s, ingest {ingest['seconds']:.1f} s; "
        f"of the processor {first['busy']:.1f} s and {ingest['busy']:.1f} s"
    )
    figure(
        "ratio_vs_decode", ingest["seconds"] / decode, unit="ratio",
        bar="" if quick else "<= 1.5", note=note, tiles=ingest["tiles"],
    )  # fmt: skip
    figure("peak_mib", ingest["peak_mib"], unit="MiB", bar="<= 3072", note=what)
    figure(
        "reingest_s", again["seconds"], unit="s", bar="<= 5",
        note="the same product again: nothing new", tiles_new=again["tiles"],
    )  # fmt: skip
    equal = phase("baselines", folder, quick=quick)
    figure(
        "different_values", equal["different"], unit="pixels", bar="== 0",
        note=f"stored values of one reflectance written with baseline {OLD} and {NEW}, 13 bands",
        pixels=equal["pixels"],
    )  # fmt: skip


def tell_weights(megabytes: dict[str, float], size: int) -> None:
    """Whether the 10 m files weigh what real ones do."""
    heavy = {band: megabytes[band] for band in ("B02", "B03", "B04", "B08")}
    whole = {band: weight * (SIZE / size) ** 2 for band, weight in heavy.items()}
    low, high = HEAVIEST
    figure(
        "jp2_as_heavy_as_real", sum(low <= each <= high for each in whole.values()), unit="files",
        bar="== 4", note=f"10 m JPEG 2000 files of {low} to {high} MB, scaled to {SIZE}²",
        megabytes={band: round(weight, 1) for band, weight in whole.items()},
    )  # fmt: skip


class Watch:
    """Seconds since it was made: on the clock, and of the processor, all threads together."""

    def __init__(self) -> None:
        self.began, self.busy = time.monotonic(), time.process_time()

    def told(self) -> dict[str, Any]:
        return {
            "seconds": time.monotonic() - self.began,
            "busy": time.process_time() - self.busy,
        }


def write(folder: Path, size: int) -> dict[str, Any]:
    from labelling.imagery.painter.safe import write_safe
    from labelling.imagery.painter.safe_bands import digital_numbers
    from labelling.imagery.painter.safe_header import SafeHeader
    from labelling.imagery.painter.safe_mosaic import paint_mosaic

    header = SafeHeader(mgrs="35VLF", taken=TAKEN, size=size, baseline=NEW)
    reflectance = paint_mosaic(header, seed=SEED)
    (folder / "products").mkdir()
    made = write_safe(
        folder / "products", header, digital_numbers(reflectance, offset=header.offset)
    )
    files = made.glob("GRANULE/*/IMG_DATA/*_B??.jp2")
    return {"megabytes": {path.stem[-3:]: path.stat().st_size / 1e6 for path in files}}


def decode(folder: Path, size: int) -> dict[str, Any]:
    """Every block of every file once, each file in a thread, as the ingest reads them."""
    from labelling.imagery.products.find import inspect
    from labelling.imagery.reading import match_bands, reading
    from labelling.imagery.streaming import Flow

    def forward(flow: Flow) -> None:
        block = flow.layers.dataset.block_shapes[0][0]
        for first in range(0, flow.layers.height, block):
            flow.take(first, min(first + block, flow.layers.height))

    product = inspect(only_product(folder))
    watch = Watch()
    with (
        reading(product, match_bands(product, product.band_names)) as reader,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        layers = sorted(reader.layers, key=lambda each: -each.height)
        list(pool.map(forward, [Flow(each) for each in layers]))
    return watch.told()


def ingest(folder: Path, size: int) -> dict[str, Any]:
    """The ingest as the command runs it, without masks."""
    import django

    django.setup()
    from django.core.management import call_command

    from labelling import clock
    from labelling.adapters.blobs import store
    from labelling.models import Campaign
    from labelling.workflow.founding import found_campaign
    from labelling.workflow.ingest.products import ingest_folder

    call_command("migrate", verbosity=0, skip_checks=True)
    if not Campaign.objects.exists():
        found_campaign(slug="benchmark", name="Benchmark", now=clock.now())
    watch = Watch()
    report = ingest_folder(
        folder / "products", campaign=Campaign.objects.get(), now=clock.now(), blobs=store()
    )
    told = watch.told()
    if report.refused:
        raise SystemExit(report.refused[0].line())
    return {**told, "tiles": report.total("tiles_new")}


def baselines(folder: Path, size: int) -> dict[str, Any]:
    """Write one painted scene twice, with and without the offset, and compare what is stored."""
    import numpy as np

    from labelling.imagery.painter.products import paint_products
    from labelling.imagery.painter.safe import write_painted
    from labelling.imagery.products.find import inspect
    from labelling.imagery.reading import match_bands, reading

    (scene,) = paint_products(products=1, places=1, size=512, seed=SEED)
    stored = []
    for baseline in (OLD, NEW):
        product = inspect(write_painted(folder / baseline, scene, level="L1C", baseline=baseline))
        with reading(product, match_bands(product, product.band_names)) as reader:
            high, wide = product.height, product.width
            stored.append(reader.window(top=0, left=0, height=high, width=wide))
    different = int(np.count_nonzero(stored[0] != stored[1]))
    return {"different": different, "pixels": int(stored[0].size)}


def only_product(folder: Path) -> Path:
    (product,) = (folder / "products").iterdir()
    return product


PHASES = {"write": write, "decode": decode, "ingest": ingest, "baselines": baselines}

if __name__ == "__main__":
    main()
