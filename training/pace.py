"""How fast a fit goes, and when it is time to keep what it has."""

import time
from collections.abc import Callable

from training.config import FitConfig

Clock = Callable[[], float]

REPORTS = 100
"""Progress lines a member prints, at most one a step."""


class Pace:
    """Samples a second since a member was begun or resumed, and how long it stood waiting."""

    def __init__(self, config: FitConfig, *, begun: int, clock: Clock = time.perf_counter) -> None:
        self.batch, self.begun, self.clock = config.batch, begun, clock
        self.every = max(1, config.steps // REPORTS)
        self.started = clock()

    def figures(self, step: int, loss: float, *, waited: float = 0.0) -> dict[str, float]:
        """`waited`: seconds without a batch to learn from; `wait` is their share of the time."""
        seconds = max(self.clock() - self.started, 1e-9)
        rate = (step - self.begun) * self.batch / seconds
        return {
            "loss": round(loss, 5),
            "rate": round(rate, 2),
            "wait": round(min(waited / seconds, 1.0), 4),
        }


class Keeping:
    """When a checkpoint is due: every so many steps, and every so many minutes."""

    def __init__(self, config: FitConfig, *, clock: Clock = time.monotonic) -> None:
        self.steps, self.seconds, self.clock = (
            config.checkpoint_every,
            60 * config.checkpoint_minutes,
            clock,
        )
        self.kept = clock()

    def due(self, step: int) -> bool:
        """Asked once a step; a yes is taken as done."""
        now = self.clock()
        if step % self.steps and now - self.kept < self.seconds:
            return False
        self.kept = now
        return True
