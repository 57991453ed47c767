"""What is asked of a pool and what comes out: Request, Draw, Batch."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_engine.autoconfig import AutoConfig
from al_engine.errors import BadRequest
from al_engine.pools import Pool

__all__ = ["Batch", "Draw", "Pool", "Request", "batch_of", "woven"]

ALL = -1
"""The quota of picks that no class's quota holds."""
LEAST = {"count": 1, "seed": 0, "round_no": 1, "product_cap": 1, "labelled": 0}


@dataclass(frozen=True)
class Request:
    """What is asked of a pool. Raises BadRequest for a value out of range."""

    count: int
    """Tiles wanted, ≥ 1."""
    seed: int
    """≥ 0; with the round's number it fixes every draw."""
    round_no: int = 1
    """1 for the first round since a start or restart (new season, sensor or region)."""
    product_cap: int | None = None
    """Most tiles of one product in a batch; None for max(1, 2 % of count, rounded up)."""
    duplicate_cosine: float = 0.98
    """Two tiles whose embeddings point nearer than this are near-duplicates, in (0, 1]."""
    labelled: int | None = None
    """Labelled tiles of the target so far; with it `auto` ramps from coverage into uncertainty."""
    validation: float | None = None
    """Mean IoU of the scoring model on validation tiles, in [0, 1]; None where nobody knows."""
    control_share: float | None = None
    """Share drawn uniformly before anything else, in [0, 1]; None for what the strategy does."""

    def __post_init__(self) -> None:
        for name, least in LEAST.items():
            value = getattr(self, name)
            if value is None and name in ("product_cap", "labelled"):
                continue
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise BadRequest(
                    f"{name} must be a whole number of at least {least}, not {value!r}.",
                    field=name,
                )
        if not 0 < self.duplicate_cosine <= 1:
            raise BadRequest(
                f"duplicate_cosine must be above 0 and at most 1, not {self.duplicate_cosine}.",
                field="duplicate_cosine",
            )
        for name in ("validation", "control_share"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise BadRequest(f"{name} must be between 0 and 1, not {value}.", field=name)

    @property
    def cap(self) -> int:
        """Most tiles of one product before any relaxing."""
        return self.product_cap or max(1, -(-2 * self.count // 100))

    def rng(self) -> np.random.Generator:
        """The dice of this request, always the same."""
        return np.random.default_rng([self.seed, self.round_no])


@dataclass(frozen=True, eq=False)
class Batch:
    """The tiles chosen, in the order they should be served."""

    indices: NDArray[np.int64]
    """(b,) rows of the pool, no row twice."""
    slices: tuple[str, ...]
    """(b,) why each was chosen: "informative", "coverage", "control" or "random". Not for
    annotators' eyes."""
    quotas: NDArray[np.int64]
    """(b,) the class whose quota the tile fills, -1 for none."""
    noise: NDArray[np.float64]
    """(b,) what chance added to the log score it was ranked by; 0 where no noise had a part."""
    uniform_probability: float
    """Chance that any given tile of the pool had to be among the uniformly drawn ones (slices
    "control" and "random"), which an unbiased estimate needs; 0 where none are drawn."""
    notes: tuple[str, ...]
    """What was relaxed or could not be met, as sentences for the lead."""
    standings: NDArray[np.int64]
    """(b,) the place in its quota, from 1, that the tile had by score alone; against its place in
    the batch it shows the part that noise, caps and quotas had. 0 where no score had a part."""
    probabilities: NDArray[np.float64]
    """(b,) chance of this tile at its turn, among those not drawn before; 0 where it is not
    known, as for everything with caps. What LURE weights need."""


@dataclass(frozen=True, eq=False)
class Draw:
    """What a strategy works from: the pool but for its control tiles, which are drawn already."""

    pool: Pool
    """Rows in the order of their keys."""
    request: Request
    """count is at most the pool's size."""
    config: AutoConfig
    rng: np.random.Generator
    control: NDArray[np.int64]
    """(c,) rows drawn uniformly, not to be chosen again."""

    @property
    def count(self) -> int:
        """Tiles still to choose."""
        return self.request.count - len(self.control)

    def left(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        """`order` without the control tiles."""
        return order[~np.isin(order, self.control)] if len(self.control) else order


def batch_of(
    rows: NDArray[np.int64],
    slice_name: str,
    *,
    notes: Iterable[str] = (),
    uniform_probability: float = 0.0,
    **told: NDArray[Any],
) -> Batch:
    """A batch of one slice. told: quotas, noise, standings, probabilities, where there are any."""
    count = len(rows)
    columns: dict[str, Any] = {
        "quotas": np.full(count, ALL),
        "noise": np.zeros(count),
        "standings": np.zeros(count, dtype=np.int64),
        "probabilities": np.zeros(count),
        **told,
    }
    return Batch(
        indices=np.asarray(rows, dtype=np.int64),
        slices=(slice_name,) * count,
        uniform_probability=uniform_probability,
        notes=tuple(notes),
        **columns,
    )


def woven(first: Batch, second: Batch, *, is_second: NDArray[np.bool_]) -> Batch:
    """Both batches in one order: places where `is_second` holds take the second's, in turn."""
    columns = {}
    for name in ("indices", "quotas", "noise", "standings", "probabilities"):
        one, other = getattr(first, name), getattr(second, name)
        column = np.empty(len(is_second), dtype=one.dtype)
        column[~is_second], column[is_second] = one, other
        columns[name] = column
    slices = [iter(first.slices), iter(second.slices)]
    return Batch(
        slices=tuple(next(slices[int(it_is)]) for it_is in is_second),
        uniform_probability=first.uniform_probability + second.uniform_probability,
        notes=first.notes + second.notes,
        **columns,
    )
