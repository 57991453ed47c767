from __future__ import annotations

import pytest

from labelling.models import Snapshot
from labelling.workflow.export import order, run
from tests.labelling.exports.world import frozen


@pytest.fixture
def snapshot(monkeypatch) -> Snapshot:
    """Three tiles, which are two shards here."""
    for module in (order, run):
        monkeypatch.setattr(module, "SHARD", 2)
    return frozen(slug="north")
