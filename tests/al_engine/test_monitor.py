import numpy as np
import pytest

from al_engine.errors import BadHistory
from al_engine.monitor import accuracy, lure_weights, mean_iou, prequential


def confusions(right, wrong):
    """(t, 2, 2) counts of tiles with so many pixels right and wrong."""
    right, wrong = np.asarray(right), np.asarray(wrong)
    return np.stack([[right, wrong], [0 * right, 0 * right]]).transpose(2, 0, 1)


def dice(seed=0):
    return np.random.default_rng(seed)


def test_accuracy_and_iou_of_pooled_counts_have_their_closed_form():
    counts = np.array([[50.0, 10.0, 0.0], [5.0, 35.0, 0.0], [0.0, 0.0, 0.0]])

    assert accuracy(counts) == pytest.approx(0.85)
    assert mean_iou(counts) == pytest.approx((50 / 65 + 35 / 50) / 2)  # the third class is absent


def test_the_estimate_is_of_pooled_pixels_not_of_tiles():
    estimate = prequential(confusions([90, 5], [10, 5]), np.array([1, 2]), rng=dice())

    assert estimate.value == pytest.approx(95 / 110)
    assert (estimate.tiles, estimate.products) == (2, 2)


def test_rounds_that_drew_control_tiles_more_rarely_weigh_more():
    counts, rounds = confusions([100, 0], [0, 100]), np.array([0.1, 0.3])

    estimate = prequential(counts, np.array([1, 2]), probabilities=rounds, rng=dice())

    assert estimate.value == pytest.approx(0.75)


def test_the_interval_covers_the_pools_accuracy_about_as_often_as_it_says():
    pool = dice().beta(8, 2, 4000)  # accuracy of each product's tile
    hits, runs = 0, 100

    for seed in range(runs):
        shares = pool[dice(seed).permutation(4000)[:80]]
        estimate = prequential(
            confusions(1000 * shares, 1000 * (1 - shares)), np.arange(80), rng=dice(seed)
        )
        hits += estimate.low <= pool.mean() <= estimate.high

    assert 0.86 <= hits / runs <= 1


def test_tiles_of_one_product_do_not_pass_for_independent_ones():
    shares = dice().random(12).repeat(8)
    counts = confusions(100 * shares, 100 * (1 - shares))

    honest = prequential(counts, np.arange(12).repeat(8), rng=dice())
    naive = prequential(counts, np.arange(96), rng=dice())

    assert honest.high - honest.low > 2 * (naive.high - naive.low)


def test_a_single_product_has_an_estimate_but_no_interval_and_it_is_said():
    estimate = prequential(confusions([9, 8], [1, 2]), np.array([4, 4]), rng=dice())

    assert (estimate.low, estimate.high) == (0, 1)
    assert "one product" in estimate.notes[0]


def test_the_same_dice_give_the_same_interval():
    given = confusions(dice().random(20), dice(1).random(20))

    one, other = (
        prequential(given, np.arange(20), figure="mean_iou", rng=dice(5)) for _ in range(2)
    )

    assert one == other


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"confusions": np.zeros((0, 2, 2))}, "Confusions must be"),
        ({"confusions": -np.ones((2, 2, 2))}, "not negative"),
        ({"products": np.array([1])}, r"products must be \(2,\)"),
        ({"probabilities": np.array([0.1, 0.0])}, r"in \(0, 1\]"),
        ({"figure": "dice"}, "accuracy, mean_iou"),
    ],
)
def test_counts_that_no_estimate_can_be_made_of_are_refused(changes, message):
    given = {"confusions": np.ones((2, 2, 2)), "products": np.array([1, 2]), **changes}

    with pytest.raises(BadHistory, match=message):
        prequential(**given, rng=dice())


def test_uniform_draws_have_lure_weights_of_one():
    q = 1 / (50 - np.arange(10))

    assert lure_weights(q, pool=50) == pytest.approx(np.ones(10))
    assert lure_weights(1 / np.arange(4, 0, -1), pool=4).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("q", "pool"), [([0.5, 0.0], 5), ([0.5, 1.5], 5), ([0.5, 0.5], 1), ([], 5)]
)
def test_picks_without_a_known_chance_cannot_be_weighted(q, pool):
    with pytest.raises(BadHistory) as refusal:
        lure_weights(np.array(q), pool=pool)

    assert refusal.value.field == "probabilities"
