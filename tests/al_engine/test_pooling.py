import math
from dataclasses import replace

import array_api_strict
import numpy as np
import pytest
import torch

from al_engine.acquisition import ACQUISITIONS
from al_engine.errors import BadTile
from al_engine.pooling import PoolingConfig, pool, score_tile
from tests.al_engine.scenes import probabilities

PLAIN = PoolingConfig(block=8, margin=0, boundary_radius=0, top_share=0.25)
SMALL = PoolingConfig(block=8, margin=3)


def everywhere(height=64, width=64):
    return np.ones((height, width), dtype=bool)


def one_class(share=0.7, height=64, width=64):
    """A mean prediction of class 0 everywhere: no boundaries, no damping. (4, H, W)"""
    rest = (1 - share) / 3
    mean = np.full((4, height, width), rest, dtype=np.float32)
    mean[0] = share
    return mean


def damping_by_hand(labels, config):
    """rho near another predicted class, 1 elsewhere."""
    radius, weight = config.boundary_radius, np.ones(labels.shape)
    for i, j in np.ndindex(labels.shape):
        window = labels[max(0, i - radius) : i + radius + 1, max(0, j - radius) : j + radius + 1]
        if (window != labels[i, j]).any():
            weight[i, j] = config.rho
    return weight


def pool_by_hand(uncertainty, mean, valid, config):
    """Section 8.2 of the design in plain loops: score, class scores, fractions."""
    height, width = uncertainty.shape
    labels = mean.argmax(axis=0)
    damping = damping_by_hand(labels, config)
    scores, class_scores = [], []
    for top in range(0, height, config.block):
        for left in range(0, width, config.block):
            total, count, by_class = 0.0, 0, np.zeros(len(mean))
            for i in range(top, top + config.block):
                for j in range(left, left + config.block):
                    border = min(i, j, height - 1 - i, width - 1 - j)
                    if valid[i, j] and border >= config.margin:
                        count += 1
                        total += uncertainty[i, j] * damping[i, j]
                        by_class += mean[:, i, j] * uncertainty[i, j] * damping[i, j]
            if count and count >= config.min_valid * config.block**2:
                scores.append(total / count)
                class_scores.append(by_class / count)
    top = math.ceil(round(config.top_share * len(scores), 6))
    fractions = [((labels == k) & valid).sum() / valid.sum() for k in range(len(mean))]
    top_of_each = [np.mean(sorted(column)[-top:]) for column in np.transpose(class_scores)]
    return np.mean(sorted(scores)[-top:]), top_of_each, fractions


@pytest.mark.parametrize("config", [PLAIN, SMALL, PoolingConfig(block=16, margin=5, rho=0)])
@pytest.mark.parametrize("classes", [2, 4, 28])
def test_pooling_is_the_formula_written_out_in_loops(config, classes):
    mean = probabilities(1, classes, 48, 64)[0]
    rng = np.random.default_rng(5)
    uncertainty = rng.random((48, 64), dtype=np.float32)
    valid = rng.random((48, 64)) > 0.3
    valid[:20, :30] = False

    tile = pool(uncertainty, mean, valid, config)

    score, class_scores, fractions = pool_by_hand(uncertainty, mean, valid, config)
    assert tile.score == pytest.approx(score, rel=1e-5)
    np.testing.assert_allclose(tile.class_scores, class_scores, rtol=1e-5)
    np.testing.assert_allclose(tile.class_fractions, fractions, rtol=1e-6)


def test_the_score_is_the_mean_of_the_most_uncertain_blocks():
    uncertainty = np.zeros((64, 64), dtype=np.float32)
    uncertainty[:8, :8], uncertainty[:8, 8:16] = 1.0, 0.5  # 2 of 64 blocks; a quarter is 16

    tile = pool(uncertainty, one_class(), everywhere(), PLAIN)

    assert tile.score == pytest.approx(1.5 / 16)
    assert tile.mean == pytest.approx(1.5 / 64)
    assert tile.class_scores == pytest.approx(np.array([0.7, 0.1, 0.1, 0.1]) * 1.5 / 16)


def test_ten_percent_of_a_full_tile_of_512_is_26_blocks():
    uncertainty = np.zeros((512, 512), dtype=np.float32)
    uncertainty[32:64, 32:64] = 1

    tile = pool(uncertainty, one_class(height=512, width=512), everywhere(512, 512))

    assert tile.blocks.shape == (16, 16)
    assert tile.score == pytest.approx(1 / 26)


def test_a_campaign_of_256_pixel_tiles_has_64_blocks():
    tile = score_tile(probabilities(1, 4, 256, 256), everywhere(256, 256))

    assert tile.blocks.shape == (8, 8)
    assert tile.score > 0


def test_the_band_around_predicted_boundaries_counts_a_quarter():
    mean = one_class()
    mean[:, :, 32:] = mean[::-1, :, 32:]  # class 3 takes the right half
    uncertainty = np.zeros((64, 64), dtype=np.float32)
    uncertainty[:, 30:34] = 1  # the band of two pixels on both sides, and nothing else
    all_blocks = PoolingConfig(block=8, margin=0, top_share=1)

    damped = pool(uncertainty, mean, everywhere(), all_blocks)
    undamped = pool(uncertainty, mean, everywhere(), replace(all_blocks, boundary_radius=0))

    assert undamped.score == pytest.approx(4 / 64)
    assert damped.score == pytest.approx(undamped.score * 0.25)
    assert damped.mean == pytest.approx(undamped.score)  # the textbook mean is not damped


def test_a_block_that_is_mostly_no_data_is_dropped():
    uncertainty = np.zeros((64, 64), dtype=np.float32)
    uncertainty[:8, :8] = 1
    sliver, quarter = everywhere(), everywhere()
    sliver[:8, :8] = quarter[:8, :8] = False
    sliver[0, :8], quarter[:2, :8] = True, True

    assert pool(uncertainty, one_class(), sliver, PLAIN).score == 0
    assert pool(uncertainty, one_class(), quarter, PLAIN).score == pytest.approx(1 / 16)


@pytest.mark.parametrize("library", [np, torch, array_api_strict])
def test_a_tile_with_nothing_valid_scores_nothing(library):
    nothing = np.zeros((64, 64), dtype=bool)

    tile = score_tile(library.asarray(probabilities(3)), library.asarray(nothing), config=SMALL)

    assert (tile.score, tile.mean, tile.disagreement) == (0, 0, 0)
    assert tile.class_scores.tolist() == tile.class_fractions.tolist() == [0] * 4
    assert not tile.blocks.any()


def test_class_fractions_are_shares_of_the_valid_pixels():
    mean = one_class()
    mean[:, :16] = mean[::-1, :16]  # class 3 in the top quarter
    valid = everywhere()
    valid[32:] = False

    tile = pool(np.zeros((64, 64), dtype=np.float32), mean, valid, SMALL)

    assert tile.class_fractions.tolist() == [0.5, 0, 0, 0.5]


@pytest.mark.parametrize("name", [name for name in ACQUISITIONS if name != "contradiction"])
@pytest.mark.parametrize("library", [torch, array_api_strict])
@pytest.mark.parametrize("members", [1, 3])
def test_every_library_pools_to_the_same_tile(name, library, members):
    given = probabilities(members)
    valid = np.random.default_rng(1).random((64, 64)) > 0.2

    from_numpy = score_tile(given, valid, name, SMALL)
    other = score_tile(library.asarray(given), library.asarray(valid), name, SMALL)

    assert other.score == pytest.approx(from_numpy.score, abs=1e-6)
    assert other.mean == pytest.approx(from_numpy.mean, abs=1e-6)
    assert other.disagreement == pytest.approx(from_numpy.disagreement, abs=1e-6)
    np.testing.assert_allclose(other.class_scores, from_numpy.class_scores, atol=1e-6)
    np.testing.assert_array_equal(other.class_fractions, from_numpy.class_fractions)
    assert np.abs(other.blocks.astype(int) - from_numpy.blocks).max() <= 1


def test_pixels_of_a_tensor_are_never_handed_to_numpy(monkeypatch):
    moved = []
    export = torch.Tensor.__dlpack__

    def noticed(tensor, **options):
        moved.append(tuple(tensor.shape))
        return export(tensor, **options)

    def refused(*_):
        raise AssertionError("a tensor was read by numpy")

    monkeypatch.setattr(torch.Tensor, "__dlpack__", noticed)
    monkeypatch.setattr(torch.Tensor, "__array__", refused)

    score_tile(torch.from_numpy(probabilities(3)), everywhere(), config=SMALL)

    assert moved == [(3 + 1 + 4 + 4, 8, 8)]  # one transfer, of block sums


def test_a_numpy_validity_mask_fits_a_tensor_even_when_read_only():
    valid = everywhere()
    valid[:10] = False
    valid.flags.writeable = False
    given = torch.from_numpy(probabilities())

    beside = score_tile(given, valid, config=SMALL)

    assert beside.score == score_tile(given, torch.tensor(valid), config=SMALL).score


def test_predictions_made_in_inference_mode_can_be_scored():
    with torch.inference_mode():
        given = torch.softmax(torch.randn(1, 4, 64, 64), dim=1)

        assert score_tile(given, torch.ones((64, 64), dtype=torch.bool), config=SMALL).score > 0


def test_disagreement_is_the_mean_mutual_information_whatever_the_acquisition():
    given = probabilities(3)

    by_entropy = score_tile(given, everywhere(), "entropy", SMALL)
    by_bald = score_tile(given, everywhere(), "mutual_information", SMALL)

    assert by_entropy.disagreement == by_bald.disagreement == by_bald.mean > 0
    assert score_tile(given[:1], everywhere(), "entropy", SMALL).disagreement == 0


@pytest.mark.parametrize(("name", "ceiling"), [("entropy", math.log(4)), ("margin", 1.0)])
def test_255_in_the_block_map_stands_for_the_ceiling_of_the_acquisition(name, ceiling):
    tile = score_tile(np.full((1, 4, 64, 64), 0.25, dtype=np.float32), everywhere(), name, SMALL)

    assert tile.ceiling == pytest.approx(ceiling)
    assert (tile.blocks[1:-1, 1:-1] == 255).all()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"block": 0}, "block"),
        ({"margin": -1}, "margin"),
        ({"boundary_radius": -1}, "boundary_radius"),
        ({"top_share": 0}, "top_share"),
        ({"min_valid": 1.5}, "min_valid"),
        ({"rho": math.nan}, "rho"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(changes, field):
    with pytest.raises(BadTile, match=field) as refusal:
        PoolingConfig(**changes)

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("uncertainty", "mean", "valid", "message"),
    [
        ((4, 64, 64), (4, 64, 64), (64, 64), "Uncertainty must be"),
        ((60, 64), (4, 60, 64), (60, 64), "does not divide into blocks of 8"),
        ((64, 64), (4, 32, 64), (64, 64), r"Mean probabilities must be .*\(4, 32, 64\)"),
        ((64, 64), (1, 64, 64), (64, 64), "Mean probabilities must be"),
        ((64, 64), (4, 64, 64), (64, 32), r"valid must be bool \(64, 64\)"),
        ((64, 64), (255, 64, 64), (64, 64), "At most 254 classes"),
        ((8, 8), (4, 8, 8), (8, 8), "margin of 4 pixels leaves nothing"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_with_their_shapes(uncertainty, mean, valid, message):
    config = PoolingConfig(block=8, margin=4)

    with pytest.raises(BadTile, match=message):
        pool(
            np.zeros(uncertainty, dtype=np.float32),
            np.zeros(mean, dtype=np.float32),
            np.ones(valid, dtype=bool),
            config,
        )


def test_a_validity_mask_of_numbers_is_refused():
    with pytest.raises(BadTile, match="valid must be bool"):
        score_tile(probabilities(), np.ones((64, 64), dtype=np.uint8), config=SMALL)


def test_probabilities_that_are_not_finite_are_refused():
    given = probabilities()
    given[0, 2, 40, 40] = np.nan

    with pytest.raises(BadTile, match="NaN"):
        score_tile(given, everywhere(), config=SMALL)


def test_logits_instead_of_probabilities_are_refused():
    logits = np.random.default_rng(0).random((1, 4, 64, 64), dtype=np.float32)

    with pytest.raises(BadTile, match="sum to 1"):
        score_tile(logits, everywhere(), config=SMALL)


def test_half_precision_probabilities_are_not_mistaken_for_logits():
    given = torch.from_numpy(probabilities(1, 28)).to(torch.bfloat16)

    exact = score_tile(torch.from_numpy(probabilities(1, 28)), everywhere(), config=SMALL)

    assert score_tile(given, everywhere(), config=SMALL).score == pytest.approx(
        exact.score, rel=0.01
    )
