"""What a replay is asked to do: every number that decides its result, checked at the door."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import al_engine
import training
from labelling.compute.replay.arms import arm_named
from labelling.errors import BadInput
from labelling.imagery import painter

BASELINES = ("random", "stratified", "kmeans")
"""Need no model, and are followed further than the others: the ratio is read off their curves."""
BUDGETS = (24, 48, 72, 96, 144, 192)
LONG_BUDGETS = (24, 48, 96, 192, 384, 768)

Budgets = tuple[int, ...]


@dataclass(frozen=True)
class Sizes:
    """How much is painted, for the flavours that are."""

    size: int = 32
    """Pixels a side of a tile."""
    products: int = 250
    tiles: int = 12
    """Tiles a product; the curated flavour has one of each of products x tiles products."""
    test_products: int = 300
    test_tiles: int = 3
    source_products: int = 100


@dataclass(frozen=True)
class Net:
    """The network, and how it learns: the same for every arm; the ceiling learns longer."""

    width: int = 8
    depth: int = 2
    steps: int = 450
    """Optimiser steps of every training, whatever the number of labels."""
    ceiling_times: int = 4
    """How many times as many steps the ceiling is taught: in as many as an arm, all labels of the
    pool teach less than a hundred well chosen ones do, and what lies below the curves is no end of
    theirs."""
    source_steps: int = 1500
    """Steps of the one model that all trainings start from."""
    batch: int = 10
    """Crops of labelled tiles a step."""
    replayed: int = 6
    """Crops of the source a step, beside them."""
    crop: int = 64
    """Side of a crop; smaller tiles give smaller crops."""
    learning_rate: float = 4e-3


@dataclass(frozen=True)
class People:
    """The simulated annotators."""

    delay: int = 0
    """Rounds between choosing a batch and having its labels."""
    refusals: float = 0.0
    """Share of the tiles that nobody can label; another is chosen instead."""
    label_noise: float = 0.0
    """Share of the tiles whose semi-transparent pixels are called clear, or cloud."""
    opening: float = 1.0
    """Minutes a tile takes before anything is drawn."""
    edge: float = 0.01
    """Minutes for each pixel of boundary between classes."""
    component: float = 0.1
    """Minutes for each connected piece of cloud or shadow."""


@dataclass(frozen=True)
class Plan:
    """One replay. Raises BadInput naming the field that can't be."""

    pool: str
    """A flavour (see `pools.FLAVOURS`), or a folder's absolute path."""
    strategies: tuple[str, ...] = ("random", "stratified", "auto")
    """Arms, written as `arms.arm_named` reads them."""
    seeds: int = 16
    """Paired repetitions: within one all arms share the first tiles and every throw of the dice."""
    budgets: Mapping[str, Budgets] = field(default_factory=dict)
    """Tiles labelled at each look, by arm; arms not named have the usual ones."""
    generator: int = 0
    """Seed of the painted world."""
    samples: str = ""
    """Folder with the real clear scenes of the semi-real flavour."""
    resamples: int = 1000
    """Of the bootstrap."""
    sizes: Sizes = Sizes()
    net: Net = Net()
    people: People = People()

    def __post_init__(self) -> None:
        for name, (holds, rule) in RULES.items():
            if not holds(self):
                raise BadInput(f"{name} must be {rule}.", field=name)
        for word in self.strategies:
            arm_named(word)
        starts = {self.budgets_of(word)[0] for word in self.strategies}
        if len(starts) > 1:
            raise BadInput(
                f"All arms start with the same tiles, not with {sorted(starts)}.", field="budgets"
            )

    def budgets_of(self, arm: str) -> Budgets:
        base = arm.partition(":")[0]
        usual = LONG_BUDGETS if base in BASELINES else BUDGETS
        return self.budgets.get(arm) or self.budgets.get("*") or usual

    @property
    def first(self) -> int:
        """Labelled tiles that every arm starts with."""
        return self.budgets_of(self.strategies[0])[0]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def reaching(self, tiles: int) -> Plan:
        """The same plan, no budget larger than the pool. Raises BadInput where too little stays."""
        fitting = {
            word: tuple(budget for budget in self.budgets_of(word) if budget <= tiles)
            for word in self.strategies
        }
        short = [word for word, budgets in fitting.items() if len(budgets) < 2]
        if short:
            raise BadInput(
                f"The pool holds {tiles} tiles: no two budgets of {', '.join(short)} fit.",
                field="budgets",
                help="Give smaller budgets.",
            )
        return replace(self, budgets=fitting)

    def digest(self) -> str:
        """Hash of what decides a cell's content: the settings, less who competes, and the code."""
        told = self.as_json()
        for name in ("strategies", "seeds", "budgets", "resamples"):
            told.pop(name)
        text = json.dumps(told, sort_keys=True) + code_digest()
        return hashlib.sha256(text.encode()).hexdigest()


def read_plan(content: Mapping[str, Any]) -> Plan:
    """A plan from the JSON object `as_json` gives; keys may be missing. Raises BadInput."""
    parts = {"sizes": Sizes, "net": Net, "people": People}
    given = dict(content)
    for name, kind in parts.items():
        given[name] = _made(kind, given.get(name, {}), name)
    given["strategies"] = tuple(given.get("strategies", Plan.strategies))
    given["budgets"] = {
        arm: tuple(budgets) for arm, budgets in given.get("budgets", {}).items() if budgets
    }
    return _made(Plan, given, "plan")


def _made(kind: type, values: Mapping[str, Any], name: str) -> Any:
    known = [each.name for each in fields(kind)]
    if unknown := sorted(set(values) - set(known)):
        raise BadInput(
            f"{name} has no setting {', '.join(unknown)}.",
            field=unknown[0],
            help=f"There are: {', '.join(known)}.",
        )
    return kind(**values)


def code_digest() -> str:
    """sha256 over the sources that decide a result."""
    folders = [Path(str(each.__file__)).parent for each in (al_engine, training, painter)]
    paths = [path for folder in [*folders, Path(__file__).parent] for path in folder.glob("*.py")]
    named = sorted((f"{path.parent.name}/{path.name}", path) for path in paths)
    return hashlib.sha256(b"\0".join(path.read_bytes() for _, path in named)).hexdigest()


Rule = tuple[Callable[[Plan], bool], str]

RULES: dict[str, Rule] = {
    "seeds": (lambda plan: plan.seeds >= 1, "at least 1"),
    "generator": (lambda plan: plan.generator >= 0, "0 or more"),
    "resamples": (lambda plan: plan.resamples >= 1, "at least 1"),
    "strategies": (
        lambda plan: 0 < len(plan.strategies) == len(set(plan.strategies)),
        "at least one, each named once",
    ),
    "budgets": (
        lambda plan: all(
            list(each) == sorted(set(each)) and each[0] >= 1 and len(each) >= 2
            for each in map(plan.budgets_of, plan.strategies)
        ),
        "at least two rising whole numbers, the first at least 1",
    ),
    "delay": (lambda plan: plan.people.delay >= 0, "0 or more rounds"),
    "refusals": (lambda plan: 0 <= plan.people.refusals < 1, "a share from 0 to below 1"),
    "label_noise": (lambda plan: 0 <= plan.people.label_noise <= 1, "a share from 0 to 1"),
    "steps": (lambda plan: plan.net.steps >= 1 <= plan.net.source_steps, "at least 1"),
    "ceiling_times": (lambda plan: plan.net.ceiling_times >= 1, "at least 1"),
    "batch": (lambda plan: plan.net.batch >= 1 and plan.net.replayed >= 0, "at least 1 crop"),
}
