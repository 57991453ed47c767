"""Windows that are not cut along pixels. All tiles are painted (synthetic)."""

import numpy as np
import pytest

from tests.training.skies import direction_of, ray_towards
from tests.training.snapshots import paint
from training.snapshot import IGNORE
from training.warp import Warp


def test_a_warp_that_changes_nothing_is_a_plain_window():
    bands, label = paint(0)

    cut, codes = Warp(32, 32, 1.0, 0.0).cut(bands, label, 32)

    assert (cut == bands[:, 16:48, 16:48]).all()
    assert (codes == label[16:48, 16:48]).all()


def test_twice_the_ground_shows_four_times_the_area():
    bands, label = paint(0)

    cut, codes = Warp(32, 32, 2.0, 0.0).cut(bands, label, 32)

    # Every new pixel lies in the middle of four old ones.
    expected = bands.reshape(3, 32, 2, 32, 2).mean(axis=(2, 4))
    assert np.abs(cut - expected).max() <= 0.51
    assert (codes == label[::2, ::2]).all()  # quarters of even sides: one class in each four


def test_half_the_ground_is_shown_larger():
    bands, label = paint(0)

    cut, codes = Warp(32, 32, 0.5, 0.0).cut(bands, label, 64)

    assert set(np.unique(codes)) <= set(np.unique(label[16:48, 16:48]))
    assert cut.mean() == pytest.approx(bands[:, 16:48, 16:48].mean(), rel=0.02)


@pytest.mark.parametrize("angle", [-40.0, 15.0, 45.0])
def test_what_is_shown_and_its_sun_turn_clockwise_together(angle):
    tile = ray_towards(100.0)

    cut, _ = Warp(32.5, 32.5, 1.0, angle).cut(tile[None], np.zeros_like(tile, np.uint8), 65)

    assert abs((direction_of(cut[0]) - 100.0 - angle + 180) % 360 - 180) < 3


def test_labels_are_never_mixed():
    bands, label = paint(1)
    label[::2, ::2] = 3
    label[10:20] = IGNORE

    _, codes = Warp(30, 33, 0.83, 20.0).cut(bands, label, 32)

    assert set(np.unique(codes)) <= set(np.unique(label))


def test_what_leans_on_no_data_has_neither_data_nor_label():
    bands, label = paint(0)
    bands[:, :, :32] = 0

    cut, codes = Warp(32, 32, 1.1, 0.0).cut(bands, label, 32)

    dark = (cut == 0).all(axis=0)
    assert dark.any()
    assert (codes[dark] == IGNORE).all()
    # No pixel is a mixture of data and none: those would be darker than the darkest paint.
    assert cut[:, ~dark].min() > bands[bands > 0].min() - 1


def test_outside_the_tile_there_is_nothing():
    bands, label = paint(0)

    cut, codes = Warp(0, 0, 1.0, 0.0).cut(bands, label, 32)

    assert (cut[:, :16] == 0).all()
    assert (codes[:16] == IGNORE).all()
    assert (codes[16:, 16:] != IGNORE).all()


def test_a_missing_band_stays_missing():
    bands, label = paint(0)
    bands[1] = 0

    cut, codes = Warp(32, 32, 1.2, 5.0).cut(bands, label, 32)

    assert (cut[1] == 0).all()
    assert (codes != IGNORE).all()
