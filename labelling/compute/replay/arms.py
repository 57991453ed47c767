"""What competes in a replay: a strategy of the engine, with any of its parts set otherwise.

An arm is written `auto`; `auto:reach`, after the engine's table of single switches; or
`auto:reach=1,product_cap=2` with parts set by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from al_engine.autoconfig import ABLATIONS, DEFAULT, AutoConfig
from al_engine.batches import Request
from al_engine.pooling import PoolingConfig
from al_engine.strategies import STRATEGIES
from labelling.errors import BadInput

REQUEST = frozenset({"product_cap", "duplicate_cosine"})
POOLING = frozenset(each.name for each in fields(PoolingConfig))
AUTO = frozenset(each.name for each in fields(AutoConfig)) - {"pooling"}
WITHOUT_SCORES = frozenset({"random", "kmeans"})
"""Look at no model's output; all others are given it, be it for class shares or embeddings."""
PASSES = 4
"""Forward passes of a strategy whose members must disagree: turns with channels dropped."""
NOT_REPLAYED = {
    "cost": "a replay has no model of minutes",
    "season and place floors": "a replay's tiles have no season or place",
    "no damping": "small tiles have no damping to switch off",
}
"""Switches of the engine's table that change nothing here, and why."""
DAMPED = "auto:boundary_radius=1"


@dataclass(frozen=True)
class Arm:
    name: str
    strategy: str
    base: AutoConfig
    settings: Mapping[str, Any]

    @cached_property
    def config(self) -> AutoConfig:
        """For the engine; its pooling is settled by the size of the tiles, see `pooling`."""
        return replace(self.base, **self.of(AUTO))

    @property
    def pooling(self) -> dict[str, Any]:
        """What differs from the engine's usual pooling."""
        changed = {
            name: value
            for name in POOLING
            if (value := getattr(self.base.pooling, name)) != getattr(DEFAULT.pooling, name)
        }
        needs_means = "class_means" in STRATEGIES[self.strategy].needs
        return {**changed, **({"class_means": True} if needs_means else {}), **self.of(POOLING)}

    @property
    def looks(self) -> bool:
        """Whether it is shown what a model makes of the pool."""
        return self.strategy not in WITHOUT_SCORES

    @property
    def acquisition(self) -> str:
        """What the pool is scored by."""
        return STRATEGIES[self.strategy].acquisition or self.config.acquisition

    @property
    def compares(self) -> bool:
        """Whether it is shown the codes of the model before."""
        return "compared" in STRATEGIES[self.strategy].needs

    @property
    def members(self) -> int:
        """Networks that score the pool; a single one is judged, as for every arm."""
        return self.config.members

    @property
    def passes(self) -> int:
        """Looks of each network at a tile."""
        return PASSES if STRATEGIES[self.strategy].members > self.members else 1

    def request(self, count: int, *, seed: int, number: int, **told: Any) -> Request:
        """What the engine is asked for in round `number`, 1 the first."""
        return Request(count=count, seed=seed, round_no=number, **self.of(REQUEST), **told)

    def of(self, names: frozenset[str]) -> dict[str, Any]:
        """The settings with these names."""
        return {key: value for key, value in self.settings.items() if key in names}


def arm_named(word: str) -> Arm:
    """Raises BadInput for a strategy or a part that doesn't exist, or a value it can't have."""
    strategy, _, rest = word.partition(":")
    if strategy not in STRATEGIES:
        raise BadInput(
            f"There is no strategy {strategy!r}.",
            field="strategies",
            help=f"There are: {', '.join(STRATEGIES)}.",
        )
    parts = [part.strip() for part in rest.split(",") if part.strip()]
    switches = [part for part in parts if "=" not in part]
    base = switched(switches[0]) if switches else DEFAULT
    arm = Arm(word, strategy, base, dict(_setting(part) for part in parts if "=" in part))
    _check(arm, switches)
    return arm


def ablations() -> list[str]:
    """An arm for every single switch of `auto` that a replay can show the worth of."""
    named = [f"auto:{name}" for name in ABLATIONS if name not in {"auto", *NOT_REPLAYED}]
    return [*named, DAMPED]


def switched(name: str) -> AutoConfig:
    if name in NOT_REPLAYED or name not in ABLATIONS:
        why = f" ({NOT_REPLAYED[name]})" if name in NOT_REPLAYED else ""
        raise BadInput(
            f"There is no switch {name!r} in a replay{why}.",
            field="strategies",
            help=f"There are: {', '.join(set(ABLATIONS) - set(NOT_REPLAYED))}.",
        )
    return ABLATIONS[name]


def _setting(part: str) -> tuple[str, Any]:
    key, _, value = part.partition("=")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _check(arm: Arm, switches: list[str]) -> None:
    known = REQUEST | POOLING | AUTO
    if unknown := sorted(set(arm.settings) - known):
        raise BadInput(
            f"{arm.name}: no part is called {', '.join(unknown)}.",
            field="strategies",
            help=f"There are: {', '.join(sorted(known))}.",
        )
    if len(switches) > 1:
        raise BadInput(f"{arm.name}: at most one switch, not {switches}.", field="strategies")
    # Built here, so that a wrong value is refused before hours of work.
    try:
        arm.request(1, seed=0, number=1)
        PoolingConfig(**arm.pooling)
        _ = arm.config
    except (ValueError, TypeError) as problem:
        raise BadInput(f"{arm.name}: {problem}", field="strategies") from problem
