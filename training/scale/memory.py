"""How many crops of a batch fit into a GPU at once: measured on two small steps, not guessed."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from training.memory import ran_out, tidy

SPARE = 0.1
"""Share of the free memory left alone: other crops may need a little more, and memory is torn."""


@dataclass(frozen=True)
class Reading:
    """What a device's memory is like, in bytes."""

    free: int
    """Before a step."""
    by_crops: Callable[[int], int]
    """The most that a step on so many crops takes."""


def pieces_for(crops: int, reading: Reading) -> int:
    """Into how few pieces so many crops must go so that each fits into what is free.

    The need of n crops is taken to be fixed + n * each, by the readings of one crop and of two. A
    single crop is a piece whether it fits or not.
    """
    if crops == 1:
        return 1
    one, two = reading.by_crops(1), reading.by_crops(2)
    each = max(two - one, 1)
    fixed = max(one - each, 0)
    fits = max(int(((1 - SPARE) * reading.free - fixed) // each), 1)
    return -(-crops // fits)


def reading_of(device: torch.device, step: Callable[[int], None]) -> Reading | None:
    """Of a CUDA device; `step(n)` learns n crops. None on the CPU, which can swap.

    A step that runs out of memory is taken to need twice what is free.
    """
    if device.type != "cuda":
        return None

    def by_crops(count: int) -> int:
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        if not _made(step, count):
            return 2 * free
        return torch.cuda.max_memory_allocated(device) - before

    _made(step, 1)  # what an optimiser and the libraries keep for good is no crop's
    tidy()
    free = torch.cuda.mem_get_info(device)[0]
    return Reading(free, by_crops)


def _made(step: Callable[[int], None], count: int) -> bool:
    try:
        step(count)
    except RuntimeError as problem:
        if not ran_out(problem):
            raise
        return False
    return True
