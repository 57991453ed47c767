"""Error inheritance: where a rule-based mask is wrong, does a model make the same mistake?

A model that is shown a mask may learn to copy it, mistakes and all. One that never saw it makes
some of the same mistakes too, because the same pixels are hard: only beside it does the share say
anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.errors import BadEvidence
from training.evaluation.scheme import NOTHING, Channels, Collapse, Scheme, stand_in
from training.evaluation.statistics import ratio
from training.snapshot import IGNORE

WRONG, REPEATED, RIGHTED = range(3)
"""Last axis of the counts: pixels where the mask is wrong; of those, the ones where the model says
what the mask says; and the ones where it says what is true."""

Counted = NDArray[np.int64]


@dataclass(frozen=True)
class Rule:
    """A mask's codes brought to the classes that both it and the campaign know."""

    collapse: Collapse
    table: Channels
    """(256,) mask code -> channel of the merged classes, NOTHING where it can't say."""

    @classmethod
    def of(cls, scheme: Scheme, said: Sequence[int]) -> "Rule":
        """`said`: codes that the mask uses anywhere. A class that it never says counts as what
        stands in for it (thin cloud as cloud, shadow as clear), for truth, mask and model alike:
        to lack a class is no mistake. Raises BadEvidence where mask and campaign share none."""
        try:
            collapse = Collapse.onto(scheme, said)
        except ValueError as problem:
            raise BadEvidence(f"The mask says {sorted(said)}: {problem}", field="mask") from None
        kept = collapse.merged.codes
        table = np.full(256, NOTHING, dtype=np.uint8)
        for code in said:
            table[code] = kept.index(stand_in(code, kept))
        return cls(collapse, table)

    def counts(self, truth: Channels, mask: NDArray[np.uint8], said: Channels) -> Counted:
        """(K', K', 3) by true class and by what the mask says; the diagonal is 0.

        truth, said (H, W): channels of the campaign, 255 where nothing is known or said; mask
        (H, W): codes, 255 where it can't say.
        """
        size = self.collapse.merged.size
        true, ours, theirs = self.collapse(truth), self.collapse(said), self.table[mask]
        known = (truth != IGNORE) & (said != NOTHING) & (theirs != NOTHING)
        t, r, m = (each[known].astype(np.int64) for each in (true, theirs, ours))
        wrong = t != r
        cell = size * t + r
        parts = (wrong, wrong & (m == r), wrong & (m == t))
        counted = [np.bincount(cell[part], minlength=size**2) for part in parts]
        return np.stack(counted, axis=-1).reshape(size, size, 3).astype(np.int64)


def repeated_share(counts: NDArray[np.generic]) -> NDArray[np.float64]:
    """(…, K', K', 3) -> (…, K' + 1): share of the mask's errors that the model repeats, by true
    class and, last, of all errors; nan where the mask makes none."""
    return _share(counts, REPEATED)


def righted_share(counts: NDArray[np.generic]) -> NDArray[np.float64]:
    """The same of the errors that the model puts right."""
    return _share(counts, RIGHTED)


def _share(counts: NDArray[np.generic], part: int) -> NDArray[np.float64]:
    by_truth = counts.astype(np.float64).sum(axis=-2)  # (…, K', 3)
    both = np.concatenate([by_truth, by_truth.sum(axis=-2, keepdims=True)], axis=-2)
    return ratio(both[..., part], both[..., WRONG])
