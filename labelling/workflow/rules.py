"""What all settings of a campaign share: how one is refused, and how a change is merged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from labelling.errors import BadInput


def refuse_unknown(given: Collection[str], known: Collection[str], within: str, what: str) -> None:
    """Raises BadInput for the first name of `given` that isn't `known`, as field `within`.name."""
    for name in given:
        if name not in known:
            raise BadInput(
                f"There is no {what} {name!r}.",
                field=f"{within}.{name}",
                help=f"There is: {', '.join(sorted(known))}.",
            )


def check_range(field: str, value: Any, low: float, high: float) -> None:
    """Raises BadInput unless `value` is a number from `low` to `high`; a bool is none."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise wrong(field, value, f"a number from {low:g} to {high:g}")


def check_whole(field: str, value: Any, low: int, high: int) -> None:
    """Raises BadInput unless `value` is a whole number from `low` to `high`; a bool is none."""
    if not is_whole(value) or not low <= value <= high:
        raise wrong(field, value, f"a whole number from {low} to {high}")


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def wrong(field: str, value: Any, wanted: str) -> BadInput:
    return BadInput(f"{field} must be {wanted}, not {value!r}.", field=field)


def merged(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """`present` with `wanted` over it; what is null there goes back to its default."""
    together = {**present, **wanted}
    return {name: value for name, value in together.items() if value is not None}
