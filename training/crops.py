"""Which crops a step sees. Step, member and seed decide alone, so a resumed fit sees the same.

N crops, B bands, S the side of a crop in pixels.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.augment import TURNS, Look, draw_look, plain, turn
from training.config import FitConfig
from training.errors import BadConfig
from training.snapshot import IGNORE, Bands, Label, Sample, Snapshot
from training.survey import Survey, present_bands, valid_pixels

BOOTSTRAP_DRAWS = 20
"""Tries to draw scenes that hold every class, before a member takes all scenes."""


@dataclass(frozen=True)
class Batch:
    bands: Bands  # (N, B, S, S)
    label: Label  # (N, S, S) channel indices, IGNORE where unlabelled or without data
    valid: NDArray[np.bool_]  # (N, S, S)
    present: NDArray[np.bool_]  # (N, B)
    trust: NDArray[np.float32]  # (N,)
    look: Look


class CropSource:
    """Draws crops from the pool that hold labels, and rare classes more often than they occur."""

    def __init__(
        self,
        snapshot: Snapshot,
        samples: Sequence[Sample],
        survey: Survey,
        config: FitConfig,
        *,
        member: int,
    ) -> None:
        self.snapshot, self.samples, self.config, self.member = snapshot, samples, config, member
        self.side = crop_side(config, snapshot.tile_size)
        self.copies = self._bootstrap(survey.pixels)  # (samples,)
        mean, deviation = survey.normalisation.mean, survey.normalisation.deviation
        self.steepness = np.asarray(mean) / np.asarray(deviation)
        # The root: a tile with four times the pixels of a class is no four times better lesson.
        self.by_class = _shares(np.sqrt(survey.pixels) * self.copies[:, None])  # (samples, K)
        self.overall = _shares(np.sqrt(survey.pixels.sum(axis=1)) * self.copies)  # (samples,)
        held = (survey.pixels * (self.copies > 0)[:, None]).sum(axis=0)
        self.rarity = _shares(np.where(held > 0, np.maximum(held, 1) ** -0.5, 0))  # (K,)

    def batches(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of steps first … last - 1, each read while the one before is learnt."""
        with ThreadPoolExecutor(1, thread_name_prefix="crops") as reader:
            ahead = reader.submit(self.batch, first)
            for step in range(first + 1, last + 1):
                batch = ahead.result()
                ahead = reader.submit(self.batch, step)
                yield batch

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng([self.config.seed, self.member, step])
        count, bands, side = self.config.batch, len(self.snapshot.bands), self.side
        pixels = np.empty((count, bands, side, side), dtype=np.uint16)
        label = np.empty((count, side, side), dtype=np.uint8)
        trust = np.empty(count, dtype=np.float32)
        for index in range(count):
            pixels[index], label[index], trust[index] = self._crop(rng)
        valid = valid_pixels(pixels)
        label[~valid] = IGNORE
        looks = draw_look(rng, count, self.steepness) if self.config.augment else None
        return Batch(
            bands=pixels,
            label=label,
            valid=valid,
            present=present_bands(pixels),
            trust=trust,
            look=looks or plain(count, bands),
        )

    def _crop(self, rng: np.random.Generator) -> tuple[Bands, Label, float]:
        wanted, shares = None, self.overall
        if rng.random() < self.config.rare_share:
            wanted = int(rng.choice(len(self.rarity), p=self.rarity))
            shares = self.by_class[:, wanted]
        sample = self.samples[int(rng.choice(len(shares), p=shares))]
        label = self.snapshot.read_label(sample)
        window = self._window(rng, label == wanted if wanted is not None else label != IGNORE)
        way = int(rng.integers(TURNS)) if self.config.augment else 0
        bands = self.snapshot.read_bands(sample)[(slice(None), *window)]
        return turn(bands, way), turn(label[window], way), sample.trust

    def _window(self, rng: np.random.Generator, wanted: NDArray[np.bool_]) -> tuple[slice, slice]:
        """A window that holds one of the wanted pixels, anywhere inside it."""
        places = np.flatnonzero(wanted)
        row, column = divmod(int(places[rng.integers(len(places))]), wanted.shape[1])
        last = wanted.shape[0] - self.side
        top = min(max(row - int(rng.integers(self.side)), 0), last)
        left = min(max(column - int(rng.integers(self.side)), 0), last)
        return slice(top, top + self.side), slice(left, left + self.side)

    def _bootstrap(self, pixels: NDArray[np.int64]) -> NDArray[np.int64]:
        """(samples,) how often each counts: scenes drawn with replacement in an ensemble.

        Members differ by the scenes they saw; that difference is what disagreement measures.
        """
        if self.config.members == 1:
            return np.ones(len(self.samples), dtype=np.int64)
        groups = sorted({sample.group for sample in self.samples})
        index = np.array([groups.index(sample.group) for sample in self.samples])
        rng = np.random.default_rng([self.config.seed, self.member])
        classes = pixels.sum(axis=0) > 0
        for _ in range(BOOTSTRAP_DRAWS):
            drawn = np.bincount(rng.integers(len(groups), size=len(groups)), minlength=len(groups))
            copies = drawn[index]
            if ((pixels * copies[:, None]).sum(axis=0) > 0)[classes].all():
                return copies
        return np.ones(len(self.samples), dtype=np.int64)


def crop_side(config: FitConfig, tile_size: int) -> int:
    """The crop, or the largest multiple of 2**depth that a smaller tile holds.

    Raises BadConfig where it holds none.
    """
    step = 2**config.depth
    if tile_size < step:
        raise BadConfig(
            f"Tiles of {tile_size} px cannot be halved {config.depth} times: lower depth.",
            field="depth",
        )
    return min(config.crop, tile_size // step * step)


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide by the sum over the first axis; all zero stays zero."""
    total = weights.sum(axis=0)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
