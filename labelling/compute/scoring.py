"""Stream tiles through a model and keep what ranking needs: a few hundred bytes a tile.

No probabilities are written. Tiles are scored in shards; a shard that an earlier attempt finished
isn't scored again, and every tile's figures depend on that tile alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_engine.batches import Pool
from al_engine.ensemble import Ensemble as Members
from al_engine.pooling import PoolingConfig, TileScore, score_tile
from labelling.compute.contradicting import Opponent
from labelling.compute.files import write_arrays
from labelling.compute.inputs import bands_of, read_input
from labelling.compute.lines import Meter
from labelling.imagery.features import tile_features
from training import stopping
from training.features.layout import Layout
from training.predict import Ensemble, Given, load
from training.survey import valid_pixels

SHARD = 256
"""Tiles between two writes."""
AHEAD = 2
"""Tiles read while the model works on one."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Request:
    """What a scoring child is asked for; the JSON file's keys."""

    bands: list[str]
    model: Path
    acquisition: str
    passes: int
    seed: int
    tiles: list[dict[str, Any]]
    """The pool: {key, uuid, raster, group}; `raster` is what GDAL opens. For a model that sees
    more than bands also {planes, sun}, as inputs.py reads them."""
    known: list[dict[str, Any]]
    """Labelled and in-flight tiles: only embeddings and spectral features are wanted."""
    class_means: bool = False
    """Whether the strategy needs plain means by class (`clasp`)."""
    provides: Sequence[int] = ()
    """Class codes that the masks which tiles name as `codes` can tell; the model is held against
    them (`disagree`)."""
    before: Path | None = None
    """The model to hold this one against instead."""

    @classmethod
    def read(cls, content: dict[str, Any]) -> Request:
        paths = {name: Path(content[name]) for name in ("model", "before") if content.get(name)}
        return cls(**{**content, **paths})


def score_pool(request: Request, out: Path) -> dict[str, Any]:
    """Write `pool.npz` (an al_engine Pool) and `maps.npz` (block maps, class fractions)."""
    ensemble = load(request.model)
    wanted = [*request.tiles, *request.known]
    meter = Meter("score", len(wanted))
    shards = []
    for number, first in enumerate(range(0, len(wanted), SHARD)):
        path = out / f"shard-{number:05d}.npz"
        batch = wanted[first : first + SHARD]
        if path.exists():
            meter.skipped += len(batch)
        else:
            write_arrays(path, **scored(ensemble, request, batch, meter, first))
            stopping.check()
        shards.append(path)
    merged = merge(shards)
    model = ensemble.card.hash if ensemble.card else ""
    keep_pool(request, merged, out, model=model, members=len(ensemble.networks) * request.passes)
    return {"tiles": len(request.tiles), "known": len(request.known)}


def scored(
    ensemble: Ensemble, request: Request, tiles: Sequence[dict[str, Any]], meter: Meter, first: int
) -> Arrays:
    """The figures of these tiles, one row each."""
    rows: list[TileScore] = []
    embeddings, features = [], []
    opponent = Opponent.of(ensemble, request.bands, request.provides, request.before)
    pooling = PoolingConfig(class_means=request.class_means)
    seen: list[NDArray[np.bool_]] = []

    def noting() -> Iterator[Given]:
        for tile in read_ahead(request, tiles, ensemble.layout):
            pixels = bands_of(tile)
            seen.append(valid_pixels(pixels))
            features.append(tile_features(pixels))
            yield tile

    stream = ensemble.stream(noting(), passes=request.passes, seed=request.seed)
    for done, (tile, (probabilities, embedding)) in enumerate(zip(tiles, stream), start=1):
        members = Members(probabilities, codes=opponent.codes(tile), merged=opponent.merged)
        rows.append(score_tile(members, seen.pop(), request.acquisition, pooling))
        embeddings.append(embedding)
        meter.show(first + done)
    return {
        "scores": np.array([each.score for each in rows], np.float32),
        "means": np.array([each.mean for each in rows], np.float32),
        "disagreement": np.array([each.disagreement for each in rows], np.float32),
        "contradiction": np.array([each.contradiction for each in rows], np.float32),
        "compared": np.array([each.compared for each in rows], np.float32),
        "class_scores": np.stack([each.class_scores for each in rows]),
        "class_fractions": np.stack([each.class_fractions for each in rows]),
        "blocks": np.stack([each.blocks for each in rows]),
        "class_means": np.stack([each.class_means for each in rows]),
        "features": np.stack(features),
        "embeddings": np.stack(embeddings),
    }


def read_ahead(
    request: Request, tiles: Sequence[dict[str, Any]], layout: Layout
) -> Iterator[Given]:
    """Each tile as the model takes it, read while the one before is being scored."""

    def read(tile: dict[str, Any]) -> Given:
        return read_input(tile, request.bands, layout)

    with ThreadPoolExecutor(max_workers=1) as reader:
        waiting = [reader.submit(read, tile) for tile in tiles[:AHEAD]]
        for number in range(len(tiles)):
            if number + AHEAD < len(tiles):
                waiting.append(reader.submit(read, tiles[number + AHEAD]))
            yield waiting.pop(0).result()


def merge(shards: Sequence[Path]) -> Arrays:
    """All shards' rows, one array after the other: no more than one is held twice."""
    with np.load(shards[0], allow_pickle=False) as first:
        names = list(first.files)
    return {name: np.concatenate([stored(path, name) for path in shards]) for name in names}


def stored(path: Path, name: str) -> NDArray[Any]:
    with np.load(path, allow_pickle=False) as arrays:
        array: NDArray[Any] = arrays[name]
    return array


def keep_pool(request: Request, merged: Arrays, out: Path, *, model: str, members: int) -> None:
    """The first rows are the pool, the rest are known tiles. `pool.npz` last: it means done."""
    n = len(request.tiles)
    _, groups = np.unique([tile["group"] for tile in request.tiles], return_inverse=True)
    write_arrays(
        out / "maps.npz",
        blocks=merged["blocks"][:n],
        class_fractions=merged["class_fractions"][:n],
    )
    Pool(
        scores=merged["scores"][:n],
        means=merged["means"][:n],
        disagreement=merged["disagreement"][:n],
        contradiction=merged["contradiction"][:n],
        compared=merged["compared"][:n],
        class_scores=merged["class_scores"][:n],
        embeddings=merged["embeddings"][:n],
        groups=groups.astype(np.int64),
        known_embeddings=merged["embeddings"][n:],
        class_means=merged["class_means"][:n],
        class_fractions=merged["class_fractions"][:n],
        features=merged["features"][:n],
        known_features=merged["features"][n:],
        acquisition=request.acquisition,
        model=model,
        members=members,
        embeddings_from=model,
        known_from=model,
    ).save(out / "pool.npz")
