"""Who makes a fit, whom it tells, and how it looks at memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from training.scale.memory import Reading, reading_of
from training.scale.team import ALONE, Team

Weigh = Callable[[torch.device, Callable[[int], None]], Reading | None]


@dataclass(frozen=True)
class Means:
    report: Callable[[Mapping[str, Any]], None] = lambda event: None
    team: Team = ALONE
    weigh: Weigh = reading_of
    """How a device's memory is read; None: not worth asking."""
