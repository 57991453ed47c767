import numpy as np
import pytest
import torch

from training.augment import (
    SLACK,
    TURNS,
    Look,
    add_grain,
    draw_look,
    noise_sheet,
    plain,
    turn,
    turn_back,
)


@pytest.mark.parametrize("way", range(TURNS))
def test_turning_back_undoes_a_turn(way):
    square = np.arange(2 * 4 * 6).reshape(2, 4, 6)

    back = turn_back(torch.from_numpy(turn(square, way).copy()), way)

    assert back.numpy().tolist() == square.tolist()


def test_the_eight_turns_are_eight_different_ones():
    square = np.arange(9).reshape(3, 3)

    assert len({turn(square, way).tobytes() for way in range(TURNS)}) == TURNS
    assert turn(square, 0).tolist() == square.tolist()


def test_a_look_depends_on_its_dice_alone():
    steepness = np.array([1.0, 2.0, 60.0])

    same = [draw_look(np.random.default_rng(5), 4, steepness) for _ in range(2)]
    other = draw_look(np.random.default_rng(6), 4, steepness)

    assert (same[0].scale == same[1].scale).all()
    assert (same[0].scale != other.scale).any()


def test_a_gain_multiplies_reflectance():
    mean, deviation = 40.0, 20.0
    look = draw_look(np.random.default_rng(1), 1, np.array([mean / deviation]))
    values = np.array([400.0, 1600.0, 6400.0])
    normalised = (np.sqrt(values) - mean) / deviation

    brighter = look.scale[0, 0] * normalised + look.shift[0, 0]

    gain = look.scale[0, 0] ** 2
    assert brighter == pytest.approx((np.sqrt(gain * values) - mean) / deviation, rel=1e-4)


def test_a_thermal_band_is_not_driven_out_of_its_climate():
    looks = draw_look(np.random.default_rng(0), 1000, np.array([57.0]))

    assert np.abs(looks.shift).max() < 1


def test_a_crop_loses_one_band_at_most_and_never_its_only_one():
    several = draw_look(np.random.default_rng(0), 500, np.ones(3))
    single = draw_look(np.random.default_rng(0), 500, np.ones(1))

    blind = (several.scale == 0).sum(axis=1)
    assert set(blind.tolist()) == {0, 1}
    assert (several.shift[several.scale == 0] == 0).all()
    assert (single.scale > 0).all()


def test_grain_is_a_window_of_the_sheet():
    sheet = noise_sheet(3, bands=2, crop=8)
    x = torch.zeros(1, 2, 8, 8)
    look = Look(
        scale=np.ones((1, 2), np.float32),
        shift=np.zeros((1, 2), np.float32),
        grain=np.array([0.5], np.float32),
        offset=np.array([[3, SLACK - 1]]),
    )

    add_grain(x, look, sheet)

    assert torch.equal(x[0], 0.5 * sheet[:, 3:11, SLACK - 1 : SLACK + 7])
    assert torch.equal(sheet, noise_sheet(3, bands=2, crop=8))


def test_the_plain_look_changes_nothing():
    x = torch.rand(2, 3, 8, 8)
    look = plain(2, 3)
    before = x.clone()

    add_grain(x, look, noise_sheet(0, bands=3, crop=8))

    assert torch.equal(x, before)
    assert (look.scale == 1).all()
    assert (look.shift == 0).all()
