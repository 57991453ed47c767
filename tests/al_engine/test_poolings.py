"""The named poolings, class means, and the comparison with another mask."""

import array_api_strict
import numpy as np
import pytest
import torch

from al_engine.ensemble import Ensemble
from al_engine.errors import BadTile
from al_engine.pooling import POOLINGS, PoolingConfig, pool, score_tile
from tests.al_engine.scenes import probabilities

PLAIN = {"block": 8, "margin": 0, "boundary_radius": 0}


def everywhere(side=64):
    return np.ones((side, side), dtype=bool)


def one_class(side=64):
    mean = np.full((4, side, side), 0.1, dtype=np.float32)
    mean[0] = 0.7
    return mean


def quarter(strong):
    """Uncertainty of `strong` in a quarter of the tile, 0.1 elsewhere."""
    uncertainty = np.full((64, 64), 0.1, dtype=np.float32)
    uncertainty[:32, :32] = strong
    return uncertainty


def pooled(uncertainty, valid=None, **config):
    valid = everywhere() if valid is None else valid
    return pool(uncertainty, one_class(), valid, PoolingConfig(**PLAIN, **config), highest=1.0)


def test_each_pooling_has_its_closed_form():
    tile = quarter(0.9)

    assert pooled(tile).score == pytest.approx(0.9)
    assert pooled(tile, pooling="mean").score == pytest.approx(0.25 * 0.9 + 0.75 * 0.1)
    assert pooled(tile, pooling="area", threshold=0.5).score == pytest.approx(0.25)
    assert pooled(tile, pooling="area", threshold=0.95).score == 0


def test_area_by_class_is_the_share_above_the_threshold_times_the_class():
    scored = pooled(quarter(0.9), pooling="area")

    assert scored.class_scores == pytest.approx(0.25 * np.array([0.7, 0.1, 0.1, 0.1]))
    assert scored.blocks[0, 0] == round(0.9 * 255)  # the map shows uncertainty, not the share


def test_a_mean_over_blocks_weighs_them_by_their_counted_pixels():
    uncertainty, valid = quarter(0.9), everywhere()
    valid[:32, 16:32] = False
    valid[:32, :4] = False

    mean = pooled(uncertainty, valid, pooling="mean").score

    assert mean == pytest.approx(uncertainty[valid].mean(), rel=1e-5)


@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("library", [torch, array_api_strict])
def test_every_pooling_is_the_same_in_every_library(name, library):
    config = PoolingConfig(block=8, margin=3, pooling=name, threshold=0.6, class_means=True)
    given = probabilities(3)

    from_numpy = score_tile(given, everywhere(), "entropy", config)
    other = score_tile(library.asarray(given), library.asarray(everywhere()), "entropy", config)

    assert other.score == pytest.approx(from_numpy.score, abs=1e-5)
    np.testing.assert_allclose(other.class_scores, from_numpy.class_scores, atol=1e-5)
    np.testing.assert_allclose(other.class_means, from_numpy.class_means, atol=1e-6)


def test_class_means_are_not_damped_and_sum_to_the_mean():
    given = probabilities()
    config = PoolingConfig(block=8, margin=3, class_means=True)

    damped = score_tile(given, everywhere(), "entropy", config)
    free = score_tile(given, everywhere(), "entropy", PoolingConfig(**PLAIN | {"margin": 3}))

    assert damped.class_means.sum() == pytest.approx(damped.mean, rel=1e-5)
    np.testing.assert_allclose(damped.class_means, free.class_means, rtol=1e-5)


def test_class_means_cost_nothing_where_nothing_is_damped_and_are_left_out_elsewhere():
    assert score_tile(
        probabilities(), everywhere(), config=PoolingConfig(block=8)
    ).class_means.shape == (0,)
    assert score_tile(
        probabilities(), everywhere(), config=PoolingConfig(**PLAIN)
    ).class_means.shape == (4,)


def test_an_unknown_pooling_is_refused_with_the_names_there_are():
    with pytest.raises(BadTile, match=r"'max'; there are top_blocks, mean, area"):
        PoolingConfig(pooling="max")


def compared(codes, acquisition="entropy", library=np):
    sure = np.zeros((1, 4, 64, 64), dtype=np.float32)
    sure[:, 0] = 1
    ensemble = Ensemble(library.asarray(sure), codes=codes)
    return score_tile(ensemble, everywhere(), acquisition, PoolingConfig(**PLAIN))


@pytest.mark.parametrize("library", [np, torch, array_api_strict])
def test_contradiction_is_a_share_of_the_pixels_the_other_mask_can_say_something_about(library):
    codes = np.zeros((64, 64), dtype=np.uint8)
    codes[:32] = 255  # cannot say
    codes[32:48] = 3

    tile = compared(codes if library is torch else library.asarray(codes), library=library)

    assert tile.compared == pytest.approx(0.5)
    assert tile.contradiction == pytest.approx(0.5)


def test_ranked_by_contradiction_only_compared_pixels_count():
    codes = np.full((64, 64), 255, dtype=np.uint8)
    codes[:8, :8], codes[:8, 8:16] = 3, 0

    tile = compared(codes, "contradiction")

    assert tile.mean == pytest.approx(0.5)
    assert tile.score == 1  # the top tenth of two blocks is one
    assert tile.class_fractions.tolist() == [1, 0, 0, 0]


def test_a_mask_that_says_nothing_compares_nothing():
    tile = compared(np.full((64, 64), 255, dtype=np.uint8), "contradiction")

    assert (tile.score, tile.mean, tile.contradiction, tile.compared) == (0, 0, 0, 0)
