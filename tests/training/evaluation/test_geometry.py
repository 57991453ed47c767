"""Outlines, buffers, small clouds and shadows: against brute force and by hand."""

import numpy as np
import pytest

from tests.training.evaluation.masks import FOUR, altered, blocks
from training.evaluation.boundary import boundary_counts
from training.evaluation.buffers import buffer_counts
from training.evaluation.counts import AREAS, RADII, Counts
from training.evaluation.objects import object_counts
from training.evaluation.statistics import bare_shadows, boundary_f1, leaked, lost
from training.evaluation.sunward import Sun, shadow_counts

SIZE = 24


def empty(**arrays):
    counts = Counts.empty(4)
    return Counts(*(arrays.get(name, getattr(counts, name)) for name in vars(counts)))


def near(places, others, radius):
    """Of places, those at most `radius` from one of the others; every pair is looked at."""
    return [
        (r, c)
        for r, c in places
        if any((r - y) ** 2 + (c - x) ** 2 <= radius**2 for y, x in others)
    ]


def outline_by_hand(mask, seen, channel):
    found = []
    for r, c in zip(*np.nonzero((mask == channel) & seen)):
        beside = [(r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)]
        inside = [(y, x) for y, x in beside if 0 <= y < SIZE and 0 <= x < SIZE and seen[y, x]]
        if any(mask[y, x] != channel for y, x in inside):
            found.append((r, c))
    return found


@pytest.mark.parametrize("ignored", [0.0, 0.01])
def test_boundaries_are_matched_as_pair_by_pair(ignored):
    rng = np.random.default_rng(5)
    truth = blocks(rng, size=SIZE, block=6, ignored=ignored)
    predicted = np.roll(np.where(truth == 255, 0, truth), 1, axis=1).astype(np.uint8)
    seen = truth != 255

    found = boundary_counts(truth, predicted, classes=4)

    hidden = list(zip(*np.nonzero(~seen)))
    for channel in range(4):
        true = outline_by_hand(truth, seen, channel)
        drawn = outline_by_hand(predicted, seen, channel)
        counted = [
            [place for place in places if place not in near(places, hidden, 2)]
            for places in (drawn, true)
        ]
        expected = (
            len(counted[0]), len(near(counted[0], true, 2)),
            len(counted[1]), len(near(counted[1], drawn, 2)),
        )  # fmt: skip
        assert tuple(found[channel]) == expected


def test_a_shift_within_the_tolerance_costs_nothing_and_one_beyond_it_does():
    truth = np.zeros((40, 40), np.uint8)
    truth[:, 20:] = 1

    moved = {}
    for shift in (0, 1, 2, 3, 4):
        predicted = np.zeros_like(truth)
        predicted[:, 20 + shift :] = 1
        moved[shift] = boundary_f1(empty(boundary=boundary_counts(truth, predicted, classes=4)))[1]

    assert [moved[shift] for shift in (0, 1, 2)] == pytest.approx([1, 1, 1])
    assert [moved[shift] for shift in (3, 4)] == pytest.approx([0, 0])


def test_a_boundary_of_one_mask_alone_scores_nothing():
    truth = np.zeros((16, 16), np.uint8)
    predicted = truth.copy()
    predicted[4:8, 4:8] = 1

    found = boundary_f1(empty(boundary=boundary_counts(truth, predicted, classes=4)))

    assert found[1] == 0
    assert np.isnan(found[2])


def test_a_buffer_is_the_dilation_by_a_disc_at_every_radius():
    rng = np.random.default_rng(6)
    truth = blocks(rng, size=SIZE, block=6, ignored=0.05, share=(0.8, 0.1, 0.05, 0.05))
    predicted = np.zeros_like(truth)
    predicted[5, 7], predicted[18, 3] = 1, 3
    counts = empty(buffer=buffer_counts(truth, predicted, scheme=FOUR))
    mask = [(5, 7), (18, 3)]
    known = list(zip(*np.nonzero(truth != 255)))

    for radius in RADII:
        masked = set(near(known, mask, radius))
        bad = [place for place in known if truth[place] in (1, 2, 3)]
        clear = [place for place in known if truth[place] == 0]
        assert leaked(counts)[radius] == pytest.approx(np.mean([p not in masked for p in bad]))
        assert lost(counts)[radius] == pytest.approx(np.mean([p in masked for p in clear]))


def test_an_empty_mask_leaks_everything_and_loses_nothing():
    truth = np.array([[0, 1], [2, 3]], np.uint8)

    counts = empty(buffer=buffer_counts(truth, np.zeros_like(truth), scheme=FOUR))

    assert (leaked(counts) == 1).all()
    assert (lost(counts) == 0).all()


def test_a_larger_buffer_never_leaks_more_nor_loses_less():
    rng = np.random.default_rng(7)
    truth = blocks(rng)

    counts = empty(buffer=buffer_counts(truth, altered(rng, truth), scheme=FOUR))

    assert (np.diff(leaked(counts)) <= 0).all()
    assert (np.diff(lost(counts)) >= 0).all()


def test_clouds_are_found_by_their_area():
    truth = np.zeros((64, 64), np.uint8)
    truth[2, 2] = 1  # 1 pixel, found
    truth[10:13, 10:13] = 2  # 9 pixels of thin cloud, not found
    truth[20:25, 20:25] = 1  # 25 pixels, found by 13
    truth[40:, 40:] = 1  # cut off
    predicted = np.zeros_like(truth)
    predicted[2, 2] = 2
    predicted[10, 10:13] = 1
    predicted[20:25, 20:22] = 1
    predicted[20:23, 22] = 1

    found = object_counts(truth, predicted, scheme=FOUR)

    assert len(found) == len(AREAS) + 1
    assert found[0].tolist() == [2, 1, 10, 4]
    assert found[1].tolist() == [1, 1, 25, 13]
    assert found[-1].tolist() == [1, 0, 576, 0]
    assert found[2:-1].sum() == 0


def test_a_cloud_beside_what_nobody_labelled_has_no_known_size():
    truth = np.zeros((16, 16), np.uint8)
    truth[4:6, 4:6] = 1
    truth[6, 6] = 255

    found = object_counts(truth, truth, scheme=FOUR)

    assert (found[0, 0], found[-1, 0]) == (0, 1)


def sky(cloud, shadow, *, size=128):
    """A predicted mask with a cloud and a shadow of 6 by 6 pixels at (row, column), or None."""
    mask = np.zeros((size, size), np.uint8)
    for place, code in ((cloud, 1), (shadow, 3)):
        if place:
            mask[place[0] : place[0] + 6, place[1] : place[1] + 6] = code
    return mask


# The sun in the south-east at 135 degrees, 45 degrees high: a cloud 500 m up darkens the ground
# 50 pixels of 10 m away, to the north-west.
LOW = Sun(azimuth=135.0, zenith=45.0, step=10.0)
STEEP = Sun(azimuth=180.0, zenith=1.0, step=10.0)
"""Nearly overhead: even a cloud 10 km up is only 17 pixels away from its shadow."""


def test_a_shadow_with_its_cloud_up_sun_is_found():
    found = shadow_counts(sky((80, 80), (45, 45)), LOW, scheme=FOUR)

    assert found.tolist() == [0, 0, 0, 1]  # the way goes on beyond the tile


def test_a_cloud_on_the_wrong_side_throws_no_shadow():
    found = shadow_counts(sky((40, 60), (60, 60)), STEEP, scheme=FOUR)

    assert found.tolist() == [0, 1, 0, 0]


def test_the_same_cloud_on_the_sunny_side_does():
    found = shadow_counts(sky((70, 60), (60, 60)), STEEP, scheme=FOUR)

    assert found.tolist() == [1, 0, 0, 0]


def test_a_cloud_that_may_lie_beyond_the_edge_leaves_the_question_open():
    assert shadow_counts(sky(None, (45, 45)), LOW, scheme=FOUR).tolist() == [0, 0, 1, 0]
    assert shadow_counts(sky(None, (60, 60)), STEEP, scheme=FOUR).tolist() == [0, 1, 0, 0]


def test_a_way_through_what_nobody_predicted_leaves_the_question_open():
    mask = sky(None, (60, 60))
    mask[70:75, 55:75] = 255

    assert shadow_counts(mask, STEEP, scheme=FOUR).tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("sun", [None, Sun(135.0, 89.0, 10.0)])
def test_without_a_sun_to_go_by_nothing_is_said_of_shadows(sun):
    assert shadow_counts(sky((80, 80), (45, 45)), sun, scheme=FOUR).tolist() == [0, 0, 1, 0]


def test_the_share_of_bare_shadows_is_of_those_whose_whole_way_is_in_sight():
    bare = sky(None, (60, 60)), STEEP
    found = sky((70, 60), (60, 60)), STEEP
    glimpsed = sky((80, 80), (45, 45)), LOW
    counted = [shadow_counts(*each, scheme=FOUR) for each in (bare, found, *[glimpsed] * 8)]

    assert bare_shadows(empty(shadows=np.sum(counted, axis=0))) == 0.5


def test_specks_of_shadow_are_passed_over():
    mask = np.zeros((32, 32), np.uint8)
    mask[5, 5:9] = 3

    assert shadow_counts(mask, STEEP, scheme=FOUR).sum() == 0


@pytest.mark.parametrize("azimuth", [0.0, 45.0, 135.0, 200.0, 290.0])
@pytest.mark.parametrize("height", [400, 1500])
def test_a_painted_cloud_is_up_sun_of_its_shadow_as_labelling_paints_it(azimuth, height):
    from labelling.imagery.products.product import Angles
    from labelling.imagery.shadows import shadow_offsets

    (offset,) = shadow_offsets(Angles(30.0, azimuth), step=10.0, heights=[height])
    cloud = (125, 125)
    shadow = (125 + round(offset.rows), 125 + round(offset.columns))

    found = shadow_counts(sky(cloud, shadow, size=256), Sun(azimuth, 30.0, 10.0), scheme=FOUR)

    assert found.tolist() == [0, 0, 0, 1]
