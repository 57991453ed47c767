import array_api_strict
import numpy as np
import pytest
import torch

from al_engine.boundaries import near_boundary
from al_engine.prediction import predicted_class
from tests.al_engine.scenes import probabilities


def near_by_hand(labels, radius):
    """Whether a window around each pixel holds another class, in plain loops."""
    height, width = labels.shape
    out = np.zeros((height, width), dtype=np.uint8)
    for i in range(height):
        for j in range(width):
            window = labels[
                max(0, i - radius) : i + radius + 1, max(0, j - radius) : j + radius + 1
            ]
            out[i, j] = (window != labels[i, j]).any()
    return out


@pytest.mark.parametrize("library", [np, torch, array_api_strict])
@pytest.mark.parametrize("radius", [0, 1, 2, 3, 50])
def test_a_pixel_is_near_a_boundary_when_its_window_holds_another_class(library, radius):
    labels = (np.random.default_rng(3).random((24, 17)) > 0.97).astype(np.uint8) * 3

    near = near_boundary(library.asarray(labels), radius)

    np.testing.assert_array_equal(np.from_dlpack(near), near_by_hand(labels, radius))


def test_a_straight_edge_is_damped_by_the_radius_on_both_sides():
    labels = np.zeros((8, 12), dtype=np.uint8)
    labels[:, 6:] = 2

    assert near_boundary(labels, 2)[0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("library", [np, torch, array_api_strict])
@pytest.mark.parametrize("classes", [2, 4, 28])
def test_the_predicted_class_is_the_likeliest_and_of_equals_the_first(library, classes):
    mean = probabilities(1, classes, 9, 7)[0]
    mean[:, 0, 0] = 1 / classes

    labels = predicted_class(library.asarray(mean))

    np.testing.assert_array_equal(np.from_dlpack(labels), mean.argmax(axis=0))
    assert np.from_dlpack(labels).dtype == np.uint8
