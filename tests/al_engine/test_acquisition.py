import array_api_strict
import numpy as np
import pytest
import torch

from al_engine.acquisition import (
    ACQUISITIONS,
    acquisition,
    ceiling,
    entropy,
    expected_entropy,
    least_confidence,
    margin,
    mutual_information,
)
from al_engine.errors import BadTile
from tests.al_engine.scenes import entropy_by_hand, probabilities


def pixel(*members):
    """Probabilities of a single pixel: (members, classes, 1, 1)."""
    return np.array(members, dtype=np.float32)[:, :, None, None]


def oracle(name, members):
    """The score of one pixel in plain Python; members: (M, K)."""
    mean = [sum(m[k] for m in members) / len(members) for k in range(len(members[0]))]
    second, first = sorted(mean)[-2:]
    expected = sum(entropy_by_hand(m) for m in members) / len(members)
    return {
        "entropy": entropy_by_hand(mean),
        "margin": 1 - (first - second),
        "least_confidence": 1 - first,
        "expected_entropy": expected,
        "mutual_information": max(0.0, entropy_by_hand(mean) - expected),
    }[name]


def test_an_undecided_pixel_has_the_entropy_of_its_number_of_classes():
    undecided = pixel([0.25] * 4)

    assert entropy(undecided).item() == pytest.approx(np.log(4), abs=1e-6)
    assert margin(undecided).item() == 1
    assert least_confidence(undecided).item() == 0.75
    assert mutual_information(undecided).item() == 0


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_a_certain_pixel_scores_exactly_zero(name):
    certain = pixel([0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0])

    assert ACQUISITIONS[name](certain).item() == 0


def test_a_probability_that_rounding_left_above_one_does_not_score_below_zero():
    rounded = pixel([1.0000001, 0], [1.0000001, 0])

    assert entropy(rounded).item() == expected_entropy(rounded).item() == 0


def test_members_that_are_sure_of_different_classes_share_all_their_entropy():
    contradiction = pixel([1, 0], [0, 1])

    assert entropy(contradiction).item() == pytest.approx(np.log(2), abs=1e-6)
    assert expected_entropy(contradiction).item() == 0
    assert mutual_information(contradiction).item() == pytest.approx(np.log(2), abs=1e-6)


def test_members_that_are_equally_unsure_have_nothing_to_disagree_about():
    haze = pixel([0.5, 0.5], [0.5, 0.5], [0.5, 0.5])

    assert entropy(haze).item() == pytest.approx(np.log(2), abs=1e-6)
    assert mutual_information(haze).item() == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("name", ACQUISITIONS)
@pytest.mark.parametrize(("members", "classes"), [(1, 2), (1, 4), (3, 4), (5, 28)])
def test_every_score_matches_plain_arithmetic_pixel_by_pixel(name, members, classes):
    given = probabilities(members, classes, 3, 5)

    score = ACQUISITIONS[name](given)

    by_hand = [
        [oracle(name, given[:, :, i, j].astype(float).tolist()) for j in range(5)] for i in range(3)
    ]
    assert score.shape == (3, 5)
    np.testing.assert_allclose(score, by_hand, atol=2e-6)


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_torch_gives_what_numpy_gives_and_stays_a_tensor(name):
    given = probabilities(3, 4, 32, 32)

    from_torch = ACQUISITIONS[name](torch.from_numpy(given))

    assert isinstance(from_torch, torch.Tensor)
    assert from_torch.dtype == torch.float32
    np.testing.assert_allclose(from_torch.numpy(), ACQUISITIONS[name](given), atol=1e-6)


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_a_tensor_without_memory_of_its_own_is_never_read_by_numpy(name):
    elsewhere = torch.empty((3, 4, 32, 32), device="meta")  # any copy to numpy would raise

    assert ACQUISITIONS[name](elsewhere).device.type == "meta"


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_only_what_the_array_standard_promises_is_used(name):
    given = probabilities(3, 4, 8, 8)

    strict = ACQUISITIONS[name](array_api_strict.asarray(given))

    np.testing.assert_allclose(np.from_dlpack(strict), ACQUISITIONS[name](given), atol=1e-6)


@pytest.mark.parametrize("name", ACQUISITIONS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_are_computed_and_returned_in_single(name, dtype):
    given = torch.from_numpy(probabilities(3, 4, 16, 16)).to(dtype)

    score = ACQUISITIONS[name](given)

    assert score.dtype == torch.float32
    torch.testing.assert_close(score, ACQUISITIONS[name](given.to(torch.float32)))


@pytest.mark.parametrize("name", ACQUISITIONS)
@pytest.mark.parametrize("members", [1, 3])
def test_scoring_leaves_the_probabilities_as_they_were(name, members):
    given = probabilities(members)
    before = given.copy()

    ACQUISITIONS[name](given)

    np.testing.assert_array_equal(given, before)


@pytest.mark.parametrize("name", ACQUISITIONS)
@pytest.mark.parametrize("classes", [2, 4, 28])
def test_no_score_leaves_the_range_between_zero_and_its_ceiling(name, classes):
    worst = np.stack([np.full((classes, 1, 1), 1 / classes), np.eye(classes)[0][:, None, None]])

    for given in (probabilities(3, classes), worst[:1].astype(np.float32)):
        score = ACQUISITIONS[name](given)
        assert score.min() >= 0
        assert score.max() <= ceiling(name, classes) + 1e-6


@pytest.mark.parametrize(
    "given",
    [
        np.zeros((4, 8, 8), dtype=np.float32),
        np.zeros((1, 1, 8, 8), dtype=np.float32),
        np.zeros((0, 4, 8, 8), dtype=np.float32),
        np.zeros((1, 4, 8, 8), dtype=np.uint8),
        [[0.5, 0.5]],
    ],
)
def test_what_is_no_ensemble_of_probabilities_is_refused_by_name(given):
    with pytest.raises(BadTile, match="Probabilities must be") as refusal:
        entropy(given)

    assert refusal.value.field == "probabilities"


def test_an_unknown_score_is_refused_with_the_names_there_are():
    with pytest.raises(BadTile, match=r"'entrpy'.*mutual_information"):
        acquisition("entrpy")
