"""Where backups go: a folder or a bucket, apart from the storage they are a backup of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings

from labelling.adapters.blobs import Blobs, from_url
from labelling.errors import BadInput

OWN_ALONE = 0o077
"""Files that only their owner reads: rows hold names, e-mail addresses and password hashes."""


def place_of(word: str) -> Blobs:
    """The destination or source that `word` names: a folder's path, file://… or s3://….

    Raises BadInput where it is the installation's own storage, inside it or around it, and as
    `blobs.from_url`.
    """
    url = word if "://" in word else Path(word).expanduser().resolve().as_uri()
    _check_apart(url, str(settings.STORAGE_URL), word)
    return from_url(url)


@contextmanager
def private() -> Iterator[None]:
    """Files and folders that are made in the block are their owner's alone."""
    before = os.umask(OWN_ALONE)
    try:
        yield
    finally:
        os.umask(before)


def _check_apart(url: str, storage: str, word: str) -> None:
    one, other = _parts(url), _parts(storage)
    shared = min(len(one), len(other))
    if one[:shared] == other[:shared]:
        raise BadInput(
            f"{word!r} and the installation's storage {storage} lie one in the other.",
            field="place",
            help="Name a folder or bucket elsewhere, best on another disk.",
        )


def _parts(url: str) -> list[str]:
    told = urlsplit(url)
    return [told.scheme, told.netloc, *(part for part in unquote(told.path).split("/") if part)]
