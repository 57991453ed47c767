from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from labelling.adapters import blobs as adapter
from labelling.adapters import objects, s3
from labelling.adapters.blobs import Blobs, store
from tests.objectstore import KEYS, ObjectStore


@pytest.fixture(scope="session")
def server() -> Iterator[ObjectStore]:
    running = ObjectStore()
    yield running
    running.stop()


@pytest.fixture
def bucket(server: ObjectStore, settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket, in which the installation keeps its blobs, child processes included."""
    name = f"north-{uuid.uuid4().hex[:12]}"
    server.client.create_bucket(Bucket=name)
    told = {
        **KEYS,
        "STORAGE_URL": f"s3://{name}/work%20bench",
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": "us-east-1",
    }
    for variable, value in told.items():
        setattr(settings, variable, value)
        monkeypatch.setenv(variable, value)
    adapter._objects.cache_clear()
    return name


@pytest.fixture
def hasty(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One try a request and little patience: what takes a minute takes a second."""
    monkeypatch.setattr(objects, "TRIES", 1)
    monkeypatch.setattr(objects, "READ_SECONDS", 1)
    monkeypatch.setattr(s3, "RETRY_SECONDS", 0.01)
    adapter._objects.cache_clear()


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest) -> Blobs:
    """The installation's store: each test with it runs on both."""
    if request.param == "s3":
        request.getfixturevalue("bucket")
    return store()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder as a worker has made it, with a file that need not be kept."""
    folder = tmp_path / "made"
    (folder / "maps").mkdir(parents=True)
    (folder / "card.json").write_bytes(b"{}")
    (folder / "maps" / "blocks.npz").write_bytes(b"blocks" * 1000)
    (folder / "shard-0.npz").write_bytes(b"shard")
    return folder
