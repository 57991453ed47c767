"""The cloud mask of a whole product, row by row of windows; goes on where it was after a kill.

Rows that are final are kept in a folder beside the target, and become one file at the end. What is
in memory is a row of windows, whatever the product's height.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from labelling.adapters.beside import beside
from labelling.compute.lines import Meter
from labelling.compute.predicting.blend import Sum, encoded
from labelling.compute.predicting.request import SUN, Plan, Request, files_of, planned
from labelling.compute.predicting.spans import Span, settled
from labelling.errors import Conflict, RasterRejected, StorageAway
from labelling.imagery.cog import tags_in, write_cog, write_rows
from labelling.imagery.reading import reading
from labelling.imagery.streaming import Cut, stream
from labelling.imagery.tiling import Window
from training.planes import UNKNOWN_SUN, Plane, Tile
from training.predict import Ensemble
from training.survey import valid_pixels

PLAN, LOCK = "plan.json", "lock"


def predict(request: Request) -> dict[str, Any]:
    """Write the mask to `request.target`; unfinished work lies in a folder beside it.

    Raises what `planned` does, Conflict for a target that holds something else or is in another
    process's hands, RasterRejected for a product that can't be read, StorageAway for a full disk.
    """
    plan = planned(request)
    room = request.target.with_name(f".{request.target.name}.work")
    if already(plan) or request.dry:
        return found(plan)
    try:
        with alone(room):
            # Whoever worked in the room until now may have made it.
            there = already(plan)
            resumed = plan.windows if there else made(plan, room)
            # While nobody else can begin to work in there.
            shutil.rmtree(room, ignore_errors=True)
    except OSError as error:
        raise StorageAway(
            f"{error.filename or room} can't be written: {error.strerror or error}.",
            field="out",
            help="Free some space and run the same again: it goes on from there.",
        ) from error
    return {**plan.facts(), "resumed": resumed, "there": there}


def found(plan: Plan) -> dict[str, Any]:
    """What is told where nothing was made."""
    there = plan.request.target.exists() and already(plan)
    return {**plan.facts(), "resumed": plan.windows if there else 0, "there": there}


def already(plan: Plan) -> bool:
    """Whether the target is this very mask. Raises Conflict where it is something else that may
    not go."""
    target = plan.request.target
    if not target.exists():
        return False
    if any(target.samefile(path) for path in files_of(plan.product, plan.match)):
        raise Conflict(f"{target} is the product itself.", field="out", help="Name another file.")
    try:
        if tags_in(target).get("FINGERPRINT") == plan.fingerprint():
            return True
    except RasterRejected:
        pass  # no raster: something else, as below
    if not plan.request.replace:
        raise Conflict(
            f"{target} is there already, and isn't this product's mask by this model.",
            field="out",
            help="Name another file, or say --overwrite.",
        )
    return False


@contextmanager
def alone(room: Path) -> Iterator[None]:
    """Nobody else works in the room meanwhile. Raises Conflict."""
    room.mkdir(parents=True, exist_ok=True)
    with (room / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A lock on a file that was removed meanwhile keeps nobody out.
            ours = os.path.samestat(os.fstat(lock.fileno()), (room / LOCK).stat())
        except (BlockingIOError, FileNotFoundError):
            ours = False
        if not ours:
            raise Conflict(
                f"Another process works in {room}.", field="out", help="Wait until it is done."
            )
        yield


def made(plan: Plan, room: Path) -> int:
    """Make what is left, then the target; returns how many windows were made before."""
    done = inherited(plan, room)
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="reading") as pool:
        work(plan, room, done, pool=pool)
    rows = [band(room, number) for number in range(len(plan.rows))]
    write_cog(plan.request.target, plan.mask(), rows, threads=os.cpu_count() or 1)
    return done * len(plan.columns)


def band(room: Path, number: int) -> Path:
    return room / f"rows-{number:05d}.tif"


def inherited(plan: Plan, room: Path) -> int:
    """How many bands of rows an earlier attempt at the same left; what is of another is removed."""
    wanted = plan.identity()
    try:
        same = json.loads((room / PLAN).read_text()) == wanted
    except (OSError, ValueError):
        same = False
    if not same:
        for path in room.glob("*"):
            if path.name != LOCK:
                path.unlink()
        with beside(room / PLAN) as draft:
            draft.write_text(json.dumps(wanted))
            draft.rename(room / PLAN)
    there = (band(room, number).is_file() for number in range(len(plan.rows)))
    return next((number for number, each in enumerate(there) if not each), len(plan.rows))


def work(plan: Plan, room: Path, done: int, *, pool: ThreadPoolExecutor) -> None:
    """Predict the rows of windows from `done` on, and keep each band of rows that is final."""
    meter = Meter("predict", plan.windows, skipped=done * len(plan.columns))
    meter.show(meter.skipped)
    if done == len(plan.rows):
        return
    # What two rows of windows share isn't kept: the last row that was done is done again for it.
    first = max(done - 1, 0)
    writer = Writer(plan, room, pool)
    before: Sum | None = None
    with reading(plan.product, plan.match) as reader:
        cuts = stream(reader, tiles(plan)[first:], whole_window, pool=pool)
        for number in range(first, len(plan.rows)):
            row = plan.rows[number]
            total = Sum.begun(
                row,
                classes=len(plan.ensemble.classes),
                width=plan.product.width,
                before=before,
            )
            for place, column in enumerate(plan.columns):
                pixels = next(cuts)
                add_window(plan, total, pixels, row, column)
                meter.show(max(number * len(plan.columns) + place + 1, meter.skipped))
            begin, end = settled(plan.rows)[number]
            final, before = total.split(end - begin)
            if number >= done:
                writer.keep(number, final)
    writer.finish()


class Writer:
    """Encodes and writes one band of rows while the next is predicted."""

    def __init__(self, plan: Plan, room: Path, pool: ThreadPoolExecutor) -> None:
        self.codes = [one.code for one in plan.ensemble.classes]
        self.room, self.pool = room, pool
        self.begun: Future[None] | None = None

    def keep(self, number: int, final: Sum) -> None:
        """Raises what writing the band before did."""
        self.finish()
        self.begun = self.pool.submit(self._write, number, final)

    def finish(self) -> None:
        if self.begun is not None:
            self.begun.result()
        self.begun = None

    def _write(self, number: int, final: Sum) -> None:
        write_rows(band(self.room, number), encoded(final, self.codes))


def tiles(plan: Plan) -> list[list[Window]]:
    size = max(span.length for span in (*plan.rows, *plan.columns))
    return [
        [
            Window(
                i, j, row.start, column.start, row.length, column.length, down=0, right=0, size=size
            )
            for j, column in enumerate(plan.columns)
        ]
        for i, row in enumerate(plan.rows)
    ]


def whole_window(cut: Cut) -> NDArray[np.uint16]:
    """(bands, height, width) without padding: beyond the product's edge the network sees nothing,
    not a black rim."""
    return np.ascontiguousarray(cut.pixels[(..., *cut.window.inside)])


def add_window(plan: Plan, total: Sum, pixels: NDArray[np.uint16], row: Span, column: Span) -> None:
    seen = valid_pixels(pixels)
    found = None
    if seen.any():
        middle = (row.start + row.length / 2, column.start + column.length / 2)
        found = mean_of(plan.ensemble, Tile(pixels, beside_bands(plan, middle)))
    total.add(found, seen, row, column)


def mean_of(ensemble: Ensemble, tile: Tile) -> Tensor:
    """(K, height, width): the mean over the members, each at its own temperature."""
    probabilities, _ = next(ensemble.stream([tile]))
    return probabilities.mean(dim=0)


def beside_bands(plan: Plan, middle: tuple[float, float]) -> dict[str, Plane | None]:
    """What the model sees beside a window's bands; None is "there is none"."""
    names: Sequence[str] = plan.ensemble.layout.features.planes
    without = plan.request.without
    told: dict[str, Callable[[], Plane]] = {SUN: lambda: sun_at(plan, middle)}
    return {name: told[name]() if name in told and name not in without else None for name in names}


def sun_at(plan: Plan, middle: tuple[float, float]) -> Plane:
    """(2,) zenith and azimuth in degrees at a window's middle, as tiles have them at theirs."""
    product = plan.product
    angles = product.sun
    if product.angles is not None:
        angles = product.angles.sun(row=middle[0], column=middle[1])
    known = UNKNOWN_SUN if angles is None else (angles.zenith, angles.azimuth)
    return np.array(known, dtype=np.float32)
