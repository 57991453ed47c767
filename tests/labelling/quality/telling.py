"""What an annotator could find out: a classifier on everything that the API says of each tile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np

COMMON = 8
"""Texts with at most so many different values are features one by one."""
RIDGE = 10.0
PERMUTATIONS = 2000


def leaves(answer: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of everything in an answer; of lists the length as well."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            yield from leaves(value, f"{path}.{name}")
    elif isinstance(answer, list):
        yield f"{path}.length", len(answer)
        for place, value in enumerate(answer):
            yield from leaves(value, f"{path}[{place}]")
    else:
        yield path, answer


def features(stream: list[dict[str, Any]]) -> tuple[list[str], np.ndarray]:
    """Names, and (tiles, features): presence and value of every leaf, and place in the stream.

    A time counts by how long it lies after the tile's claim; a text by its length, and by which it
    is where only a few occur. Of the tiles before and after, the features with few values count
    as well.
    """
    told = [dict(leaves(each)) for each in stream]
    columns = {"place": [float(n) for n in range(len(told))]}
    for path in sorted({path for each in told for path in each}):
        values = [each.get(path) for each in told]
        columns[f"{path} there"] = [float(path in each) for each in told]
        columns.update(_columns(path, values))
    for name, column in list(columns.items()):
        if name != "place" and 1 < len(set(column)) <= COMMON:
            for shift in (-2, -1, 1, 2):
                columns[f"{name} at {shift:+d}"] = list(np.roll(column, -shift))
    varied = {name: column for name, column in columns.items() if len(set(column)) > 1}
    return list(varied), np.array(list(varied.values()), float).T


def _columns(path: str, values: list[Any]) -> Iterator[tuple[str, list[float]]]:
    numbers = [value for value in values if isinstance(value, (int, float))]
    if numbers:
        yield path, [float(v) if isinstance(v, (int, float)) else -1.0 for v in values]
    texts = [value if isinstance(value, str) else "" for value in values]
    if any(texts) and not any(_is_time(text) for text in texts):
        yield f"{path} length", [float(len(text)) for text in texts]
        if len(set(texts)) <= COMMON:
            for text in sorted(set(texts)):
                yield f"{path} is {text!r}", [float(each == text) for each in texts]


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def telling(matrix: np.ndarray, secret: np.ndarray, *, seed: int = 0) -> dict[str, float]:
    """How far the features tell the secret (tiles,) of 0 and 1: {statistic: p by permutation}.

    `single`: the best of all features taken alone, by the correlation of ranks. `together`: a
    linear classifier (ridge regression) of all of them, each tile predicted by the others.
    """
    dice = np.random.default_rng(seed)
    labels = np.stack([secret, *(dice.permutation(secret) for _ in range(PERMUTATIONS))], axis=1)
    labels = labels - secret.mean()
    ranks = _standard(np.apply_along_axis(_ranked, 0, matrix))
    single = np.abs(ranks.T @ labels).max(axis=0)
    scaled = _standard(matrix)
    kernel = scaled @ scaled.T / max(scaled.shape[1], 1)
    hat = kernel @ np.linalg.inv(kernel + RIDGE / len(secret) * np.eye(len(secret)))
    own = np.diag(hat)[:, None]
    left_out = (hat @ labels - own * labels) / (1 - own)
    together = (left_out * labels).sum(axis=0) / np.maximum(np.linalg.norm(left_out, axis=0), 1e-9)
    return {"single": _p(single), "together": _p(together)}


def strongest(names: list[str], matrix: np.ndarray, secret: np.ndarray) -> str:
    """The feature that tells most, for the message of a test that fails."""
    ranks = _standard(np.apply_along_axis(_ranked, 0, matrix))
    return names[int(np.abs(ranks.T @ (secret - secret.mean())).argmax())]


def _p(values: np.ndarray) -> float:
    """Of the first value, among all of them."""
    return float((values >= values[0] - 1e-9).mean())


def _ranked(column: np.ndarray) -> np.ndarray:
    """Mean ranks."""
    _, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def _standard(matrix: np.ndarray) -> np.ndarray:
    spread = matrix.std(axis=0)
    return (matrix - matrix.mean(axis=0)) / np.where(spread > 0, spread, 1)


def as_json(response: Any) -> dict[str, Any]:
    """An answer's status and content; of bytes the length."""
    body: Any = {"octets": int(response.headers.get("Content-Length", -1))}
    if "json" in response.headers.get("Content-Type", ""):
        body = json.loads(response.content)
    return {"status": response.status_code, "body": body}
