from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.skies import direction_of, ray_towards
from training.augment import (
    ONE,
    SLACK,
    TURNS,
    Look,
    Optics,
    add_grain,
    draw_look,
    lit,
    noise_sheet,
    plain,
    turn,
    turn_back,
    turned_azimuth,
)
from training.config import FitConfig
from training.survey import Normalisation


@pytest.mark.parametrize("way", range(TURNS))
def test_turning_back_undoes_a_turn(way):
    square = np.arange(2 * 4 * 6).reshape(2, 4, 6)

    back = turn_back(torch.from_numpy(turn(square, way).copy()), way)

    assert back.numpy().tolist() == square.tolist()


def test_the_eight_turns_are_eight_different_ones():
    square = np.arange(9).reshape(3, 3)

    assert len({turn(square, way).tobytes() for way in range(TURNS)}) == TURNS
    assert turn(square, 0).tolist() == square.tolist()


def test_the_sun_is_turned_with_the_tile():
    """A synthetic ray from the middle towards the sun, in the pixels and as an azimuth."""
    for azimuth in (10.0, 95.0, 200.0, 350.0):
        for way in range(TURNS):
            seen = direction_of(turn(ray_towards(azimuth), way))

            assert abs((turned_azimuth(azimuth, way) - seen + 180) % 360 - 180) < 3


def test_an_unknown_sun_stays_unknown():
    assert all(np.isnan(turned_azimuth(np.nan, way)) for way in range(TURNS))


PLAIN = FitConfig(common_gain=0, band_gain=0, noise=0, band_dropout=0)
"""Every part of a look off; turns and warps are the sampler's."""


def optics_of(*bands, steepness=1.0):
    count = len(bands)
    return Optics.of(bands, Normalisation((steepness,) * count, (1.0,) * count))


S2 = optics_of("B02", "B04", "B08", "B12")


def drawn(optics=S2, *, crops=4, seed=0, **settings):
    return draw_look(np.random.default_rng(seed), crops, optics, replace(PLAIN, **settings))


def changes(look):
    """The parts of a look that are not plain."""
    still = plain(*look.gain.shape)
    return {
        name
        for name in ("gain", "added", "seen", "grain")
        if (getattr(look, name) != getattr(still, name)).any()
    }


def test_nothing_changes_when_every_range_is_zero():
    assert changes(drawn(crops=50)) == set()


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ({"common_gain": 0.2}, "gain"),
        ({"band_gain": 0.05}, "gain"),
        ({"offset": 0.01}, "added"),
        ({"haze": 0.05}, "added"),
        ({"noise": 0.05}, "grain"),
        ({"band_dropout": 0.5}, "seen"),
    ],
)
def test_each_part_changes_what_it_should_and_nothing_else(setting, part):
    assert changes(drawn(crops=50, **setting)) == {part}


def test_switching_a_part_off_leaves_the_dice_of_the_others_as_they_were():
    whole = draw_look(np.random.default_rng(3), 4, S2, FitConfig())
    quiet = draw_look(np.random.default_rng(3), 4, S2, FitConfig(noise=0, band_dropout=0))

    assert (whole.gain == quiet.gain).all()
    assert (whole.offset == quiet.offset).all()


def test_a_look_depends_on_its_dice_alone():
    same = [draw_look(np.random.default_rng(5), 4, S2, FitConfig()) for _ in range(2)]
    other = draw_look(np.random.default_rng(6), 4, S2, FitConfig())

    assert (same[0].gain == same[1].gain).all()
    assert (same[0].gain != other.gain).any()


def test_gains_stay_in_their_range():
    gain = drawn(crops=500, common_gain=0.2).gain

    assert gain.min() >= 0.8
    assert gain.max() <= 1.2
    assert np.ptp(gain, axis=1).max() < 1e-6  # all bands of a crop together


def test_haze_brightens_blue_most_and_is_bounded_there():
    added = drawn(crops=200, haze=0.1).added / ONE

    assert added.max() <= 0.1
    assert (np.diff(added, axis=1) < 0).all()  # B02 > B04 > B08 > B12


def test_haze_knows_nothing_of_bands_without_a_wavelength_nor_of_heat():
    unknown = drawn(optics_of("S1", "B02"), haze=0.1)
    thermal = drawn(optics_of("B10", steepness=60.0), haze=0.1)

    assert (unknown.added[:, 0] == 0).all()
    assert (unknown.added[:, 1] > 0).all()
    assert (thermal.added == 0).all()


def test_an_offset_goes_both_ways_band_by_band_and_stays_in_its_range():
    added = drawn(crops=200, offset=0.02).added / ONE

    assert np.abs(added).max() <= 0.02
    assert (added > 0).any()
    assert (added < 0).any()
    assert (np.ptp(added, axis=1) > 0).all()


def test_light_acts_on_stored_values_and_never_makes_no_data():
    look = drawn(crops=1, common_gain=0.2, offset=0.02)
    stored = torch.tensor([0.0, 1.0, 4000.0]).expand(1, 4, 3).reshape(1, 4, 1, 3)

    values = lit(stored, look)

    expected = stored.numpy() * look.gain[..., None, None] + look.added[..., None, None]
    assert values.numpy() == pytest.approx(np.maximum(expected, 1), rel=1e-6)
    assert (look.added < 0).any()


def test_a_thermal_band_is_not_driven_out_of_its_climate():
    mean, deviation = 57.0, 1.0
    look = drawn(optics_of("B10", steepness=mean), crops=1000, common_gain=0.2, band_gain=0.05)

    moved = mean * (np.sqrt(look.gain) - 1) / deviation

    assert np.abs(moved).max() < 1


def test_a_crop_loses_one_band_at_most_and_never_its_only_one():
    several = drawn(crops=500, band_dropout=0.5)
    single = drawn(optics_of("B02"), crops=500, band_dropout=1.0)

    assert set((~several.seen).sum(axis=1).tolist()) == {0, 1}
    assert single.seen.all()


def test_grain_is_a_window_of_the_sheet():
    sheet = noise_sheet(3, bands=2, crop=8)
    x = torch.zeros(1, 2, 8, 8)
    look = Look(
        gain=np.ones((1, 2), np.float32),
        added=np.zeros((1, 2), np.float32),
        seen=np.ones((1, 2), bool),
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
    assert torch.equal(lit(x, look), before)
