from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelling.errors import RasterRejected
from labelling.imagery.products.stack import inspect_stack
from labelling.imagery.reading import match_bands, reading
from labelling.imagery.streaming import Flow, stream
from labelling.imagery.tiling import windows
from tests.rasters import FOUR, cut_short, pixels, tile_rows, write_stack


class Rows:
    """A file of rows that hold their own number, and a note of which were read."""

    def __init__(self, height, block):
        self.height, self.width, self.sources = height, 2, [None]
        self.dataset = SimpleNamespace(block_shapes=[(block, 2)])
        self.read = []

    def numbers(self, rows, columns):
        self.read += range(*rows)
        plane = np.arange(*rows, dtype=np.uint16)[:, None].repeat(self.width, axis=1)
        return plane[None]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20))), st.integers(1, 16))
def test_rows_come_as_asked_and_none_is_read_twice(steps, block):
    file, first = Rows(200, block), 0
    flow = Flow(file)

    for forward, length in steps:
        first = min(first + forward, 199)
        last = min(first + length, 200)
        assert flow.take(first, last)[0, :, 0].tolist() == list(range(first, last))

    assert len(file.read) == len(set(file.read))


def test_rows_that_nobody_asks_for_are_not_read():
    file = Rows(100, 10)
    flow = Flow(file)

    flow.take(0, 15)
    flow.take(55, 60)

    assert file.read == [*range(20), *range(50, 60)]


def streamed(path, work, *, size=32):
    stack = inspect_stack(path)
    rows = tile_rows(windows(height=stack.height, width=stack.width, size=size))
    with reading(stack, match_bands(stack, FOUR)) as reader, ThreadPoolExecutor(2) as pool:
        return list(stream(reader, rows, work, pool=pool))


def test_tiles_come_in_order_whoever_is_ready_first(tmp_path):
    path = write_stack(tmp_path / "a.tif", pixels(height=150, width=100))

    places = streamed(path, lambda cut: (cut.window.row, cut.window.column))

    assert places == [(row, column) for row in range(5) for column in range(4)]


def test_a_file_that_ends_too_soon_is_named(tmp_path):
    path = cut_short(write_stack(tmp_path / "a.tif", pixels(height=900)), share=0.8)

    with pytest.raises(RasterRejected, match=r"a\.tif"):
        streamed(path, lambda cut: cut, size=64)


def test_what_goes_wrong_with_a_tile_ends_the_stream(tmp_path):
    def fail(cut):
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        streamed(write_stack(tmp_path / "a.tif", pixels(height=300)), fail)
