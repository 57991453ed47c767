"""Several members' probabilities of one tile, and what follows from them.

Written once for every array library that speaks the array API: what comes in on a GPU stays there.
All arithmetic is float32, whatever the precision of the probabilities, and a probability of exactly
zero counts as nothing (0 log 0 = 0).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from al_engine.errors import BadTile
from al_engine.prediction import Array, predicted_class

TINY = 1.1754943508222875e-38  # the smallest normal float32: log(p + TINY) is finite, and is
# log(p) to the last bit wherever p log p is above 1e-29


@dataclass(frozen=True, eq=False)
class Ensemble:
    """What an ensemble says about one tile; each quantity is computed once, when asked for.

    Raises BadTile unless `members` is floating point of shape (M, K, H, W) with M ≥ 1, K ≥ 2, and
    `codes`, if there are any, whole numbers of shape (H, W).
    """

    members: Array
    """Probabilities (members, classes, height, width), each pixel sums to 1 over classes."""
    codes: Array | None = None
    """Another mask of the tile, a rule's or the previous model's, (H, W) whole numbers: class codes
    below K; anything from K on (255 cannot say, 254 unsure) is left out of comparisons."""
    merged: tuple[int, ...] = ()
    """(K,) For each class a number, equal for classes that the other mask cannot tell apart:
    (0, 1, 1, 0) where it knows only cloud from no cloud. Empty: it knows them all."""

    def __post_init__(self) -> None:
        shape = tuple(getattr(self.members, "shape", ()))
        if len(shape) != 4 or shape[0] < 1 or shape[1] < 2:
            raise BadTile(
                "Probabilities must be (members, classes ≥ 2, height, width), "
                f"not an array of shape {shape}.",
                field="probabilities",
            )
        if not self.xp.isdtype(self.members.dtype, "real floating"):
            raise BadTile(
                f"Probabilities must be floating point, not {self.members.dtype}.",
                field="probabilities",
            )
        if self.codes is not None and tuple(self.codes.shape) != shape[2:]:
            raise BadTile(
                f"Mask codes must be {shape[2:]}, not {tuple(self.codes.shape)}.", field="codes"
            )
        if self.merged and len(self.merged) != shape[1]:
            raise BadTile(
                f"merged must have a number for each of {shape[1]} classes, "
                f"not {len(self.merged)}.",
                field="merged",
            )

    @staticmethod
    def of(probabilities: "Array | Ensemble") -> "Ensemble":
        return probabilities if isinstance(probabilities, Ensemble) else Ensemble(probabilities)

    @cached_property
    def xp(self) -> Any:
        return array_namespace(self.members)

    @property
    def size(self) -> int:
        """Number of members M."""
        return int(self.members.shape[0])

    @cached_property
    def mean(self) -> Array:
        """Mean prediction (K, H, W), float32."""
        single = self.xp.astype(self.members[0, ...], self.xp.float32, copy=self.size > 1)
        if self.size == 1:
            return single
        total = single
        for member in range(1, self.size):
            total += self.xp.astype(self.members[member, ...], self.xp.float32, copy=False)
        total /= self.size
        return total

    @cached_property
    def entropy(self) -> Array:
        """Entropy of the mean prediction (H, W), nats."""
        return _entropy(self.xp, self.mean)

    @cached_property
    def expected_entropy(self) -> Array:
        """Mean of the members' own entropies (H, W), nats."""
        if self.size == 1:
            return self.entropy
        total = _entropy(self.xp, self.members[0, ...])
        for member in range(1, self.size):
            total += _entropy(self.xp, self.members[member, ...])
        total /= self.size
        return total

    @cached_property
    def mutual_information(self) -> Array:
        """Entropy minus expected entropy (H, W), nats, never below zero."""
        return self.xp.clip(self.entropy - self.expected_entropy, 0.0, None)

    @cached_property
    def compared(self) -> Array:
        """bool (H, W): where the other mask names a class. Raises BadTile where there is none."""
        return self._beside < self.members.shape[1]

    @cached_property
    def contradicted(self) -> Array:
        """bool (H, W): where the other mask names another class than the likeliest."""
        labels = self.xp.astype(predicted_class(self.mean), self.xp.int32)
        other = self._beside
        if self.merged:
            labels, other = (_renamed(self.xp, codes, self.merged) for codes in (labels, other))
        return self.compared & (labels != other)

    @cached_property
    def _beside(self) -> Array:
        """The codes beside the members, int32."""
        if self.codes is None:
            raise BadTile(
                "Contradiction needs another mask of the tile: give `codes`.", field="codes"
            )
        codes = self.codes
        if isinstance(codes, np.ndarray) and not isinstance(self.members, np.ndarray):
            codes = self.xp.asarray(codes, device=device(self.members), copy=True)
        if not self.xp.isdtype(codes.dtype, "integral"):
            raise BadTile(f"Mask codes must be whole numbers, not {codes.dtype}.", field="codes")
        return self.xp.astype(codes, self.xp.int32)


def _renamed(xp: Any, codes: Array, names: tuple[int, ...]) -> Array:
    """names[code] for each code below len(names); other codes come out as 0."""
    out = xp.zeros_like(codes)
    for code, name in enumerate(names):
        out = out + name * xp.astype(codes == code, codes.dtype)
    return out


def _entropy(xp: Any, planes: Array) -> Array:
    """-Σ p log p over the first axis, float32 and ≥ 0; one class at a time, to stay in cache."""
    total = xp.zeros(tuple(planes.shape[1:]), dtype=xp.float32, device=device(planes))
    for k in range(planes.shape[0]):
        p = xp.astype(planes[k, ...], xp.float32, copy=False)
        total -= p * xp.log(p + TINY)
    return xp.clip(total, 0.0, None)  # rounding can leave p just above 1
