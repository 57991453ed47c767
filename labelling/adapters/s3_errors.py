"""What S3 and the way to it can answer, as refusals that name the setting to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.exceptions import RetriesExceededError

from labelling.errors import BadInput, NotFound, StorageAway, WorkbenchError

KEYS = "AWS_ACCESS_KEY_ID"
SAID: dict[str, tuple[str, str, str]] = {
    "NoSuchBucket": (
        "STORAGE_URL",
        "there is no such bucket",
        "Make the bucket, or name another in STORAGE_URL.",
    ),
    "InvalidAccessKeyId": (KEYS, "the server doesn't know this key", "Set AWS_ACCESS_KEY_ID."),
    "SignatureDoesNotMatch": (
        "AWS_SECRET_ACCESS_KEY",
        "the secret doesn't belong to the key",
        "Set AWS_SECRET_ACCESS_KEY.",
    ),
    "ExpiredToken": ("AWS_SESSION_TOKEN", "the session has expired", "Get new keys."),
    "RequestTimeTooSkewed": (KEYS, "this machine's clock is wrong", "Set the clock."),
    "AuthorizationHeaderMalformed": ("AWS_REGION", "the region is another one", "Set AWS_REGION."),
    "PermanentRedirect": ("AWS_REGION", "the bucket is in another region", "Set AWS_REGION."),
    "301": ("AWS_REGION", "the bucket is in another region", "Set AWS_REGION."),
    "400": (KEYS, "the request was not understood", "Look at AWS_REGION and the keys."),
    "401": (KEYS, "the keys are wrong", "Look at the keys."),
    "403": (KEYS, "the keys are wrong, or may not do this", "Look at the keys and their rights."),
    "AccessDenied": (KEYS, "the keys may not do this", "Give them the right to."),
}
"""Error code → (setting, what it means, what to do)."""
NOT_IMPLEMENTED = 501
BUSY = (408, 429)
"""Statuses below 500 after which the same may work later: too slow, or too much at once."""
LATER = ("RequestTimeout", "OperationAborted")
"""Error codes of the same kind."""
MISSING = ("NoSuchKey", "404", "NotFound")
NO_KEYS = (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError)


@contextmanager
def told(bucket: str, key: str = "") -> Iterator[None]:
    """Turn what goes wrong in the block into refusals.

    Raises NotFound (no such blob), BadInput (a setting is wrong; `field` names it) and StorageAway
    (it may work later). NotFound is only for a `key`; without one the bucket itself is missing.
    """
    where = f"s3://{bucket}/{key}" if key else f"s3://{bucket}"
    try:
        yield
    except ClientError as error:
        raise _answered(error, where, key) from error
    except NO_KEYS as error:
        raise BadInput(
            f"{where}: no keys to sign with ({error}).",
            field=KEYS,
            help="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        ) from error
    except (BotoCoreError, RetriesExceededError) as error:
        # A copy that broke off again and again hides what broke it.
        cause = getattr(error, "last_exception", error)
        raise StorageAway(
            f"{where}: {_one_line(cause)}",
            field="AWS_ENDPOINT_URL",
            help="Is AWS_ENDPOINT_URL right, and the server up?",
        ) from error


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _answered(error: ClientError, where: str, key: str) -> WorkbenchError:
    code = code_of(error)
    if code in MISSING and key:
        return NotFound(f"Storage has no blob {key!r}.", field="key")
    if told := SAID.get("NoSuchBucket" if code in MISSING else code):
        field, meaning, help = told
        return BadInput(f"{where}: {meaning} ({field}).", field=field, help=help)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    busy = status in BUSY or code in LATER
    if not busy and (status < 500 or status == NOT_IMPLEMENTED):
        return BadInput(f"{where}: {_one_line(error)}", field="STORAGE_URL")
    return StorageAway(
        f"{where}: {_one_line(error)}", field="STORAGE_URL", help="Try again in a while."
    )


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
