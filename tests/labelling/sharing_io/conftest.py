from __future__ import annotations

import pytest

from labelling.workflow.export import order, run
from labelling.workflow.ingest import plan
from tests.labelling.storage.conftest import blobs, bucket, server

__all__ = ["blobs", "bucket", "server"]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch) -> None:
    """Two tiles of an export, and one source of an ingest, are a shard here."""
    for module in (order, run):
        monkeypatch.setattr(module, "SHARD", 2)
    monkeypatch.setattr(plan, "MOST", 1)
