"""Parts of a network that look at a whole batch, for a process that has some of its rows.

N rows of this process, C channels.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional

from training.scale.team import Piece
from training.unet import UNet


class SharedBatchNorm(nn.BatchNorm2d):
    """A batch norm whose mean and variance are those of all processes' rows.

    torch's own SyncBatchNorm takes no CPU tensors. Two passes, mean first: a variance by the mean
    of squares loses its digits where the mean is large.
    """

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> the same
        if not self.training:
            return super().forward(x)
        values = x.float()
        over = (0, 2, 3)
        count = _summed(values.new_tensor([values.numel() / values.shape[1]]))
        mean = _summed(values.sum(over)) / count  # (C,)
        centred = values - mean[:, None, None]
        variance = _summed(centred.square().sum(over)) / count
        self._follow(mean.detach(), (variance * count / (count - 1)).detach())
        factor = self.weight * (variance + self.eps).rsqrt()
        return (centred * factor[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics, as BatchNorm2d does."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


def shared(net: UNet) -> UNet:
    """`net` with every batch norm shared; changed in place, its parameters stay the same ones."""
    for block in (*net.down, *net.merge):
        for place, layer in enumerate(block.children()):
            if isinstance(layer, nn.BatchNorm2d):
                block[place] = _shared(layer)
    return net


def dropping(piece: Piece) -> Callable[[Tensor, float], Tensor]:
    """Channel dropout that throws the dice of the piece's rows of all processes, and takes those
    of this one: as many are thrown as if one process had all rows."""

    def dropped(x: Tensor, share: float) -> Tensor:
        everyone = x.new_ones((piece.count, x.shape[1], 1, 1))
        return x * functional.dropout2d(everyone, share)[piece.place]

    return dropped


def _shared(layer: nn.BatchNorm2d) -> SharedBatchNorm:
    made = SharedBatchNorm(layer.num_features, eps=layer.eps, momentum=layer.momentum)
    for name, parameter in layer.named_parameters():
        setattr(made, name, parameter)
    for name, value in layer.named_buffers():
        setattr(made, name, value)
    return made


class _Sum(torch.autograd.Function):
    """Over the processes. What follows from the sum in any of them depends on the values of all,
    so the gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return _reduced(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _reduced(gradient)


def _reduced(values: Tensor) -> Tensor:
    total = values.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total


def _summed(values: Tensor) -> Tensor:
    found: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
    return found
