"""Planes beside the bands go where the bands go: cut, turned, resampled, lost."""

import numpy as np
import pytest

from tests.training.beside import BANDS, config, learner_of, rich_snapshot
from tests.training.snapshots import SnapshotFolder, paint
from training.augment import TURNS, turn, turned_azimuth
from training.config import FitConfig
from training.features.layout import layout_of
from training.features.sets import parse
from training.placing import turned, warped, without_masks
from training.planes import stacked, whole
from training.warp import Warp


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    return rich_snapshot(tmp_path_factory.mktemp("rich"))


def shadow_tile(azimuth):
    """A cloud in the middle and its shadow away from the sun; row and column of each."""
    away = np.radians(azimuth + 180)
    cloud = np.array([31.5, 31.5])
    shadow = cloud + 24 * np.array([-np.cos(away), np.sin(away)])  # up is north
    tile = np.zeros((64, 64), dtype=np.uint8)
    for (row, column), code in ((cloud, 1), (shadow, 3)):
        tile[round(row) - 1 : round(row) + 2, round(column) - 1 : round(column) + 2] = code
    return tile


def seen_azimuth(tile):
    """Where the sun must stand, by cloud and shadow: degrees clockwise from the top."""
    cloud, shadow = (np.argwhere(tile == code).mean(axis=0) for code in (1, 3))
    down, right = cloud - shadow
    return np.degrees(np.arctan2(right, -down)) % 360


@pytest.mark.parametrize("azimuth", [0.0, 30.0, 155.0, 270.0])
@pytest.mark.parametrize("way", range(TURNS))
def test_the_azimuth_turns_with_the_tile_so_that_shadows_lie_away_from_the_sun(azimuth, way):
    tile = shadow_tile(azimuth)
    planes = {"sun": np.array([50.0, azimuth], np.float32), "mask:scl": tile}

    laid = turned(planes, way)

    assert laid["sun"][0] == 50
    assert laid["sun"][1] == pytest.approx(turned_azimuth(azimuth, way))
    apart = (seen_azimuth(laid["mask:scl"]) - laid["sun"][1] + 180) % 360 - 180
    assert abs(apart) < 5  # of whole pixels, 24 pixels away


@pytest.mark.parametrize("angle", [-40.0, 25.0])
def test_a_free_rotation_takes_the_azimuth_along(angle):
    planes = {"sun": np.array([50.0, 155.0], np.float32), "mask:scl": shadow_tile(155.0)}

    laid = warped(planes, Warp(row=32, column=32, ground=1.0, angle=angle), 64)

    apart = (seen_azimuth(laid["mask:scl"]) - laid["sun"][1] + 180) % 360 - 180
    assert abs(apart) < 6


def test_an_unknown_sun_stays_unknown_however_the_tile_is_laid():
    laid = turned({"sun": np.full(2, np.nan, np.float32)}, 5)

    assert np.isnan(laid["sun"]).all()


def test_the_sun_of_a_turned_crop_reaches_the_network(rich):
    learner = learner_of(rich, config("sqrt+sun", augment=True, turns="free"))
    suns, azimuths = set(), set()
    for step in range(6):
        x = learner._input(learner.source.batch(step))
        for zenith, sine, cosine in x[:, 8:, 0, 0].tolist():
            if zenith:
                suns.add(round(zenith, 4))
                azimuths.add(round(float(np.degrees(np.arctan2(sine, cosine)) % 360)))

    assert suns == {round(float(np.cos(np.radians(40 + seed))), 4) for seed in range(3)}
    assert azimuths <= {round(turned_azimuth(160.0, way)) for way in range(TURNS)}
    assert len(azimuths) > 2


def test_planes_are_cut_and_turned_with_their_bands(tmp_path):
    folder = SnapshotFolder(tmp_path, band_names=BANDS, tile_size=64)
    for seed in range(3):
        bands, label = paint(seed, bands=len(BANDS), size=64)
        radar = bands[:2].astype(np.float32)
        folder.add(bands, label, planes={"clear": bands, "mask:scl": label, "extra:s1": radar})
    learner = learner_of(
        folder.write(), config("sqrt+clear+masks:scl+extra:s1", augment=True, crop=32)
    )

    for step in range(4):
        batch = learner.source.batch(step)
        assert (batch.planes["clear"] == batch.bands).all()
        assert (batch.planes["mask:scl"] == batch.label).all()
        assert (batch.planes["extra:s1"] == batch.bands[:, :2]).all()


def test_planes_are_resampled_with_their_bands(tmp_path):
    bands, label = paint(0, bands=len(BANDS), size=64)
    bands[:, 20:24] = 0
    layout = layout_of(parse("clear+masks:scl+extra:s1"), BANDS, [2])
    radar = np.where(bands[:2] > 0, bands[:2], np.nan).astype(np.float32)
    planes = whole({"clear": bands, "mask:scl": label, "extra:s1": radar}, layout, (64, 64))
    warp = Warp(row=30.2, column=33.7, ground=1.3, angle=20.0)

    found = warped(planes, warp, 32)
    pixels, named = warp.cut(bands, label, 32)

    assert (found["clear"] == pixels).all()
    assert (found["mask:scl"] == named)[pixels.any(axis=0)].all()
    known = np.isfinite(found["extra:s1"])
    assert (known == (pixels[:2] > 0)).all()
    assert np.abs(found["extra:s1"] - pixels[:2])[known].max() <= 0.51


def test_mask_dropout_takes_whole_masks_from_single_crops_and_only_when_asked(rich):
    codes = np.ones((4, 4, 4), dtype=np.uint8)
    planes = {"mask:a": codes, "mask:b": codes, "clear": np.ones((4, 1, 4, 4), np.uint16)}
    lost = {"mask:a": np.array([True, False, False, True]), "mask:b": np.zeros(4, np.bool_)}

    kept = without_masks(planes, lost)

    for name, gone in lost.items():
        assert ((kept[name] == 255).all(axis=(1, 2)) == gone).all()
        assert (kept[name][~gone] == 1).all()
    assert kept["clear"] is planes["clear"]
    settings = {**config("sqrt+masks:scl").as_json(), "mask_dropout": 0.3}
    source = learner_of(rich, FitConfig(**settings)).source
    dice = np.random.default_rng(0)
    often = np.mean([source.lost(dice)["mask:scl"] for _ in range(200)])
    assert 0.2 < often < 0.4


def test_a_batch_loses_its_masks_by_the_config(rich):
    with_all = learner_of(rich, config("sqrt+masks:scl")).source.batch(0)
    without = learner_of(
        rich, FitConfig(**{**config("sqrt+masks:scl").as_json(), "mask_dropout": 1.0})
    ).source.batch(0)

    assert (with_all.bands == without.bands).all()
    assert (with_all.planes["mask:scl"] != 255).any()
    assert (without.planes["mask:scl"] == 255).all()


def test_stacked_planes_have_a_crop_in_front():
    many = [{"sun": np.zeros(2, np.float32)}, {"sun": np.ones(2, np.float32)}]

    assert stacked(many)["sun"].tolist() == [[0, 0], [1, 1]]


def test_a_turned_tile_is_turned_in_every_plane():
    plane = np.arange(16, dtype=np.uint8).reshape(4, 4)

    for way in range(TURNS):
        laid = turned({"mask:a": plane, "extra:b": plane[None].astype(np.float32)}, way)
        assert (laid["mask:a"] == turn(plane, way)).all()
        assert (laid["extra:b"][0] == turn(plane, way)).all()
