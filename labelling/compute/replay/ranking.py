"""What a model makes of many tiles: the pool's scores for the engine, the test's confusion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from al_engine.ensemble import Ensemble as Members
from al_engine.pooling import DEFAULT, PoolingConfig, TileScore, score_tile
from labelling.compute.replay.arms import Arm
from labelling.compute.replay.learning import School, Shelf
from labelling.compute.replay.tiles import Tiles
from training.augment import TURNS, turn, turn_back
from training.calibrate import calibrate
from training.checkpoint import State
from training.member import mixed
from training.metrics import confusion
from training.predict import Ensemble, normalised, prepared
from training.snapshot import IGNORE, Class
from training.survey import Normalisation, present_bands, valid_pixels
from training.unet import UNet

CHUNK_PIXELS = 2**18
"""Pixels predicted at a time."""
SMALL = 128
"""Below this side a tile has no room for the usual blocks and margin."""
BINS = 15
"""Of confidence, for the calibration error."""

Probabilities = NDArray[np.float32]  # (tiles, passes, K, S, S)


def pooling_of(size: int, **changed: Any) -> PoolingConfig:
    """The engine's own pooling; for tiles too small for it one with as many blocks to a side.

    A 32-px tile has no 16-px margin and no 32-px block: there blocks are an eighth of the side,
    nothing is margin and no boundary is damped.
    """
    usual = (
        DEFAULT if size >= SMALL else PoolingConfig(block=size // 8, margin=0, boundary_radius=0)
    )
    values = {name: getattr(usual, name) for name in usual.__dataclass_fields__}
    return PoolingConfig(**{**values, **changed})


@dataclass(frozen=True, eq=False)
class Eye:
    """Trained networks ready to look at tiles, on one thread."""

    nets: tuple[UNet, ...]
    temperatures: tuple[float, ...]
    """One a network, > 0: logits are divided by it."""
    normalisation: Normalisation

    @classmethod
    def of(cls, school: School, states: Sequence[State]) -> Eye:
        """Not calibrated: every temperature is 1."""
        nets = (
            prepared(school.network, state, torch.device("cpu"), torch.float32) for state in states
        )
        return cls(tuple(nets), (1.0,) * len(states), school.normalisation)

    def calibrated(self, validation: Tiles | None, classes: Sequence[Class], seed: int) -> Eye:
        """The same with temperatures fitted on validation tiles; as it is where there are none."""
        if validation is None:
            return self
        shelf = Shelf(validation, (), classes=len(classes))
        ensemble = Ensemble(
            self.nets,
            normalisation=self.normalisation,
            temperatures=self.temperatures,
            classes=classes,
        )
        fitted = calibrate(ensemble, shelf, shelf.samples, seed=seed, report=lambda done: None)
        return replace(self, temperatures=tuple(fitted))

    @torch.inference_mode()
    def look(
        self, tiles: Tiles, *, passes: int = 1, seed: int = 0
    ) -> Iterator[tuple[slice, Probabilities, NDArray[np.float32]]]:
        """Rows, probabilities (n, networks x passes, K, S, S) and the first network's embeddings
        (n, D), chunk by chunk.

        One pass is the plain forward. More each turn the tiles another way and drop channels, as
        the trainer's ensemble does with single tiles; the dice depend on seed, chunk and pass.
        """
        at_once = max(1, CHUNK_PIXELS // tiles.size**2)
        for start in range(0, tiles.count, at_once):
            rows = slice(start, min(start + at_once, tiles.count))
            pixels = np.array(tiles.pixels[rows])  # torch wants memory it may write to
            views = [
                self._view(member, pixels, number, mixed(seed, start, member) if passes > 1 else 0)
                for member in range(len(self.nets))
                for number in range(passes)
            ]
            seen = torch.stack([probabilities for probabilities, _ in views], dim=1)
            described = torch.stack([embeddings for _, embeddings in views[:passes]])
            yield rows, seen.numpy(), described.mean(dim=0).numpy()

    def _view(
        self, member: int, pixels: NDArray[np.uint16], number: int, seed: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One look of one network; with a seed turned, and with channels dropped."""
        if not seed:
            return self._forward(member, pixels)
        way = int(np.random.default_rng(seed).permutation(TURNS)[number % TURNS])
        torch.manual_seed(mixed(seed, number))
        self.nets[member].monte_carlo = True
        try:
            found, embeddings = self._forward(member, np.ascontiguousarray(turn(pixels, way)))
        finally:
            self.nets[member].monte_carlo = False
        return turn_back(found, way), embeddings

    def _forward(
        self, member: int, pixels: NDArray[np.uint16]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        scale, shift = self.normalisation.factors
        present = present_bands(pixels)  # (n, B)
        valid = torch.from_numpy(valid_pixels(pixels))[:, None]
        x = normalised(torch.from_numpy(pixels), scale * present, shift * present, valid)
        x = x.contiguous(memory_format=torch.channels_last)
        logits, embeddings = self.nets[member].forward_with_embedding(x, valid.float())
        return torch.softmax(logits / self.temperatures[member], dim=1), embeddings


@dataclass(frozen=True, eq=False)
class Scored:
    """What ranking needs of n tiles; rows as in the pool."""

    tiles: list[TileScore]
    embeddings: NDArray[np.float32]
    members: int

    def column(self, name: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.array([getattr(self.tiles[row], name) for row in rows], dtype=np.float32)


def score(
    eye: Eye,
    tiles: Tiles,
    arm: Arm,
    *,
    seed: int,
    before: Eye | None = None,
) -> Scored:
    """Every tile as the engine scores it for this arm; `before`: the model to compare with."""
    pooling = pooling_of(tiles.size, **arm.pooling)
    scores: list[TileScore] = []
    embeddings = []
    for rows, probabilities, found in eye.look(tiles, passes=arm.passes, seed=seed):
        seen = valid_pixels(tiles.pixels[rows])
        others = [None] * len(seen) if before is None else codes(before, tiles, rows)
        embeddings.append(found)
        scores += [
            score_tile(Members(each, codes=other), valid, arm.acquisition, pooling)
            for each, valid, other in zip(probabilities, seen, others)
        ]
    return Scored(scores, np.concatenate(embeddings), members=len(eye.nets) * arm.passes)


def codes(eye: Eye, tiles: Tiles, rows: slice) -> list[NDArray[np.uint8]]:
    """What a model calls each pixel of these tiles, one (S, S) each."""
    part = Tiles(tiles.pixels[rows], tiles.label[rows], tiles.group[rows])
    return [
        each.mean(axis=0).argmax(axis=0).astype(np.uint8)
        for _, probabilities, _ in eye.look(part)
        for each in probabilities
    ]


@dataclass(frozen=True, eq=False)
class Verdict:
    """How a model did on the test tiles."""

    confusion: NDArray[np.int64]
    """(products, K, K) pixel counts: row = truth, column = prediction."""
    calibration_error: float
    """Expected calibration error over all judged pixels, Naeini et al. (AAAI 2015), 15 bins."""


def judge(eye: Eye, test: Tiles, *, classes: int) -> Verdict:
    """Pooled over each product, so that products can be resampled."""
    _, product = np.unique(test.group, return_inverse=True)
    counts = np.zeros((product.max() + 1, classes, classes), dtype=np.int64)
    bins = np.zeros((3, BINS))  # pixels, hits, confidence
    for rows, probabilities, _ in eye.look(test):
        predicted = probabilities.mean(axis=1).argmax(axis=1)
        confident = probabilities.mean(axis=1).max(axis=1)
        for row, found, sure in zip(range(rows.start, rows.stop), predicted, confident):
            truth = np.where(valid_pixels(test.pixels[row]), test.label[row], IGNORE)
            counts[product[row]] += confusion(truth, found, classes=classes).matrix
            judged = truth != IGNORE
            bins += _binned(sure[judged], (truth == found)[judged])
    gaps = np.abs(bins[1] - bins[2]).sum() / max(1, bins[0].sum())
    return Verdict(counts, float(gaps))


def _binned(sure: NDArray[np.float32], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(3, BINS) pixels, hits and summed confidence of each bin of confidence."""
    place = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    weights = (None, right, sure)
    return np.stack([np.bincount(place, weight, minlength=BINS) for weight in weights])
