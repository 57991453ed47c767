"""The cells of a replay, each in a file of its own, worked off by processes of one thread each.

A cell is one training history: the start and the ceiling of a seed, and every arm of it. A finished
cell is never done again; one of another plan or another state of the code is.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from labelling.compute.files import write_arrays
from labelling.compute.replay.arms import arm_named
from labelling.compute.replay.plan import Plan, read_plan
from labelling.compute.replay.ranking import Eye, Verdict
from labelling.compute.replay.rounds import Campaign, Room
from labelling.compute.replay.tiles import kept
from training.checkpoint import State, pack, unpack
from training.files import write_whole
from training.lifeline import die_with_parent

START, CEILING = "start", "ceiling"
PLAN, SOURCE = "plan.json", "source.safetensors"


@dataclass(frozen=True)
class Cell:
    arm: str
    """An arm's name, START or CEILING."""
    seed: int

    def path(self, folder: Path) -> Path:
        name = "".join(sign if sign.isalnum() or sign in "=.-" else "_" for sign in self.arm)
        return folder / "cells" / f"{name}-{self.seed:03d}.npz"


@dataclass(frozen=True, eq=False)
class Found:
    """What a finished cell holds."""

    confusion: NDArray[np.int64]
    """(budgets, products, K, K) on the test tiles."""
    told: dict[str, Any]
    """tiles, pixels, minutes, products, calibration_error, picks, notes; a list each."""


def work_off(
    plan: Plan, folder: Path, *, jobs: int, report: Callable[[Cell, int, int], None]
) -> None:
    """Do every cell that isn't done; `report(cell, done, total)` after each.

    The starts come first: an arm begins where its seed's start left off. Raises what a cell raises,
    once the cells in hand are done.
    """
    arms = [Cell(arm, seed) for seed in range(plan.seeds) for arm in plan.strategies]
    ends = [Cell(CEILING, seed) for seed in range(plan.seeds)]
    starts = [Cell(START, seed) for seed in range(plan.seeds)]
    (folder / "cells").mkdir(exist_ok=True)
    stages = [
        [cell for cell in stage if not is_done(cell, plan, folder)]
        for stage in (starts, [*arms, *ends])
    ]
    total = len(arms) + len(ends) + len(starts)
    done = total - sum(map(len, stages))
    for cell in _worked(stages, folder, plan.digest(), jobs):
        done += 1
        report(cell, done, total)


def _worked(stages: list[list[Cell]], folder: Path, digest: str, jobs: int) -> Iterator[Cell]:
    """Each cell once it is done: one after the other here, or several at once in processes."""
    most = min(jobs, max(map(len, stages)))
    if most < 2:
        for cell in chain.from_iterable(stages):
            work(cell, folder, digest)
            yield cell
        return
    # Spawned, not forked: a fork of a process that has run torch may hang in its threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        most, mp_context=context, initializer=_settle_in, initargs=(os.getpid(),)
    ) as workers:
        try:
            for stage in stages:
                doing = {workers.submit(work, cell, folder, digest): cell for cell in stage}
                for future in as_completed(doing):
                    future.result()
                    yield doing[future]
        except BaseException:
            workers.shutdown(wait=True, cancel_futures=True)
            raise


def _settle_in(parent: int) -> None:
    os.environ["WORKBENCH_PARENT"] = str(parent)
    die_with_parent()


@lru_cache(maxsize=1)
def room_of(folder: Path, digest: str) -> Room:
    """The room of a prepared folder, made once a process; `digest` is its plan's."""
    plan = read_plan(json.loads((folder / PLAN).read_text()))
    source = folder / SOURCE
    first = unpack(source.read_bytes(), source.name)[0] if source.exists() else None
    return Room(plan, kept(folder / "pool"), first)


def work(cell: Cell, folder: Path, digest: str) -> None:
    """Do one cell on one thread and write its file, whole or not at all."""
    torch.set_num_threads(1)  # with more the bits of a sum depend on how it was shared out
    WORK.get(cell.arm, _arm)(cell, folder, room_of(folder, digest))


def _start(cell: Cell, folder: Path, room: Room) -> None:
    rows = room.start(cell.seed)
    state = room.school.taught(sorted(rows.tolist()), first=room.first, seed=cell.seed)
    write_whole(weights(cell.seed, folder), pack([state]))
    _keep(cell, folder, room, [room.judged(Eye.of(room.school, [state]))], [rows])


def _ceiling(cell: Cell, folder: Path, room: Room) -> None:
    """All labels of the pool: in as many steps as every arm has, then taught for longer."""
    rows = np.flatnonzero(~room.refused(cell.seed))
    looks = [room.eye(rows, cell.seed, times=times) for times in (1, room.plan.net.ceiling_times)]
    _keep(cell, folder, room, [room.judged(eye) for eye in looks], [rows])


def _arm(cell: Cell, folder: Path, room: Room) -> None:
    state = unpack(weights(cell.seed, folder).read_bytes(), cell.arm)[0]
    eye = Eye.of(room.school, [state])
    campaign = Campaign(room, arm_named(cell.arm), cell.seed, eye)
    verdicts = campaign.run()
    _keep(cell, folder, room, verdicts, campaign.batches, notes=campaign.notes)


WORK: dict[str, Callable[[Cell, Path, Room], None]] = {START: _start, CEILING: _ceiling}


def weights(seed: int, folder: Path) -> Path:
    """Of the model taught the first tiles of a seed."""
    return folder / "cells" / f"{START}-{seed:03d}.safetensors"


def _keep(
    cell: Cell,
    folder: Path,
    room: Room,
    verdicts: list[Verdict],
    batches: list[NDArray[np.int64]],
    notes: list[str] | None = None,
) -> None:
    pool = room.pool.pool
    labelled = [np.concatenate(batches[: number + 1]) for number in range(len(batches))]
    told = {
        "plan": room.plan.digest(),
        "budgets": list(budgets_of(cell, room.plan)),
        "tiles": [len(rows) for rows in labelled],
        "pixels": [int(room.school.pool.class_pixels[rows].sum()) for rows in labelled],
        "minutes": [round(float(room.minutes[rows].sum()), 3) for rows in labelled],
        "products": [len(np.unique(pool.group[rows])) for rows in labelled],
        "class_pixels": [
            room.school.pool.class_pixels[rows].sum(axis=0).tolist() for rows in labelled
        ],
        "calibration_error": [round(verdict.calibration_error, 5) for verdict in verdicts],
        "picks": [] if cell.arm == CEILING else [rows.tolist() for rows in batches],
        "notes": notes or [],
    }
    write_arrays(
        cell.path(folder),
        confusion=np.stack([verdict.confusion for verdict in verdicts]),
        told=np.array(json.dumps(told)),
    )


def budgets_of(cell: Cell, plan: Plan) -> tuple[int, ...]:
    return () if cell.arm in WORK else plan.budgets_of(cell.arm)


def is_done(cell: Cell, plan: Plan, folder: Path) -> bool:
    """Whether this plan's result lies there, done by this code."""
    if not cell.path(folder).exists():
        return False
    told = found(cell, folder).told
    return told["plan"] == plan.digest() and told["budgets"] == list(budgets_of(cell, plan))


def found(cell: Cell, folder: Path) -> Found:
    with np.load(cell.path(folder), allow_pickle=False) as stored:
        return Found(stored["confusion"], json.loads(str(stored["told"])))


def keep_source(state: State | None, folder: Path) -> None:
    if state is not None:
        write_whole(folder / SOURCE, pack([state]))
