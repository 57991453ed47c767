"""The whole U-Net, in one file.

N batch, C bands, K classes, H and W in pixels (multiples of 2**depth), W0 the width.
Ronneberger, Fischer and Brox, "U-Net", MICCAI 2015, with batch norm and padded convolutions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval


@dataclass(frozen=True)
class UNetConfig:
    bands: int
    """Channels of the input: the campaign's bands, or as many as its feature set has."""
    classes: int
    width: int = 16
    """Channels after the first block; doubled at every level down. 16 and 32 are worked with; 64
    at the paper's five levels (depth 4) is the paper's network."""
    depth: int = 4
    """How many times the tile is halved."""
    dropout: float = 0.1
    """Share of channels dropped at the two deepest stages, while training or asked for."""


class Block(nn.Sequential):
    """(N, i, H, W) -> (N, o, H, W): two padded 3 x 3 convolutions, each with its own batch norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class UNet(nn.Module):
    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        self.monte_carlo = False
        """Drop channels in eval mode too (MC dropout, Gal and Ghahramani 2016)."""
        self.dropping: Callable[[Tensor, float], Tensor] = functional.dropout2d
        """How channels are dropped; another where the rows are some of a batch."""
        widths = [config.width * 2**level for level in range(config.depth + 1)]  # W0, 2 W0, …
        self.down = nn.ModuleList(Block(i, o) for i, o in zip([config.bands, *widths], widths))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(i, o, 2, 2) for i, o in zip(widths[:0:-1], widths[-2::-1])
        )
        self.merge = nn.ModuleList(Block(2 * o, o) for o in widths[-2::-1])
        self.head = nn.Conv2d(config.width, config.classes, 1)

    @property
    def embedding_size(self) -> int:
        return 2 * self.config.width * 2**self.config.depth

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, K, H, W) logits
        return self.decode(self.encode(x))

    def forward_with_embedding(self, x: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, K, H, W), and (N, 2 * W0 * 2**depth): mean and standard deviation over
        space of the deepest features, where `valid` (N, 1, H, W), 0 … 1, says there is data."""
        skips = self.encode(x)
        embedding = describe(skips[-1], functional.avg_pool2d(valid, 2**self.config.depth))
        return self.decode(skips), embedding

    def encode(self, x: Tensor) -> list[Tensor]:
        """Features of every level: (N, W0 * 2**level, H / 2**level, W / 2**level)."""
        skips: list[Tensor] = []
        for level, block in enumerate(self.down):
            # Level by level half the side, twice the channels.
            x = block(x if level == 0 else functional.max_pool2d(x, 2))
            if level >= self.config.depth - 1 and (self.training or self.monte_carlo):
                x = self.dropping(x, self.config.dropout)
            skips.append(x)
        return skips

    def decode(self, skips: list[Tensor]) -> Tensor:
        *skips, x = skips  # (N, W0 * 2**depth, H / 2**depth, W / 2**depth)
        for up, merge in zip(self.up, self.merge):
            # Twice the side, half the channels; then the skip's as many beside them, and merged.
            x = merge(torch.cat([skips.pop(), up(x)], dim=1))
        return self.head(x)  # (N, W0, H, W) -> (N, K, H, W)


def describe(features: Tensor, weight: Tensor) -> Tensor:
    """(N, F, h, w), (N, 1, h, w) -> (N, 2F): weighted mean and deviation; zeros where no weight."""
    features, weight = features.float(), weight.float()
    total = weight.sum(dim=(2, 3)).clamp_min(1e-6)  # (N, 1)
    mean = (features * weight).sum(dim=(2, 3)) / total  # (N, F)
    squares = (features.square() * weight).sum(dim=(2, 3)) / total
    return torch.cat([mean, (squares - mean.square()).clamp_min(0).sqrt()], dim=1)


def folded(net: UNet) -> UNet:
    """The same function with every batch norm folded into its convolution: inference only.

    `net` must be in eval mode and is changed in place.
    """
    for blocks in (net.down, net.merge):
        for index, block in enumerate(blocks):
            blocks[index] = _fold(block)
    return net


def _fold(block: nn.Module) -> nn.Sequential:
    layers: list[Any] = list(block.children())
    return nn.Sequential(
        ConvReLU(fuse_conv_bn_eval(layers[0], layers[1])),
        ConvReLU(fuse_conv_bn_eval(layers[3], layers[4])),
    )


# oneDNN's own fusion, a quarter faster at 512 px; torch offers no public name for it.
ONE_PASS = hasattr(torch.ops.mkldnn, "_convolution_pointwise")


def _fuses(x: Tensor) -> bool:
    """Whether oneDNN takes a tensor of this kind here."""
    if not ONE_PASS or x.device.type != "cpu":
        return False
    return x.dtype == torch.float32 or fuses_bf16()


@cache
def fuses_bf16() -> bool:
    """Whether oneDNN's fusion takes bf16 on this CPU: it wants AVX-512 or its like."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


class ConvReLU(nn.Module):
    """A padded 3 x 3 convolution and its ReLU, in one pass over memory where torch has one."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.weight, self.bias = conv.weight, conv.bias

    def forward(self, x: Tensor) -> Tensor:  # (N, i, H, W) -> (N, o, H, W)
        if _fuses(x):
            ones = (1, 1)  # padding, stride, dilation
            return torch.ops.mkldnn._convolution_pointwise(
                x, self.weight, self.bias, ones, ones, ones, 1, "relu", [], ""
            )
        return functional.relu_(functional.conv2d(x, self.weight, self.bias, padding=1))


def pixelwise(net: UNet) -> UNet:
    """Keep a pixel's channels side by side in memory, where convolutions are three times faster.

    `net` is changed in place; its function stays.
    """
    for parameter in net.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return net
