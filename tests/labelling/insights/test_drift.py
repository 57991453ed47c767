import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from labelling.insights.drift import chance_of_at_least, drift
from labelling.workflow.quality_rules import QualityRules

RULES = QualityRules()
SETTINGS = {
    "window": RULES.drift_window, "before": RULES.drift_before, "alpha": RULES.drift_alpha,
}  # fmt: skip


def alarmed(scores, settings=SETTINGS) -> int | None:
    """At which gold tile the alarm first goes off, looked at after each; None: never."""
    steps = range(1, len(scores) + 1)
    return next((n for n in steps if drift(scores[:n], **settings).alarm), None)


def careers(people: int, tiles: int, *, drop: float = 0, at: int = 0) -> list[list[float]]:
    """Gold scores of so many people, around 0.9, lower by `drop` from tile `at` on. Drawn."""
    dice = np.random.default_rng(11)
    scores = dice.beta(18, 2, size=(people, tiles))
    scores[:, at:] -= drop
    return scores.tolist()


def test_the_chance_is_that_of_the_exact_rank_sum_test():
    dice = np.random.default_rng(2)
    for newest, earlier in ((3, 5), (8, 12), (8, 40)):
        new, old = dice.random(newest), dice.random(earlier)
        lower = sum(a < b for a in new for b in old)

        expected = mannwhitneyu(new, old, alternative="less", method="exact").pvalue

        assert chance_of_at_least(lower, newest=newest, earlier=earlier) == pytest.approx(expected)


def test_few_people_who_have_not_changed_are_reported():
    reported = [alarmed(scores) for scores in careers(150, 60)]

    # Of 4000 such people 2.2 % were, within 60 gold tiles (5.4 % within 100).
    assert sum(each is not None for each in reported) <= 15


def test_a_drop_of_a_tenth_is_noticed_soon():
    people = careers(40, 60, drop=0.1, at=30)

    noticed = [alarmed(scores) for scores in people]

    late = sorted(each - 30 for each in noticed if each and each > 30)
    assert len(late) >= 28
    assert late[len(late) // 2] <= 12


def test_nothing_is_said_while_there_are_too_few_tiles():
    found = drift([0.9] * 19, **SETTINGS)

    assert (found.p, found.alarm) == (None, False)


def test_equal_scores_are_no_drift():
    assert not drift([1.0] * 50, **SETTINGS).alarm


def test_a_few_bad_tiles_are_no_drift_yet():
    assert not drift([0.9 + n / 1000 for n in range(20)] + [0.2, 0.2], **SETTINGS).alarm


def test_an_alarm_lasts_while_the_person_is_worse_than_at_its_start():
    good, bad = [0.9 + n / 1000 for n in range(15)], [0.5 + n / 1000 for n in range(40)]

    assert not drift(good + bad, **SETTINGS).alarm  # the bad ones have become the usual
    assert drift(good + bad, **SETTINGS, baseline=15).alarm
    assert not drift(good + bad + good, **SETTINGS, baseline=15).alarm
