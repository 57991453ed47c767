"""The tiles that a batch may come from, as plain arrays in one .npz beside the round's results.

The same pool, request, strategy and configuration give the same batch bit for bit.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import ArrayLike, NDArray

from al_engine.errors import BadPool

FORMAT = "cloudmask-pool/2"
OLDER = {"cloudmask-pool/1"}
"""Formats that lack only fields with a default."""

FIGURES = ("scores", "means", "disagreement", "contradiction", "compared", "minutes")
"""Arrays of one figure a tile, ≥ 0."""
MATRICES = (
    "class_scores",
    "embeddings",
    "class_means",
    "class_fractions",
    "mask_fractions",
    "features",
)
NUMBERS = ("keys", "neighbourhoods", "places", "seasons")
WORDS = ("acquisition", "model", "embeddings_from", "known_from")

Floats32 = NDArray[np.float32]
Whole = NDArray[np.int64]


def _no_columns() -> Floats32:
    return np.empty((0, 0), dtype=np.float32)


def _no_figures() -> Floats32:
    return np.empty(0, dtype=np.float32)


def _no_numbers() -> Whole:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Pool:
    """The n tiles a batch may come from, scored by one model; rows in any order.

    Arrays are converted to the types below and made read-only. What has a default may be left out:
    columns are then missing (width 0), numbers -1 and figures 0 for every tile.
    Raises BadPool, naming the array, for shapes that differ, NaN or infinity, negative figures,
    keys that are not unique, and embeddings of two models.
    """

    scores: Floats32
    """(n,) TileScore.score, ≥ 0."""
    means: Floats32
    """(n,) TileScore.mean, ≥ 0."""
    disagreement: Floats32
    """(n,) TileScore.disagreement, nats, ≥ 0."""
    class_scores: Floats32
    """(n, K) TileScore.class_scores, ≥ 0; K = 0 where no model has scored the pool."""
    embeddings: Floats32
    """(n, D) one vector a tile; D = 0 where there is none, and nothing is then a duplicate."""
    groups: Whole
    """(n,) the product each tile was cut from, as any whole number."""
    known_embeddings: Floats32
    """(m, D) the tiles already labelled and those in flight (assigned, not yet submitted)."""
    keys: Whole = field(default_factory=_no_numbers)
    """(n,) a lasting number of each tile. With it a batch does not depend on the order of rows;
    left empty, the row number stands in."""
    acquisition: str = "entropy"
    """What `scores` and `means` measure: a name in ACQUISITIONS."""
    model: str = ""
    """Hash of the model that gave all scores; a pool never mixes two."""
    members: int = 0
    """Members behind each score; 0 where nobody told."""
    class_means: Floats32 = field(default_factory=_no_columns)
    """(n, K) TileScore.class_means, ≥ 0."""
    class_fractions: Floats32 = field(default_factory=_no_columns)
    """(n, K) TileScore.class_fractions, ≥ 0."""
    contradiction: Floats32 = field(default_factory=_no_figures)
    """(n,) TileScore.contradiction, share of the compared pixels."""
    compared: Floats32 = field(default_factory=_no_figures)
    """(n,) TileScore.compared; 0 for a tile without another mask."""
    features: Floats32 = field(default_factory=_no_columns)
    """(n, F) figures of the tile's own pixels, no model in them (see `spectra`)."""
    known_features: Floats32 = field(default_factory=_no_columns)
    """(m, F) the same of the labelled and in-flight tiles, in the order of known_embeddings."""
    mask_fractions: Floats32 = field(default_factory=_no_columns)
    """(n, R) class shares by a rule mask, ≥ 0, for before there is a model."""
    neighbourhoods: Whole = field(default_factory=_no_numbers)
    """(n,) the patch of ground and time a tile lies in; -1 none."""
    places: Whole = field(default_factory=_no_numbers)
    """(n,) the place (say, the MGRS tile); -1 not known."""
    seasons: Whole = field(default_factory=_no_numbers)
    """(n,) the season; -1 not known."""
    minutes: Floats32 = field(default_factory=_no_figures)
    """(n,) what labelling the tile is expected to take; 0 not known."""
    embeddings_from: str = ""
    """Hash of the model that gave `embeddings`."""
    known_from: str = ""
    """Hash of the model that gave `known_embeddings`."""

    def __post_init__(self) -> None:
        self._hold("groups", np.int64, (None,))
        n = self.size
        self._fill("keys", np.arange(n))
        for name in ("neighbourhoods", "places", "seasons"):
            self._fill(name, np.full(n, -1))
        for name in ("contradiction", "compared", "minutes"):
            self._fill(name, np.zeros(n))
        for name in MATRICES[2:]:
            self._fill(name, np.zeros((n, 0)))
        for name in FIGURES:
            self._hold(name, np.float32, (n,))
        for name in MATRICES:
            self._hold(name, np.float32, (n, None))
        for name in NUMBERS:
            self._hold(name, np.int64, (n,))
        if not np.size(self.known_features):
            object.__setattr__(self, "known_features", self.features[:0])
        self._hold("known_embeddings", np.float32, (None, self.embeddings.shape[1]))
        self._hold("known_features", np.float32, (None, self.features.shape[1]))
        self._check()

    def _check(self) -> None:
        for name in (*FIGURES, "class_scores", "class_means", "class_fractions", "mask_fractions"):
            if (getattr(self, name) < 0).any():
                raise BadPool(f"{name} must not be negative.", field=name)
        for name in ("class_means", "class_fractions"):
            if getattr(self, name).shape[1] not in (0, self.classes):
                raise BadPool(
                    f"{name} must have {self.classes} columns like class_scores, "
                    f"not {getattr(self, name).shape[1]}.",
                    field=name,
                )
        if len(np.unique(self.keys)) != self.size:
            raise BadPool("keys must be unique, one for each tile.", field="keys")
        if self.embeddings_from != self.known_from and len(self.known_embeddings):
            raise BadPool(
                f"embeddings are of model {self.embeddings_from!r}, known_embeddings of "
                f"{self.known_from!r}: distances between them mean nothing; embed both with one.",
                field="known_embeddings",
            )
        both = self.features.shape[1] and self.embeddings.shape[1]
        if both and len(self.known_features) != len(self.known_embeddings):
            raise BadPool(
                f"known_features has {len(self.known_features)} rows, known_embeddings "
                f"{len(self.known_embeddings)}: both list the labelled and in-flight tiles.",
                field="known_features",
            )

    @classmethod
    def unscored(
        cls, groups: ArrayLike, keys: ArrayLike | None = None, **others: ArrayLike
    ) -> "Pool":
        """A pool that no model has seen, for strategies that need none.

        groups, keys: (n,). others: further arrays of a Pool by name, such as `features`.
        """
        size = len(np.asarray(groups))
        zeros = np.zeros(size, dtype=np.float32)
        none = np.zeros((size, 0), dtype=np.float32)
        arrays: dict[str, Any] = {
            "scores": zeros,
            "means": zeros,
            "disagreement": zeros,
            "class_scores": none,
            "embeddings": none,
            "groups": np.asarray(groups),
            "known_embeddings": none[:0],
            "keys": np.arange(size) if keys is None else np.asarray(keys),
        }
        known = len(np.asarray(others.get("known_features", ())))
        return cls(**{**arrays, "known_embeddings": np.zeros((known, 0), np.float32), **others})

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

    def rows(self, order: NDArray[np.int64]) -> "Pool":
        """The pool of these rows in this order."""
        names = (*FIGURES, *MATRICES, *NUMBERS, "groups")
        return replace(self, **{name: getattr(self, name)[order] for name in names})

    def _fill(self, name: str, filling: NDArray[Any]) -> None:
        """Stand in for a row array that was left out."""
        given = np.asarray(getattr(self, name))
        if not given.size and len(given) != self.size:
            object.__setattr__(self, name, filling)

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
            raise BadPool(_not_finite(name, held), field=name)
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
        """Read what `save` wrote, now or in an older format.

        Raises BadPool, naming the file, for anything else.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = dict(_arrays(stored, path))
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            if isinstance(error, BadPool):
                raise
            raise BadPool(f"{path} is not a readable pool: {error}", field="path") from error
        return cls(**arrays)


def _arrays(stored: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Each field that the file has; KeyError where it lacks one that its format promises."""
    written_as = str(stored["format"])
    if written_as not in {FORMAT, *OLDER}:
        raise BadPool(f"{path} is {written_as}, not {FORMAT}.", field="format")
    for each in fields(Pool):
        if each.name not in stored.files and written_as in OLDER:
            continue
        array = stored[each.name]
        if each.name in WORDS:
            yield each.name, str(array)
        else:
            yield each.name, int(array) if each.name == "members" else array


def _not_finite(name: str, held: NDArray[Any]) -> str:
    wrong = np.flatnonzero(~np.isfinite(held).reshape(len(held), -1).all(axis=1))
    return (
        f"{name} holds NaN or infinity in {len(wrong)} of {len(held)} rows, the first in row "
        f"{wrong[0]}: leave these tiles out, or score them again."
    )
