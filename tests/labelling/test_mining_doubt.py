"""Which pixels are doubted, and what becomes of them in a tile's number: small arrays, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from labelling.compute.mining_doubt import (
    CONFIRMED,
    LEAST_PATCH,
    Confidence,
    confidence_of,
    confidently_seen,
    doubt_facts,
    doubt_of,
    judged_pixels,
)
from labelling.compute.mining_folds import placed_scenes, teaching
from labelling.errors import BadInput
from training.snapshot import IGNORE

SIDE = 16
NAMES = ["clear", "cloud", "shadow"]


def sure(seen: np.ndarray, p: float = 0.9) -> np.ndarray:
    """(3, H, W): `p` for the class seen, the rest for the others alike."""
    given = np.full((3, *seen.shape), (1 - p) / 2, np.float32)
    np.put_along_axis(given, seen[None].astype(int), np.float32(p), axis=0)
    return given


def patch(code: int, rows: slice, cols: slice, ground: int = 0) -> np.ndarray:
    plane = np.full((SIDE, SIDE), ground, np.uint8)
    plane[rows, cols] = code
    return plane


def everywhere() -> np.ndarray:
    return np.ones((SIDE, SIDE), bool)


def test_thresholds_are_the_mean_probability_of_the_pixels_of_a_class():
    label = patch(1, slice(0, 4), slice(0, 16))
    probabilities = sure(label, 0.8)
    probabilities[:, 0, 0] = [0.5, 0.2, 0.3]

    thresholds = confidence_of(probabilities, label, everywhere()).thresholds()

    assert thresholds[0] == pytest.approx(0.8)
    assert thresholds[1] == pytest.approx((63 * 0.8 + 0.2) / 64)
    assert thresholds[2] == np.inf


def test_confidences_of_tiles_add_up():
    label = patch(1, slice(0, 4), slice(0, 16))
    one, other = (confidence_of(sure(label, p), label, everywhere()) for p in (0.6, 0.8))

    both = Confidence.none(3) + one + other

    assert both.thresholds()[:2] == pytest.approx([0.7, 0.7])


def test_a_class_below_its_threshold_is_not_seen_even_where_it_is_likeliest():
    probabilities = np.array([0.45, 0.5, 0.05], np.float32).reshape(3, 1, 1)

    assert confidently_seen(probabilities, np.array([0.4, 0.6, 0.9])).item() == 0
    assert confidently_seen(probabilities, np.array([0.9, 0.9, 0.9])).item() == IGNORE


def test_a_missed_cloud_is_doubted_by_its_area_and_by_how_sure_the_model_is():
    label = np.zeros((SIDE, SIDE), np.uint8)
    seen = patch(1, slice(4, 8), slice(2, 10))

    doubt = doubt_of(sure(seen), label, everywhere(), np.full(3, 0.7))
    facts = doubt_facts(doubt, NAMES)

    assert doubt.doubtfulness == pytest.approx(32 * (0.9 - 0.05) / SIDE**2)
    assert facts["pairs"] == [{"given": "clear", "seen": "cloud", "pixels": 32}]
    assert facts["classes"] == {"clear": 32 / SIDE**2}
    largest = facts["largest"]
    assert (largest["pixels"], seen[largest["row"], largest["col"]]) == (32, 1)


def test_a_right_label_is_not_doubted():
    label = patch(1, slice(4, 8), slice(2, 10))

    facts = doubt_facts(doubt_of(sure(label), label, everywhere(), np.full(3, 0.7)), NAMES)

    assert (facts["doubtfulness"], facts["pairs"], facts["largest"]) == (0, [], None)


def test_a_rare_class_with_a_low_threshold_raises_no_doubt_where_it_is_the_less_likely():
    label = np.zeros((SIDE, SIDE), np.uint8)
    probabilities = np.empty((3, SIDE, SIDE), np.float32)
    probabilities[:] = np.array([0.6, 0.1, 0.3], np.float32)[:, None, None]

    doubt = doubt_of(probabilities, label, everywhere(), np.array([0.8, 0.8, 0.1]))

    assert (doubt.doubted, doubt.doubtfulness) == (0, 0)


def test_speckle_is_not_doubted():
    seen = patch(1, slice(0, 2), slice(0, LEAST_PATCH // 2))
    assert 0 < seen.sum() < LEAST_PATCH

    doubt = doubt_of(sure(seen), np.zeros_like(seen), everywhere(), np.full(3, 0.7))

    assert doubt.doubted == 0


def test_nothing_is_judged_beside_a_border_or_where_nobody_labelled():
    label = patch(1, slice(0, 16), slice(8, 16))
    label[:, 0] = IGNORE

    judged = judged_pixels(label, 2)

    assert judged.any(axis=0).tolist() == [False] * 3 + [True] * 3 + [False] * 4 + [True] * 6
    assert judged_pixels(label, 0).sum() == SIDE * (SIDE - 1)


def test_pixels_of_a_confirmed_prelabel_are_counted_apart():
    seen = patch(1, slice(4, 8), slice(2, 10))
    provenance = patch(CONFIRMED, slice(0, 6), slice(0, 16), ground=1)

    doubt = doubt_of(sure(seen), np.zeros_like(seen), everywhere(), np.full(3, 0.7), provenance)

    assert (doubt.doubted, doubt.confirmed) == (32, 16)


def test_a_tile_without_a_judged_pixel_is_not_doubted():
    label = np.full((SIDE, SIDE), IGNORE, np.uint8)

    doubt = doubt_of(sure(np.ones_like(label)), label, label != IGNORE, np.full(3, 0.7))

    assert (doubt.doubtfulness, doubt.judged) == (0, 0)


def test_scenes_go_whole_into_folds_that_are_about_even():
    tiles = {f"scene-{n}": 1 + n % 4 for n in range(12)}

    placed = placed_scenes(tiles, folds=3, seed=1)

    load = [sum(tiles[scene] for scene in tiles if placed[scene] == fold) for fold in range(3)]
    assert sorted(placed) == sorted(tiles)
    assert load == [10, 10, 10]
    assert placed == placed_scenes(tiles, folds=3, seed=1)


@pytest.mark.parametrize(("scenes", "folds"), [(2, 3), (1, 2), (5, 1), (0, 2)])
def test_fewer_scenes_than_folds_are_refused(scenes, folds):
    with pytest.raises(BadInput) as refused:
        placed_scenes({f"scene-{n}": 1 for n in range(scenes)}, folds=folds, seed=0)

    assert refused.value.field == "folds"


def test_no_tile_of_a_held_scene_teaches_or_calibrates():
    entries = [
        {"split": split, "group": scene}
        for split in ("pool", "validation", "test")
        for scene in ("held", "other")
    ]

    kept = teaching(entries, {"held"})

    assert [(each["split"], each["group"]) for each in kept] == [
        ("pool", "other"), ("validation", "other"),
    ]  # fmt: skip
