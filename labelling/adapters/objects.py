"""Blobs in S3. django-storages opens the connection; GDAL reads rasters by itself.

A put replaces an object as a whole or not at all, so nothing is ever seen half-written. What child
processes need as files is copied once into a cache on this machine.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
from storages.backends.s3 import S3Storage

from labelling.adapters.beside import beside, settle, sha256_of
from labelling.adapters.full import told_when_full
from labelling.adapters.index import NAME, Entry, Index
from labelling.adapters.keys import check_key, check_prefix
from labelling.adapters.s3 import CONNECT_SECONDS, READ_SECONDS, TRIES, Bucket, Endpoint
from labelling.adapters.s3_errors import code_of, told
from labelling.adapters.stored import Stored
from labelling.errors import BadInput, NotFound, StorageAway

ONE_PUT = 64 * 2**20
"""Bytes up to which a file goes in one request, with the hash of all of it; more goes in parts."""
PARTS = TransferConfig(multipart_threshold=ONE_PUT, multipart_chunksize=ONE_PUT, max_concurrency=2)
AT_ONCE = 16
"""Connections that threads may use at the same time."""
PIECE = 2**20
"""Bytes read at a time to compute a hash."""
HASH = "sha256"
"""Name of the metadata in which an object carries the hash of its bytes."""


@dataclass(frozen=True)
class ObjectBlobs:
    """See `blobs.Blobs` for what each method promises.

    Every method raises BadInput where bucket, keys or endpoint are wrong, and StorageAway where the
    server can't be reached or fails.
    """

    bucket: Bucket
    endpoint: Endpoint
    cache: Path
    """Folder of copies; it may be deleted while no worker runs."""
    work: Path
    """Folder in which results are made before they are adopted."""

    @cached_property
    def client(self) -> Any:
        """One for all threads, which a client allows: making one takes a tenth of a second."""
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=AT_ONCE,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            s3={"addressing_style": "path" if self.endpoint.url else "auto"},
        )
        storage = S3Storage(
            bucket_name=self.bucket.name,
            endpoint_url=self.endpoint.url or None,
            region_name=self.endpoint.region or None,
            client_config=config,
        )
        return storage.connection.meta.client

    def check(self) -> None:
        """Raises BadInput or StorageAway unless the bucket is there and may be used."""
        with told(self.bucket.name):
            self.client.head_bucket(Bucket=self.bucket.name)

    def write(self, key: str, content: bytes) -> str:
        return self.write_with(key, lambda path: path.write_bytes(content))

    def write_with(self, key: str, writer: Callable[[Path], object]) -> str:
        check_key(key)
        self.work.mkdir(parents=True, exist_ok=True)
        drafts = tempfile.TemporaryDirectory(prefix="draft-", dir=self.work)
        with told_when_full(key), drafts as folder:
            # The key's own last name: a writer names the file when it refuses.
            path = Path(folder) / key.rpartition("/")[2]
            writer(path)
            return self._put(key, path)

    def write_once(self, key: str, content: bytes) -> bool:
        with told(self.bucket.name, key):
            try:
                self.client.put_object(
                    **self._named(key), Body=content, IfNoneMatch="*", **hashed(_sha256(content))
                )
            except ClientError as error:
                # 409: somebody else is just doing the same.
                if code_of(error) in ("PreconditionFailed", "ConditionalRequestConflict", "412"):
                    return False
                raise
        return True

    def read(self, key: str) -> bytes:
        with told(self.bucket.name, key):
            return self.client.get_object(**self._named(key))["Body"].read()

    def raster(self, key: str) -> str:
        return self.bucket.raster(key)

    def exists(self, key: str) -> bool:
        try:
            with told(self.bucket.name, key):
                self.client.head_object(**self._named(key))
        except NotFound:
            return False
        return True

    def checksum(self, key: str) -> str:
        digest = hashlib.sha256()
        with told(self.bucket.name, key):
            for piece in self.client.get_object(**self._named(key))["Body"].iter_chunks(PIECE):
                digest.update(piece)
        return digest.hexdigest()

    def delete(self, key: str) -> bool:
        there = self.exists(key)
        with told(self.bucket.name, key):
            self.client.delete_object(**self._named(key))
        return there

    def listing(self, prefix: str = "") -> Iterator[Stored]:
        root = f"{self.bucket.prefix}/" if self.bucket.prefix else ""
        start = root + check_prefix(prefix)
        with told(self.bucket.name):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket.name, Prefix=start):
                for each in page.get("Contents", ()):
                    key = each["Key"].removeprefix(root)
                    yield Stored(key, each["Size"], each["LastModified"])

    def sizes(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        return ((each.key, each.size) for each in self.listing(prefix))

    def local(self, key: str) -> Path:
        path = self.cache / check_key(key)
        if not path.is_file():
            with told(self.bucket.name, key):
                noted = self.client.head_object(**self._named(key))
            self._fetch(key, path, Entry(noted["Metadata"].get(HASH, ""), noted["ContentLength"]))
        return path

    def workplace(self, key: str) -> Path:
        return self.work / check_key(key)

    def adopt(self, folder: Path, key: str, *, without: Iterable[str] = ()) -> Index:
        index = Index.of(folder, without=without)
        # Files of two workers never mix: other files lie at another digest.
        index = replace(index, at=index.digest[:16])
        for name in index.files:
            self._put(index.blob(key, name), folder / name)
        if self.write_once(f"{key}/{NAME}", index.dump()):
            return index
        return self.index(key)

    def whole(self, key: str) -> bool:
        return self.exists(f"{key}/{NAME}")

    def index(self, key: str) -> Index:
        return Index.load(self.read(f"{key}/{NAME}"), key)

    def folder(self, key: str) -> Path:
        index = self.index(key)
        for name, entry in index.files.items():
            blob = index.blob(key, name)
            path = self.cache / check_key(blob)
            if not path.is_file() or path.stat().st_size != entry.size:
                self._fetch(blob, path, entry)
        return self.cache / key / index.at

    def _named(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket.name, "Key": self.bucket.object(key)}

    def _put(self, key: str, path: Path) -> str:
        """Upload a file; the server compares what arrives with the hash that is sent along."""
        digest, size = sha256_of(path), path.stat().st_size
        with told(self.bucket.name, key), path.open("rb") as file:
            if size <= ONE_PUT:
                self.client.put_object(**self._named(key), Body=file, **hashed(digest))
            else:
                self._put_in_parts(key, file, digest)
            stored = self.client.head_object(**self._named(key))["ContentLength"]
        if stored != size:
            raise StorageAway(
                f"{key}: storage holds {stored} bytes of the {size} that were sent.",
                field="STORAGE_URL",
                help="Try again.",
            )
        return digest

    def _put_in_parts(self, key: str, file: IO[bytes], digest: str) -> None:
        extra = {"Metadata": {HASH: digest}, "ChecksumAlgorithm": "SHA256"}
        self.client.upload_fileobj(
            file,
            self.bucket.name,
            self.bucket.object(key),
            ExtraArgs=extra,
            Config=PARTS,
        )

    def _fetch(self, key: str, path: Path, entry: Entry) -> None:
        """Copy an object to `path`. Raises NotFound, and BadInput where it isn't what it was."""
        with told_when_full(str(path)), beside(path) as temporary:
            with told(self.bucket.name, key), temporary.open("wb") as file:
                self.client.download_fileobj(
                    self.bucket.name, self.bucket.object(key), file, Config=PARTS
                )
            same = temporary.stat().st_size == entry.size
            if not same or (entry.sha256 and sha256_of(temporary) != entry.sha256):
                raise BadInput(
                    f"{key} is damaged in storage: its bytes are not those that were written.",
                    field="key",
                    help="manage.py verify lists what else is.",
                )
            settle(temporary, path)


def hand_out(raster: str) -> None:
    """Ask for all bytes of what GDAL calls `/vsis3/bucket/name`, and keep none.

    Raises NotFound, BadInput and StorageAway as ObjectBlobs does.
    """
    bucket, _, name = raster.removeprefix("/vsis3/").partition("/")
    store = ObjectBlobs(Bucket(bucket, ""), Endpoint.from_settings(), cache=Path(), work=Path())
    with told(bucket, name):
        for _ in store.client.get_object(Bucket=bucket, Key=name)["Body"].iter_chunks(PIECE):
            pass


def hashed(digest: str) -> dict[str, Any]:
    """Arguments of a put: the hash to compare with, and to carry along."""
    packed = base64.b64encode(bytes.fromhex(digest)).decode()
    return {"ChecksumSHA256": packed, "Metadata": {HASH: digest}}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
