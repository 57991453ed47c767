import math
from datetime import date
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import shift

from labelling.errors import BadInput
from labelling.imagery.labelfile import reading_label
from labelling.imagery.layout import lay_out
from labelling.imagery.painter import (
    BANDS,
    Site,
    paint_product,
    paint_products,
    sites,
    write_products,
)
from labelling.imagery.painter.ground import LANDSCAPES, greenness
from labelling.imagery.painter.sky import REGIMES, Layer, sunlight
from labelling.imagery.painter.sun import overpass, sun_angles
from labelling.imagery.painter.truth import drawn, exact
from labelling.imagery.products.stack import inspect_stack
from labelling.imagery.split import DEFAULT_SHARES, SPLITS, ground_squares, split_of

HOME = Site("35VLF", 512, 1024)
JUNE = date(2026, 6, 10)
CLEAR, CLOUD, THIN, SHADOW = range(4)


@cache
def painted(**options):
    return paint_product(7, HOME, options.pop("day", JUNE), size=256, **options)


def band(scene, name):
    return scene.bands[BANDS.index(name)].astype(float)


def test_the_same_arguments_paint_the_same_scene():
    first, second = paint_product(7, HOME, JUNE, size=128), paint_product(7, HOME, JUNE, size=128)

    np.testing.assert_array_equal(first.bands, second.bands)
    np.testing.assert_array_equal(first.truth, second.truth)
    np.testing.assert_array_equal(first.annotator, second.annotator)


def test_another_seed_paints_another_scene():
    first, second = paint_product(7, HOME, JUNE, size=128), paint_product(8, HOME, JUNE, size=128)

    assert (first.bands != second.bands).mean() > 0.9


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_every_landscape_is_thirteen_plausible_bands(landscape):
    scene = painted(landscape=landscape, regime="clear")

    assert (scene.bands.dtype, scene.bands.shape) == (np.uint16, (13, 256, 256))
    assert scene.bands[:, scene.truth != 255].min() >= 1
    assert scene.bands.max() < 14_000
    assert set(np.unique(scene.truth)) <= {CLEAR, 255}


@pytest.mark.parametrize(
    ("regime", "codes"),
    [("cumulus", {CLOUD, SHADOW}), ("stratus", {CLOUD}), ("cirrus", {THIN}), ("mixed", {CLOUD})],
)
def test_every_regime_holds_its_classes(regime, codes):
    scene = painted(regime=regime, landscape="farmland")

    shares = {code: (scene.truth == code).mean() for code in codes}
    assert all(share > 0.01 for share in shares.values()), shares


def test_classes_look_as_they_should():
    scene = painted(regime="cumulus", landscape="forest")

    mean = {code: [band(scene, name)[scene.truth == code].mean() for name in ("B02", "B08", "B11")]
            for code in (CLEAR, CLOUD, SHADOW)}  # fmt: skip
    assert mean[CLOUD][0] > 3 * mean[CLEAR][0]
    assert mean[SHADOW][1] < 0.6 * mean[CLEAR][1]
    # Skylight is blue: a shadow loses less of it than of the infrared.
    assert mean[SHADOW][0] / mean[CLEAR][0] > mean[SHADOW][2] / mean[CLEAR][2]


def test_cirrus_shows_in_its_band_and_low_cloud_hardly():
    high, low = painted(regime="cirrus"), painted(regime="stratus")

    seen = band(high, "B10")[high.truth == THIN].mean()
    assert seen > 5 * band(high, "B10")[high.truth == CLEAR].mean()
    assert seen > band(low, "B10")[low.truth == CLOUD].mean()


def test_snow_is_white_in_the_visible_and_dark_in_the_short_wave():
    scene = painted(landscape="fells", regime="clear", day=date(2026, 3, 25))

    snow = band(scene, "B03") > 5000
    assert snow.mean() > 0.2
    assert band(scene, "B11")[snow].mean() < 2500


def test_a_place_keeps_its_ground_and_changes_its_colours():
    june = painted(landscape="farmland", regime="clear")
    october = painted(landscape="farmland", regime="clear", day=date(2026, 10, 12))

    water = band(june, "B08") < 300
    assert water.any()
    assert band(october, "B08")[water].mean() < 400
    assert band(october, "B08").mean() < 0.8 * band(june, "B08").mean()


@pytest.mark.parametrize(("azimuth", "zenith"), [(180.0, 45.0), (160.0, 55.0), (90.0, 30.0)])
def test_a_shadow_falls_away_from_the_sun_by_height_times_tangent(azimuth, zenith):
    thickness = np.zeros((256, 256), dtype=np.float32)
    thickness[120:136, 120:136] = 30
    layer = Layer(thickness, base=600, depth=0, ice=0)

    dark = sunlight([layer.shadow(azimuth, zenith)]) < 0.5

    pixels = 600 * math.tan(math.radians(zenith)) / 10
    rows, columns = np.nonzero(dark)
    turn = math.radians(azimuth)
    assert rows.mean() - 127.5 == pytest.approx(math.cos(turn) * pixels, abs=1)
    assert columns.mean() - 127.5 == pytest.approx(-math.sin(turn) * pixels, abs=1)


def test_painted_shadows_lie_where_the_sun_throws_them():
    scene = painted(regime="cumulus", landscape="dry")

    cloud, dark = scene.truth == CLOUD, (scene.truth == SHADOW).astype(float)
    turn, reach = math.radians(scene.sun_azimuth), math.tan(math.radians(scene.sun_zenith)) / 10

    def overlap(sign):
        return max(
            dark[shift(cloud.astype(float), (sign * h * reach * math.cos(turn),
                       -sign * h * reach * math.sin(turn)), order=0) > 0.5].mean()
            for h in range(600, 2600, 200)
        )  # fmt: skip

    assert overlap(1) > 1.5 * overlap(-1)
    assert overlap(1) > dark.mean() + 0.2


def test_the_annotator_is_close_to_the_truth_and_not_the_same():
    scene = painted(regime="mixed", landscape="mosaic")

    agreement = (scene.annotator == scene.truth).mean()
    assert 0.75 < agreement < 0.995


def test_the_annotator_misses_small_shadows_and_keeps_large_ones():
    light = np.ones((256, 256), dtype=np.float32)
    light[20:120, 20:120] = 0.2
    for row in range(150, 250, 10):
        for column in range(5, 250, 10):
            light[row : row + 4, column : column + 4] = 0.2
    clear, valid = np.zeros_like(light), np.ones(light.shape, dtype=bool)

    seen = drawn(clear, light, valid, rng=np.random.default_rng(1))

    true = exact(clear, light, valid)
    assert (seen[30:110, 30:110] == SHADOW).all()
    assert (seen[150:] == SHADOW).sum() < 0.8 * (true[150:] == SHADOW).sum()


def test_some_scenes_end_at_the_swaths_edge_and_are_not_labelled_there():
    scenes = [paint_product(seed, HOME, JUNE, size=64, regime="clear") for seed in range(40)]

    cut_off = [scene for scene in scenes if not scene.bands.all()]
    assert 2 <= len(cut_off) <= 15
    for scene in cut_off:
        empty = ~scene.bands.any(axis=0)
        np.testing.assert_array_equal(empty, scene.truth == 255)
        np.testing.assert_array_equal(empty, scene.annotator == 255)
        assert 0.05 < empty.mean() < 0.95


def test_days_draw_different_skies():
    days = [date(2026, 5, day) for day in range(1, 31)]

    regimes = {paint_product(3, HOME, day, size=64).regime for day in days}

    assert regimes == set(REGIMES)


def test_the_sun_stands_where_it_does():
    # Solar noon at the equinox: as far from the zenith as the place from the equator.
    noon = overpass(date(2026, 3, 20), longitude=0, latitude=0).replace(hour=12, minute=7)
    azimuth, zenith = sun_angles(noon, longitude=0, latitude=59)
    assert zenith == pytest.approx(59, abs=0.6)
    assert azimuth == pytest.approx(180, abs=1.5)

    # A product of tile 35VLF was taken on 29 May at 09:50 UTC with the sun at 160 and 39 degrees.
    moment = overpass(date(2026, 5, 29), longitude=24.4, latitude=59)
    azimuth, zenith = sun_angles(moment, longitude=24.4, latitude=59)
    assert moment.hour in (9, 10)
    assert azimuth == pytest.approx(162, abs=6)
    assert zenith == pytest.approx(38.5, abs=1.5)


def test_leaves_are_green_in_summer_only():
    assert greenness(15) < 0.01
    assert greenness(180) > 0.95
    assert greenness(330) < 0.02


def test_products_are_scenes_a_campaign_can_take(tmp_path):
    files = list(write_products(tmp_path, products=3, places=2, size=256, seed=5))

    stacks = [inspect_stack(each.stack) for each in files]
    assert [stack.band_names for stack in stacks] == [BANDS] * 3
    assert all(stack.synthetic and stack.product_id.startswith("SYNTHETIC") for stack in stacks)
    places = [lay_out(stack, size=256)[0].place for stack in stacks]
    assert places[0] == places[2] != places[1]
    assert stacks[0].taken < stacks[1].taken < stacks[2].taken
    for each in files:
        for path in (each.label, each.truth):
            with reading_label(path, height=256, width=256, codes=range(4)):
                pass


def test_a_few_places_reach_pool_validation_and_test():
    for seed in range(3):
        places = [site.georeference() for site in sites(12, size=512, seed=seed)]
        squares = [ground_squares(place, [(256, 256)])[0] for place in places]

        assert {split_of(square, DEFAULT_SHARES) for square in squares} == set(SPLITS)


def test_places_never_lie_on_each_other():
    found = sites(120, size=1024, seed=2)

    assert len({(site.mgrs, site.top // 1024, site.left // 1024) for site in found}) == 120


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"products": 2, "places": 3}, "places"),
        ({"products": 2, "places": 0}, "places"),
        ({"products": 1, "places": 1, "size": 100}, "size"),
        ({"products": 30, "places": 30, "size": 10_240}, "places"),
    ],
)
def test_what_cannot_be_painted_is_refused(asked, field):
    with pytest.raises(BadInput) as refusal:
        next(paint_products(**asked))
    assert refusal.value.field == field
