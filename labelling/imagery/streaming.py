"""A product's tiles in order, in bounded memory and with all cores.

Files are read forward in whole rows of their blocks, so that none is decoded twice, each file in a
thread of its own; the row of tiles before is made from what was read, tile by tile, meanwhile.
What is in memory is two rows of blocks of every file, whatever the product's size.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.reading import Layers, Numbers, ProductReader, on_grid
from labelling.imagery.resampling import Axis
from labelling.imagery.tiling import Window

T = TypeVar("T")


@dataclass(frozen=True)
class Cut:
    """A tile as cut: pixels (bands, size, size) uint16, padded with 0."""

    window: Window
    pixels: NDArray[np.uint16]
    negative: int
    """Reflectances below 0, stored as 1, counted at each band's own resolution."""


@dataclass
class Flow:
    """The rows of one file, read forward; holds those that may be asked for again."""

    layers: Layers
    held: Numbers = field(init=False)
    first: int = 0
    """Of the rows held."""

    def __post_init__(self) -> None:
        self.held = np.empty((len(self.layers.sources), 0, self.layers.width), np.uint16)

    def take(self, first: int, last: int) -> Numbers:
        """(bands, last - first, width) digital numbers; rows before `first` are let go.

        `first` must not go back from call to call. Rows that nobody asks for are not read.
        """
        block = self.layers.dataset.block_shapes[0][0]
        end = self.first + self.held.shape[1]
        if first >= end:
            self.first, self.held = first - first % block, self.held[:, :0]
            end = self.first
        self.held, self.first = self.held[:, max(first - self.first, 0) :], max(first, self.first)
        if last > end:
            until = min(-(-last // block) * block, self.layers.height)
            fresh = self.layers.numbers((end, until), (0, self.layers.width))
            self.held = np.concatenate([self.held, fresh], axis=1) if self.held.size else fresh
            self.first = until - self.held.shape[1]
        return self.held[:, first - self.first : last - self.first]


@dataclass(frozen=True)
class Strip:
    """What one row of tiles is made from: of each file its rows, and the first one's number."""

    bands: int
    files: tuple[tuple[Layers, int, Numbers], ...]

    def cut(self, window: Window) -> Cut:
        """The tile of one of the row's windows."""
        pixels = np.zeros((self.bands, window.size, window.size), np.uint16)
        inside, negative = pixels[(..., *window.inside)], 0
        for layers, first, numbers in self.files:
            rows = Axis(window.top, window.height, layers.step, layers.height)
            columns = Axis(window.left, window.width, layers.step, layers.width)
            near = numbers[:, rows.first - first : rows.last - first, columns.first : columns.last]
            negative += on_grid(near, layers, rows, columns, into=inside)
        return Cut(window, pixels, negative)


def stream(
    reader: ProductReader,
    rows: Sequence[Sequence[Window]],
    work: Callable[[Cut], T],
    *,
    pool: Executor,
) -> Generator[T, None, None]:
    """What `work` makes of each window's tile, in order.

    `rows` of tiles go down the product. `work` runs in the pool's threads, several tiles at a time.
    Raises what reading or `work` raises; what has not begun by then is not begun.
    """
    flows = [Flow(layers) for layers in sorted(reader.layers, key=_pixels, reverse=True)]
    begun: list[Future[Any]] = []
    try:
        ahead = [_submit(pool, begun, _read, flow, rows[0]) for flow in flows] if rows else []
        for row, following in zip(rows, [*rows[1:], None]):
            strip = Strip(len(reader.match.bands), tuple(each.result() for each in ahead))
            # Reading takes longest, so it goes first; tiles fill what time the cores have left.
            ahead = [_submit(pool, begun, _read, flow, following) for flow in flows if following]
            made = [_submit(pool, begun, _make, work, strip, window) for window in row]
            del strip
            for each in made:
                yield each.result()
            begun = [each for each in begun if not each.done()]
    finally:
        for each in begun:
            each.cancel()


def _submit(
    pool: Executor, begun: list[Future[Any]], task: Callable[..., T], *given: Any
) -> Future[T]:
    future = pool.submit(task, *given)
    begun.append(future)
    return future


def _read(flow: Flow, row: Sequence[Window]) -> tuple[Layers, int, Numbers]:
    layers, window = flow.layers, row[0]
    needed = Axis(window.top, window.height, layers.step, layers.height)
    return layers, needed.first, flow.take(needed.first, needed.last)


def _make(work: Callable[[Cut], T], strip: Strip, window: Window) -> T:
    return work(strip.cut(window))


def _pixels(layers: Layers) -> int:
    return layers.height * layers.width * len(layers.sources)
