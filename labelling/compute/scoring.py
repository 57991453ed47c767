"""Stream tiles through a model and keep what ranking needs: a few hundred bytes a tile.

No probabilities are written. Tiles come in shards, and every tile's figures depend on that tile
alone: it is of no account who scores it, and with which others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_engine.ensemble import Ensemble as Members
from al_engine.pooling import PoolingConfig, TileScore, score_tile
from labelling.compute.contradicting import Opponent
from labelling.compute.files import write_arrays
from labelling.compute.inputs import bands_of, read_input
from labelling.compute.lines import Meter, tell
from labelling.imagery.features import tile_features
from training import shutdown
from training.features.layout import Layout
from training.predict import Given, load
from training.survey import valid_pixels

AHEAD = 2
"""Tiles read while the model works on one."""

Arrays = dict[str, NDArray[Any]]
Listed = Sequence[dict[str, Any]]
"""Tiles: {raster} is what GDAL opens; for a model that sees more than bands also {planes, sun}, as
inputs.py reads them; {codes}, the mask to hold the model against, where there is one."""


@dataclass(frozen=True)
class Request:
    """What a scoring child is told of all its shards; the JSON file's keys."""

    bands: list[str]
    model: Path
    acquisition: str
    passes: int
    seed: int
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
        return cls(**{**content, "before": None, **paths})


class Scorer:
    """Models that are loaded once, and score as many shards as are asked for."""

    def __init__(self, request: Request) -> None:
        """Raises BadModel, and BadTile for a mask that tells none of the model's classes."""
        self.request = request
        self.ensemble = load(request.model)
        self.opponent = Opponent.of(self.ensemble, request.bands, request.provides, request.before)

    def answer(self, question: dict[str, str]) -> dict[str, Any]:
        """Keep the shard {listing, out}."""
        listing = json.loads(Path(question["listing"]).read_text())
        return self.keep(listing["tiles"], Path(question["out"]))

    def keep(self, tiles: Listed, out: Path) -> dict[str, Any]:
        """Write the figures of these tiles to `out`, one row each; {model, members}, whose they
        are."""
        write_arrays(out, **self.scored(tiles, Meter("score", len(tiles))))
        card = self.ensemble.card
        members = len(self.ensemble.networks) * self.request.passes
        return {"model": card.hash if card else "", "members": members}

    def scored(self, tiles: Listed, meter: Meter) -> Arrays:
        request, rows = self.request, list[TileScore]()
        embeddings, features = [], []
        pooling = PoolingConfig(class_means=request.class_means)
        seen: list[NDArray[np.bool_]] = []

        def noting() -> Iterator[Given]:
            for tile in read_ahead(request, tiles, self.ensemble.layout):
                pixels = bands_of(tile)
                seen.append(valid_pixels(pixels))
                features.append(tile_features(pixels))
                yield tile

        stream = self.ensemble.stream(noting(), passes=request.passes, seed=request.seed)
        for done, (tile, (probabilities, embedding)) in enumerate(zip(tiles, stream), start=1):
            codes, merged = self.opponent.codes(tile), self.opponent.merged
            members = Members(probabilities, codes=codes, merged=merged)
            rows.append(score_tile(members, seen.pop(), request.acquisition, pooling))
            embeddings.append(embedding)
            meter.show(done)
        return {**table(rows), "features": np.stack(features), "embeddings": np.stack(embeddings)}


def table(rows: Sequence[TileScore]) -> Arrays:
    """Figures of tiles, one row each."""
    singles = ("score", "mean", "disagreement", "contradiction", "compared")
    arrays = {
        name: np.array([getattr(each, name) for each in rows], np.float32) for name in singles
    }
    return {
        "scores": arrays.pop("score"),
        "means": arrays.pop("mean"),
        **arrays,
        "class_scores": np.stack([each.class_scores for each in rows]),
        "class_fractions": np.stack([each.class_fractions for each in rows]),
        "blocks": np.stack([each.blocks for each in rows]),
        "class_means": np.stack([each.class_means for each in rows]),
    }


def answer(content: dict[str, Any], questions: Iterable[str]) -> dict[str, Any]:
    """Score a shard for each question, a JSON line {listing, out}, and say when it is there.
    `listing` is a file {tiles}.

    Raises Interrupted after the shard during which this process was asked to end.
    """
    scorer, shards = Scorer(Request.read(content)), 0
    for line in questions:
        question = json.loads(line)
        tell("done", **scorer.answer(question))
        shutdown.check()
        shards += 1
    return {"shards": shards}


def read_ahead(request: Request, tiles: Listed, layout: Layout) -> Iterator[Given]:
    """Each tile as the model takes it, read while the one before is being scored."""

    def read(tile: dict[str, Any]) -> Given:
        return read_input(tile, request.bands, layout)

    with ThreadPoolExecutor(max_workers=1) as reader:
        waiting = [reader.submit(read, tile) for tile in tiles[:AHEAD]]
        for number in range(len(tiles)):
            if number + AHEAD < len(tiles):
                waiting.append(reader.submit(read, tiles[number + AHEAD]))
            yield waiting.pop(0).result()
