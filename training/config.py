"""How a network is trained: every knob, checked when it is set."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import BadConfig
from training.features.sets import parse


@dataclass(frozen=True)
class FitConfig:
    """The settings of one fit. A wrong value raises BadConfig with the field's name."""

    width: int = 16
    """Channels after the first block, doubled at every level down (16: 1.9 M parameters)."""
    depth: int = 4
    """Levels below the first; tiles are halved this many times."""
    dropout: float = 0.1
    """Share of channels dropped at the two deepest stages, [0, 1)."""
    members: int = 1
    """Networks in the ensemble; each has a seed, an order and a bootstrap of scenes of its own."""
    steps: int = 600
    """Optimiser steps a member, at most."""
    batch: int = 4
    """Crops a step."""
    crop: int = 256
    """Side of a crop in pixels, a multiple of 2**depth; smaller tiles give smaller crops."""
    learning_rate: float = 3e-3
    """Peak of the schedule (linear warm-up, then a cosine down to 1 % of it)."""
    weight_decay: float = 1e-2
    """AdamW's decoupled decay."""
    warm_up: int = 30
    """Steps until the peak; never more than a quarter of all steps."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    ema: float = 0.98
    """Decay of the moving average of the weights, which is what is kept; [0, 1), 0 is none."""
    settle: float = 0.5
    """Share of the steps after which batch norms keep the statistics they have, (0, 1]."""
    loss: str = "ce"
    """ce | focal | lovasz: what a labelled pixel is judged by, with weight 1."""
    focal_gamma: float = 2.0
    """How far focal loss looks away from pixels that are easy; 0 is cross-entropy."""
    dice_weight: float = 0.5
    """Weight of the Dice loss beside that of weight 1."""
    class_weighting: str = "sqrt"
    """none | sqrt: cross-entropy weights a class by its pixels ** -0.5."""
    rare_share: float = 0.5
    """Share of crops centred on a class drawn by its rarity instead of on any labelled pixel."""
    strata: str = "none"
    """none | group | source | month: tiles are drawn so that strata weigh by the root of what is
    labelled in them, as tiles do by themselves."""
    replay_share: float = 0.3
    """Least share of each batch from earlier labels (other sources) while own tiles are few."""
    replay_until: int = 200
    """Own labelled tiles from which on earlier labels have no reserved share any more."""
    pretrain_steps: int = 0
    """The first of the steps, on labels of other sources alone; the rest is fine-tuning on own
    labels, with replay_share of the others. 0: one phase on all of them."""
    finetune_rate: float = 0.3
    """Peak learning rate of fine-tuning after such a start, as a share of learning_rate."""
    shrink: float = 1.0
    """Given first weights are multiplied by this, [0, 1]; 1 and perturb 0 take them as they are."""
    perturb: float = 0.0
    """... and this times a freshly drawn network is added."""
    gain: bool = False
    """Train an arm from scratch too, and say what pre-training or first weights gained."""
    augment: bool = True
    """Turn, light, blind and roughen the crops as the next nine say; false is none of it."""
    turns: str = "free"
    """free | sun | none: all eight ways to lay a square down, those that move the sun's azimuth by
    at most 45 degrees, or as it is."""
    rotation: float = 0.0
    """Degrees by which a crop is turned besides, at most, either way; the sun goes with it."""
    scale: float = 0.0
    """A crop shows 1 / (1 + scale) to 1 + scale times its side of ground, resampled."""
    common_gain: float = 0.2
    """Sun, haze and calibration brighten all bands together, by up to this share."""
    band_gain: float = 0.05
    """Standard deviation of a gain of one band's own."""
    offset: float = 0.0
    """Reflectance added to or taken from a band, at most, each band by itself."""
    haze: float = 0.0
    """Most path radiance of a haze at 0.49 µm, in reflectance; it falls with the wavelength."""
    noise: float = 0.05
    """Largest standard deviation of the noise, in units of a band's own deviation."""
    band_dropout: float = 0.1
    """Chance of a crop to lose one band (sensors differ, files lack bands)."""
    features: str = "sqrt"
    """What the network sees, such as sqrt+indices:ndvi,hot+sun+clear+masks:scl+extra:s1."""
    mask_dropout: float = 0.25
    """Chance of a crop to lose a rule mask, each mask by itself."""
    precision: str = "auto"
    """auto | bf16 | fp32; auto is bf16 where that is faster (training/device.py)."""
    device: str = "auto"
    """auto | cpu | cuda; auto is cuda where there is one."""
    evaluate_every: int = 100
    """Steps between two looks at the validation split."""
    patience: int = 5
    """Looks without progress after which a member stops; 0 never stops early."""
    checkpoint_every: int = 50
    """Steps between two checkpoints."""
    checkpoint_minutes: float = 5.0
    """Minutes after which one is written whatever the steps."""
    readers: int = 0
    """Batches read ahead, each by a thread of its own; 0 is 1 beside a CPU and 4 beside a GPU."""
    seed: int = 0
    """Decides every random draw, together with the step."""
    threads: int = 0
    """Threads for torch, 0 is torch's own choice; the same bits need the same number."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check_type(field.name, field.type, getattr(self, field.name))
        for name, (holds, rule) in RULES.items():
            if not holds(getattr(self, name)):
                raise BadConfig(f"{name} must be {rule}, not {getattr(self, name)!r}.", field=name)
        parse(self.features)
        if self.crop % 2**self.depth:
            raise BadConfig(
                f"crop must be a multiple of 2**depth = {2**self.depth}, not {self.crop}.",
                field="crop",
            )
        if self.pretrain_steps >= self.steps:
            raise BadConfig(
                f"pretrain_steps must be fewer than the {self.steps} steps of all, not "
                f"{self.pretrain_steps}.",
                field="pretrain_steps",
            )

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


Rule = tuple[Callable[[Any], bool], str]


def _between(low: float, high: float) -> Rule:
    return (lambda value: low <= value <= high), f"between {low} and {high}"


def _one_of(*choices: str) -> Rule:
    return (lambda value: value in choices), "one of " + ", ".join(choices)


RULES: dict[str, Rule] = {
    "width": _between(1, 256),
    "depth": _between(1, 6),
    "dropout": _between(0, 0.9),
    "members": _between(1, 32),
    "steps": _between(1, 10_000_000),
    "batch": _between(1, 1024),
    "crop": _between(8, 4096),
    "learning_rate": _between(1e-7, 1),
    "weight_decay": _between(0, 1),
    "warm_up": _between(0, 1_000_000),
    "clip": _between(1e-6, 1e6),
    "ema": _between(0, 0.99999),
    "settle": _between(0.01, 1),
    "dice_weight": _between(0, 100),
    "loss": _one_of("ce", "focal", "lovasz"),
    "focal_gamma": _between(0, 10),
    "class_weighting": _one_of("none", "sqrt"),
    "rare_share": _between(0, 1),
    "strata": _one_of("none", "group", "source", "month"),
    "replay_share": _between(0, 0.9),
    "replay_until": _between(0, 10_000_000),
    "pretrain_steps": _between(0, 10_000_000),
    "finetune_rate": _between(0.001, 1),
    "shrink": _between(0, 1),
    "perturb": _between(0, 1),
    "turns": _one_of("free", "sun", "none"),
    "rotation": _between(0, 45),
    "scale": _between(0, 1),
    "common_gain": _between(0, 0.9),
    "band_gain": _between(0, 0.5),
    "offset": _between(0, 0.2),
    "haze": _between(0, 0.5),
    "noise": _between(0, 1),
    "band_dropout": _between(0, 1),
    "mask_dropout": _between(0, 1),
    "precision": _one_of("auto", "bf16", "fp32"),
    "device": _one_of("auto", "cpu", "cuda"),
    "evaluate_every": _between(1, 10_000_000),
    "patience": _between(0, 1_000_000),
    "checkpoint_every": _between(1, 10_000_000),
    "checkpoint_minutes": _between(0.01, 1440),
    "readers": _between(0, 16),
    "seed": _between(0, 2**63 - 1),
    "threads": _between(0, 1024),
}


def read_config(path: Path | None, settings: Iterable[str], *, seed: int | None) -> FitConfig:
    """The defaults, then the JSON object in `path`, then `key=value` settings, then the seed.

    Raises BadConfig naming the file, the key or the value that is wrong.
    """
    values = dict(_from_file(path)) if path else {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise BadConfig(f"--set wants key=value, not {setting!r}.", field=setting)
        values[key] = _parse(text)
    if seed is not None:
        values["seed"] = seed
    known = [field.name for field in dataclasses.fields(FitConfig)]
    for key in values:
        if key not in known:
            raise BadConfig(
                f"There is no setting {key!r}; there are {', '.join(known)}.", field=key
            )
    return FitConfig(**values)


def _from_file(path: Path) -> Mapping[str, Any]:
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise BadConfig(f"{path} is no readable JSON file: {problem}.", field=str(path)) from None
    if not isinstance(values, dict):
        raise BadConfig(f"{path} must hold one JSON object of settings.", field=str(path))
    return values


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text  # a bare word such as bf16


def _check_type(name: str, kind: Any, value: object) -> None:
    fits = type(value) is kind or (kind is float and type(value) is int)
    if not fits:
        raise BadConfig(f"{name} must be of type {kind.__name__}, not {value!r}.", field=name)
