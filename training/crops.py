"""Crops as arrays, read and laid down as the sampler drew them.

N crops, B bands, S the side of a crop in pixels.
"""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.augment import Look, Optics, draw_look, plain, turn
from training.config import FitConfig
from training.device import choose_device
from training.draws import Draw, Tally
from training.placing import cut, turned, warped, without_masks
from training.planes import Planes, stacked, whole
from training.sampling import Sampler
from training.snapshot import IGNORE, Bands, Label, Sample, Snapshot
from training.survey import Survey, present_bands, valid_pixels

READERS = {"cpu": 1, "cuda": 4}
"""Threads that read crops, beside a device that computes."""


@dataclass(frozen=True)
class Batch:
    bands: Bands  # (N, B, S, S)
    label: Label  # (N, S, S) channel indices, IGNORE where unlabelled or without data
    valid: NDArray[np.bool_]  # (N, S, S)
    present: NDArray[np.bool_]  # (N, B)
    trust: NDArray[np.float32]  # (N,)
    look: Look
    tally: Tally
    planes: Planes = field(default_factory=dict)
    """What lies beside the bands, as the survey's layout asks for it."""


class CropSource:
    """Reads the crops that a sampler draws, step by step."""

    def __init__(
        self,
        snapshot: Snapshot,
        samples: Sequence[Sample],
        survey: Survey,
        config: FitConfig,
        *,
        member: int,
        rows: NDArray[np.int64] | None = None,
    ) -> None:
        """`rows`: those of every batch that this process reads, by default all of them."""
        self.rows = rows
        self.snapshot, self.config, self.member = snapshot, config, member
        self.layout = survey.layout
        self.sampler = Sampler(snapshot, samples, survey, config, member=member)
        self.side = self.sampler.side
        self.optics = Optics.of(snapshot.bands, survey.normalisation)
        self.waited = 0.0
        """Seconds that `batches` has made its caller wait for crops."""

    def batches(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of steps first … last - 1, some of them read ahead by threads."""
        ahead: deque[Future[Batch]] = deque()
        count = self.config.readers or READERS[choose_device(self.config.device).type]
        with ThreadPoolExecutor(count, thread_name_prefix="crops") as readers:
            try:
                for step in range(first, last + count):
                    if step < last:
                        ahead.append(readers.submit(self.batch, step))
                    if step >= first + count:
                        yield self._next(ahead)
            finally:
                for batch in ahead:
                    batch.cancel()

    def _next(self, ahead: "deque[Future[Batch]]") -> Batch:
        begun = time.perf_counter()
        batch = ahead.popleft().result()
        self.waited += time.perf_counter() - begun
        return batch

    def batch(self, step: int) -> Batch:
        """The dice fall as for the whole batch, whichever rows are read."""
        rng = self.sampler.dice(step)
        drawn = self.sampler.draws(rng, step)
        looks, lost = self._looks(rng), self.lost(rng)
        if self.rows is None:
            return self._read_all(drawn, looks, lost)
        mine = [drawn[row] for row in self.rows.tolist()]
        looks, lost = _portion(looks, self.rows), _portion(lost, self.rows)
        # All are counted, so that every process can say what the network has seen.
        return replace(self._read_all(mine, looks, lost), tally=Tally.of(drawn))

    def _looks(self, rng: np.random.Generator) -> Look:
        count = self.config.batch
        if not self.config.augment:
            return plain(count, len(self.snapshot.bands))
        return draw_look(rng, count, self.optics, self.config)

    def lost(self, rng: np.random.Generator) -> dict[str, NDArray[np.bool_]]:
        """By name of a mask, (N,) the crops that lose it."""
        names = sorted(name for name in self.layout.features.planes if name.startswith("mask:"))
        chance = self.config.mask_dropout
        return {name: rng.random(self.config.batch) < chance for name in names}

    def _read_all(
        self, draws: Sequence[Draw], look: Look, lost: Mapping[str, NDArray[np.bool_]]
    ) -> Batch:
        count, bands, side = len(draws), len(self.snapshot.bands), self.side
        pixels = np.empty((count, bands, side, side), dtype=np.uint16)
        label = np.empty((count, side, side), dtype=np.uint8)
        trust = np.empty(count, dtype=np.float32)
        for index, drawn in enumerate(draws):
            pixels[index], label[index] = self._read(drawn)
            trust[index] = drawn.sample.trust
        valid = valid_pixels(pixels)
        label[~valid] = IGNORE
        return Batch(
            bands=pixels,
            label=label,
            valid=valid,
            present=present_bands(pixels),
            trust=trust,
            look=look,
            tally=Tally.of(draws),
            planes=without_masks(self._planes(draws), lost),
        )

    def _read(self, drawn: Draw) -> tuple[Bands, Label]:
        """(B, S, S), (S, S) as they were drawn, turned."""
        bands, label = self.snapshot.read_bands(drawn.sample), drawn.label
        if drawn.warp:
            bands, label = drawn.warp.cut(bands, label, self.side)
        else:
            window = (drawn.rows, drawn.columns)
            bands, label = bands[(slice(None), *window)], label[window]
        return turn(bands, drawn.way), turn(label, drawn.way)

    def _planes(self, draws: Sequence[Draw]) -> Planes:
        """What lies beside the crops, cut and turned as they were."""
        if not self.layout.features.planes:
            return {}
        return stacked([self._beside(drawn) for drawn in draws])

    def _beside(self, drawn: Draw) -> Planes:
        size = self.snapshot.tile_size
        found = self.snapshot.read_planes(drawn.sample, self.layout.features.planes)
        planes = whole(found, self.layout, (size, size))
        if drawn.warp:
            planes = warped(planes, drawn.warp, self.side)
        else:
            planes = cut(planes, drawn.rows, drawn.columns)
        return turned(planes, drawn.way)


def joined(first: Batch, second: Batch) -> Batch:
    """The crops of both, those of `first` first."""
    whole: Batch = _joined(first, second)
    return whole


def _joined(first: Any, second: Any) -> Any:
    """Arrays end to end, field by field."""
    if isinstance(first, np.ndarray):
        return np.concatenate([first, second])
    if isinstance(first, dict):
        return {name: _joined(plane, second[name]) for name, plane in first.items()}
    pairs = {
        each.name: _joined(getattr(first, each.name), getattr(second, each.name))
        for each in fields(first)
    }
    return replace(first, **pairs)


def portion(batch: Batch, rows: slice) -> Batch:
    """Some of a batch's crops, as views."""
    part: Batch = _portion(batch, rows)
    return part


def _portion(whole: Any, rows: slice | NDArray[np.int64]) -> Any:
    if isinstance(whole, np.ndarray):
        return whole[rows]
    if isinstance(whole, dict):
        return {name: _portion(plane, rows) for name, plane in whole.items()}
    parts = {each.name: _portion(getattr(whole, each.name), rows) for each in fields(whole)}
    return replace(whole, **parts)
