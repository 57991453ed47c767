"""What each switch of `auto` does, and what it refuses."""

from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest

from al_engine.autoconfig import ABLATIONS, DEFAULT, AutoConfig
from al_engine.batches import Request
from al_engine.errors import BadPool, BadRequest
from al_engine.quotas import gap_weights
from al_engine.strategies import select
from tests.al_engine.scenes import pool_of

PLAIN = AutoConfig(control_share=0, coverage_share=0, reach=0, noise=False, stratified_share=0)


def informative(batch):
    return batch.indices[[name == "informative" for name in batch.slices]]


def test_without_chance_quotas_and_reach_auto_is_the_largest_scores():
    pool = pool_of(50, scores=np.linspace(1, 0.02, 50))

    batch = select(pool, Request(count=5, seed=0), config=PLAIN)

    assert batch.indices.tolist() == [0, 1, 2, 3, 4]
    assert batch.standings.tolist() == [1, 2, 3, 4, 5]
    assert not batch.noise.any()


def test_a_neighbourhood_gives_one_tile_and_tiles_without_one_are_free():
    ground = np.array([7, 7, 7, -1, -1, 8, 8])
    pool = pool_of(7, scores=np.linspace(1, 0.4, 7), neighbourhoods=ground)

    batch = select(pool, Request(count=4, seed=0), config=PLAIN)

    assert batch.indices.tolist() == [0, 3, 4, 5]


def test_the_cap_of_neighbourhoods_gives_way_before_near_duplicates_and_is_said():
    pool = pool_of(6, neighbourhoods=np.zeros(6, dtype=int))

    batch = select(pool, Request(count=3, seed=0), config=PLAIN)

    assert len(batch.indices) == 3
    assert batch.notes == ("The cap of 1 a neighbourhood was lifted to find enough tiles.",)


def test_a_place_gives_so_many_tiles_a_season():
    pool = pool_of(
        8,
        scores=np.linspace(1, 0.3, 8),
        places=np.array([1, 1, 1, 1, 1, 2, 2, -1]),
        seasons=np.array([0, 0, 0, 3, 3, 0, 0, 0]),
    )

    batch = select(pool, Request(count=5, seed=0), config=replace(PLAIN, place_cap=1))

    assert batch.indices.tolist()[:4] == [0, 3, 5, 7]
    assert "The cap of 1 a place was lifted to find enough tiles." in batch.notes


def test_coverage_fills_its_slice_beside_the_informative_tiles():
    batch = select(pool_of(300), Request(count=50, seed=1))

    slices = Counter(batch.slices)
    assert slices == {"informative": 40, "coverage": 5, "control": 5}
    first_half = Counter(batch.slices[:25])
    assert first_half["coverage"] in (1, 2, 3, 4)  # spread over the batch, not at its end


def test_without_anything_to_cover_by_the_slice_goes_to_uncertainty_and_it_is_said():
    none = np.zeros((100, 0), dtype=np.float32)
    pool = pool_of(100, features=none, embeddings=none, known_embeddings=none[:0])

    batch = select(pool, Request(count=20, seed=0))

    assert Counter(batch.slices) == {"informative": 18, "control": 2}
    assert any("neither features nor embeddings" in note for note in batch.notes)


@pytest.mark.parametrize(
    ("labelled", "validation", "share"),
    [
        (0, None, 0.0),
        (200, None, 0.0),
        (400, None, 0.4),
        (600, None, 0.8),
        (10**6, None, 0.8),
        (None, None, 0.8),
        (None, 0.3, 0.0),
        (600, 0.49, 0.0),
        (400, 0.7, 0.4),
    ],
)
def test_uncertainty_gets_a_part_as_labels_grow_and_once_the_model_is_fit(
    labelled, validation, share
):
    request = Request(count=100, seed=0, labelled=labelled, validation=validation)

    batch = select(pool_of(400), request)

    assert DEFAULT.informative_share(labelled, validation) == pytest.approx(share)
    assert Counter(batch.slices)["informative"] == round(100 * share)
    assert any("Ramping up" in note for note in batch.notes) == (share < 0.8)


def test_quotas_follow_the_gaps_of_validation_and_keep_their_floors():
    weights = gap_weights([0.95, 0.9, 0.6, 0.4])
    config = replace(
        PLAIN, stratified_share=1.0, class_weights=weights, class_floors=(0, 0, 0, 0.4)
    )

    batch = select(pool_of(500), Request(count=50, seed=0), config=config)

    quotas = Counter(batch.quotas.tolist())
    assert quotas[3] == 20
    assert quotas[0] == quotas[1] < quotas[2]


def test_gap_weights_are_clipped_and_sum_to_one():
    weights = gap_weights([1.0, 1.0, 0.5, 0.0])

    assert sum(weights) == pytest.approx(1)
    assert max(weights) / min(weights) == pytest.approx(0.40 / 0.15)
    assert gap_weights([1, 1]) == (0.5, 0.5)


def test_a_floor_brings_a_season_and_a_place_that_scores_would_not():
    seasons = np.repeat([0, 1], [95, 5])
    places = np.repeat([0, 1, 2], [50, 45, 5])
    pool = pool_of(100, scores=np.linspace(1, 0.01, 100), seasons=seasons, places=places)

    without = select(pool, Request(count=10, seed=0), config=PLAIN)
    config = replace(PLAIN, season_floor=0.6, place_floor=0.6)
    floored = select(pool, Request(count=10, seed=0), config=config)

    assert Counter(seasons[without.indices].tolist()) == {0: 10}
    assert Counter(seasons[floored.indices].tolist())[1] == 3
    assert min(Counter(places[floored.indices].tolist()).values()) == 2


def test_a_floor_that_cannot_be_kept_is_said():
    pool = pool_of(40, seasons=np.repeat([0, 1], [39, 1]))

    batch = select(pool, Request(count=10, seed=0), config=replace(PLAIN, season_floor=0.6))

    assert "The floor of season 1 is short of 2 tiles: caps or no tiles left." in batch.notes
    assert len(batch.indices) == 10


def test_minutes_lower_the_rank_of_slow_tiles_by_their_power():
    pool = pool_of(3, scores=[1.0, 0.9, 0.5], minutes=[16.0, 4.0, 1.0])

    cheap = select(pool, Request(count=3, seed=0), config=replace(PLAIN, cost_exponent=0.5))

    assert cheap.indices.tolist() == [2, 1, 0]  # 0.25, 0.45, 0.5


def test_a_cost_without_minutes_is_refused():
    with pytest.raises(BadPool, match="1 of 3 have none"):
        select(
            pool_of(3, minutes=[1.0, 0.0, 2.0]),
            Request(count=1, seed=0),
            config=AutoConfig(cost_exponent=0.5),
        )


def test_spread_prefers_the_farther_of_two_tiles_that_rank_alike():
    embeddings = np.array([[0, 1], [0.2, 1], [1, -0.1], [-1, 0]], dtype=np.float32)
    pool = pool_of(
        4,
        scores=[1.0, 0.99, 0.98, 0.01],
        embeddings=embeddings,
        known_embeddings=np.zeros((0, 2), dtype=np.float32),
    )
    config = replace(PLAIN, deduplicated=False, oversample=2)

    close = select(pool, Request(count=2, seed=0), config=config)
    apart = select(pool, Request(count=2, seed=0), config=replace(config, spread=2.0))

    assert close.indices.tolist() == [0, 1]
    assert apart.indices.tolist() == [0, 2]


def test_spread_measures_from_labelled_and_in_flight_tiles_too():
    embeddings = np.array([[0, 1], [1, 0], [-1, 0.1]], dtype=np.float32)
    known = np.array([[0.1, 1], [0.9, -0.3]], dtype=np.float32)
    pool = pool_of(
        3,
        scores=[1.0, 0.99, 0.98],
        embeddings=embeddings,
        known_embeddings=known,
        known_features=np.zeros((2, 6), dtype=np.float32),
    )

    batch = select(
        pool, Request(count=1, seed=0), config=replace(PLAIN, deduplicated=False, spread=3.0)
    )

    assert batch.indices.tolist() == [2]


@pytest.mark.parametrize("name", ABLATIONS)
def test_each_ablation_switches_one_part_and_runs(name):
    config = ABLATIONS[name]
    pool = pool_of(
        120,
        acquisition=config.acquisition,
        minutes=np.full(120, 3.0),
        seasons=np.arange(120) % 2,
        places=np.arange(120) % 3,
    )

    batch = select(pool, Request(count=30, seed=0), config=config)

    assert len(set(batch.indices.tolist())) == 30
    changed = [
        f.name for f in fields(AutoConfig) if getattr(config, f.name) != getattr(DEFAULT, f.name)
    ]
    assert len(changed) <= 2


def test_fitted_temperatures_can_be_switched_off():
    assert AutoConfig().temperatures([1.5, 0.8]) == (1.5, 0.8)
    assert AutoConfig(calibrated=False).temperatures([1.5, 0.8]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"control_share": -0.1}, "control_share"),
        ({"control_share": 0.6, "coverage_share": 0.6}, "coverage_share"),
        ({"members": 0}, "members"),
        ({"neighbourhood_cap": 0}, "neighbourhood_cap"),
        ({"spread": float("nan")}, "spread"),
        ({"class_weights": (0.0, 0.0)}, "class_weights"),
        ({"class_floors": (0.7, 0.7)}, "class_floors"),
        ({"class_weights": (-1.0, 2.0)}, "class_weights"),
    ],
)
def test_a_configuration_out_of_range_is_refused_by_name(changes, field):
    with pytest.raises(BadRequest, match=field) as refusal:
        AutoConfig(**changes)

    assert refusal.value.field == field


def test_weights_of_another_number_of_classes_are_refused():
    with pytest.raises(BadRequest, match="class_weights must have 4 numbers"):
        select(pool_of(9), Request(count=2, seed=0), config=AutoConfig(class_weights=(1.0, 1.0)))


# what the pool must be


def test_auto_refuses_a_pool_with_a_member_missing():
    with pytest.raises(BadPool, match="3 members; this pool was scored by 2: a member is missing"):
        select(pool_of(5, members=2), Request(count=1, seed=0), config=AutoConfig(members=3))


def test_auto_refuses_scores_of_another_acquisition_than_it_is_set_to():
    with pytest.raises(BadPool, match="set to rank by blended; this pool was scored by entropy"):
        select(pool_of(5), Request(count=1, seed=0), config=AutoConfig(acquisition="blended"))


def test_a_class_that_is_predicted_nowhere_keeps_its_quota_where_it_is_likeliest_and_it_is_said():
    fractions = np.tile(np.float32([0.5, 0.3, 0.2, 0.0]), (60, 1))

    batch = select(pool_of(60, class_fractions=fractions), Request(count=20, seed=0))

    assert 3 in batch.quotas
    assert any("Class 3 is predicted nowhere" in note for note in batch.notes)
