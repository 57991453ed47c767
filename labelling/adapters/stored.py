"""One line of a store's listing."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Stored(NamedTuple):
    key: str
    size: int
    """Bytes."""
    modified: datetime
    """UTC."""
