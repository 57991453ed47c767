import numpy as np
import pytest

from labelling.compute.replay.annotators import boundary, minutes, pieces, refused, with_noise
from labelling.compute.replay.plan import People
from labelling.compute.replay.tiles import Tiles

TWO_CLOUDS = np.zeros((8, 8), np.uint8)
TWO_CLOUDS[1:3, 1:3] = 1
TWO_CLOUDS[5:7, 5:7] = 1
TWO_CLOUDS[5:7, 3:5] = 3


def tiles(*labels):
    label = np.stack(labels).astype(np.uint8)
    pixels = np.ones((len(label), 1, *label.shape[1:]), np.uint16)
    return Tiles(pixels, label, np.arange(len(label)))


def test_a_boundary_is_counted_in_pairs_of_neighbours():
    # Eight pairs around the lone cloud; cloud and shadow touch, twelve around both and two between.
    assert boundary(TWO_CLOUDS) == 8 + 12 + 2


def test_what_nobody_labelled_has_no_boundary():
    half = np.full((4, 4), 255, np.uint8)
    half[:, :2] = 1

    assert boundary(half) == 0


def test_pieces_are_those_of_every_class_but_clear():
    assert pieces(TWO_CLOUDS) == 3
    assert pieces(np.zeros((4, 4), np.uint8)) == 0


def test_minutes_are_opening_plus_edges_plus_pieces():
    people = People(opening=2.0, edge=0.5, component=3.0)

    found = minutes(tiles(TWO_CLOUDS, np.zeros((8, 8))), people)

    assert found.tolist() == pytest.approx([2 + 0.5 * 22 + 3 * 3, 2.0])


def test_the_same_tiles_are_refused_whatever_the_arm():
    people = People(refusals=0.1)

    first, again = refused(2000, people, seed=4), refused(2000, people, seed=4)

    assert (first == again).all()
    assert 0.07 < first.mean() < 0.13
    assert not refused(2000, People(), seed=4).any()


def test_without_label_noise_labels_stay():
    given = tiles(TWO_CLOUDS)

    assert with_noise(given, People(), generator=0) is given
