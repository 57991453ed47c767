import numpy as np
import pytest

from al_engine.duel import interval, judge, log_capital, needed_log
from al_engine.errors import BadHistory

HISTORIES, DAYS = 1000, 730
LINE = needed_log(0.95)


def dice(seed=0):
    return np.random.default_rng(seed)


NULLS = {
    "normal": lambda rng: np.clip(rng.normal(0, 0.15, (HISTORIES, DAYS)), -1, 1),
    "coins": lambda rng: rng.choice([-1.0, 1.0], (HISTORIES, DAYS)),
    "skewed": lambda rng: np.where(rng.random((HISTORIES, DAYS)) < 0.1, 0.9, -0.1),
    "changing": lambda rng: np.clip(
        rng.normal(0, np.linspace(0.4, 0.02, DAYS), (HISTORIES, DAYS)), -1, 1
    ),
    "rare": lambda rng: rng.choice([0.0, -1.0, 1.0], (HISTORIES, DAYS), p=[0.96, 0.02, 0.02]),
}


@pytest.mark.parametrize("kind", NULLS)
def test_a_thousand_histories_without_a_difference_looked_at_daily_rarely_raise_an_alarm(kind):
    above, below = log_capital(NULLS[kind](dice(1)))

    alarms = ((above >= LINE) | (below >= LINE)).any(axis=1).mean()

    assert alarms <= 0.05


def test_a_real_difference_of_three_points_is_found_within_a_year():
    given = np.clip(dice(2).normal(0.03, 0.15, (300, DAYS)), -1, 1)

    above, below = log_capital(given)

    found = above >= LINE
    assert found[:, :365].any(axis=1).mean() > 0.7
    assert found.any(axis=1).mean() > 0.95
    assert not (below >= LINE).any()


def test_the_capital_is_a_product_of_bets_made_before_each_difference_is_seen():
    given = np.array([0.2, -0.1, 0.4])
    seen, centre, squares, by_hand = 0.25, 0.5, 0.25, 0.0

    for i, x in enumerate((given + 1) / 2, start=1):
        bet = min(np.sqrt(2 * LINE / (seen * i * np.log(i + 1))), 0.75 / 0.5)
        by_hand += np.log(1 + bet * (x - 0.5))
        centre = (0.5 + ((given[:i] + 1) / 2).sum()) / (i + 1)
        squares += (x - centre) ** 2
        seen = squares / (i + 1)

    assert log_capital(given)[0][-1] == pytest.approx(by_hand)


def test_what_comes_later_does_not_change_what_was_earned():
    given = np.clip(dice().normal(0, 0.2, 60), -1, 1)

    for earned, whole in zip(log_capital(given[:40]), log_capital(given)):
        assert earned.tolist() == whole[:40].tolist()


def test_the_interval_holds_the_true_mean_and_shrinks():
    given = np.clip(dice(3).normal(0.05, 0.1, 800), -1, 1)

    early, late = interval(given[:50]), interval(given)

    assert early[0] <= 0.05 <= early[1]
    assert late[0] <= 0.05 <= late[1]
    assert late[1] - late[0] < (early[1] - early[0]) / 3


def test_the_interval_excludes_just_what_the_bets_refute():
    given = np.clip(dice(3).normal(0.1, 0.1, 200), -1, 1)

    low, high = interval(given)

    assert log_capital(given, mean=low)[0][-1] >= LINE
    assert log_capital(given, mean=low + 0.0025)[0][-1] < LINE
    assert log_capital(given, mean=high)[1][-1] >= LINE


def test_with_too_few_pairs_it_says_only_what_it_could_detect_and_when_it_will_know():
    verdict = judge(np.clip(dice().normal(0.0, 0.1, 30), -1, 1), pairs_per_day=3)

    assert verdict.state == "waiting"
    assert verdict.low < 0 < verdict.high
    assert verdict.text.startswith("Nothing to say yet: 30 pairs could show a difference of")
    assert f"some {-(-(verdict.needed - 30) // 3)} days" in verdict.text


def test_before_the_first_pair_it_waits():
    verdict = judge(np.array([]))

    assert (verdict.state, verdict.pairs, verdict.low, verdict.high) == ("waiting", 0, -1, 1)
    assert verdict.needed > 100


@pytest.mark.parametrize(
    ("mean", "state", "words"),
    [
        (0.06, "ahead", "teach more"),
        (-0.06, "behind", "'stratified'"),
        (0.0, "level", "as large as 2"),
    ],
)
def test_with_enough_pairs_it_says_what_they_show(mean, state, words):
    verdict = judge(np.clip(dice(4).normal(mean, 0.1, 900), -1, 1))

    assert verdict.state == state
    assert words in verdict.text


def test_the_forecast_is_about_right():
    given = np.clip(dice(5).normal(0.04, 0.1, (200, 600)), -1, 1)
    found = (log_capital(given)[0] >= LINE).argmax(axis=1) + 1

    forecast = judge(np.clip(dice(6).normal(0, 0.1, 60), -1, 1), matters=0.04).needed

    assert 0.6 * np.median(found) <= forecast <= 1.8 * np.median(found)


def test_a_difference_too_small_for_a_million_pairs_has_no_date():
    assert judge(np.array([1.0, -1.0] * 5), matters=1e-4).needed is None


@pytest.mark.parametrize(
    ("differences", "changes", "field"),
    [
        ([0.1, np.nan], {}, "differences"),
        ([0.1, 1.5], {}, "differences"),
        ([0.1], {"level": 1.0}, "level"),
        ([0.1], {"matters": 0.0}, "matters"),
    ],
)
def test_differences_out_of_range_are_refused_by_name(differences, changes, field):
    with pytest.raises(BadHistory) as refusal:
        judge(np.array(differences), **changes)

    assert refusal.value.field == field
