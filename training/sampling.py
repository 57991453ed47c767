"""Which crops a step sees: the tile, the window in it and the way it is laid down.

Seed, member and step decide alone, so a resumed fit sees the same. K classes.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from training.augment import TURNS
from training.config import FitConfig
from training.draws import Draw, sunward_turns
from training.errors import BadConfig
from training.lots import Lot, shares_of_strata, strata_factors
from training.snapshot import IGNORE, Label, Sample
from training.survey import Survey
from training.warp import Warp

BOOTSTRAP_DRAWS = 20
"""Tries to draw scenes that hold every class, before a member takes all scenes."""


class Labels(Protocol):
    """Where the sampler looks up what is labelled in a tile: a snapshot."""

    @property
    def tile_size(self) -> int: ...

    def read_label(self, sample: Sample) -> Label: ...


class Sampler:
    """Draws crops from the pool that hold labels, and rare classes more often than they occur.

    Raises BadConfig where a setting asks for samples or facts that the snapshot doesn't have.
    """

    def __init__(
        self,
        snapshot: Labels,
        samples: Sequence[Sample],
        survey: Survey,
        config: FitConfig,
        *,
        member: int,
    ) -> None:
        self.snapshot, self.samples, self.config, self.member = snapshot, samples, config, member
        self.side = crop_side(config, snapshot.tile_size)
        labelled = survey.pixels.sum(axis=1) > 0
        self.earlier = np.array([sample.earlier for sample in samples]) & labelled
        self.own = ~self.earlier & labelled
        self._check()
        self.copies = self._bootstrap(survey.pixels)  # (samples,)
        weights = self.copies * strata_factors(samples, config.strata, survey.pixels)
        self.all = Lot(weights, survey.pixels)
        self.lots = {True: Lot(weights * self.earlier, survey.pixels)}
        if config.pretrain_steps:
            self.lots[False] = Lot(weights * self.own, survey.pixels)

    @property
    def reserved(self) -> int:
        """Crops of every batch that earlier labels are sure of."""
        few = self.own.sum() < self.config.replay_until
        if not few or not self.earlier.any() or not self.own.any():
            return 0
        return ceil(self.config.replay_share * self.config.batch - 1e-9)

    def dice(self, step: int) -> np.random.Generator:
        """The generator that everything of this member's step is drawn with."""
        return np.random.default_rng([self.config.seed, self.member, step])

    def draws(self, rng: np.random.Generator, step: int) -> list[Draw]:
        """The crops of one step, those that earlier labels are sure of first."""
        return [self._draw(rng, self._lot(step, place)) for place in range(self.config.batch)]

    def plan(self, class_names: Sequence[str]) -> dict[str, Any]:
        """What the draws are meant to be, for the card."""
        return {
            "classes": {
                "rare_share": self.config.rare_share,
                "rarity": dict(zip(class_names, self.all.rarity.round(6).tolist(), strict=True)),
            },
            "strata": shares_of_strata(self.samples, self.config.strata, self.all),
            "own_tiles": int(self.own.sum()),
            "earlier_tiles": int(self.earlier.sum()),
            "reserved_for_earlier": self.reserved,
            "pretrain_steps": self.config.pretrain_steps,
        }

    def _lot(self, step: int, place: int) -> Lot:
        if step < self.config.pretrain_steps or place < self.reserved:
            return self.lots[True]
        return self.lots[False] if self.config.pretrain_steps else self.all

    def _draw(self, rng: np.random.Generator, lot: Lot) -> Draw:
        place, wanted = lot.choose(rng, self.config.rare_share)
        sample = self.samples[place]
        label = self.snapshot.read_label(sample)
        rows, columns = self._window(
            rng, label == wanted if wanted is not None else label != IGNORE
        )
        return Draw(
            sample=sample,
            label=label,
            rows=rows,
            columns=columns,
            wanted=wanted,
            way=self._way(rng, sample),
            warp=self._warp(rng, rows, columns),
        )

    def _window(self, rng: np.random.Generator, wanted: NDArray[np.bool_]) -> tuple[slice, slice]:
        """A window that holds one of the wanted pixels, anywhere inside it."""
        places = np.flatnonzero(wanted)
        row, column = divmod(int(places[rng.integers(len(places))]), wanted.shape[1])
        last = wanted.shape[0] - self.side
        top = min(max(row - int(rng.integers(self.side)), 0), last)
        left = min(max(column - int(rng.integers(self.side)), 0), last)
        return slice(top, top + self.side), slice(left, left + self.side)

    def _way(self, rng: np.random.Generator, sample: Sample) -> int:
        if not self.config.augment or self.config.turns == "none":
            return 0
        if self.config.turns == "free":
            return int(rng.integers(TURNS))
        return int(rng.choice(sunward_turns(sample.sun_azimuth)))

    def _warp(self, rng: np.random.Generator, rows: slice, columns: slice) -> Warp | None:
        """Scale and rotation about the middle of the window, moved to stay on the tile."""
        config, size = self.config, self.snapshot.tile_size
        if not config.augment or not (config.scale or config.rotation):
            return None
        most = np.log1p(config.scale)
        ground = min(float(np.exp(rng.uniform(-most, most))), size / self.side)
        angle = float(rng.uniform(-config.rotation, config.rotation))
        half = ground * self.side / 2
        row, column = (
            min(max((one.start + one.stop) / 2, half), size - half) for one in (rows, columns)
        )
        return Warp(row, column, ground, angle)

    def _check(self) -> None:
        if self.config.strata == "month" and any(sample.month is None for sample in self.samples):
            raise BadConfig(
                "strata is month, but the manifest gives no month for some samples: make the "
                "snapshot again, or set strata to group.",
                field="strata",
            )
        if self.config.pretrain_steps and not (self.earlier.any() and self.own.any()):
            lacking = "own labels" if self.earlier.any() else "labels of other sources"
            raise BadConfig(
                f"pretrain_steps is {self.config.pretrain_steps}, but the pool has no {lacking}: "
                "set it to 0.",
                field="pretrain_steps",
            )

    def _bootstrap(self, pixels: NDArray[np.int64]) -> NDArray[np.int64]:
        """(samples,) how often each counts: scenes drawn with replacement in an ensemble.

        Members differ by the scenes they saw; that difference is what disagreement measures.
        """
        if self.config.members == 1:
            return np.ones(len(self.samples), dtype=np.int64)
        groups = sorted({sample.group for sample in self.samples})
        index = np.array([groups.index(sample.group) for sample in self.samples])
        rng = np.random.default_rng([self.config.seed, self.member])
        # Every class, and earlier and own labels where there are both.
        needed = np.column_stack([pixels, self.earlier, self.own])
        there = needed.sum(axis=0) > 0
        for _ in range(BOOTSTRAP_DRAWS):
            drawn = np.bincount(rng.integers(len(groups), size=len(groups)), minlength=len(groups))
            copies = drawn[index]
            if ((needed * copies[:, None]).sum(axis=0) > 0)[there].all():
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
