"""What an experiment file says, checked to the last key before anything is trained.

The file is kept as it was when the first cell began, with its hash: metric, baseline, arms and
seeds are settled before a figure is seen.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from labelling.compute.experiment.metrics import check_metric
from labelling.errors import BadInput
from training.config import FitConfig
from training.errors import BadConfig
from training.features.sets import parse

READY = Path(__file__).with_name("ready")
"""The experiment files that come with the program."""
NAME = re.compile(r"[a-z0-9][a-z0-9.=_-]{0,39}")
FEWEST_SEEDS, MOST_SEEDS = 2, 1000
OURS = ("seed", "gain", "init")
"""What an experiment decides by itself."""
MASK = "{rule_mask}"
"""Stands in `features` for the name of the mask whose errors are followed."""


@dataclass(frozen=True)
class Arm:
    name: str
    settings: Mapping[str, Any]
    """Of the fit, those of the whole experiment among them."""
    about: str = ""

    def config(self, seed: int) -> FitConfig:
        """Raises BadInput naming the arm and the setting that is wrong."""
        known = {each.name for each in fields(FitConfig)} - set(OURS)
        if unknown := sorted(set(self.settings) - known):
            raise BadInput(
                f"Arm {self.name!r}: {unknown[0]!r} is no setting of a fit that an arm may have.",
                field=unknown[0],
                help=f"There are: {', '.join(sorted(known))}.",
            )
        try:
            # One thread a fit unless the file says otherwise: the same bits with any --jobs.
            return FitConfig(**{"threads": 1, **self.settings, "seed": seed})
        except BadConfig as wrong:
            raise BadInput(f"Arm {self.name!r}: {wrong.message}", field=wrong.field) from None


@dataclass(frozen=True)
class Experiment:
    """One experiment file. Raises BadInput naming the key that can't be."""

    title: str
    metric: str
    """What the verdict is about, as `metrics` has them."""
    baseline: str
    """The arm that all others are held against."""
    seeds: tuple[int, ...]
    arms: tuple[Arm, ...]
    question: str = ""
    on: str = ""
    """Where the labels come from, if the file says so."""
    rule_mask: str = ""
    """The mask whose errors are followed; empty: none."""
    importance: int = 0
    """How often each input is exchanged between tiles; 0: not at all."""
    sha256: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        check_metric(self.metric)
        names = [arm.name for arm in self.arms]
        for name, (holds, rule) in RULES.items():
            if not holds(self):
                raise BadInput(f"{name} must be {rule}.", field=name)
        if self.baseline not in names:
            raise BadInput(
                f"There is no arm {self.baseline!r} to be the baseline.",
                field="baseline",
                help=f"Arms are {', '.join(names)}.",
            )
        self._check_arms()

    def _check_arms(self) -> None:
        alike: dict[tuple[Any, ...], str] = {}
        for arm in self.arms:
            if not NAME.fullmatch(arm.name):
                raise BadInput(
                    f"{arm.name!r} can't name an arm.",
                    field="arm",
                    help="Up to 40 small letters, digits, . = _ or -.",
                )
            config = arm.config(max(self.seeds))  # the only one that may be too large
            told = {**config.as_json(), "features": parse(config.features).text}
            other = alike.setdefault(tuple(told.values()), arm.name)
            if other != arm.name:
                raise BadInput(
                    f"Arms {other!r} and {arm.name!r} are trained alike: no setting differs.",
                    field=arm.name,
                )

    def arm(self, name: str) -> Arm:
        return next(arm for arm in self.arms if arm.name == name)

    @property
    def others(self) -> list[str]:
        """Arms that are held against the baseline."""
        return [arm.name for arm in self.arms if arm.name != self.baseline]


Rule = tuple[Callable[[Experiment], bool], str]


def _each_once(values: Sequence[Any]) -> bool:
    return len(set(values)) == len(values)


RULES: dict[str, Rule] = {
    "seeds": (
        lambda told: FEWEST_SEEDS <= len(told.seeds) <= MOST_SEEDS and _each_once(told.seeds),
        f"{FEWEST_SEEDS} to {MOST_SEEDS}, each once: one training alone says nothing about chance",
    ),
    "arm": (
        lambda told: len(told.arms) >= 2 and _each_once([arm.name for arm in told.arms]),
        "at least two arms, each with a name of its own",
    ),
    "importance": (lambda told: 0 <= told.importance <= 100, "0 to 100 repeats"),
}
KINDS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "title": (str, "a text"),
    "question": (str, "a text"),
    "metric": (str, "a text"),
    "baseline": (str, "a text"),
    "on": (str, "a text"),
    "rule_mask": (str, "a text"),
    "importance": (int, "a whole number"),
    "seeds": ((int, list), "a whole number or a list of them"),
    "fit": (dict, "a table of settings"),
    "arm": (list, "a list of tables, [[arm]] in TOML"),
}
NEEDED = ("title", "metric", "baseline", "seeds", "arm")


def read_experiment(content: bytes, name: str, *, rule_mask: str = "") -> Experiment:
    """`content` of a file called `name`, .toml or .json. `rule_mask` goes before the file's own.

    Raises BadInput naming the file and what is wrong in it.
    """
    told = _parsed(content, name)
    _check_keys(told, name)
    mask = rule_mask or told.get("rule_mask", "")
    common = _with_mask(told.pop("fit", {}), mask)
    arms = tuple(_arm(each, common, mask) for each in told.pop("arm"))
    return Experiment(
        **{
            **told,
            "rule_mask": mask,
            "seeds": _seeds(told["seeds"]),
            "arms": arms,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    )


def _parsed(content: bytes, name: str) -> dict[str, Any]:
    read = {".toml": _toml, ".json": _json}.get(Path(name).suffix)
    if read is None:
        raise BadInput(f"{name}: an experiment is a .toml or a .json file.", field="file")
    try:
        told = read(content.decode())
    except (ValueError, RecursionError) as problem:  # of TOML, JSON and UTF-8
        raise BadInput(f"{name} can't be read: {problem}.", field="file") from None
    if not isinstance(told, dict):
        raise BadInput(f"{name} must hold one table of keys.", field="file")
    return told


def _toml(text: str) -> Any:
    return tomllib.loads(text)


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """TOML refuses a key that is there twice; JSON would take the last."""
    names = [name for name, _ in pairs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"key {twice!r} is there twice")
    return dict(pairs)


def _check_keys(told: Mapping[str, Any], name: str) -> None:
    if unknown := sorted(set(told) - set(KINDS)):
        raise BadInput(
            f"{name}: there is no key {unknown[0]!r}.",
            field=unknown[0],
            help=f"There are: {', '.join(KINDS)}.",
        )
    if missing := [key for key in NEEDED if key not in told]:
        raise BadInput(f"{name} lacks the key {missing[0]!r}.", field=missing[0])
    for key, value in told.items():
        kind, words = KINDS[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise BadInput(f"{name}: {key} must be {words}, not {value!r}.", field=key)


def _seeds(told: int | list[Any]) -> tuple[int, ...]:
    """The first so many, or those that are listed."""
    listed = list(range(min(max(told, 0), MOST_SEEDS + 1))) if isinstance(told, int) else told
    if any(type(seed) is not int or seed < 0 for seed in listed):
        raise BadInput(f"seeds are whole numbers from 0, not {told!r}.", field="seeds")
    return tuple(listed)


def _arm(told: Any, common: Mapping[str, Any], mask: str) -> Arm:
    if not isinstance(told, dict) or not isinstance(told.get("name"), str):
        raise BadInput(f"An arm is a table with a name, not {told!r}.", field="arm")
    own = dict(told)
    name, about = own.pop("name"), own.pop("about", "")
    if not isinstance(about, str):
        raise BadInput(f"Arm {name!r}: about must be a text.", field="about")
    return Arm(name, {**common, **_with_mask(own, mask)}, about)


def _with_mask(settings: Mapping[str, Any], mask: str) -> dict[str, Any]:
    """The settings with the mask's name where `features` leaves room for it."""
    features = settings.get("features")
    if not isinstance(features, str) or MASK not in features:
        return dict(settings)
    if not mask:
        raise BadInput(
            f"features is {features!r}, but no rule_mask is named.",
            field="rule_mask",
            help="Name one in the file, or with --rule-mask.",
        )
    return {**settings, "features": features.replace(MASK, mask)}
