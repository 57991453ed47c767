"""One network learning: step after step, each a function of the state and (seed, member, step)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.augment import add_grain, noise_sheet
from training.checkpoint import State
from training.config import FitConfig
from training.crops import Batch, CropSource
from training.errors import Diverged
from training.losses import segmentation_loss
from training.predict import normalised
from training.resume import Look, MemberState
from training.survey import Normalisation
from training.unet import UNet, UNetConfig, pixelwise


@dataclass(frozen=True)
class Bench:
    """What every step of every member works with."""

    config: FitConfig
    network: UNetConfig
    normalisation: Normalisation
    class_weight: Tensor  # (K,)
    device: torch.device
    precision: torch.dtype


class Learner:
    """The live network, its optimiser and its moving average."""

    def __init__(self, bench: Bench, source: CropSource, *, first: State | None) -> None:
        """`first`: weights to start from; without, they are drawn by the seed and the member."""
        self.bench, self.source, self.config = bench, source, bench.config
        torch.manual_seed(mixed(self.config.seed, source.member))
        self.net = UNet(bench.network)
        if first is not None:
            self.net.load_state_dict(first)
        self.net = pixelwise(self.net.to(bench.device))
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(),
            lr=self.config.learning_rate,
            weight_decay=self.config.weight_decay,
            fused=True,
        )
        self.step = 0
        self.average = {key: value.clone() for key, value in self.net.state_dict().items()}
        self.best: State | None = None
        self.looks: list[Look] = []
        self.scale, self.shift = bench.normalisation.factors
        self.sheet = noise_sheet(self.config.seed, bench.network.bands, source.side).to(
            bench.device
        )

    def state(self) -> MemberState:
        return MemberState(
            step=self.step,
            net=self.net.state_dict(),
            average=self.average,
            optimiser=self.optimiser.state_dict(),
            best=self.best,
            looks=self.looks,
        )

    def go_on_from(self, state: MemberState) -> None:
        self.step, self.best, self.looks = state.step, state.best, state.looks
        self.net.load_state_dict(state.net)
        self.optimiser.load_state_dict(state.optimiser)
        device = self.bench.device
        self.average = {key: value.to(device) for key, value in state.average.items()}

    def learn(self) -> Iterator[Tensor]:
        """Make the steps that are left; yields each step's loss, () float32, once it is made."""
        for batch in self.source.batches(self.step, self.config.steps):
            loss = self._one(batch)
            self.step += 1
            yield loss

    def look(self, class_mean_iou: float) -> None:
        """Keep the moving average if it is the best so far on the validation split."""
        known = [look.class_mean_iou for look in self.looks]
        # nan (no labelled validation pixel) is never better, so the last average is kept.
        if class_mean_iou > max(known, default=-math.inf):
            self.best = {key: value.clone() for key, value in self.average.items()}
        self.looks.append(Look(self.step, class_mean_iou))

    @property
    def weary(self) -> bool:
        """As many looks without progress as patience allows."""
        if not self.config.patience or not self.looks:
            return False
        ious = [look.class_mean_iou for look in self.looks]
        return len(ious) - 1 - int(np.argmax(np.nan_to_num(ious, nan=-1))) >= self.config.patience

    def outcome(self) -> State:
        """The weights to keep."""
        return {key: value.cpu() for key, value in (self.best or self.average).items()}

    def _one(self, batch: Batch) -> Tensor:
        bench, config = self.bench, self.config
        # Dropout throws torch's own dice: set anew each step, a resumed fit throws the same.
        torch.manual_seed(mixed(config.seed, self.source.member, self.step))
        self._settle()
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(config, self.step)
        with torch.autocast(
            bench.device.type, bench.precision, enabled=bench.precision != torch.float32
        ):
            logits = self.net(self._input(batch))
        loss = segmentation_loss(
            logits,
            torch.from_numpy(batch.label).to(bench.device).long(),
            trust=torch.from_numpy(batch.trust).to(bench.device),
            class_weight=bench.class_weight,
            dice_weight=config.dice_weight,
        )
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), config.clip)
        self.optimiser.step()
        self._follow()
        return loss.detach()

    def _settle(self) -> None:
        """Train mode; late in the fit batch norms use their running statistics, as predicting will.

        A few crops of one class have statistics of their own: a network that only ever saw
        those has learnt brightness relative to its neighbours in the batch.
        """
        self.net.train()
        if self.step >= self.config.settle * self.config.steps:
            for part in self.net.modules():
                if isinstance(part, torch.nn.BatchNorm2d):
                    part.eval()

    def _input(self, batch: Batch) -> Tensor:  # (N, B, S, S) normalised, looks applied
        look = batch.look
        scale = self.scale * look.scale * batch.present
        shift = (self.shift * look.scale + look.shift) * batch.present
        device = self.bench.device
        valid = torch.from_numpy(batch.valid)[:, None].to(device)
        x = normalised(torch.from_numpy(batch.bands).to(device), scale, shift, None)
        add_grain(x, look, self.sheet)
        if not batch.valid.all():
            x.mul_(valid)
        return x.contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average towards the live weights, faster while it is young."""
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        for key, value in self.net.state_dict().items():
            if value.is_floating_point():
                self.average[key].lerp_(value, 1 - decay)
            else:
                self.average[key].copy_(value)


def learning_rate(config: FitConfig, step: int) -> float:
    """Linear warm-up to the peak, then a cosine down to 1 % of it at the last step."""
    warm_up = min(config.warm_up, config.steps // 4)
    if step < warm_up:
        return config.learning_rate * (step + 1) / warm_up
    done = (step - warm_up) / max(1, config.steps - 1 - warm_up)
    return config.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1))))


def class_weights(config: FitConfig, pixels: NDArray[np.int64]) -> Tensor:
    """(samples, K) labelled pixels -> (K,) weights: mean 1 over the classes there are, else 0."""
    total = pixels.sum(axis=0)
    there = total > 0
    power = -0.5 if config.class_weighting == "sqrt" else 0.0
    raw = np.where(there, np.maximum(total, 1).astype(np.float64) ** power, 0)
    return torch.from_numpy((raw / raw[there].mean()).astype(np.float32))


def mixed(*numbers: int) -> int:
    """One seed out of several, without their sums or order colliding."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def check_finite(loss: float, step: int) -> None:
    if not math.isfinite(loss):
        raise Diverged(
            f"The loss is {loss} at step {step}: lower learning_rate, or set precision=fp32.",
            field="learning_rate",
        )
