"""How benchmarks print: one JSON line a figure, nothing else on standard output."""

from __future__ import annotations

import json
import operator
import resource
import sys
from typing import Any

HOLDS = {">=": operator.ge, "<=": operator.le, "==": operator.eq}


def figure(
    name: str, value: float, *, unit: str, bar: str = "", note: str = "", **more: Any
) -> None:
    """Print a figure; with a bar such as `>= 8` also whether it holds."""
    line: dict[str, Any] = {"figure": name, "value": round(value, 4), "unit": unit}
    if bar:
        sign, limit = bar.split()
        line |= {"bar": bar, "holds": bool(HOLDS[sign](value, float(limit)))}
    sys.stdout.write(json.dumps({**line, "note": note, **more}) + "\n")
    sys.stdout.flush()


def peak_mib() -> float:
    """The most memory this process has had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
