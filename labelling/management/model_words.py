"""A model's registry in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labelling.insights.models import ModelRow

SHORT = 12


def line(row: ModelRow) -> str:
    mean = "–" if row.class_mean_iou is None else f"{row.class_mean_iou:.3f}"
    trained = f"round {row.round}" if row.round else "no round"
    return f"{row.hash[:SHORT]}  {row.state:9}  {trained:9}  mean IoU {mean}  {standing(row)}"


def standing(row: ModelRow) -> str:
    if row.decision is None:
        return "not judged yet"
    if by_hand := row.decision.get("by_hand"):
        return f"promoted by {by_hand['who'] or 'the command line'}: {by_hand['why']}"
    reasons = row.decision["reasons"]
    return reasons[0] + (f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else "")


def lines(row: ModelRow) -> Iterator[str]:
    """All that was decided about a model."""
    yield line(row)
    yield f"snapshot {(row.snapshot or 'unknown')[:SHORT]}, sees {row.features or 'bands alone'}"
    if row.decision is None:
        return
    against = row.decision.get("champion")
    yield f"judged {'beside ' + against[:SHORT] if against else 'without a champion beside it'}:"
    for reason in row.decision.get("reasons", []):
        yield f"  {reason}"
    for name, each in row.decision.get("classes", {}).items():
        yield f"  {name}: {of_class(each)}"
    for name, scenes in row.decision.get("needs", {}).items():
        yield f"  still needed: about {scenes} more scenes with {name}"


def of_class(each: dict[str, Any]) -> str:
    seen = each["difference"]
    apart = ""
    if seen and seen["low"] is not None:
        apart = f" {seen['value']:+.3f} IoU ({seen['low']:+.3f} to {seen['high']:+.3f}),"
    scenes = "not counted" if each["scenes"] is None else f"{each['scenes']} scenes"
    return (
        f"{each['verdict']},{apart} margin {each['margin']:g}, validation {scenes}, "
        f"reference sample {each['reference']}"
    )
