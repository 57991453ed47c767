"""One network learning: step after step, each a function of the state and (seed, member, step)."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.augment import add_grain, lit, noise_sheet
from training.checkpoint import State
from training.config import FitConfig
from training.crops import Batch, CropSource, portion
from training.errors import Diverged
from training.features.assemble import Assembler
from training.features.layout import PLAIN, Layout
from training.losses import Mix, segmentation_loss
from training.policies import shrunk
from training.predict import normalised
from training.resume import Look, MemberState
from training.scale.batchnorm import dropping, shared
from training.scale.team import ALONE, Piece, Team
from training.schedule import averaging, learning_rate, settled
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
    layout: Layout = PLAIN
    team: Team = ALONE


class Learner:
    """The live network, its optimiser and its moving average."""

    def __init__(
        self, bench: Bench, source: CropSource, *, first: State | None, parts: int = 1
    ) -> None:
        """`first`: weights to start from, as the configuration's shrink and perturb leave them;
        without, they are drawn by the seed and the member. `parts`: pieces that a batch is learnt
        in, one after the other, so that memory need hold only one."""
        self.bench, self.source, self.config = bench, source, bench.config
        torch.manual_seed(mixed(self.config.seed, source.member))
        self.net = UNet(bench.network)
        if first is not None:
            config = self.config
            self.net.load_state_dict(
                shrunk(first, self.net.state_dict(), shrink=config.shrink, perturb=config.perturb)
            )
        self.net = pixelwise(self.net.to(bench.device))
        if not bench.team.alone:
            shared(self.net)
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(),
            lr=self.config.learning_rate,
            weight_decay=self.config.weight_decay,
            fused=True,
        )
        self.step, self.parts = 0, parts
        self.drawn: Counter[str] = Counter()
        self.average = {key: value.clone() for key, value in self.net.state_dict().items()}
        self.best: State | None = None
        self.looks: list[Look] = []
        self.scale, self.shift = bench.normalisation.factors
        self.assemble = Assembler(bench.layout, bench.normalisation, bench.device)
        self.sheet = noise_sheet(self.config.seed, len(self.scale), source.side).to(bench.device)

    def state(self) -> MemberState:
        return MemberState(
            step=self.step,
            net=self.net.state_dict(),
            average=self.average,
            optimiser=self.optimiser.state_dict(),
            best=self.best,
            looks=self.looks,
            drawn=dict(self.drawn),
        )

    def go_on_from(self, state: MemberState) -> None:
        self.step, self.best, self.looks = state.step, state.best, state.looks
        self.drawn = Counter(state.drawn)
        self.net.load_state_dict(state.net)
        self.optimiser.load_state_dict(state.optimiser)
        device = self.bench.device
        self.average = {key: value.to(device) for key, value in state.average.items()}

    def learn(self) -> Iterator[Tensor]:
        """Make the steps that are left; yields each step's loss, () float32, once it is made."""
        for batch in self.source.batches(self.step, self.config.steps):
            loss = self._one(batch)
            self.step += 1
            self.drawn.update(batch.tally.counts())
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
        """As many looks without progress as patience allows, pre-training not counted."""
        ious = [
            look.class_mean_iou for look in self.looks if look.step > self.config.pretrain_steps
        ]
        if not self.config.patience or not ious:
            return False
        return len(ious) - 1 - int(np.argmax(np.nan_to_num(ious, nan=-1))) >= self.config.patience

    def outcome(self) -> State:
        """The weights to keep. Raises Diverged where they are no numbers: a last step may spoil
        them though its loss was one."""
        kept = {key: value.cpu() for key, value in (self.best or self.average).items()}
        if not all(torch.isfinite(value).all() for value in kept.values()):
            check_finite(math.nan, self.step)
        return kept

    def _one(self, batch: Batch) -> Tensor:
        config = self.config
        # Dropout throws torch's own dice: set anew each step, a resumed fit throws the same.
        torch.manual_seed(mixed(config.seed, self.source.member, self.step))
        self._settle()
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(config, self.step)
        self.optimiser.zero_grad()
        loss = sum(self._pull(*each) for each in self._pieces(batch))
        self.bench.team.add_up(
            [each.grad for each in self.net.parameters() if each.grad is not None]
        )
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), config.clip)
        self.optimiser.step()
        self._follow()
        assert isinstance(loss, Tensor)
        return loss

    def weigh(self, crops: int) -> None:
        """A step on so many of the next batch's crops, for what memory that takes.

        The learner is of no use for learning afterwards.
        """
        some = slice(0, crops)
        batch = portion(self.source.batch(self.step), some)
        self.optimiser.zero_grad()
        self._pull(batch, Piece(some, some, (crops,)), 1.0)
        self.optimiser.step()

    def _pieces(self, batch: Batch) -> Iterator[tuple[Batch, Piece, float]]:
        """What this process has of the batch, in `parts` pieces, each with its share of the crops
        of all processes."""
        team = self.bench.team
        count = len(batch.trust) if team.alone else self.config.batch
        for piece in team.pieces(count, self.parts):
            yield portion(batch, piece.own), piece, piece.count / count

    def _pull(self, batch: Batch, piece: Piece, share: float) -> Tensor:
        """Add `share` of a piece's gradient to the parameters'; returns that share of its loss,
        which is one of the rows of all processes."""
        bench, config, team = self.bench, self.config, self.bench.team
        if not team.alone:
            self.net.dropping = dropping(piece)
        with torch.autocast(
            bench.device.type, bench.precision, enabled=bench.precision != torch.float32
        ):
            logits = self.net(self._input(batch))
        label = torch.from_numpy(batch.label).to(bench.device)
        trust = torch.from_numpy(batch.trust).to(bench.device)
        loss = share * segmentation_loss(
            team.whole(logits, piece),
            team.whole(label, piece).long(),
            trust=team.whole(trust, piece),
            class_weight=bench.class_weight,
            mix=Mix(config.loss, config.focal_gamma, config.dice_weight),
        )
        torch.autograd.backward(loss)
        return loss.detach()

    def _settle(self) -> None:
        """Train mode; late in the fit batch norms use their running statistics, as predicting will.

        A few crops of one class have statistics of their own: a network that only ever saw
        those has learnt brightness relative to its neighbours in the batch.
        """
        self.net.train()
        if settled(self.config, self.step):
            for part in self.net.modules():
                if isinstance(part, torch.nn.BatchNorm2d):
                    part.eval()

    def _input(self, batch: Batch) -> Tensor:  # (N, C, S, S) normalised, looks applied
        look, device = batch.look, self.bench.device
        seen = batch.present & look.seen
        stored, scale = torch.from_numpy(batch.bands).to(device), self.scale * seen
        if look.added.any():
            stored = lit(stored, look)
        else:  # a gain of the values is one of their roots: it costs nothing beside the scale
            scale = scale * np.sqrt(look.gain)
        x = normalised(stored, scale, self.shift * seen, None)
        add_grain(x, look, self.sheet)
        x = self.assemble(x, seen, batch.planes)
        if not batch.valid.all():
            x.mul_(torch.from_numpy(batch.valid)[:, None].to(device))
        return x.contiguous(memory_format=torch.channels_last)

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average towards the live weights, faster while it is young."""
        decay = averaging(self.config, self.step)
        for key, value in self.net.state_dict().items():
            if value.is_floating_point():
                self.average[key].lerp_(value, 1 - decay)
            else:
                self.average[key].copy_(value)


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
