"""A replay small enough for a test: seconds, not minutes. All of it is synthetic."""

from __future__ import annotations

import torch

from labelling.compute.replay.plan import Plan, read_plan
from labelling.compute.replay.run import replay

SMALL = {
    "pool": "natural",
    "strategies": ["random", "stratified", "auto"],
    "seeds": 2,
    "budgets": {"*": [8, 14, 20]},
    "resamples": 50,
    "sizes": {
        "products": 12,
        "tiles": 5,
        "test_products": 6,
        "test_tiles": 2,
        "source_products": 4,
    },
    "net": {"steps": 6, "source_steps": 12, "batch": 4, "replayed": 2, "width": 4},
}


def small(**changes) -> Plan:
    """The small plan, with `sizes`, `net` and `people` merged into its own."""
    merged = {
        name: {**SMALL.get(name, {}), **changes.pop(name, {})}
        for name in ("sizes", "net", "people")
    }
    return read_plan({**SMALL, **merged, **changes})


def replayed(plan: Plan, out, *, jobs: int = 1):
    """The result, and what was reported on the way."""
    heard: list[tuple[str, int, int]] = []
    threads = torch.get_num_threads()
    try:
        result = replay(plan, out, jobs=jobs, report=lambda *said: heard.append(said))
    finally:
        torch.set_num_threads(threads)
    return result, heard
