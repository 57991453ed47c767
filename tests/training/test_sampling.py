"""Which crops are drawn, and that the plan is kept. All tiles are painted (synthetic)."""

import pytest

from tests.training.snapshots import SnapshotFolder, paint
from training.augment import turned_azimuth
from training.config import FitConfig
from training.crops import CropSource, joined, portion
from training.draws import SUN_LEEWAY, apart, sunward_turns
from training.errors import BadConfig
from training.snapshot import open_snapshot
from training.survey import survey


def source_of(folder, *, member=0, **settings):
    settings = {"crop": 32, "depth": 2, "batch": 10, **settings}
    snapshot = open_snapshot(folder)
    pool = snapshot.of_split("pool")
    counted = survey(snapshot, pool, report=lambda done: None)
    return CropSource(snapshot, pool, counted, FitConfig(**settings), member=member)


def tallies(source, steps):
    return [source.batch(step).tally for step in steps]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Two tiles of the campaign's own and two of an imported set, one of them hardly labelled."""
    painted = SnapshotFolder(tmp_path_factory.mktemp("mixed"))
    for seed in range(4):
        bands, label = paint(seed)
        if seed == 3:
            label[6:], label[:, 6:] = 255, 255
        painted.add(bands, label, source="campaign" if seed < 2 else "cloudsen12")
    return painted.write()


def test_while_own_labels_are_few_earlier_ones_have_their_share_of_every_batch(mixed):
    source = source_of(mixed, replay_share=0.3)

    for tally in tallies(source, range(10)):
        assert tally.earlier[:3].all()
        assert tally.earlier.mean() >= 0.3
    assert source.sampler.plan(["a", "b", "c", "d"])["reserved_for_earlier"] == 3


def test_with_own_labels_enough_nothing_is_reserved(mixed):
    source = source_of(mixed, replay_until=2)

    first = [tally.earlier[0] for tally in tallies(source, range(20))]

    assert source.sampler.reserved == 0
    assert not all(first)


def test_own_labels_alone_leave_nothing_to_reserve(tmp_path):
    folder = SnapshotFolder(tmp_path).add(*paint(0)).add(*paint(1)).write()

    source = source_of(folder)

    assert source.sampler.reserved == 0
    assert not source.batch(0).tally.earlier.any()


def test_pretraining_sees_other_sources_alone_and_fine_tuning_replays_them(mixed):
    source = source_of(mixed, steps=40, pretrain_steps=5)

    before, after = tallies(source, range(5)), tallies(source, range(5, 15))

    assert all(tally.earlier.all() for tally in before)
    assert all(tally.earlier.tolist() == [True] * 3 + [False] * 7 for tally in after)


@pytest.mark.parametrize(("origin", "lacking"), [("campaign", "other sources"), ("s2c", "own")])
def test_pretraining_without_both_kinds_of_labels_is_refused(tmp_path, origin, lacking):
    folder = SnapshotFolder(tmp_path).add(*paint(0), source=origin).write()

    with pytest.raises(BadConfig, match=lacking) as refusal:
        source_of(folder, pretrain_steps=5)

    assert refusal.value.field == "pretrain_steps"


def test_strata_weigh_by_the_root_of_what_is_labelled_in_them(tmp_path):
    painted = SnapshotFolder(tmp_path)
    for seed in range(10):
        painted.add(*paint(seed), group="often" if seed else "once", month=5 if seed else 6)
    folder = painted.write()

    plain, by_group, by_month = (
        source_of(folder, strata=by).sampler for by in ("none", "group", "month")
    )

    assert plain.all.overall[0] == pytest.approx(1 / 10)
    assert by_group.all.overall[0] == pytest.approx(1 / (1 + 3))
    assert by_month.plan("abcd")["strata"] == {"by": "month", "shares": {"5": 0.75, "6": 0.25}}


def test_strata_by_month_without_months_are_refused(mixed):
    with pytest.raises(BadConfig, match="no month"):
        source_of(mixed, strata="month")


def test_members_draw_scenes_that_hold_both_earlier_and_own_labels(tmp_path):
    painted = SnapshotFolder(tmp_path)
    for seed in range(5):
        painted.add(*paint(seed), source="old" if seed == 0 else "campaign")
    folder = painted.write()

    for member in range(8):
        sampler = source_of(folder, members=8, member=member).sampler
        assert sampler.copies[sampler.earlier].sum() > 0
        assert sampler.copies[sampler.own].sum() > 0


def test_the_plan_names_the_classes_and_their_rarity(mixed):
    plan = source_of(mixed).sampler.plan(["clear", "cloud", "thin", "shadow"])

    assert sum(plan["classes"]["rarity"].values()) == pytest.approx(1, abs=1e-4)
    assert (plan["own_tiles"], plan["earlier_tiles"]) == (2, 2)


def test_a_tally_counts_what_was_drawn_for_which_class(mixed):
    whole = [source_of(mixed, rare_share=1.0).batch(step).tally.counts() for step in range(3)]
    none = source_of(mixed, rare_share=0.0).batch(0).tally.counts()

    assert all(sum(n for key, n in each.items() if "class" in key) == 10 for each in whole)
    assert set(none) == {"crops", "earlier", "moved"}


@pytest.mark.parametrize("azimuth", [0.0, 44.0, 90.0, 135.0, 160.0, 271.0])
def test_sunward_turns_leave_shadows_on_their_side(azimuth):
    ways = sunward_turns(azimuth)

    assert 0 in ways
    assert 1 < len(ways) < 8
    assert all(apart(turned_azimuth(azimuth, way), azimuth) <= SUN_LEEWAY for way in ways)


def test_without_a_known_sun_sunward_turns_turn_nothing():
    assert sunward_turns(None) == [0]


@pytest.fixture(scope="module")
def sunlit(tmp_path_factory):
    painted = SnapshotFolder(tmp_path_factory.mktemp("sunlit"))
    for seed in range(2):
        painted.add(*paint(seed), sun_azimuth=150.0, sun_zenith=40.0)
    return painted.write()


def test_no_shadow_moves_to_another_side_uncounted(sunlit):
    free, sun, none = (
        sum(tally.moved.sum() for tally in tallies(source_of(sunlit, turns=turns), range(10)))
        for turns in ("free", "sun", "none")
    )

    assert free > 30
    assert sun == 0
    assert none == 0


def test_turns_with_the_sun_still_turn(sunlit):
    source = source_of(sunlit, turns="sun")

    ways = {draw.way for draw in source.sampler.draws(source.sampler.dice(0), 0)}

    assert len(ways) > 1


def draws_of(source, steps=10):
    return [
        draw
        for step in range(steps)
        for draw in source.sampler.draws(source.sampler.dice(step), step)
    ]


def test_a_free_rotation_takes_the_sun_along(sunlit):
    draws = draws_of(source_of(sunlit, turns="none", rotation=20.0))

    moved = [draw.sun_azimuth - 150.0 for draw in draws]

    assert max(map(abs, moved)) <= 20
    assert max(moved) > 10
    assert min(moved) < -10
    assert moved == pytest.approx([draw.warp.angle for draw in draws])


def test_scale_shows_more_and_less_ground_within_its_range_and_inside_the_tile(sunlit):
    draws = draws_of(source_of(sunlit, scale=0.5))

    ground = [draw.warp.ground for draw in draws]
    assert 1 / 1.5 <= min(ground) < 0.8
    assert 1.2 < max(ground) <= 1.5
    for draw in draws:
        reach = draw.warp.reach(32)
        assert reach <= draw.warp.row <= 64 - reach
        assert reach <= draw.warp.column <= 64 - reach


def test_without_scale_and_rotation_nothing_is_resampled(sunlit):
    assert all(draw.warp is None for draw in draws_of(source_of(sunlit)))


def test_without_augmentation_crops_are_as_they_lie(sunlit):
    draws = draws_of(source_of(sunlit, augment=False, scale=0.5, rotation=20.0))

    assert {draw.way for draw in draws} == {0}
    assert all(draw.warp is None for draw in draws)


def test_batches_are_the_same_however_many_read_ahead(mixed):
    one, four = (list(source_of(mixed, readers=count).batches(2, 9)) for count in (1, 4))

    assert len(one) == len(four) == 7
    for first, second in zip(one, four, strict=True):
        assert (first.bands == second.bands).all()
        assert (first.look.gain == second.look.gain).all()


def test_a_batch_joined_of_its_portions_is_the_batch(mixed):
    batch = source_of(mixed).batch(0)

    again = joined(portion(batch, slice(0, 4)), portion(batch, slice(4, 10)))

    assert (again.bands == batch.bands).all()
    assert (again.look.added == batch.look.added).all()
    assert (again.tally.wanted == batch.tally.wanted).all()
    assert len(portion(batch, slice(0, 4)).trust) == 4
