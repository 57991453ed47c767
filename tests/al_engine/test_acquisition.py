import array_api_strict
import numpy as np
import pytest
import torch

from al_engine.acquisition import (
    ACQUISITIONS,
    acquisition,
    ceiling,
    contradiction,
    entropy,
    expected_entropy,
    least_confidence,
    margin,
    mutual_information,
    variance,
    variation_ratio,
)
from al_engine.calibration import calibrated
from al_engine.ensemble import Ensemble
from al_engine.errors import BadTile
from tests.al_engine.scenes import entropy_by_hand, probabilities


def pixel(*members):
    """Probabilities of a single pixel: (members, classes, 1, 1)."""
    return np.array(members, dtype=np.float32)[:, :, None, None]


MASK = 1  # the class that another mask names everywhere


def score(name, given):
    """The score of that name; `contradiction` is with a mask that says class 1 everywhere."""
    codes = np.full(given.shape[-2:], MASK, dtype=np.uint8)
    if not isinstance(given, np.ndarray | torch.Tensor):
        codes = array_api_strict.asarray(codes)
    elif isinstance(given, torch.Tensor):
        codes = torch.from_numpy(codes).to(given.device)
    return ACQUISITIONS[name](Ensemble(given, codes=codes) if name == "contradiction" else given)


def oracle(name, members):
    """The score of one pixel in plain Python; members: (M, K)."""
    votes = [member.index(max(member)) for member in members]
    number = len(members)
    mean = [sum(m[k] for m in members) / len(members) for k in range(len(members[0]))]
    second, first = sorted(mean)[-2:]
    expected = sum(entropy_by_hand(m) for m in members) / len(members)
    return {
        "entropy": entropy_by_hand(mean),
        "margin": 1 - (first - second),
        "least_confidence": 1 - first,
        "expected_entropy": expected,
        "mutual_information": max(0.0, entropy_by_hand(mean) - expected),
        "blended": max(0.0, entropy_by_hand(mean) - expected) + 0.1 * entropy_by_hand(mean),
        "variation_ratio": 1 - max(votes.count(k) for k in range(len(mean))) / number,
        "variance": sum((m[k] - mean[k]) ** 2 for m in members for k in range(len(mean))) / number,
        "contradiction": float(mean.index(max(mean)) != MASK),
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

    assert score(name, certain).item() == 0


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

    scored = score(name, given)

    by_hand = [
        [oracle(name, given[:, :, i, j].astype(float).tolist()) for j in range(5)] for i in range(3)
    ]
    assert scored.shape == (3, 5)
    np.testing.assert_allclose(scored, by_hand, atol=2e-6)


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_torch_gives_what_numpy_gives_and_stays_a_tensor(name):
    given = probabilities(3, 4, 32, 32)

    from_torch = score(name, torch.from_numpy(given))

    assert isinstance(from_torch, torch.Tensor)
    assert from_torch.dtype == torch.float32
    np.testing.assert_allclose(from_torch.numpy(), score(name, given), atol=1e-6)


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_a_tensor_without_memory_of_its_own_is_never_read_by_numpy(name):
    elsewhere = torch.empty((3, 4, 32, 32), device="meta")  # any copy to numpy would raise

    assert score(name, elsewhere).device.type == "meta"


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_only_what_the_array_standard_promises_is_used(name):
    given = probabilities(3, 4, 8, 8)

    strict = score(name, array_api_strict.asarray(given))

    np.testing.assert_allclose(np.from_dlpack(strict), score(name, given), atol=1e-6)


@pytest.mark.parametrize("name", ACQUISITIONS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_are_computed_and_returned_in_single(name, dtype):
    given = torch.from_numpy(probabilities(3, 4, 16, 16)).to(dtype)

    scored = score(name, given)

    assert scored.dtype == torch.float32
    if name not in ("variation_ratio", "contradiction"):  # a tie may fall otherwise, rounded
        torch.testing.assert_close(scored, score(name, given.to(torch.float32)))


@pytest.mark.parametrize("name", ACQUISITIONS)
@pytest.mark.parametrize("members", [1, 3])
def test_scoring_leaves_the_probabilities_as_they_were(name, members):
    given = probabilities(members)
    before = given.copy()

    score(name, given)

    np.testing.assert_array_equal(given, before)


@pytest.mark.parametrize("name", ACQUISITIONS)
@pytest.mark.parametrize("classes", [2, 4, 28])
def test_no_score_leaves_the_range_between_zero_and_its_ceiling(name, classes):
    worst = np.stack([np.full((classes, 1, 1), 1 / classes), np.eye(classes)[0][:, None, None]])

    for given in (probabilities(3, classes), worst[:1].astype(np.float32)):
        scored = score(name, given)
        assert scored.min() >= 0
        assert scored.max() <= ceiling(name, classes) + 1e-6


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


def test_members_that_vote_apart_have_the_variation_and_variance_of_the_closed_form():
    split = pixel([1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1])

    assert variation_ratio(split).item() == 0.5
    assert variance(split).item() == pytest.approx(1 - (0.5**2 + 0.25**2 + 0.25**2))


def test_one_member_neither_varies_nor_votes_against_itself():
    one = probabilities(1)

    assert variation_ratio(one).max() == variance(one).max() == 0


def test_what_another_mask_cannot_say_is_no_contradiction():
    sure = np.zeros((1, 4, 1, 6), dtype=np.float32)
    sure[:, 3] = 1
    codes = np.array([[3, 0, 2, 255, 254, 4]], dtype=np.uint8)

    ensemble = Ensemble(sure, codes=codes)

    assert contradiction(ensemble).tolist() == [[0, 1, 1, 0, 0, 0]]
    assert ensemble.compared.tolist() == [[True, True, True, False, False, False]]


def test_classes_that_another_mask_cannot_tell_apart_do_not_contradict_each_other():
    sure = np.eye(4, dtype=np.float32)[None, :, :, None]  # pixels of class 0, 1, 2, 3
    says_cloud = np.full((4, 1), 1, dtype=np.uint8)

    cloud_or_not = Ensemble(sure, codes=says_cloud, merged=(0, 1, 1, 0))

    assert contradiction(cloud_or_not).ravel().tolist() == [1, 0, 0, 1]


def test_contradiction_without_another_mask_is_refused():
    with pytest.raises(BadTile, match="give `codes`"):
        contradiction(probabilities())


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"codes": np.zeros((8, 8), np.uint8)}, r"Mask codes must be \(64, 64\)"),
        ({"codes": np.zeros((64, 64), np.uint8), "merged": (0, 1)}, "each of 4 classes, not 2"),
        ({"codes": np.zeros((64, 64), np.float32)}, "whole numbers, not float32"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(others, message):
    with pytest.raises(BadTile, match=message):
        contradiction(Ensemble(probabilities(), **others))


def softmax_by_hand(logits):
    raised = [np.exp(z - max(logits)) for z in logits]
    return [r / sum(raised) for r in raised]


@pytest.mark.parametrize("library", [np, torch, array_api_strict])
def test_each_members_logits_are_divided_by_its_own_temperature(library):
    logits = np.random.default_rng(0).standard_normal((2, 3, 2, 2)).astype(np.float32)

    given = np.from_dlpack(calibrated(library.asarray(logits), [0.5, 2.0]))

    for m, temperature in enumerate([0.5, 2.0]):
        by_hand = softmax_by_hand((logits[m, :, 1, 0] / temperature).tolist())
        np.testing.assert_allclose(given[m, :, 1, 0], by_hand, rtol=1e-5)


def test_half_precision_logits_that_would_overflow_are_calibrated_in_single():
    large = torch.tensor([60000.0, 0.0]).reshape(1, 2, 1, 1).to(torch.float16)

    assert calibrated(large, [0.5]).ravel().tolist() == [1, 0]


@pytest.mark.parametrize(
    ("temperatures", "message"),
    [([1.0], "a member or its temperature is missing"), ([1.0, 0.0], "finite and above 0")],
)
def test_a_missing_member_or_a_temperature_of_nothing_is_refused(temperatures, message):
    with pytest.raises(BadTile, match=message):
        calibrated(np.zeros((2, 3, 2, 2), dtype=np.float32), temperatures)


def test_an_unknown_score_is_refused_with_the_names_there_are():
    with pytest.raises(BadTile, match=r"'entrpy'.*mutual_information"):
        acquisition("entrpy")
