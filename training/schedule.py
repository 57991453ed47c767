"""How fast a network learns at each step: one phase, or pre-training and then fine-tuning."""

import math
from dataclasses import dataclass

from training.config import FitConfig


@dataclass(frozen=True)
class Phase:
    """Steps first … last - 1 with a warm-up and a cosine of their own."""

    first: int
    last: int
    peak: float
    """Highest learning rate."""

    def done(self, step: int) -> float:
        """Share of the phase's steps before this one, 0 … 1."""
        return (step - self.first) / (self.last - self.first)


def phase_of(config: FitConfig, step: int) -> Phase:
    """The phase that a step belongs to."""
    begin = config.pretrain_steps
    if not begin:
        return Phase(0, config.steps, config.learning_rate)
    if step < begin:
        return Phase(0, begin, config.learning_rate)
    return Phase(begin, config.steps, config.learning_rate * config.finetune_rate)


def learning_rate(config: FitConfig, step: int) -> float:
    """In each phase a linear warm-up to its peak, then a cosine down to 1 % of it at its end."""
    phase = phase_of(config, step)
    length, step = phase.last - phase.first, step - phase.first
    warm_up = min(config.warm_up, length // 4)
    if step < warm_up:
        return phase.peak * (step + 1) / warm_up
    done = (step - warm_up) / max(1, length - 1 - warm_up)
    return phase.peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1))))


def settled(config: FitConfig, step: int) -> bool:
    """Whether batch norms keep the statistics they have: late in a phase, as predicting will."""
    return phase_of(config, step).done(step) >= config.settle


def averaging(config: FitConfig, step: int) -> float:
    """Decay of the moving average of the weights: less while it is young."""
    return min(config.ema, (1 + step) / (10 + step))
