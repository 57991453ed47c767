"""The checks of a label, each on arrays small enough to see what it ought to find."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from labelling.imagery.label_checks import (
    CHECKS,
    Limits,
    Subject,
    box,
    cloud_over_nodata,
    findings,
    one_class,
    shadow_without_cloud,
    slivers,
    unlabelled,
)
from labelling.imagery.slivers import small_pieces

CLOUD, THIN, SHADOW, UNSURE, NONE = 1, 2, 3, 254, 255
FROM_THE_NORTH_WEST = (0.03, 0.03)
"""Three pixels down and right for each 100 m of height: the sun stands in the upper left."""


def clear(size: int = 128) -> np.ndarray:
    return np.zeros((size, size), np.uint8)


def subject(label: np.ndarray, **known) -> Subject:
    return Subject(label, **({"clouds": (CLOUD, THIN), "shadows": (SHADOW,)} | known))


def shadow_at(*, cloud: tuple[slice, slice] | None = None, code: int = CLOUD) -> np.ndarray:
    """A shadow right below the middle of a clear tile, and a cloud where it is asked for."""
    label = clear()
    label[90:100, 90:100] = SHADOW
    if cloud:
        label[cloud] = code
    return label


LOW = Limits(cloud_height=2000, shadow_pixels=50)


def test_a_shadow_without_anything_towards_the_sun_is_found_where_it_lies():
    found = shadow_without_cloud(subject(shadow_at(), fall=FROM_THE_NORTH_WEST, limits=LOW))

    assert found is not None
    assert found.pixels == 100
    assert box(found.mask) == [90, 90, 100, 100]


@pytest.mark.parametrize("code", [CLOUD, THIN, UNSURE, NONE])
def test_a_cloud_or_what_may_be_one_up_sun_explains_a_shadow(code):
    label = shadow_at(cloud=(slice(60, 70), slice(60, 70)), code=code)

    assert shadow_without_cloud(subject(label, fall=FROM_THE_NORTH_WEST, limits=LOW)) is None


@pytest.mark.parametrize(
    "cloud",
    [
        (slice(110, 120), slice(110, 120)),  # down-sun
        (slice(60, 70), slice(110, 120)),  # aside
        (slice(5, 12), slice(5, 12)),  # up-sun, but higher than clouds are looked for
    ],
)
def test_a_cloud_elsewhere_explains_no_shadow(cloud):
    found = shadow_without_cloud(
        subject(shadow_at(cloud=cloud), fall=FROM_THE_NORTH_WEST, limits=LOW)
    )

    assert found is not None


def test_a_cloud_that_may_lie_beyond_the_edge_explains_a_shadow():
    high = Limits(cloud_height=4000, shadow_pixels=50)

    assert shadow_without_cloud(subject(shadow_at(), fall=FROM_THE_NORTH_WEST, limits=high)) is None


def test_so_does_ground_without_data():
    missing = np.zeros((128, 128), bool)
    missing[60:70, 60:70] = True
    told = subject(shadow_at(), fall=FROM_THE_NORTH_WEST, limits=LOW, missing=missing)

    assert shadow_without_cloud(told) is None


def test_small_shadows_are_left_alone():
    label = clear()
    label[90:95, 90:95] = SHADOW

    assert shadow_without_cloud(subject(label, fall=FROM_THE_NORTH_WEST, limits=LOW)) is None


@pytest.mark.parametrize("sun", [None, (0.0, 0.0)])
def test_without_a_sun_to_the_side_nothing_is_said_of_shadows(sun):
    assert shadow_without_cloud(subject(shadow_at(), fall=sun, limits=LOW)) is None


@settings(max_examples=60, deadline=None)
@given(
    turn=st.floats(0, 2 * np.pi),
    reach=st.floats(15, 28),
    row=st.integers(56, 70),
    column=st.integers(56, 70),
)
def test_wherever_the_sun_stands_a_shadow_finds_the_cloud_it_was_moved_from(
    turn, reach, row, column
):
    down, right = reach * np.sin(turn), reach * np.cos(turn)
    label = clear()
    label[row : row + 8, column : column + 8] = SHADOW
    alone = label.copy()
    up, left = round(row - down), round(column - right)
    label[up : up + 8, left : left + 8] = CLOUD
    fall = (down / 1500, right / 1500)

    assert shadow_without_cloud(subject(label, fall=fall, limits=LOW)) is None
    assert shadow_without_cloud(subject(alone, fall=fall, limits=LOW)) is not None


def test_cloud_over_no_data_is_an_error_with_its_pixels():
    label, missing = clear(), np.zeros((128, 128), bool)
    missing[:, 100:] = True
    label[:10] = CLOUD

    found = findings(subject(label, missing=missing))

    assert [(each.code, each.severity, each.pixels) for each in found] == [
        ("cloud_over_nodata", "error", 280)
    ]
    assert found[0].where == [0, 100, 10, 128]


def test_clear_over_no_data_and_a_slip_of_the_brush_are_none():
    label, missing = clear(), np.zeros((128, 128), bool)
    missing[:, 100:] = True
    label[0, 96:112] = CLOUD

    assert cloud_over_nodata(subject(label, missing=missing)) is None


def test_what_is_left_unlabelled_counts_against_the_pixels_with_data():
    label, missing = clear(100), np.zeros((100, 100), bool)
    missing[:50] = True
    label[:53] = NONE

    found = unlabelled(subject(label, missing=missing))

    assert found is not None
    assert (found.pixels, found.message[:3]) == (300, "6% ")
    assert unlabelled(subject(label, missing=missing, limits=Limits(unlabelled_share=0.06))) is None


def test_unsure_is_no_gap():
    label = clear()
    label[:64] = UNSURE

    assert unlabelled(subject(label)) is None


def test_one_class_is_doubted_where_the_pre_label_is_sure_of_two():
    label = np.full((128, 128), CLOUD, np.uint8)

    found = one_class(subject(label, expected={0: 0.4, 1: 0.5, 3: 0.1}))

    assert found is not None
    assert (found.pixels, found.mask) == (128 * 128, None)
    assert one_class(subject(label, expected={0: 0.05, 1: 0.95})) is None
    assert one_class(subject(label)) is None


def test_two_classes_are_never_doubted():
    label = clear()
    label[0, 0] = CLOUD

    assert one_class(subject(label, expected={0: 0.5, 1: 0.5})) is None


def test_many_tiny_pieces_are_slivers():
    label = clear()
    label[::8, ::8] = CLOUD

    found = slivers(subject(label))

    assert found is not None
    assert found.pixels == 256
    assert slivers(subject(label, limits=Limits(slivers=256))) is None


def test_a_hole_that_nobody_labelled_is_a_sliver_but_no_data_is_none():
    label, missing = clear(), np.zeros((128, 128), bool)
    label[::8, ::8] = NONE
    missing[::8, ::8] = True

    assert slivers(subject(label)) is not None
    assert slivers(subject(label, missing=missing)) is None


@settings(max_examples=150, deadline=None)
@given(
    label=arrays(np.uint8, st.tuples(st.integers(1, 14), st.integers(1, 14)),
                 elements=st.sampled_from([0, 1, 2])),
    least=st.integers(2, 9),
)  # fmt: skip
def test_small_pieces_are_those_that_labelling_code_by_code_finds(label, least):
    expected, count = np.zeros(label.shape, bool), 0
    for code in (0, 1, 2):
        pieces, _ = ndimage.label(label == code, np.ones((3, 3)))
        few = np.bincount(pieces.ravel()) < least
        few[0] = False
        expected |= few[pieces]
        count += int((few & (np.bincount(pieces.ravel()) > 0)).sum())

    found, pieces_found = small_pieces(label, np.ones(label.shape, bool), least=least)

    assert np.array_equal(found, expected)
    assert pieces_found == count


def test_a_plain_label_has_nothing_to_complain_of():
    label = clear()
    label[20:60, 20:60] = CLOUD
    label[50:80, 60:80] = SHADOW

    assert findings(subject(label, fall=FROM_THE_NORTH_WEST)) == []


def test_a_campaign_may_make_a_warning_an_error():
    label = clear()
    label[:64] = NONE

    (found,) = findings(subject(label), strict=["unlabelled"])

    assert found.severity == "error"


def test_a_campaign_without_clouds_is_asked_nothing_about_them():
    label, missing = np.full((64, 64), SHADOW, np.uint8), np.ones((64, 64), bool)
    told = Subject(label, missing=missing, fall=FROM_THE_NORTH_WEST)

    assert {each.code for each in findings(told)} == set()
    assert len(CHECKS) == 6
