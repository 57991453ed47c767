"""How S3 is reached: what STORAGE_URL and the AWS_* settings say, for boto3 and for GDAL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from labelling.adapters.keys import check_key
from labelling.errors import BadInput

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""Names of buckets, as Amazon's rules for general purpose buckets have them."""
CONNECT_SECONDS = 5
READ_SECONDS = 60
TRIES = 4
"""Of one request, the first included."""
RETRY_SECONDS = 0.5
"""Before GDAL's second try; each later one waits longer."""
READ_AT_OPEN = 8 * 2**20
"""Bytes of a raster that GDAL asks for first: all of a tile, in one request instead of five."""


@dataclass(frozen=True)
class Bucket:
    """Where blobs lie in S3."""

    name: str
    prefix: str
    """Before every key, without a slash at its end; may be empty."""

    @classmethod
    def of(cls, url: str) -> Self:
        """From `s3://bucket/prefix`. Raises BadInput, field STORAGE_URL."""
        parts = urlsplit(url)
        prefix = unquote(parts.path).strip("/")
        if not BUCKET.fullmatch(parts.netloc) or parts.query or parts.fragment:
            raise _unusable(url)
        try:
            return cls(parts.netloc, check_key(prefix) if prefix else "")
        except BadInput:
            raise _unusable(url) from None

    def object(self, key: str) -> str:
        """The object's name in the bucket. Raises BadInput for a bad key."""
        return f"{self.prefix}/{check_key(key)}" if self.prefix else check_key(key)

    def raster(self, key: str) -> str:
        """What GDAL opens. Raises BadInput for a bad key."""
        return f"/vsis3/{self.name}/{self.object(key)}"


@dataclass(frozen=True)
class Endpoint:
    """The server. Keys are not here: boto3 and GDAL take them from the environment themselves."""

    url: str = ""
    """Empty: Amazon's own."""
    region: str = ""

    @classmethod
    def from_settings(cls) -> Self:
        """Raises BadInput, field AWS_ENDPOINT_URL."""
        # Rasters are read without Django too; only those in S3 need its settings.
        from django.conf import settings

        url = str(settings.AWS_ENDPOINT_URL)
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or parts.path.strip("/")):
            raise BadInput(
                f"AWS_ENDPOINT_URL {url!r} is not the address of a server.",
                field="AWS_ENDPOINT_URL",
                help="Write it as https://host or http://host:port, without a path.",
            )
        return cls(url.rstrip("/"), str(settings.AWS_REGION))

    def gdal_options(self) -> dict[str, str]:
        """What GDAL must know to find the server; all of it is text, as GDAL has it."""
        options = {"AWS_REGION": self.region or "us-east-1"}
        if self.url:
            parts = urlsplit(self.url)
            options |= {
                "AWS_S3_ENDPOINT": parts.netloc,
                "AWS_HTTPS": "YES" if parts.scheme == "https" else "NO",
                "AWS_VIRTUAL_HOSTING": "FALSE",  # buckets of other servers have no host names
            }
        return options


def gdal_options() -> dict[str, Any]:
    """Options of `rasterio.Env` under which `/vsis3/…` names open.

    Raises BadInput where AWS_ENDPOINT_URL can't be used.
    """
    return {
        **Endpoint.from_settings().gdal_options(),
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # a tile has no files beside it
        # What was once missing may be there now, and other bytes under the same key.
        "CPL_VSIL_CURL_NON_CACHED": "/vsis3/",
        "GDAL_INGESTED_BYTES_AT_OPEN": str(READ_AT_OPEN),
        "GDAL_HTTP_CONNECTTIMEOUT": str(CONNECT_SECONDS),
        "GDAL_HTTP_TIMEOUT": str(READ_SECONDS),
        "GDAL_HTTP_MAX_RETRY": str(TRIES - 1),
        "GDAL_HTTP_RETRY_DELAY": str(RETRY_SECONDS),
    }


def _unusable(url: str) -> BadInput:
    return BadInput(
        f"STORAGE_URL {url!r} names no bucket.",
        field="STORAGE_URL",
        help="Write it as s3://bucket or s3://bucket/prefix.",
    )
