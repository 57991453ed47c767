import numpy as np
import pytest

from labelling.errors import BadInput
from labelling.imagery.painter.pool_skies import BORDER, Weather, contradicted, thrown
from labelling.imagery.painter.pools import (
    KNOWN,
    SOURCE,
    SURFACES,
    TEST,
    draw_palette,
    paint_pool,
)


def few(seed=3, **changes):
    return paint_pool(seed, **{"products": 40, "tiles": 6, "size": 32, **changes})


def weather(**changes):
    one = {"regime": [1], "cover": [0.5], "base": [300.0], "azimuth": [np.pi], "reach": [1.0]}
    return Weather(**{name: np.array(values) for name, values in {**one, **changes}.items()})


def test_the_same_seed_paints_the_same_pixels_and_another_seed_others():
    first, again, other = few(), few(), few(seed=4)

    assert (first.pixels == again.pixels).all()
    assert (first.label == again.label).all()
    assert (first.pixels != other.pixels).mean() > 0.9


def test_pool_test_and_source_show_different_products():
    assert (few().pixels != few(domain=TEST).pixels).mean() > 0.9
    assert (few().pixels != few(domain=SOURCE).pixels).mean() > 0.9


def test_about_half_of_the_tiles_are_clear_all_over_and_every_class_occurs():
    painted = few(products=120)

    one_class = (painted.truth == 0).all(axis=(1, 2)).mean()
    shares = np.bincount(painted.truth.ravel(), minlength=4) / painted.truth.size

    assert 0.35 < one_class < 0.6
    assert (shares > 0.01).all()


def test_a_person_errs_at_edges_only():
    painted = few(products=120)
    wrong = painted.label != painted.truth

    assert 0.005 < wrong.mean() < 0.08
    assert not wrong[(painted.truth == 0).all(axis=(1, 2))].any()


def test_some_tiles_of_a_product_are_nearly_the_same():
    painted = few()

    same = (painted.truth[1:] == painted.truth[:-1]).all(axis=(1, 2))
    clouded = painted.truth[1:].any(axis=(1, 2))

    assert (same & clouded & (painted.product[1:] == painted.product[:-1])).sum() >= 3


def test_a_size_that_cannot_be_halved_is_refused():
    with pytest.raises(BadInput, match="multiple of 8, not 30"):
        few(size=30)


def test_no_products_are_refused():
    with pytest.raises(BadInput, match="products must be at least 1"):
        few(products=0)


def test_every_seed_has_surfaces_of_its_own():
    palette = draw_palette(1)

    assert palette.shape == (SURFACES, 6)
    assert KNOWN < SURFACES
    assert not np.allclose(palette, draw_palette(2))


@pytest.mark.parametrize(
    ("azimuth", "moved"), [(np.pi, (-5, 0)), (np.pi / 2, (0, -5)), (0.0, (5, 0))]
)
def test_a_shadow_lies_away_from_the_sun(azimuth, moved):
    """North is up: the sun in the south (180 degrees) throws shadows towards smaller rows."""
    size, side = 24, 24 + 2 * BORDER
    cloud = np.zeros((1, side, side), dtype=np.float32)
    cloud[0, BORDER + 12, BORDER + 12] = 10

    shade = thrown(cloud, weather(azimuth=[azimuth]), size)

    row, column = np.argwhere(shade[0])[0]
    assert (row - 12, column - 12) == moved


def test_a_cloud_outside_the_tile_shades_it():
    size, side = 24, 24 + 2 * BORDER
    cloud = np.zeros((1, side, side), dtype=np.float32)
    cloud[0, BORDER + size + 2] = 10

    shade = thrown(cloud, weather(), size)

    assert (shade[0, size - 3] == 10).all()


def test_contradictions_touch_thin_cloud_of_the_given_share_alone():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, (1000, 8, 8)).astype(np.uint8)

    noisy = contradicted(labels, share=0.1, rng=rng)

    struck = (noisy != labels).any(axis=(1, 2))
    assert 0.07 < struck.mean() < 0.13
    assert (labels[noisy != labels] == 2).all()
    for label in noisy[struck]:
        assert not (label == 2).any()
