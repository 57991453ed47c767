from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from labelling.imagery.products.stack import inspect_stack
from labelling.imagery.quality import measure
from labelling.imagery.reading import match_bands, reading
from labelling.imagery.streaming import stream
from labelling.imagery.tiling import windows
from tests.rasters import FOUR, pixels, tile_rows, write_stack

lengths = st.integers(1, 70)


def cut_file(path, *, size, offset=(0, 0)):
    stack = inspect_stack(path)
    parts = windows(height=stack.height, width=stack.width, size=size, offset=offset)
    with reading(stack, match_bands(stack, FOUR)) as reader, ThreadPoolExecutor(2) as pool:
        return list(stream(reader, tile_rows(parts), lambda cut: cut, pool=pool))


@given(lengths, lengths, st.integers(1, 32), st.tuples(lengths, lengths))
def test_tiles_cover_every_pixel_once(height, width, size, offset):
    seen = np.zeros((height, width), dtype=int)

    for part in windows(height=height, width=width, size=size, offset=offset):
        seen[part.top : part.top + part.height, part.left : part.left + part.width] += 1

    assert (seen == 1).all()


@given(lengths, lengths, st.integers(1, 32), st.tuples(lengths, lengths))
def test_a_pixel_lands_where_the_grid_says(height, width, size, offset):
    for part in windows(height=height, width=width, size=size, offset=offset):
        assert part.row * size + part.down == offset[0] + part.top
        assert part.column * size + part.right == offset[1] + part.left
        assert part.down + part.height <= size
        assert part.right + part.width <= size


@settings(max_examples=15)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([16, 32]))
def test_tiles_put_together_are_the_scene(tmp_path_factory, height, width, size):
    values = pixels(height=height, width=width)
    path = write_stack(tmp_path_factory.mktemp("scene") / "a.tif", values)
    again = np.zeros_like(values)

    for piece in cut_file(path, size=size):
        part = piece.window
        inside = piece.pixels[:, : part.height, : part.width]
        again[:, part.top : part.top + part.height, part.left : part.left + part.width] = inside

    np.testing.assert_array_equal(again, values)


def test_a_small_scene_is_padded_with_no_data_and_its_valid_share_kept(tmp_path):
    (only,) = cut_file(write_stack(tmp_path / "a.tif"), size=128)

    assert only.pixels.shape == (4, 128, 128)
    assert measure(only.pixels, negative=0).valid_share == 0.25
    assert not only.pixels[:, 64:].any()


def test_a_scene_that_starts_inside_a_grid_tile_is_padded_above_and_left(tmp_path):
    values = pixels()

    pieces = cut_file(write_stack(tmp_path / "a.tif", values), size=64, offset=(10, 100))

    assert [(each.window.row, each.window.column) for each in pieces] == [
        (0, 1), (0, 2), (1, 1), (1, 2),
    ]  # fmt: skip
    np.testing.assert_array_equal(pieces[0].pixels[:, 10:, 36:], values[:, :54, :28])
    assert not pieces[0].pixels[:, :10].any()


def test_a_real_scene_cuts_into_its_tiles(samples):
    stack = inspect_stack(samples / "fort_mcmurray_l2a" / "S2L2A.tif")
    parts = windows(height=stack.height, width=stack.width, size=512)

    match = match_bands(stack, stack.band_names)
    with reading(stack, match) as reader, ThreadPoolExecutor(2) as pool:
        cuts = list(stream(reader, tile_rows(parts), lambda cut: cut.pixels, pool=pool))
    shares = [measure(each, negative=0).valid_share for each in cuts]

    assert len(shares) == 12
    assert sum(shares) * 512**2 == stack.height * stack.width
