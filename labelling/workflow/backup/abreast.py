"""Several blobs on their way at a time, and told in the order in which they were asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Done = TypeVar("Done")
COPIERS = 4
AHEAD = 16
"""Blobs begun while an earlier one isn't done."""


def each_at_once(
    items: Iterable[Item], work: Callable[[Item], Done]
) -> Iterator[tuple[Item, Done]]:
    """(item, `work(item)`) in order; what `work` raises ends it. `items` is read by the caller."""
    waiting: deque[tuple[Item, Future[Done]]] = deque()
    with ThreadPoolExecutor(COPIERS) as copiers:
        for item in items:
            waiting.append((item, copiers.submit(work, item)))
            if len(waiting) > AHEAD:
                first, done = waiting.popleft()
                yield first, done.result()
        while waiting:
            first, done = waiting.popleft()
            yield first, done.result()
