"""The ranking pass beside the maskers that people use: seconds a megapixel, and what is right.

Every pass reads its tiles from disk. The pool is painted, and so is the truth that accuracy is held
against: on painted scenes a net that learnt on painted scenes is at home, and the maskers are not.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from al_engine.strategies import STRATEGIES
from benchmarks._figures import figure
from labelling.compute.scoring import Request, Scorer
from labelling.imagery.masks.maskers import CSMASK, S2CLOUDLESS, SHARE_SCALE, Masker, Shot
from labelling.imagery.painter.spectra import BANDS
from labelling.imagery.tilefile import read_tile
from training.predict import load

CLOUD = (1, 2)
"""Codes of cloud, thin cloud among it: s2cloudless and csmask know one cloud only."""
PROBABLE = 0.4
"""s2cloudless' own threshold."""
PEERS = {CSMASK.name: (CSMASK, 4), S2CLOUDLESS.name: (S2CLOUDLESS, 2)}
"""{name: (masker, tiles a pass): they take seconds a tile.}"""
BAR = 10
Codes = NDArray[np.uint8]
Tiles = Sequence[tuple[Path, Codes]]
"""(raster, its truth)"""


def compare(request: Request, tiles: Tiles, out: Path, repeats: int) -> None:
    """Print seconds a megapixel of each, and by how much the pass is faster than the faster peer.

    Our nets and the peers take turns, `repeats` times. A pass writes to the file `out`.
    """
    ours = models(request)
    passes: dict[str, Callable[[], object]] = {
        name: partial(rank, scorer, tiles, out) for name, scorer in ours.items()
    }
    passes |= {name: partial(mask, masker, tiles[:few]) for name, (masker, few) in PEERS.items()}
    sizes = {name: PEERS[name][1] if name in PEERS else len(tiles) for name in passes}
    pixels = tiles[0][1].size / 1e6
    for run in passes.values():
        run()  # weights are loaded, caches are warm
    took: dict[str, list[float]] = {name: [] for name in passes}
    for _ in range(repeats):
        for name, run in passes.items():
            began = time.perf_counter()
            run()
            took[name].append((time.perf_counter() - began) / (sizes[name] * pixels))
    cost = {name: statistics.median(each) for name, each in took.items()}
    tell(cost, accuracies(ours, tiles), repeats)


def models(request: Request) -> dict[str, Scorer]:
    """One member as the machine multiplies best, the same in fp32, and as `auto` is configured."""
    best, exact = Scorer(request), Scorer(request)
    exact.ensemble = load(request.model, precision="fp32")
    found = {"ours": best, "ours in fp32": exact}
    if STRATEGIES["auto"].members > 1:
        raise RuntimeError("auto takes several passes by now: time them here.")
    return {**found, "ours for auto": best}


def rank(scorer: Scorer, tiles: Tiles, out: Path) -> None:
    """Read, forward, score, embed, write; its progress is no figure."""
    with contextlib.redirect_stdout(sys.stderr):
        scorer.keep([{"raster": str(path)} for path, _ in tiles], out)


def mask(masker: Masker, tiles: Tiles) -> list[Codes]:
    """{cloud} of each tile as the masker says."""
    roles = masker.bands_of(BANDS)
    assert roles is not None
    shots = (Shot(read_tile(path, list(roles.values())), tuple(roles), "L1C") for path, _ in tiles)
    return [clouds(masker, masker.run(shot, os.cpu_count() or 1)) for shot in shots]


def clouds(masker: Masker, codes: Codes) -> Codes:
    found = codes >= PROBABLE * SHARE_SCALE if masker.probability else codes == 1
    return found.astype(np.uint8)


def accuracies(ours: Mapping[str, Scorer], tiles: Tiles) -> dict[str, float]:
    """IoU of cloud, thin or not, on the tiles that a peer's pass has."""
    few = tiles[: max(few for _, few in PEERS.values())]
    found = {name: iou(mask(masker, few), few) for name, (masker, _) in PEERS.items()}
    for name, scorer in ours.items():
        stream = scorer.ensemble.stream(read_tile(path, list(BANDS)) for path, _ in few)
        said = [each.mean(dim=0).argmax(dim=0).cpu().numpy() for each, _ in stream]
        found[name] = iou([np.isin(each, CLOUD).astype(np.uint8) for each in said], few)
    return found


def iou(said: Sequence[Codes], tiles: Tiles) -> float:
    both = one = 0
    for each, (_, truth) in zip(said, tiles, strict=True):
        judged, is_cloud = truth < 254, np.isin(truth, CLOUD)
        both += int((judged & is_cloud & (each == 1)).sum())
        one += int((judged & (is_cloud | (each == 1))).sum())
    return both / one


def tell(cost: Mapping[str, float], right: Mapping[str, float], repeats: int) -> None:
    fastest = min(PEERS, key=lambda name: cost[name])
    note = f"median of {repeats} turns; IoU of cloud on painted (synthetic) tiles"
    for name, seconds in cost.items():
        figure(
            "ranking.s_per_mpix", seconds, unit="s/Mpix", of=name, note=note,
            cloud_iou=round(right[name], 3),
        )  # fmt: skip
    for name in ("ours in fp32", "ours for auto", "ours"):
        figure(
            "ranking.ratio_vs_fastest_peer", cost[fastest] / cost[name], unit="x", of=name,
            peer=fastest, bar=f">= {BAR}" if name == "ours" else "", note=note,
            cloud_iou=round(right[name], 3), peer_cloud_iou=round(right[fastest], 3),
        )  # fmt: skip
