"""Pieces of a label of a few pixels each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from al_engine.boundaries import near_boundary

NEIGHBOURS = ((0, 1), (1, -1), (1, 0), (1, 1))
"""(rows, columns) to four of a pixel's eight neighbours: the others have it as theirs."""


def small_pieces(
    label: NDArray[np.uint8], asked: NDArray[np.bool_], *, least: int
) -> tuple[NDArray[np.bool_], int]:
    """Where the pieces of one code with fewer than `least` (at most 9) pixels lie, how many.

    A piece that touches a pixel of its code that isn't `asked` about is not small. Pixels whose
    eight neighbours have their code belong to large pieces, and so do those neighbours: what is
    left is little in a label that people drew, and only that is put together piece by piece.
    """
    height, width = label.shape
    core = np.zeros(label.shape, bool)
    core[1:-1, 1:-1] = near_boundary(label, 1)[1:-1, 1:-1] == 0
    rest = asked & ~_widened(core)
    nodes = np.cumsum(rest).reshape(rest.shape) - 1
    large = np.zeros(int(nodes[-1, -1]) + 1, bool)
    starts, ends = [], []
    for down, right in NEIGHBOURS:
        one = (slice(0, height - down), slice(max(0, -right), width - max(0, right)))
        two = (slice(down, height), slice(max(0, right), width - max(0, -right)))
        same = label[one] == label[two]
        both = same & rest[one] & rest[two]
        starts.append(nodes[one][both])
        ends.append(nodes[two][both])
        large[nodes[one][same & rest[one] & ~rest[two]]] = True
        large[nodes[two][same & ~rest[one] & rest[two]]] = True
    few = _few(np.concatenate(starts), np.concatenate(ends), large, least=least)
    small = np.zeros(label.shape, bool)
    small[rest] = few >= 0
    return small, len(np.unique(few[few >= 0]))


def _few(
    starts: NDArray[np.int_], ends: NDArray[np.int_], large: NDArray[np.bool_], *, least: int
) -> NDArray[np.int_]:
    """The number of each node's piece if it has fewer than `least` nodes, none `large`, else -1."""
    edges = coo_array((np.ones(len(starts), bool), (starts, ends)), shape=(len(large),) * 2)
    count, piece = connected_components(edges, directed=False)
    few = np.bincount(piece, minlength=count) < least
    few[piece[large]] = False
    return np.where(few[piece], piece, -1)


def _widened(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of the mask with their eight neighbours."""
    tall = mask.copy()
    tall[1:] |= mask[:-1]
    tall[:-1] |= mask[1:]
    wide = tall.copy()
    wide[:, 1:] |= tall[:, :-1]
    wide[:, :-1] |= tall[:, 1:]
    return wide
