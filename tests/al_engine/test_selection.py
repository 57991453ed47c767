import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from al_engine.guard import Guard, fill
from al_engine.selection import (
    beta,
    directions,
    equal_quotas,
    interleaved,
    power_noise,
    ranked,
    uniform_draw,
)

NOTHING = np.empty((0, 2), dtype=np.float32)


def dice(seed=0):
    return np.random.default_rng(seed)


def guard(groups, embeddings=None, known=NOTHING, *, cap=1, threshold=0.98):
    spread = np.column_stack([np.arange(len(groups)), -np.arange(len(groups))])
    if embeddings is None:
        embeddings, threshold = spread, math.inf
    return Guard(
        np.asarray(groups),
        np.asarray(embeddings, dtype=np.float32),
        np.asarray(known, dtype=np.float32),
        cap=cap,
        threshold=threshold,
    )


def test_the_noise_sharpens_from_1_to_100_over_ten_rounds_and_stays():
    assert beta(1) == 1
    assert beta(2) == pytest.approx(1.668, abs=1e-3)
    assert beta(3) == pytest.approx(2.783, abs=1e-3)
    assert beta(10) == beta(50) == pytest.approx(100)


def test_power_noise_is_gumbel_of_scale_one_over_sharpness():
    noise = power_noise(200_000, 4.0, rng=dice())

    assert noise.mean() == pytest.approx(0.5772 / 4, abs=0.002)
    assert noise.std() == pytest.approx(math.pi / math.sqrt(6) / 4, abs=0.002)


def test_the_top_of_noised_log_scores_is_drawn_in_proportion_to_the_scores():
    scores = np.array([1.0, 2.0, 5.0])
    rng = dice()

    winners = Counter(
        int(ranked(np.log(scores) + power_noise(3, 1.0, rng=rng), rng=rng)[0])
        for _ in range(20_000)
    )

    assert [winners[i] / 20_000 for i in range(3)] == pytest.approx(scores / 8, abs=0.015)


def test_equal_keys_fall_in_another_order_for_another_seed():
    keys = np.array([1.0, 3.0, 3.0, 3.0, 3.0, 2.0])

    orders = {tuple(ranked(keys, rng=dice(seed)).tolist()) for seed in range(20)}

    assert len(orders) > 5
    assert {order[4:] for order in orders} == {(5, 0)}


@given(st.integers(1, 40), st.integers(0, 50), st.integers(0, 2**32))
def test_a_uniform_draw_takes_distinct_rows(size, count, seed):
    rows = uniform_draw(size, count, rng=dice(seed))

    assert len(set(rows.tolist())) == len(rows) == min(size, count)
    assert set(rows.tolist()) <= set(range(size))


@given(st.integers(0, 200), st.sets(st.integers(0, 27), min_size=1), st.integers(0, 2**32))
def test_quotas_are_equal_to_within_one_and_sum_to_the_count(count, classes, seed):
    quotas = equal_quotas(count, sorted(classes), rng=dice(seed))

    assert set(quotas) == classes
    assert sum(quotas.values()) == count
    assert max(quotas.values()) - min(quotas.values()) <= 1


def test_the_odd_picks_do_not_always_go_to_the_first_classes():
    winners = [
        max(quotas, key=quotas.get)
        for quotas in (equal_quotas(1, range(4), rng=dice(seed)) for seed in range(40))
    ]

    assert set(winners) == {0, 1, 2, 3}


@given(st.dictionaries(st.integers(-1, 5), st.integers(0, 12), min_size=1))
def test_every_quota_has_had_its_share_after_any_part_of_the_batch(quotas):
    slots = interleaved(quotas)

    assert Counter(slots) == Counter({q: n for q, n in quotas.items() if n})
    for length, quota in itertools.product(range(len(slots) + 1), quotas):
        fair = length * quotas[quota] / max(1, len(slots))
        assert abs(slots[:length].count(quota) - fair) <= len(quotas)


def test_directions_are_measured_from_the_centre():
    vectors = np.array([[3, 1], [1, 1], [1, 5]], dtype=np.float32)

    assert directions(vectors, centre=vectors[1]).tolist() == [[1, 0], [0, 0], [0, 1]]


def test_a_guard_lets_no_product_have_more_than_its_cap():
    keeper = guard([7, 7, 8, 7], cap=1)

    picks, empty = fill([0, 0, 0], {0: np.arange(4)}, keeper)

    assert picks == [(0, 0), (2, 0)]
    assert empty == [0]


def test_a_raised_cap_admits_what_was_refused():
    keeper = guard([7, 7, 7], cap=1)
    fill([0, 0], {0: np.arange(3)}, keeper)

    keeper.cap = 2

    assert fill([0], {0: np.arange(3)}, keeper) == ([(1, 0)], [])
    assert keeper.largest_group == 3


def test_a_guard_refuses_what_nearly_equals_a_pick_or_a_known_tile():
    embeddings = [[1, 0], [1, 0.01], [0, 1], [-1, -1]]
    keeper = guard([1, 2, 3, 4], embeddings, known=[[0.01, 1]])

    picks, empty = fill([0, 0, 0, 0], {0: np.arange(4)}, keeper)

    assert [row for row, _ in picks] == [0, 3]
    assert empty == [0, 0]


def test_each_slot_gets_the_best_row_left_of_its_own_quota():
    orders = {0: np.array([3, 2, 1, 0]), 1: np.array([3, 0, 1, 2])}

    picks, empty = fill([0, 1, 0, 1], orders, guard([1, 2, 3, 4]))

    assert picks == [(3, 0), (0, 1), (2, 0), (1, 1)]
    assert empty == []


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=25),
    st.integers(1, 4),
    st.integers(0, 30),
    st.integers(0, 999),
)
def test_caps_hold_and_nothing_is_taken_twice(groups, cap, wanted, seed):
    embeddings = dice(seed).standard_normal((len(groups), 2))
    keeper = guard(groups, embeddings, cap=cap, threshold=0.9)
    order = dice(seed).permutation(len(groups))

    picks, empty = fill([0] * wanted, {0: order}, keeper)

    rows = [row for row, _ in picks]
    assert len(set(rows)) == len(rows) == wanted - len(empty)
    assert max(Counter(groups[row] for row in rows).values(), default=0) <= cap
    towards = directions(embeddings, centre=embeddings.mean(axis=0).astype(np.float32))
    for one, other in itertools.combinations(rows, 2):
        assert towards[one] @ towards[other] <= 0.9 + 1e-5
