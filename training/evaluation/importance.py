"""Permutation importance: what a model loses where one of its inputs tells of another tile.

After Breiman, "Random Forests", Machine Learning 45 (2001), section 10, and Fisher, Rudin and
Dominici, JMLR 20 (2019): the drop of a score when one input is exchanged between samples, all else
as it is. Here a sample is a tile, and what is exchanged is a whole plane as the network sees it,
after normalisation: an index by itself, not the bands that it is made of. Of two inputs that say
the same, neither seems to matter much.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from training.errors import BadEvidence
from training.evaluation.evidence import pixel_counts
from training.evaluation.judge import truths
from training.evaluation.scheme import Channels
from training.features.layout import Layout
from training.planes import Tile, input_of
from training.predict import Ensemble, Input
from training.snapshot import Sample, Snapshot

Report = Callable[[int], None]
GROUPED = {"sun": 1, "clear": 1, "mask": 2, "extra": 2}
"""Kinds of channels that belong together, and how many words of their names say with which."""
NAMELESS = "sqrt "
"""What a root's channel has before its band's name."""


@dataclass(frozen=True, eq=False)
class Permuted:
    """Pixel counts with every input as it is, and with each exchanged in turn."""

    features: tuple[str, ...]
    units: tuple[tuple[str, str], ...]
    """(scene, month): U of them."""
    base: NDArray[np.int64]
    """(U, K, K + 1), see `Counts.pixels`."""
    exchanged: NDArray[np.int64]
    """(features, repeats, U, K, K + 1)"""


def permutation_importance(
    ensemble: Ensemble,
    snapshot: Snapshot,
    samples: Sequence[Sample],
    *,
    repeats: int,
    seed: int,
    report: Report,
) -> Permuted:
    """Judge `samples` once as they are, and `repeats` times for each of the model's inputs.

    Within a repeat every input is exchanged between the same tiles. Memory is that of two tiles.
    `report` gets the number of samples done. Raises BadEvidence below two samples.
    """
    if len(samples) < 2:
        raise BadEvidence(
            "To exchange an input between tiles takes two labelled tiles at least.",
            field="importance",
        )
    lender = Lending(ensemble, snapshot.bands)
    units, lent = units_of(snapshot, samples), _lent(samples, repeats, seed)
    names, classes = list(dict.fromkeys(units)), len(snapshot.classes)
    base = np.zeros((len(names), classes, classes + 1), dtype=np.int64)
    exchanged = np.zeros((len(lender.groups), repeats, *base.shape), dtype=np.int64)
    for number, truth in enumerate(truths(snapshot, samples)):
        row, tile = names.index(units[number]), lender.tile(snapshot, samples[number])
        base[row] += pixel_counts(truth.label, lender.plain(tile), classes=classes)
        for repeat in range(repeats):
            donor = lender.tile(snapshot, samples[lent[repeat, number]])
            for place, said in enumerate(lender.exchanged(tile, donor)):
                exchanged[place, repeat, row] += pixel_counts(truth.label, said, classes=classes)
        report(number + 1)
    return Permuted(tuple(lender.groups), tuple(names), base, exchanged)


def channel_groups(layout: Layout, bands: Sequence[str]) -> dict[str, list[int]]:
    """{input: its channels}: a band, an index, the sun, a mask's four channels together, …"""
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(layout.as_json(bands)["channels"]):
        words = name.removeprefix(NAMELESS).split()
        groups.setdefault(" ".join(words[: GROUPED.get(words[0], len(words))]), []).append(place)
    return groups


def donors(scenes: Sequence[str], rng: np.random.Generator) -> NDArray[np.int64]:
    """(n,) which tile lends to each; every tile lends once, and to none of its own scene unless
    one scene has more than half of the tiles."""
    count = len(scenes)
    dice = rng.permutation(count)
    names = {scene: place for place, scene in enumerate(rng.permutation(sorted(set(scenes))))}
    ordered = np.array(sorted(dice.tolist(), key=lambda row: names[scenes[row]]))
    largest = max(scenes.count(scene) for scene in names)
    rows = np.empty(count, dtype=np.int64)
    rows[ordered] = np.roll(ordered, min(largest, count // 2))
    return rows


def units_of(snapshot: Snapshot, samples: Sequence[Sample]) -> list[tuple[str, str]]:
    """(scene, month) of each sample."""
    return [(truth.scene, truth.slices["month"]) for truth in truths(snapshot, samples)]


def _lent(samples: Sequence[Sample], repeats: int, seed: int) -> NDArray[np.int64]:
    """(repeats, n) which sample lends to each."""
    scenes = [sample.group for sample in samples]
    each = [donors(scenes, np.random.default_rng([seed, number])) for number in range(repeats)]
    return np.array(each, dtype=np.int64).reshape(repeats, len(scenes))


class Lending(Ensemble):
    """The same networks; one tile may lend a part of its input to another."""

    def __init__(self, of: Ensemble, bands: Sequence[str]) -> None:
        vars(self).update(vars(of))
        self.groups = channel_groups(self.layout, bands)
        self.ready: Input | None = None
        """What the networks are given instead of the tile's own input."""

    def tile(self, snapshot: Snapshot, sample: Sample) -> Tile:
        given = input_of(snapshot, sample, self.layout)
        return given if isinstance(given, Tile) else Tile(given, {})

    def plain(self, tile: Tile) -> Channels:
        """(H, W) channel indices of the likeliest class, where there is no data too."""
        probabilities, _ = next(self.stream([tile]))
        said: Channels = probabilities.mean(dim=0).argmax(dim=0).cpu().numpy().astype(np.uint8)
        return said

    def exchanged(self, tile: Tile, donor: Tile) -> Iterator[Channels]:
        """The same for each of the groups in turn, that part of the input being the donor's."""
        own, other = self._input(tile), self._input(donor)
        for channels in self.groups.values():
            x = own.x.clone(memory_format=torch.channels_last)
            x[:, channels] = other.x[:, channels] * own.valid.to(x.dtype)
            self.ready = replace(own, x=x)
            yield self.plain(tile)
            self.ready = None

    def _input(self, tile: Tile) -> Input:
        return self.ready or super()._input(tile)
