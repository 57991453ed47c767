"""How unsure a model is about each pixel. Every score is high where a label would teach most.

Written once for every array library that speaks the array API: what comes in on a GPU stays there.
All arithmetic is float32, whatever the precision of the probabilities, and a probability of exactly
zero counts as nothing (0 log 0 = 0).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from array_api_compat import array_namespace, device

from al_engine.errors import BadTile

Array: TypeAlias = Any  # numpy, torch, …: whatever `array_namespace` knows

TINY = 1.1754943508222875e-38  # the smallest normal float32: log(p + TINY) is finite, and is
# log(p) to the last bit wherever p log p is above 1e-29


@dataclass(frozen=True, eq=False)
class Ensemble:
    """What an ensemble says about one tile; each quantity is computed once, when asked for.

    Raises BadTile unless `members` is floating point of shape (M, K, H, W) with M ≥ 1, K ≥ 2.
    """

    members: Array
    """Probabilities (members, classes, height, width), each pixel sums to 1 over classes."""

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


def _entropy(xp: Any, planes: Array) -> Array:
    """-Σ p log p over the first axis, float32 and ≥ 0; one class at a time, to stay in cache."""
    total = xp.zeros(tuple(planes.shape[1:]), dtype=xp.float32, device=device(planes))
    for k in range(planes.shape[0]):
        p = xp.astype(planes[k, ...], xp.float32, copy=False)
        total -= p * xp.log(p + TINY)
    return xp.clip(total, 0.0, None)  # rounding can leave p just above 1


def entropy(probabilities: Array) -> Array:
    """Predictive entropy of the ensemble's mean, -Σ_c p_c log p_c with p = mean_m p_m.

    probabilities: (M, K, H, W). Returns (H, W) float32 in [0, log K] nats.
    Source: Shannon (1948); of the mean prediction, never the mean of the members' entropies.
    """
    return Ensemble.of(probabilities).entropy


def expected_entropy(probabilities: Array) -> Array:
    """What every member alone is unsure about, (1/M) Σ_m H(p_m): the ambiguity of the data.

    probabilities: (M, K, H, W). Returns (H, W) float32 in [0, log K] nats.
    """
    return Ensemble.of(probabilities).expected_entropy


def mutual_information(probabilities: Array) -> Array:
    """BALD: H(mean_m p_m) - (1/M) Σ_m H(p_m), the part of the entropy the members disagree about.

    probabilities: (M, K, H, W). Returns (H, W) float32 in [0, log K] nats; zero for one member.
    Source: Houlsby et al. (2011), arXiv 1112.5745; for ensembles Beluch et al. (CVPR 2018).
    """
    return Ensemble.of(probabilities).mutual_information


def least_confidence(probabilities: Array) -> Array:
    """One minus the probability of the likeliest class of the mean prediction.

    probabilities: (M, K, H, W). Returns (H, W) float32 in [0, 1 - 1/K].
    Source: Lewis and Gale (1994).
    """
    ensemble = Ensemble.of(probabilities)
    return 1.0 - ensemble.xp.max(ensemble.mean, axis=0)


def margin(probabilities: Array) -> Array:
    """One minus the gap between the two likeliest classes of the mean prediction.

    probabilities: (M, K, H, W). Returns (H, W) float32 in [0, 1].
    Source: Scheffer et al. (2001).
    """
    ensemble = Ensemble.of(probabilities)
    xp, mean = ensemble.xp, ensemble.mean
    first = xp.maximum(mean[0, ...], mean[1, ...])
    second = xp.minimum(mean[0, ...], mean[1, ...])
    for k in range(2, mean.shape[0]):
        second = xp.maximum(second, xp.minimum(first, mean[k, ...]))
        first = xp.maximum(first, mean[k, ...])
    return 1.0 - (first - second)


ACQUISITIONS: dict[str, Callable[[Array], Array]] = {
    "entropy": entropy,
    "margin": margin,
    "least_confidence": least_confidence,
    "expected_entropy": expected_entropy,
    "mutual_information": mutual_information,
}

_PROBABILITIES = frozenset({"margin", "least_confidence"})


def acquisition(name: str) -> Callable[[Array], Array]:
    """The score of that name. Raises BadTile, naming those there are, for any other."""
    if name not in ACQUISITIONS:
        raise BadTile(
            f"There is no acquisition {name!r}; there are {', '.join(ACQUISITIONS)}.",
            field="acquisition",
        )
    return ACQUISITIONS[name]


def ceiling(name: str, classes: int) -> float:
    """The largest value a score can take: log K nats for entropies, 1 for probabilities."""
    return 1.0 if name in _PROBABILITIES else math.log(classes)
