import numpy as np
import pytest

from al_engine.errors import BadTile
from al_engine.spectra import spectral_features


def thumbnail(seed=0):
    return np.random.default_rng(seed).random((3, 16, 16))


def everywhere():
    return np.ones((16, 16), dtype=bool)


def test_features_are_statistics_of_the_valid_pixels_of_each_channel():
    bands, valid = thumbnail(), everywhere()
    valid[:, 9:] = False

    features = spectral_features(bands, valid)

    assert features.shape == (5 * 3 + 3,)
    for channel in range(3):
        inside = bands[channel][valid]
        by_hand = [inside.mean(), inside.std(), *np.percentile(inside, [5, 50, 95])]
        np.testing.assert_allclose(features[5 * channel : 5 * channel + 5], by_hand, rtol=1e-5)


def test_what_is_not_valid_has_no_part_in_any_figure():
    bands, valid = thumbnail(), everywhere()
    valid[4:9, 4:9] = False
    other = bands.copy()
    other[:, 4:9, 4:9] = np.nan

    assert spectral_features(bands, valid).tolist() == spectral_features(other, valid).tolist()


def test_a_normalised_difference_is_another_channel():
    bands = thumbnail()

    features = spectral_features(bands, everywhere(), indices=((2, 0),))

    ndvi = (bands[2] - bands[0]) / (bands[2] + bands[0])
    assert features.shape == (5 * 4 + 3,)
    assert features[15] == pytest.approx(ndvi.mean(), rel=1e-5)


def test_gradient_energy_tells_smooth_from_rough():
    smooth = np.tile(np.linspace(0, 0.1, 16), (3, 16, 1))

    assert (spectral_features(thumbnail(), everywhere())[-3:] > -2).all()
    assert (spectral_features(smooth, everywhere())[-3:] < -6).all()


def test_a_tile_without_a_valid_pixel_is_all_zero():
    assert not spectral_features(thumbnail(), everywhere() & False).any()


@pytest.mark.parametrize(
    ("bands", "indices", "field"),
    [
        (np.zeros((3, 8, 16)), (), "thumbnail"),
        (np.full((3, 16, 16), np.nan), (), "thumbnail"),
        (np.zeros((3, 16, 16)), ((0, 3),), "indices"),
    ],
)
def test_a_thumbnail_that_does_not_fit_is_refused_by_name(bands, indices, field):
    with pytest.raises(BadTile) as refusal:
        spectral_features(bands, everywhere(), indices=indices)

    assert refusal.value.field == field
