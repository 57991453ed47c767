"""Which known tile another one is most like, as de-duplication sees it."""

import numpy as np
from numpy.typing import NDArray

from al_engine.pools import Pool
from al_engine.selection import Rows, directions

CHUNK = 4096


def nearest_known(pool: Pool, rows: Rows) -> tuple[Rows, NDArray[np.float64]]:
    """((r,) row of the known tile with the largest cosine, (r,) that cosine) for rows of the pool.

    Seen from the centre of all embeddings, as `Guard` does. -1 and 0 where the pool has no
    embeddings, or nothing is known.
    """
    nearest = np.full(len(rows), -1, dtype=np.int64)
    cosines = np.zeros(len(rows))
    known = pool.known_embeddings
    if not len(known) or not pool.embeddings.shape[1] or not len(rows):
        return nearest, cosines
    total = pool.embeddings.sum(axis=0, dtype=np.float64) + known.sum(axis=0, dtype=np.float64)
    centre = (total / (pool.size + len(known))).astype(np.float32)
    towards = directions(pool.embeddings[rows], centre=centre)
    cosines = np.full(len(rows), -np.inf)
    for first in range(0, len(known), CHUNK):
        found = towards @ directions(known[first : first + CHUNK], centre=centre).T
        best = found.argmax(axis=1)
        value = found[np.arange(len(rows)), best]
        nearer = value > cosines
        nearest[nearer], cosines[nearer] = best[nearer] + first, value[nearer]
    return nearest, cosines
