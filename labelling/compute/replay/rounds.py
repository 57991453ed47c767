"""One cell of a replay: one arm, one seed, from the first tiles to the last budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_engine.batches import Batch, Pool
from al_engine.spectra import spectral_features
from al_engine.strategies import select
from labelling.compute.replay.annotators import minutes, refused
from labelling.compute.replay.arms import Arm
from labelling.compute.replay.learning import School
from labelling.compute.replay.plan import Plan
from labelling.compute.replay.ranking import SMALL, Eye, Scored, Verdict, judge, score
from labelling.compute.replay.tiles import ReplayPool
from labelling.imagery.features import tile_features
from training.checkpoint import State
from training.survey import valid_pixels

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Room:
    """What all cells of a plan share, made once in each worker process."""

    plan: Plan
    pool: ReplayPool
    first: State | None
    """The model all trainings start from; None: each starts from the seed's own weights."""

    @cached_property
    def school(self) -> School:
        pool = self.pool
        return School.of(pool.pool, pool.source, self.plan.net, pool.bands, len(pool.classes))

    @cached_property
    def minutes(self) -> NDArray[np.float64]:
        return minutes(self.pool.pool, self.plan.people)

    @cached_property
    def features(self) -> NDArray[np.float32]:
        """(n, F) of the tiles' pixels alone; what strategies without a model go by."""
        tiles = self.pool.pool
        figures = tile_features if tiles.size >= SMALL else small_features
        return np.stack([figures(each) for each in tiles.pixels])

    def start(self, seed: int) -> Rows:
        """The tiles every arm of a seed starts with: drawn uniformly, none of them refused."""
        order = np.random.default_rng([seed, 1]).permutation(self.pool.pool.count)
        return order[~self.refused(seed)[order]][: self.plan.first]

    def refused(self, seed: int) -> NDArray[np.bool_]:
        return refused(self.pool.pool.count, self.plan.people, seed=seed)

    def eye(
        self, rows: Sequence[int] | Rows, seed: int, *, members: int = 1, times: int = 1
    ) -> Eye:
        """Models taught these tiles, in the order of their rows: what is labelled matters alone.

        times: how many times the usual steps.
        """
        ordered, first = sorted(map(int, rows)), self.first
        states = [
            self.school.taught(
                ordered, first=first, seed=seed, member=member, members=members, times=times
            )
            for member in range(members)
        ]
        return Eye.of(self.school, states)

    def judged(self, eye: Eye) -> Verdict:
        return judge(eye, self.pool.test, classes=len(self.pool.classes))


@dataclass(eq=False)
class Campaign:
    """The replayed rounds of one arm and seed."""

    room: Room
    arm: Arm
    seed: int
    start: Eye
    """The model taught the first tiles."""
    batches: list[Rows] = field(init=False)
    """Tiles labelled by each budget, the first tiles first; no tile twice."""
    notes: list[str] = field(default_factory=list)
    turned_down: list[int] = field(default_factory=list)
    """Refused tiles met in each round after the first."""

    def __post_init__(self) -> None:
        self.batches = [self.room.start(self.seed)]
        self.eyes: dict[int, Eye] = {0: self.start}
        self.gone = np.zeros(self.room.pool.pool.count, dtype=np.bool_)
        """Labelled, on its way, or refused: not to be chosen."""
        self.gone[self.batches[0]] = True

    def run(self) -> list[Verdict]:
        """Choose every batch, then judge the model of every budget."""
        budgets = self.room.plan.budgets_of(self.arm.name)
        for number, (before, after) in enumerate(pairwise(budgets), start=1):
            self.batches.append(self.chosen(number, after - before))
        return [self.room.judged(self.eye(number)) for number in range(len(budgets))]

    def labelled(self, number: int) -> Rows:
        """The tiles of the start and the first `number` batches."""
        return np.concatenate(self.batches[: number + 1])

    def eye(self, number: int) -> Eye:
        """The model taught the first `number` batches after the start."""
        if number not in self.eyes:
            self.eyes[number] = self.room.eye(self.labelled(number), self.seed)
        return self.eyes[number]

    def chosen(self, number: int, count: int) -> Rows:
        """Batch `number`: `count` tiles that can be labelled, chosen by the newest model there is.

        With a delay the newest labels are some rounds old, and the tiles on their way are known.
        """
        newest = max(0, number - 1 - self.room.plan.people.delay)
        scored = self.scored(newest) if self.arm.looks else None
        turned_down = self.room.refused(self.seed)
        got: list[int] = []
        met = 0
        while len(got) < count and not self.gone.all():
            batch, rows = self.select(scored, count - len(got), number, newest)
            self.gone[rows] = True
            met += int(turned_down[rows].sum())
            got += [int(row) for row in rows if not turned_down[row]]
            self.notes += [f"round {number}: {note}" for note in batch.notes]
        self.turned_down.append(met)
        return np.array(got, dtype=np.int64)

    def select(
        self, scored: Scored | None, count: int, number: int, newest: int
    ) -> tuple[Batch, Rows]:
        free = np.flatnonzero(~self.gone)
        told: dict[str, Any] = {}
        if self.room.first is None:
            # A transferred model is no beginner; one from scratch ramps up with its labels.
            told["labelled"] = len(self.labelled(newest))
        request = self.arm.request(count, seed=self.seed, number=number, **told)
        pool = self.offered(scored, free)
        batch = select(pool, request, strategy=self.arm.strategy, config=self.arm.config)
        return batch, free[batch.indices]

    def offered(self, scored: Scored | None, free: Rows) -> Pool:
        """The tiles still to be had, as the engine is given them in production."""
        groups = np.asarray(self.room.pool.pool.group)[free]
        spectra = {
            "features": self.room.features[free],
            "known_features": self.room.features[self.gone],
        }
        if scored is None:
            return Pool.unscored(groups, free, **spectra)
        return Pool(
            scores=scored.column("score", free),
            means=scored.column("mean", free),
            groups=groups,
            embeddings=scored.embeddings[free],
            known_embeddings=scored.embeddings[self.gone],
            keys=free,
            acquisition=self.arm.acquisition,
            members=scored.members,
            **{name: scored.column(name, free) for name in COLUMNS},
            **spectra,
        )

    def scored(self, number: int) -> Scored:
        """The pool, seen by the models of that budget."""
        room, arm = self.room, self.arm
        eye = self.eye(number)
        if arm.members > 1:
            eye = room.eye(self.labelled(number), self.seed, members=arm.members)
        if arm.config.calibrated:
            eye = eye.calibrated(room.pool.validation, room.pool.classes, self.seed)
        return score(
            eye,
            room.pool.pool,
            arm,
            seed=self.seed,
            before=self.before(number) if arm.compares else None,
        )

    def before(self, number: int) -> Eye:
        """The model of the budget before; before the first that of the source, if there is one."""
        if number == 0 and self.room.first is not None:
            return Eye.of(self.room.school, [self.room.first])
        return self.eye(max(0, number - 1))


def small_features(pixels: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Of every pixel: a small tile has too few to pass any over."""
    return spectral_features(pixels, valid_pixels(pixels))


COLUMNS = (
    "disagreement",
    "class_scores",
    "class_means",
    "class_fractions",
    "contradiction",
    "compared",
)
"""Of a pool, named alike in a tile's score."""
