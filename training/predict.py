"""A checkpoint as a stream of probabilities, tile by tile; nothing is kept or written.

M members times passes, K classes, C bands, H and W in pixels, D the size of an embedding.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.augment import TURNS, turn, turn_back
from training.checkpoint import Card, read_model
from training.device import choose_device, choose_precision, repeatable
from training.errors import BadTile
from training.features.assemble import Assembler
from training.features.layout import PLAIN, Layout
from training.placing import turned
from training.planes import Planes, Tile, complaint, stacked, whole
from training.snapshot import UNLABELLED, Bands, Class
from training.survey import Normalisation, present_bands, valid_pixels
from training.unet import UNet, UNetConfig, folded, pixelwise

Weights = Mapping[str, Tensor]
Given = Bands | Tile
"""Bands alone are enough for a model whose features are made of nothing else."""


def load(model_dir: Path, *, device: str = "auto", precision: str = "auto") -> "Ensemble":
    """The model in a folder that holds card.json and weights.safetensors.

    Raises BadModel where one is missing, damaged or not of the other.
    """
    card, states = read_model(model_dir)
    where = choose_device(device)
    repeatable(where)
    return Ensemble(
        [
            prepared(card.network, state, where, choose_precision(precision, where))
            for state in states
        ],
        normalisation=card.normalisation,
        temperatures=card.temperatures,
        classes=card.classes,
        card=card,
        layout=card.layout,
    )


def prepared(
    config: UNetConfig, state: Weights, device: torch.device, precision: torch.dtype
) -> UNet:
    """A network for inference: batch norms folded, in `precision`, pixels' channels together."""
    net = UNet(config)
    net.load_state_dict(dict(state))
    return pixelwise(folded(net.eval()).to(device, precision))


@dataclass(frozen=True)
class Input:
    """One tile as the networks see it, its sides padded to multiples of 2**depth."""

    x: Tensor  # (1, C, H', W') normalised, 0 without data
    valid: Tensor  # (1, 1, H', W') 1 where there is data
    height: int
    width: int


class Ensemble:
    """Networks of one card, ready to predict. All calls run without gradients."""

    def __init__(
        self,
        networks: Sequence[UNet],
        *,
        normalisation: Normalisation,
        temperatures: Sequence[float],
        classes: Sequence[Class],
        card: Card | None = None,
        layout: Layout = PLAIN,
    ) -> None:
        self.networks = list(networks)
        self.temperatures = list(temperatures)
        self.classes, self.card = tuple(classes), card
        weight = networks[0].head.weight
        self.device, self.precision = weight.device, weight.dtype
        scale, shift = normalisation.factors
        self.scale, self.shift = scale, shift
        self.config, self.layout = networks[0].config, layout
        self.assemble = Assembler(layout, normalisation, self.device)

    @property
    def embedding_size(self) -> int:
        return self.networks[0].embedding_size

    def stream(
        self, tiles: Iterable[Given], *, passes: int = 1, seed: int = 0
    ) -> Iterator[tuple[Tensor, NDArray[np.float32]]]:
        """For each tile (C, H, W) uint16: probabilities (M, K, H, W) float32 on the device, each
        pixel summing to 1 over K, and the embedding (D,) of the first member.

        Each member is calibrated by its own temperature before anything is averaged. passes = 1
        is the plain forward. More passes each look at the tile turned another way and with
        channels dropped at the two deepest stages (MC dropout); turns are undone. Their dice
        depend on the seed and the tile's content alone, not on its place in the stream.
        Raises BadTile naming the tile's number, counted from 0.
        """
        for number, given in enumerate(tiles):
            tile = self._checked(given, number)
            if passes == 1:
                yield self._plain(tile)
            else:
                yield self._perturbed(tile, passes, seed)

    @torch.inference_mode()
    def logits(self, tile: Given) -> Tensor:
        """(members, K, H, W) float32, before any temperature."""
        given = self._input(self._checked(tile, 0))
        return torch.cat([_crop(net(given.x), given) for net in self.networks])

    @torch.inference_mode()
    def _plain(self, tile: Tile) -> tuple[Tensor, NDArray[np.float32]]:
        given = self._input(tile)
        first, *others = self.networks
        logits, embedding = first.forward_with_embedding(given.x, given.valid)
        outputs = [logits, *(net(given.x) for net in others)]
        calm = [_crop(z, given) / t for z, t in zip(outputs, self.temperatures, strict=True)]
        return torch.softmax(torch.cat(calm), dim=1), embedding[0].cpu().numpy()

    @torch.inference_mode()
    def _perturbed(self, tile: Tile, passes: int, seed: int) -> tuple[Tensor, NDArray[np.float32]]:
        content = zlib.crc32(np.ascontiguousarray(tile.bands).data)
        probabilities: list[Tensor] = []
        embeddings: list[Tensor] = []
        for member, (net, temperature) in enumerate(zip(self.networks, self.temperatures)):
            rng = np.random.default_rng([seed, content, member])
            ways = rng.permutation(TURNS)
            for number in range(passes):
                way = int(ways[number % TURNS])
                given = self._input(_turned(tile, way))
                logits, embedding = _dropped(net, given, int(rng.integers(2**63)))
                calm = torch.softmax(_crop(logits, given) / temperature, dim=1)
                probabilities.append(turn_back(calm, way))
                if member == 0:
                    embeddings.append(embedding[0])
        return torch.cat(probabilities), torch.stack(embeddings).mean(dim=0).cpu().numpy()

    def _input(self, tile: Tile) -> Input:
        valid, present = valid_pixels(tile.bands), present_bands(tile.bands)  # (H, W), (B,)
        # torch wants memory it may write to; a read-only map or buffer is copied.
        raw = torch.from_numpy(np.require(tile.bands, requirements=("C", "W"))).to(self.device)
        seen = torch.from_numpy(valid)[None, None].to(self.device)
        x = normalised(raw[None], (self.scale * present)[None], (self.shift * present)[None], None)
        x = self.assemble(x, present[None], self._beside(tile))
        if not valid.all():
            x = x.mul_(seen)
        height, width = valid.shape
        step = 2**self.config.depth
        margin = (0, -width % step, 0, -height % step)
        mask = seen.float()
        if any(margin):
            x = functional.pad(x, margin, mode="replicate")  # an edge of zeros would look like data
            mask = functional.pad(mask, margin)
        x = x.to(self.precision).contiguous(memory_format=torch.channels_last)
        return Input(x, mask, height, width)

    def _beside(self, tile: Tile) -> Planes:
        return stacked([whole(tile.planes, self.layout, tile.bands.shape[1:])])

    def _checked(self, given: Given, number: int) -> Tile:
        tile = given if isinstance(given, Tile) else Tile(given, {})
        self._check_bands(tile.bands, number)
        for name in self.layout.features.planes:
            if name not in tile.planes:
                raise BadTile(
                    f"The model sees {self.layout.features.text}: give {name} beside the bands "
                    f"of tile {number}, or say that there is none.",
                    field=name,
                )
            plane = tile.planes[name]
            if plane is not None and (
                wrong := complaint(name, plane, self.layout, tile.bands.shape[1:])
            ):
                raise BadTile(f"Tile {number}: {wrong}.", field=name)
        return tile

    def _check_bands(self, tile: Bands, number: int) -> None:
        bands = len(self.scale)
        if tile.dtype != np.uint16 or tile.ndim != 3 or tile.shape[0] != bands or not tile.size:
            raise BadTile(
                f"Tile {number} must be uint16 ({bands}, height, width), "
                f"is {tile.dtype} {tile.shape}.",
                field=f"tile {number}",
            )


def predict_codes(ensemble: Ensemble, tile: Given) -> NDArray[np.uint8]:
    """(H, W) label codes of the likeliest class of the members' mean; 255 where no data."""
    probabilities, _ = next(ensemble.stream([tile]))
    channels = probabilities.mean(dim=0).argmax(dim=0).cpu().numpy()
    codes = np.array([one.code for one in ensemble.classes], dtype=np.uint8)[channels]
    bands = tile.bands if isinstance(tile, Tile) else tile
    codes[~valid_pixels(bands)] = UNLABELLED
    return codes


def normalised(
    raw: Tensor, scale: NDArray[np.float32], shift: NDArray[np.float32], valid: Tensor | None
) -> Tensor:
    """scale * sqrt(raw) + shift, and 0 where not valid: (N, C, H, W) float32.

    raw (N, C, H, W) uint16; scale, shift (N, C); valid (N, 1, H, W) bool, None is everywhere.
    """
    factor = torch.from_numpy(scale)[:, :, None, None].to(raw.device)
    offset = torch.from_numpy(shift)[:, :, None, None].to(raw.device)
    x = raw.to(torch.float32).sqrt_().mul_(factor).add_(offset)
    return x if valid is None else x.mul_(valid)


def _turned(tile: Tile, way: int) -> Tile:
    known = {name: plane for name, plane in tile.planes.items() if plane is not None}
    blank = {name: None for name, plane in tile.planes.items() if plane is None}
    return Tile(turn(tile.bands, way), {**turned(known, way), **blank})


def _crop(logits: Tensor, given: Input) -> Tensor:
    return logits[:, :, : given.height, : given.width].float()


def _dropped(net: UNet, given: Input, seed: int) -> Any:
    """Logits and embedding with channels dropped by dice of this seed; torch's own stay as is."""
    devices = [given.x.device] if given.x.is_cuda else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        net.monte_carlo = True
        try:
            return net.forward_with_embedding(given.x, given.valid)
        finally:
            net.monte_carlo = False
