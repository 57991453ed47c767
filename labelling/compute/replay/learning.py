"""Trainings of a replay: the trainer's own learner, fed from memory instead of from chips on disk.

Every training starts from the same source model, sees source crops beside the labelled ones, and
makes the same number of steps, however many tiles are labelled. The ceiling alone makes more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from labelling.compute.replay.plan import Net
from labelling.compute.replay.tiles import Tiles
from training.checkpoint import State
from training.config import FitConfig
from training.crops import Batch, CropSource, joined
from training.member import Bench, Learner, check_finite, class_weights
from training.snapshot import Sample
from training.survey import Moments, Normalisation, Survey
from training.unet import UNetConfig

NORMALISED_ON = 500
"""Tiles that the bands' means and deviations are taken from."""


@dataclass(frozen=True, eq=False)
class Shelf:
    """Tiles as the trainer's crop source reads a snapshot."""

    tiles: Tiles
    bands: tuple[str, ...]
    samples: list[Sample] = field(init=False)
    class_pixels: NDArray[np.int64] = field(init=False)
    """(n, K)"""
    classes: int = 4

    def __post_init__(self) -> None:
        blank = {"split": "pool", "bands": "", "label": "", "trust": 1.0}
        samples = [
            Sample(key=str(row), group=str(group), **blank)
            for row, group in enumerate(self.tiles.group)
        ]
        object.__setattr__(self, "samples", samples)
        object.__setattr__(self, "class_pixels", self.tiles.class_pixels(self.classes))

    @property
    def tile_size(self) -> int:
        return self.tiles.size

    def read_bands(self, sample: Sample) -> NDArray[np.uint16]:
        return self.tiles.pixels[int(sample.key)]

    def read_label(self, sample: Sample) -> NDArray[np.uint8]:
        return np.array(self.tiles.label[int(sample.key)])  # callers write into it

    def crops(
        self,
        rows: Sequence[int],
        config: FitConfig,
        normalisation: Normalisation,
        *,
        member: int = 0,
    ) -> CropSource:
        """A source of crops of these tiles."""
        found = Survey(normalisation, self.class_pixels[list(rows)])
        samples = [self.samples[row] for row in rows]
        return CropSource(self, samples, found, config, member=member)


@dataclass(frozen=True)
class Mixed:
    """Crops of labelled tiles and of the source, in one batch."""

    labelled: CropSource
    source: CropSource

    @property
    def member(self) -> int:
        return self.labelled.member

    @property
    def side(self) -> int:
        return min(self.labelled.side, self.source.side)

    def batches(self, first: int, last: int) -> Iterator[Batch]:
        for step in range(first, last):
            yield joined(self.labelled.batch(step), self.source.batch(step))


@dataclass(frozen=True, eq=False)
class School:
    """Where the models of one pool learn."""

    pool: Shelf
    source: Shelf | None
    net: Net
    normalisation: Normalisation
    """Of the source where there is one, else of the pool's pixels: never of the test's."""

    @classmethod
    def of(cls, pool: Tiles, source: Tiles | None, net: Net, bands: tuple[str, ...], classes: int):
        shelves = [
            None if tiles is None else Shelf(tiles, bands, classes=classes)
            for tiles in (pool, source)
        ]
        return cls(shelves[0], shelves[1], net, normalisation_of(source or pool))

    @property
    def network(self) -> UNetConfig:
        bands, classes = len(self.pool.bands), self.pool.classes
        return UNetConfig(bands, classes, width=self.net.width, depth=self.net.depth)

    def pretrained(self, *, seed: int) -> State | None:
        """The model that all others start from; None where there is no source."""
        if self.source is None:
            return None
        config = replace(self._config(seed), steps=self.net.source_steps)
        crops = self.source.crops(range(self.source.tiles.count), config, self.normalisation)
        return self._learnt(config, crops, self.source.class_pixels.sum(axis=0), None)

    def taught(
        self,
        rows: Sequence[int],
        *,
        first: State | None,
        seed: int,
        member: int = 0,
        members: int = 1,
        times: int = 1,
    ) -> State:
        """A model trained on the labels of these tiles of the pool, from `first`.

        One of several members has dice and a bootstrap of the products of its own. times: how many
        times the usual steps.
        """
        config = replace(self._config(seed), members=members, steps=times * self.net.steps)
        crops = self.pool.crops(rows, config, self.normalisation, member=member)
        pixels = self.pool.class_pixels[list(rows)].sum(axis=0)
        if self.source is None or not self.net.replayed:
            return self._learnt(config, crops, pixels, first)
        beside = replace(config, batch=self.net.replayed, seed=config.seed + 1, members=1)
        everything = range(self.source.tiles.count)
        mixed = Mixed(
            crops, self.source.crops(everything, beside, self.normalisation, member=member)
        )
        return self._learnt(config, mixed, self._in_a_batch(pixels), first)

    def _config(self, seed: int) -> FitConfig:
        net = self.net
        return FitConfig(
            width=net.width,
            depth=net.depth,
            steps=net.steps,
            batch=net.batch,
            crop=net.crop,
            learning_rate=net.learning_rate,
            precision="fp32",
            device="cpu",
            threads=1,
            seed=2 * seed,
        )

    def _in_a_batch(self, pixels: NDArray[np.int64]) -> NDArray[np.int64]:
        """(K,) how often each class is met: labelled and source crops by their share of a batch."""
        assert self.source is not None
        source = self.source.class_pixels.sum(axis=0)
        shares = self.net.batch * pixels / pixels.sum() + self.net.replayed * source / source.sum()
        return np.rint(1e6 * shares).astype(np.int64)

    def _learnt(
        self,
        config: FitConfig,
        crops: CropSource | Mixed,
        pixels: NDArray[np.int64],
        first: State | None,
    ) -> State:
        bench = Bench(
            config=config,
            network=self.network,
            normalisation=self.normalisation,
            class_weight=class_weights(config, pixels[None]),
            device=torch.device("cpu"),
            precision=torch.float32,
        )
        learner = Learner(bench, crops, first=first)
        for loss in learner.learn():
            if learner.step == config.steps:
                check_finite(float(loss), learner.step)
        return learner.outcome()


def normalisation_of(tiles: Tiles) -> Normalisation:
    """Of some of the tiles, evenly spread."""
    moments = Moments(tiles.pixels.shape[1])
    for row in np.unique(np.linspace(0, tiles.count - 1, NORMALISED_ON).astype(int)):
        moments.add(tiles.pixels[row])
    return moments.normalisation()
