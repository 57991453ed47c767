"""How unsure a model is about each pixel. Every score is high where a label would teach most.

Written once for every array library that speaks the array API, in float32 (see `ensemble`).
"""

import math
from collections.abc import Callable

from array_api_compat import device

from al_engine.ensemble import Ensemble
from al_engine.errors import BadTile
from al_engine.prediction import Array, predicted_class

ENTROPY_PART = 0.1  # of entropy in `blended`: what orders tiles on which all members agree


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


def variation_ratio(probabilities: Array) -> Array:
    """Share of the members that vote for another class than most do, 1 - max_c (1/M) #{m: ŷ_m = c}.

    probabilities: (M, K, H, W). Returns (H, W) float32 in [0, 1 - 1/min(M, K)]; zero for one
    member, and only M + 1 steps fine.
    Source: Freeman (1965), for members as in Gal et al. (2017).
    """
    ensemble = Ensemble.of(probabilities)
    xp, members = ensemble.xp, ensemble.members
    votes = [predicted_class(members[m, ...]) for m in range(ensemble.size)]
    most = xp.zeros(tuple(votes[0].shape), dtype=xp.float32, device=device(members))
    for k in range(members.shape[1]):
        count = xp.zeros_like(most)
        for vote in votes:
            count += xp.astype(vote == k, xp.float32)
        most = xp.maximum(most, count)
    return 1.0 - most / ensemble.size


def variance(probabilities: Array) -> Array:
    """Spread of the members' probabilities, Σ_c (1/M) Σ_m (p_mc - p_c)².

    probabilities: (M, K, H, W). Returns (H, W) float32 in [0, 1 - 1/K]; zero for one member.
    Source: the total variance of the members; as a dropout score Kendall et al. (BMVC 2017).
    """
    ensemble = Ensemble.of(probabilities)
    xp, members, mean = ensemble.xp, ensemble.members, ensemble.mean
    total = xp.zeros(tuple(mean.shape[1:]), dtype=xp.float32, device=device(members))
    for m in range(ensemble.size):
        for k in range(mean.shape[0]):
            # Differences first: a difference of mean squares would cancel in single precision.
            away = xp.astype(members[m, k, ...], xp.float32, copy=False) - mean[k, ...]
            total += away * away
    return total / ensemble.size


def blended(probabilities: Array) -> Array:
    """Mutual information plus a tenth of the entropy, for ensembles of at least three members.

    probabilities: (M, K, H, W). Returns (H, W) float32 in [0, 1.1 log K] nats.
    Source: section 8.1 of the design; the tenth orders what the members agree about.
    """
    ensemble = Ensemble.of(probabilities)
    return ensemble.mutual_information + ENTROPY_PART * ensemble.entropy


def contradiction(probabilities: Array) -> Array:
    """1 where the likeliest class is not the one that another mask names, else 0.

    probabilities: an Ensemble with `codes`, a rule mask or the previous model's. Where that mask
    cannot say the result is 0, and `score_tile` doesn't count the pixel. Returns (H, W) float32.
    Raises BadTile without codes.
    Source: query by committee, Seung et al. (1992), with a committee of two.
    """
    ensemble = Ensemble.of(probabilities)
    return ensemble.xp.astype(ensemble.contradicted, ensemble.xp.float32)


ACQUISITIONS: dict[str, Callable[[Array], Array]] = {
    "entropy": entropy,
    "margin": margin,
    "least_confidence": least_confidence,
    "expected_entropy": expected_entropy,
    "mutual_information": mutual_information,
    "variation_ratio": variation_ratio,
    "variance": variance,
    "blended": blended,
    "contradiction": contradiction,
}

_CEILINGS: dict[str, Callable[[int], float]] = {
    "entropy": math.log,
    "expected_entropy": math.log,
    "mutual_information": math.log,
    "blended": lambda classes: (1 + ENTROPY_PART) * math.log(classes),
    "variance": lambda classes: 1 - 1 / classes,
}


def acquisition(name: str) -> Callable[[Array], Array]:
    """The score of that name. Raises BadTile, naming those there are, for any other."""
    if name not in ACQUISITIONS:
        raise BadTile(
            f"There is no acquisition {name!r}; there are {', '.join(ACQUISITIONS)}.",
            field="acquisition",
        )
    return ACQUISITIONS[name]


def ceiling(name: str, classes: int) -> float:
    """The largest value a score can take: nats for entropies, 1 for shares and probabilities."""
    return _CEILINGS[name](classes) if name in _CEILINGS else 1.0
