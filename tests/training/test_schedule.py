import pytest

from training.config import FitConfig
from training.pace import Keeping, Pace
from training.schedule import averaging, learning_rate, settled


def test_fine_tuning_warms_up_again_to_a_lower_peak():
    config = FitConfig(
        steps=100, pretrain_steps=40, warm_up=5, learning_rate=1.0, finetune_rate=0.3
    )

    rates = [learning_rate(config, step) for step in range(100)]

    assert rates[4] == max(rates[:40]) == pytest.approx(1.0)
    assert rates[39] == pytest.approx(0.01)
    assert rates[44] == max(rates[40:]) == pytest.approx(0.3)
    assert rates[99] == pytest.approx(0.003)


def test_batch_norms_settle_late_in_each_phase():
    config = FitConfig(steps=100, pretrain_steps=40, settle=0.5)

    assert [step for step in range(100) if settled(config, step)] == [
        *range(20, 40),
        *range(70, 100),
    ]


def test_the_average_follows_fast_while_it_is_young():
    config = FitConfig(ema=0.98)

    assert averaging(config, 0) == pytest.approx(0.1)
    assert averaging(config, 10_000) == 0.98


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_a_checkpoint_is_due_after_so_many_steps_or_so_many_minutes():
    clock = Clock()
    keeping = Keeping(FitConfig(checkpoint_every=10, checkpoint_minutes=2), clock=clock)
    due = []
    for step in range(1, 31):
        clock.now += 59 if step > 20 else 1
        if keeping.due(step):
            due.append(step)

    assert due == [10, 20, 23, 26, 29, 30]


def test_the_pace_counts_samples_and_the_share_of_time_spent_waiting():
    clock = Clock()
    pace = Pace(FitConfig(steps=200, batch=4), begun=10, clock=clock)
    clock.now += 20

    figures = pace.figures(60, 0.5, waited=5.0)

    assert pace.every == 2
    assert figures == {"loss": 0.5, "rate": 10.0, "wait": 0.25}
