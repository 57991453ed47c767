import numpy as np
import pytest

from labelling.imagery.boundaries import (
    away_from_borders,
    confusion,
    edit_map,
    edits,
    f1,
    gold_scores,
    majority,
    tolerant_counts,
)

CODES = [0, 1, 2, 3]


def plane(*rows) -> np.ndarray:
    return np.array(rows, np.uint8)


def halves(border: int, size: int = 20, left: int = 0, right: int = 1) -> np.ndarray:
    """Class `left` up to the column `border`, then `right`."""
    label = np.full((size, size), right, np.uint8)
    label[:, :border] = left
    return label


def test_confusion_counts_pixels_that_both_give_a_class():
    found = confusion(plane([0, 1, 254, 3]), plane([0, 2, 1, 255]), CODES)

    assert found.sum() == 2
    assert (found[0, 0], found[1, 2]) == (1, 1)


def test_confusion_may_be_asked_of_a_part_only():
    where = np.array([[True, False]])

    assert confusion(plane([0, 1]), plane([0, 1]), CODES, where).sum() == 1


def test_two_pixels_on_either_side_of_a_border_are_left_out():
    inner = away_from_borders(halves(10), halves(10), border=2)

    assert inner[0].tolist() == [True] * 8 + [False] * 4 + [True] * 8


def test_borders_of_both_labels_count():
    inner = away_from_borders(halves(5), halves(15), border=1)

    assert np.flatnonzero(~inner[0]).tolist() == [4, 5, 14, 15]


def test_a_border_of_none_leaves_nothing_out():
    assert away_from_borders(halves(10), halves(4), border=0).all()


@pytest.mark.parametrize(("off", "score"), [(0, 1), (1, 1), (2, 1), (3, None), (6, None)])
def test_a_border_off_by_no_more_than_the_tolerance_scores_1(off, score):
    found = f1(tolerant_counts(halves(10 - off), halves(10), 1, tolerance=2))

    assert found == 1 if score else found < 1


def test_the_score_of_a_border_that_is_off_is_that_of_its_pixels():
    # Label: columns 5-19 cloud, truth 10-19. Within 2 of the truth lie 8-19, 12 of 15.
    found = tolerant_counts(halves(5), halves(10), 1, tolerance=2)

    assert found == {"label": 300, "hit": 240, "truth": 200, "found": 200}
    assert f1(found) == pytest.approx(2 * 0.8 / 1.8)


def test_flecks_and_holes_are_wrong_however_small_they_are():
    truth = halves(10)
    flecked = truth.copy()
    flecked[::2, 2:7:2] = 1  # 30 single pixels of cloud in the clear, far from the border

    cloud, clear = (tolerant_counts(flecked, truth, code, tolerance=2) for code in (1, 0))

    assert cloud["label"] - cloud["hit"] == 30
    assert clear["truth"] - clear["found"] == 30


def test_a_thin_streak_that_was_missed_is_not_found_by_its_border():
    truth = np.zeros((20, 20), np.uint8)
    truth[:, 9:11] = 2

    missed, shifted = (
        tolerant_counts(label, truth, 2, tolerance=2)
        for label in (np.zeros_like(truth), np.roll(truth, 2, axis=1))
    )

    assert (missed["found"], shifted["found"]) == (0, 40)


def test_the_tolerance_is_round_not_square():
    label, truth = np.zeros((9, 9), np.uint8), np.zeros((9, 9), np.uint8)
    label[2, 2] = truth[4, 4] = 1  # 2.83 pixels apart

    assert tolerant_counts(label, truth, 1, tolerance=2)["hit"] == 0
    assert tolerant_counts(label, truth, 1, tolerance=3)["hit"] == 1


def test_a_class_that_neither_has_has_no_score_and_one_that_only_one_has_scores_0():
    empty, full = np.zeros((4, 4), np.uint8), np.ones((4, 4), np.uint8)

    assert f1(tolerant_counts(empty, empty, 3, 2)) is None
    assert f1(tolerant_counts(full, empty, 1, 2)) == 0
    assert f1(tolerant_counts(empty, full, 1, 2)) == 0


def test_unsure_pixels_are_not_wrong_but_they_are_counted():
    truth = halves(10)
    label = truth.copy()
    label[:5] = 254

    found = gold_scores(label, truth, CODES, 2)

    assert (found["mean"], found["named"]) == (1, 0.75)


def test_the_mean_is_over_the_classes_of_the_gold_label():
    found = gold_scores(halves(10, right=3), halves(10, right=1), CODES, 0)

    assert found["mean"] == 0.5
    assert found["classes"]["3"]["f1"] == 0
    assert found["classes"]["2"]["f1"] is None


def test_where_gold_label_and_label_never_meet_there_is_no_mean():
    found = gold_scores(np.full((4, 4), 254, np.uint8), halves(2, size=4), CODES, 2)

    assert (found["mean"], found["named"]) == (None, 0)


def test_edits_are_counted_where_both_say_something():
    shown, final = plane([0, 0, 1, 255]), plane([0, 1, 255, 1])

    assert edit_map(shown, final).tolist() == [[0, 1, 255, 255]]
    assert edits(shown, final, CODES)["changed"] == 0.5


def test_a_prelabel_that_says_nothing_is_not_untouched():
    found = edits(np.full((4, 4), 255, np.uint8), halves(2, size=4), CODES)

    assert (found["changed"], found["untouched"]) == (None, False)


def test_most_votes_win_ties_are_unsure_and_silence_does_not_vote():
    labels = [
        plane([0, 1, 1, 255, 255, 254]),
        plane([0, 1, 2, 3, 255, 254]),
        plane([1, 1, 255, 255, 255, 0]),
    ]
    made = [
        plane([1, 1, 1, 0, 0, 1]),
        plane([2, 2, 2, 2, 0, 2]),
        plane([3, 3, 0, 0, 0, 3]),
    ]

    found = majority(labels, made)

    assert found.label.tolist() == [[0, 1, 254, 3, 255, 254]]
    assert found.provenance.tolist() == [[1, 1, 1, 2, 0, 1]]
    assert found.ties == pytest.approx(1 / 5)


def test_labels_that_say_nothing_at_all_make_one_that_says_nothing():
    silent = np.full((2, 2), 255, np.uint8)

    found = majority([silent, silent], [silent * 0, silent * 0])

    assert (found.label == 255).all()
    assert found.ties == 0
