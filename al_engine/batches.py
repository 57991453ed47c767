"""What goes into a choice of tiles and what comes out: Pool, Request, Batch.

A pool is plain arrays, stored in one .npz beside the round's other results: the same pool, request
and strategy give the same batch bit for bit.
"""

import zipfile
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import ArrayLike, NDArray

from al_engine.errors import BadPool, BadRequest

FORMAT = "cloudmask-pool/1"


@dataclass(frozen=True, eq=False)
class Pool:
    """The n tiles a batch may come from, scored by one model; rows in any order.

    Arrays are converted to the types below and made read-only.
    Raises BadPool, naming the array, for shapes that differ, NaN or infinity, negative scores,
    and keys that are not unique.
    """

    scores: NDArray[np.float32]
    """(n,) TileScore.score, ≥ 0."""
    means: NDArray[np.float32]
    """(n,) TileScore.mean, ≥ 0."""
    disagreement: NDArray[np.float32]
    """(n,) TileScore.disagreement, nats, ≥ 0."""
    class_scores: NDArray[np.float32]
    """(n, K) TileScore.class_scores, ≥ 0; K = 0 where no model has scored the pool."""
    embeddings: NDArray[np.float32]
    """(n, D) one vector a tile; D = 0 where there is none, and nothing is then a duplicate."""
    groups: NDArray[np.int64]
    """(n,) the product each tile was cut from, as any whole number."""
    known_embeddings: NDArray[np.float32]
    """(m, D) the tiles already labelled and those in flight (assigned, not yet submitted)."""
    keys: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """(n,) a lasting number of each tile. With it a batch does not depend on the order of rows;
    left empty, the row number stands in."""
    acquisition: str = "entropy"
    """What `scores` and `means` measure: a name in ACQUISITIONS."""
    model: str = ""
    """Hash of the model that gave all scores; a pool never mixes two."""

    def __post_init__(self) -> None:
        self._hold("groups", np.int64, (None,))
        if not np.size(self.keys):
            object.__setattr__(self, "keys", np.arange(self.size))
        for name in ("scores", "means", "disagreement"):
            self._hold(name, np.float32, (self.size,))
        self._hold("class_scores", np.float32, (self.size, None))
        self._hold("embeddings", np.float32, (self.size, None))
        self._hold("known_embeddings", np.float32, (None, self.embeddings.shape[1]))
        self._hold("keys", np.int64, (self.size,))
        for name in ("scores", "means", "disagreement", "class_scores"):
            if (getattr(self, name) < 0).any():
                raise BadPool(f"{name} must not be negative.", field=name)
        if len(np.unique(self.keys)) != self.size:
            raise BadPool("keys must be unique, one for each tile.", field="keys")

    @classmethod
    def unscored(cls, groups: ArrayLike, keys: ArrayLike | None = None) -> "Pool":
        """A pool that no model has seen, for strategies that need none. groups, keys: (n,)."""
        size = len(np.asarray(groups))
        zeros = np.zeros(size, dtype=np.float32)
        none = np.zeros((size, 0), dtype=np.float32)
        return cls(
            scores=zeros,
            means=zeros,
            disagreement=zeros,
            class_scores=none,
            embeddings=none,
            groups=np.asarray(groups),
            known_embeddings=none[:0],
            keys=np.arange(size) if keys is None else np.asarray(keys),
        )

    @property
    def size(self) -> int:
        """Number of tiles n."""
        return len(self.groups)

    @property
    def classes(self) -> int:
        """Number of classes K, 0 for an unscored pool."""
        return int(self.class_scores.shape[1])

    @property
    def scored(self) -> bool:
        return self.classes > 0

    def _hold(self, name: str, dtype: type[np.generic], shape: tuple[int | None, ...]) -> None:
        """Store a read-only view of the right type; BadPool if the array is not what it says."""
        given = np.asarray(getattr(self, name))
        fits = given.ndim == len(shape) and all(
            want is None or have == want for have, want in zip(given.shape, shape)
        )
        if not fits:
            wanted = ", ".join("any" if side is None else str(side) for side in shape)
            raise BadPool(f"{name} must have shape ({wanted}), not {given.shape}.", field=name)
        if given.dtype.kind not in ("iub" if dtype is np.int64 else "fiub"):
            raise BadPool(f"{name} cannot be of type {given.dtype}.", field=name)
        held = given.astype(dtype, copy=False).view()
        if held.dtype.kind == "f" and not np.isfinite(held).all():
            raise BadPool(f"{name} holds NaN or infinity.", field=name)
        held.flags.writeable = False
        object.__setattr__(self, name, held)

    def save(self, path: Path) -> None:
        """Write one .npz, whole or not at all."""
        arrays: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        beside = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            with beside.open("xb") as stream:
                np.savez(stream, format=np.array(FORMAT), **arrays)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> "Pool":
        """Read what `save` wrote. Raises BadPool, naming the file, for anything else."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays: dict[str, Any] = {f.name: stored[f.name] for f in fields(cls)}
                written_as = str(stored["format"])
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise BadPool(f"{path} is not a readable pool: {error}", field="path") from error
        if written_as != FORMAT:
            raise BadPool(f"{path} is {written_as}, not {FORMAT}.", field="format")
        for name in ("acquisition", "model"):
            arrays[name] = str(arrays[name])
        return cls(**arrays)


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

    def __post_init__(self) -> None:
        for name, least in (("count", 1), ("seed", 0), ("round_no", 1), ("product_cap", 1)):
            value = getattr(self, name)
            if value is None and name == "product_cap":
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
    """(b,) why each was chosen: "informative", "control" or "random". Not for annotators' eyes."""
    quotas: NDArray[np.int64]
    """(b,) the class whose quota the tile fills, -1 for none."""
    noise: NDArray[np.float64]
    """(b,) what chance added to the log score it was ranked by; 0 where no noise had a part."""
    uniform_probability: float
    """Chance that any given tile of the pool had to be among the uniformly drawn ones (slices
    "control" and "random"), which an unbiased estimate needs; 0 where none are drawn."""
    notes: tuple[str, ...]
    """What was relaxed or could not be met, as sentences for the lead."""
