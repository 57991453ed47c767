"""From logits to calibrated probabilities: the one place of this package where a temperature acts.

Temperatures act on each member's own logits, before anything is averaged. A temperature on the
averaged probabilities is another model, and one that acts twice is a third.
"""

from collections.abc import Sequence

from array_api_compat import array_namespace

from al_engine.errors import BadTile
from al_engine.prediction import Array


def calibrated(logits: Array, temperatures: Sequence[float]) -> Array:
    """Softmax of each member's logits over its own temperature, (M, K, H, W) float32.

    logits: (M, K, H, W) floating point, any test-time flip undone. temperatures: M numbers > 0.
    Raises BadTile where a member or its temperature is missing, and for a temperature ≤ 0.
    Source: temperature scaling, Guo et al. (2017), arXiv 1706.04599.
    """
    if len(logits.shape) != 4 or logits.shape[0] != len(temperatures):
        raise BadTile(
            f"{len(temperatures)} temperatures don't belong to logits of shape "
            f"{tuple(logits.shape)}: a member or its temperature is missing.",
            field="temperatures",
        )
    if not all(0 < t < float("inf") for t in temperatures):
        raise BadTile(
            f"Temperatures must be finite and above 0, not {list(temperatures)}.",
            field="temperatures",
        )
    xp = array_namespace(logits)
    members = []
    for m, temperature in enumerate(temperatures):
        scaled = xp.astype(logits[m, ...], xp.float32) / temperature
        raised = xp.exp(scaled - xp.max(scaled, axis=0, keepdims=True))
        members.append(raised / xp.sum(raised, axis=0, keepdims=True))
    return xp.stack(members)
