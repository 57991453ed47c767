from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from al_engine.errors import BadTile
from al_engine.policy import concentration, labelling_mode
from al_engine.regions import RegionConfig, plan_regions
from al_engine.windows import candidates

SIDE = 512


def scene(seed=0):
    """Uncertainty, predicted classes and validity of a tile: clear with cloud, haze and shadow."""
    rng = np.random.default_rng(seed)
    predicted = np.zeros((SIDE, SIDE), dtype=np.uint8)
    predicted[40:200, 60:260] = 1
    predicted[300:420, 300:480] = 2
    predicted[210:250, 90:150] = 3
    uncertainty = rng.random((SIDE, SIDE)) * 0.2 + 0.8 * (predicted == 3) + 0.3 * (predicted == 2)
    return uncertainty, predicted, np.ones((SIDE, SIDE), dtype=bool)


def plan(tile=None, seed=0, **config):
    given = scene() if tile is None else tile
    rng = np.random.default_rng(seed)
    return plan_regions(*given, classes=4, config=RegionConfig(**config), rng=rng)


def of_kind(regions, kind):
    return [each for each in regions if each.kind == kind]


def test_a_windows_score_is_the_formula_written_out():
    uncertainty, predicted, valid = scene()
    windows = candidates(uncertainty, predicted, valid, classes=4)
    row = int(np.flatnonzero((windows.corners == [192, 96]).all(axis=1))[0])

    inside = (slice(192, 256), slice(96, 160))
    around = predicted[184:264, 88:168]
    shares = np.bincount(around.ravel(), minlength=4) / around.size
    impurity = -sum(s * np.log(s) for s in shares if s > 0) / np.log(4)

    assert windows.scores[row] == pytest.approx(uncertainty[inside].mean() * (0.5 + impurity))
    assert windows.shares[row].tolist() == pytest.approx(
        (np.bincount(predicted[inside].ravel(), minlength=4) / 64**2).tolist()
    )


def test_windows_do_not_overlap_and_informative_ones_keep_the_budget():
    made = plan()

    assert (made.guide > 0).sum() == len(made.regions) * 64**2
    informative = of_kind(made.regions, "informative")
    assert 64**2 * len(informative) <= 0.12 * SIDE**2
    assert len(informative) == 7


def test_the_guide_numbers_the_regions_in_the_order_of_the_list():
    made = plan()

    assert made.guide.dtype == np.uint8
    for number, each in enumerate(made.regions, start=1):
        window = made.guide[each.top : each.top + each.height, each.left : each.left + each.width]
        assert (window == number).all()
    assert made.guide.max() == len(made.regions)


def test_every_predicted_class_gets_its_windows_while_the_budget_lasts():
    uncertainty, predicted, valid = scene()

    made = plan((uncertainty, predicted, valid), budget=0.3)

    for code in range(4):
        windows = [
            predicted[r.top : r.top + 64, r.left : r.left + 64]
            for r in of_kind(made.regions, "informative")
        ]
        assert sum((window == code).mean() >= 0.05 for window in windows) >= 2
    assert made.notes == ()


def test_a_quota_that_the_budget_cannot_meet_is_said_and_the_rarest_class_comes_first():
    made = plan(budget=0.02)

    first = of_kind(made.regions, "informative")[0]
    assert first.quota == 3
    assert any(note.startswith("Class 3 got 1 of 2") for note in made.notes)


def test_a_class_that_is_hardly_there_has_no_quota():
    uncertainty, predicted, valid = scene()
    predicted[predicted == 3] = 0
    predicted[5:12, 500:510] = 3  # 70 pixels, under 0.3 %

    made = plan((uncertainty, predicted, valid))

    assert 3 not in {each.quota for each in made.regions}


def test_control_windows_are_uniform_over_the_candidates_and_their_chance_is_stored():
    tile, runs = tuple(plane[:128, :128] for plane in scene()), 500
    config = RegionConfig(window=32, stride=32, distance=32)
    count = len(candidates(*tile, classes=4, config=config).scores)

    drawn = Counter()
    for seed in range(runs):
        made = plan(tile, seed=seed, window=32, stride=32, distance=32)
        drawn.update((each.top, each.left) for each in of_kind(made.regions, "control"))

    assert of_kind(made.regions, "control")[0].probability == pytest.approx(2 / count)
    shares = np.array(list(drawn.values())) / runs
    assert len(shares) == count == 16
    assert shares == pytest.approx(np.full(count, 2 / count), abs=0.06)  # four standard errors


def test_the_turn_of_a_window_does_not_tell_that_it_is_control():
    tile = tuple(plane[:256, :256] for plane in scene())

    places = {
        tuple(i for i, each in enumerate(plan(tile, seed).regions) if each.kind == "control")
        for seed in range(20)
    }

    assert places == {(0, 1), (0, 2), (1, 2)}


def test_the_same_dice_give_the_same_plan():
    one, other = plan(seed=3), plan(seed=3)

    assert one.regions == other.regions
    np.testing.assert_array_equal(one.guide, other.guide)


def test_windows_without_enough_valid_pixels_are_no_candidates():
    uncertainty, predicted, valid = scene()
    valid[:, :256] = False
    uncertainty = np.where(valid, uncertainty, np.nan)

    made = plan((uncertainty, predicted, valid))

    assert all(each.left >= 224 for each in made.regions)
    numbers = [i for i, each in enumerate(made.regions, 1) if each.kind == "informative"]
    assert (np.isin(made.guide, numbers) & valid).sum() <= 0.12 * valid.sum()


def test_a_tile_without_a_valid_pixel_has_an_empty_plan():
    uncertainty, predicted, valid = scene()

    made = plan((uncertainty, predicted, valid & False))

    assert made.regions == ()
    assert not made.guide.any()


def test_weights_by_class_move_windows_to_that_class():
    flat = np.ones((SIDE, SIDE))
    tile = (flat, *scene()[1:])

    weighted = plan(tile, quota=0, control=0, most=1, class_weights=(1.0, 1.0, 9.0, 1.0))

    chosen = weighted.regions[0]
    inside = tile[1][chosen.top : chosen.top + 64, chosen.left : chosen.left + 64]
    assert np.bincount(inside.ravel()).argmax() == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"window": 0}, "window"),
        ({"distance": 32}, "distance"),
        ({"budget": 1.5}, "budget"),
        ({"control": -1}, "control"),
        ({"most": 253}, "most"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(changes, field):
    with pytest.raises(BadTile) as refusal:
        RegionConfig(**changes)

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda u, p, v: (u[:100], p, v), "must be the same"),
        (lambda u, p, v: (u[:60, :60], p[:60, :60], v[:60, :60]), "no window of 64"),
        (lambda u, p, v: (u, p + 4, v), "must lie below 4"),
        (lambda u, p, v: (u * np.nan, p, v), "finite"),
    ],
)
def test_arrays_that_no_plan_can_be_made_of_are_refused(change, message):
    with pytest.raises(BadTile, match=message):
        plan(change(*scene()))


# whole or in regions


def blocks(strong):
    """256 blocks of which so many hold nearly all uncertainty."""
    out = np.ones((16, 16), dtype=np.uint8)
    out.ravel()[:strong] = 255
    return out


@pytest.mark.parametrize("purpose", ["validation", "test", "control"])
def test_tiles_that_figures_rest_on_are_always_labelled_whole(purpose):
    assert labelling_mode(purpose=purpose, blocks=blocks(3), minutes=60).name == "full"


def test_regions_are_advised_for_long_and_for_concentrated_tiles_only():
    assert labelling_mode(purpose="pool", blocks=blocks(256), minutes=12).name == "regions"
    assert labelling_mode(purpose="pool", blocks=blocks(20)).name == "regions"
    assert labelling_mode(purpose="pool", blocks=blocks(256), minutes=5).name == "full"
    assert labelling_mode(purpose="pool", blocks=blocks(0) * 0).name == "full"


def test_concentration_is_the_share_of_the_top_tenth():
    assert concentration(blocks(0)) == pytest.approx(26 / 256)
    assert concentration(blocks(26)) == pytest.approx(26 * 255 / (26 * 255 + 230))


def test_minutes_of_nothing_are_refused():
    with pytest.raises(BadTile, match="minutes must be above 0"):
        labelling_mode(purpose="pool", blocks=blocks(1), minutes=0)


def test_a_smaller_tile_has_smaller_plans():
    tile = tuple(plane[:256, :256] for plane in scene())

    made = plan_regions(
        *tile,
        classes=4,
        config=replace(RegionConfig(), window=32, stride=16, distance=32),
        rng=np.random.default_rng(0),
    )

    assert 32**2 * len(of_kind(made.regions, "informative")) <= 0.12 * 256**2
    assert len(of_kind(made.regions, "control")) == 2
