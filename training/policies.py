"""What a member starts from, and what a start was worth.

scratch: weights drawn by the seed. checkpoint: given weights as they are. shrink-and-perturb: given
weights made smaller, and a fresh network added. Pre-training is a phase of the fit itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from training.checkpoint import State, check_fits
from training.config import FitConfig
from training.errors import BadConfig
from training.snapshot import Sample
from training.unet import UNetConfig


def policy_of(config: FitConfig, *, given: bool) -> str:
    """How the members start, in a word for the card."""
    if not given:
        return "scratch"
    return "checkpoint" if config.shrink == 1 and config.perturb == 0 else "shrink-and-perturb"


def first_weights(first: list[State] | None, member: int, network: UNetConfig) -> State | None:
    """The weights a member starts from: its own where there are as many, else the first's.

    Raises BadModel where they are another network's.
    """
    if first is None:
        return None
    state = first[member if member < len(first) else 0]
    check_fits(state, network, "--init")
    return state


def shrunk(
    state: Mapping[str, Tensor], fresh: Mapping[str, Tensor], *, shrink: float, perturb: float
) -> State:
    """shrink * state + perturb * fresh, tensor by tensor.

    Ash and Adams, "On Warm-Starting Neural Network Training", NeurIPS 2020, section 4, the noise
    being a freshly drawn network: each layer then has noise of its own scale. The running
    statistics of batch norms are no weights and stay.
    """
    if shrink == 1 and perturb == 0:
        return dict(state)
    return {
        key: value.clone() if _is_statistic(key) else shrink * value + perturb * fresh[key]
        for key, value in state.items()
    }


def _is_statistic(key: str) -> bool:
    return key.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked")


def scratch_arm(config: FitConfig) -> FitConfig:
    """The same fit without any start: as many steps, all of them on own labels if it had
    pre-trained. Compared with it, a gain isn't the merit of more steps."""
    return replace(config, pretrain_steps=0)


def scratch_rows(config: FitConfig, samples: list[Sample]) -> list[int]:
    """Which samples the arm from scratch learns from: own labels alone where the fit pre-trains."""
    return [
        row for row, sample in enumerate(samples) if not (config.pretrain_steps and sample.earlier)
    ]


def check_gain(config: FitConfig, *, given: bool, validation: int) -> None:
    """Raises BadConfig where there is no gain to speak of or nothing to measure it on."""
    if not config.gain:
        return
    if not given and not config.pretrain_steps:
        raise BadConfig(
            "gain is true, but the fit starts from scratch: give --init or pretrain_steps.",
            field="gain",
        )
    if not validation:
        raise BadConfig(
            "gain is true, but no sample is in split validation: nothing measures it.",
            field="gain",
        )


def gain_of(ours: float | None, scratch: float | None) -> dict[str, Any]:
    """Class-mean IoUs of both arms on the validation split, and their difference in points."""
    points = None if ours is None or scratch is None else round(100 * (ours - scratch), 3)
    return {
        "split": "validation",
        "class_mean_iou": ours,
        "scratch_class_mean_iou": scratch,
        "points": points,
    }
