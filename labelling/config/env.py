"""Reads the environment for settings.py. A wrong value stops the process with its name."""

from __future__ import annotations

import contextlib
import os
import secrets
import ssl
import tempfile
from datetime import datetime
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_secrets: set[str] = set()


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, default: str) -> bool:
    value = os.environ.get(name, default)
    if value not in ("True", "False"):
        raise ImproperlyConfigured(f"{name} must be True or False, not {value!r}.")
    return value == "True"


def words(name: str, default: str = "") -> list[str]:
    """What stands between the commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def hosts(name: str, default: str) -> list[str]:
    """Names of machines by commas: at least one, without scheme, port or path."""
    found = words(name, default)
    wrong = [each for each in found if "/" in each or " " in each]
    if wrong or not found:
        told = repr(wrong[0]) if wrong else "nothing"
        raise ImproperlyConfigured(
            f"{name} must name hosts such as workbench.example.org, by commas, not {told}."
        )
    return found


def moment(name: str) -> datetime | None:
    """A time with its zone, or None where nothing is said."""
    value = text(name)
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise ImproperlyConfigured(
            f"{name} must be a time with its zone such as 2026-06-01T12:00:00Z, not {value!r}."
        )
    return parsed


def site(name: str) -> str:
    """The address of a server, or nothing."""
    value = text(name)
    parts = split(name, value)
    if value and (parts.scheme not in ("http", "https") or not parts.netloc):
        raise ImproperlyConfigured(
            f"{name} must be an address such as https://server.example.org, not {value!r}."
        )
    return value


def origins(name: str) -> list[str]:
    """Addresses of sites by commas, each a scheme and a host and no more."""
    found = words(name)
    for each in found:
        parts = split(name, each)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
            raise ImproperlyConfigured(
                f"{name} must name sites such as https://workbench.example.org, not {each!r}."
            )
    return found


def whole(name: str, default: int, *, low: int, high: int) -> int:
    parsed = number(name, default, low=low, high=high)
    if parsed != int(parsed):
        raise ImproperlyConfigured(f"{name} must be a whole number, not {parsed:g}.")
    return int(parsed)


def number(name: str, default: float, *, low: float, high: float) -> float:
    value = os.environ.get(name, str(default))
    try:
        parsed = float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}.") from None
    if not low <= parsed <= high:
        raise ImproperlyConfigured(f"{name} must lie between {low:g} and {high:g}, not {value}.")
    return parsed


def secret(name: str, default: str = "") -> str:
    """`NAME`, or the content of the file that `NAME_FILE` names (Docker secrets)."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return hidden(os.environ.get(name, default))
    try:
        return hidden(Path(path).read_text().strip())
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE: cannot read {path}: {error.strerror}.") from None


def hidden(value: str) -> str:
    """`value`, which no log line shows from now on."""
    if value:
        _secrets.add(value)
    return value


def secrets_read() -> frozenset[str]:
    """Every secret that was read so far."""
    return frozenset(_secrets)


def with_password(name: str, address: str, password: str) -> str:
    """The URL with `password`, where it names a user without one; it is hidden in logs."""
    parts = urlsplit(address)
    if parts.password:
        hidden(unquote(parts.password))
    if not password or parts.password:
        return address
    if not parts.username:
        raise ImproperlyConfigured(f"{name} names no user that a password could belong to.")
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.rstrip(':')}:{quote(password, safe='')}@{host}").geturl()


def pass_on(**values: str) -> None:
    """Put values into the environment, where libraries look that know nothing of `NAME_FILE`."""
    os.environ.update({name: value for name, value in values.items() if value})


def certificates(name: str) -> str:
    """The path of a file with certificates (PEM), or nothing."""
    path = text(name)
    if path:
        try:
            ssl.create_default_context(cafile=path)
        except OSError as error:  # SSLError is one
            told = "holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise ImproperlyConfigured(
                f"{name} must name a file of certificates (PEM); {path}: {told}."
            ) from None
    return path


def folder(name: str, default: Path) -> Path:
    path = Path(os.environ.get(name) or default).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: cannot make {path}: {error.strerror}.") from None
    return path


def url(name: str, default: str, schemes: tuple[str, ...]) -> str:
    value = os.environ.get(name) or default
    if split(name, value).scheme not in schemes:
        raise ImproperlyConfigured(
            f"{name} must start with one of {', '.join(f'{s}://' for s in schemes)}, not {value!r}."
        )
    return value


def split(name: str, value: str) -> SplitResult:
    """The parts of an address. `value` isn't told where it is none: it may hold a password."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} is no address: its port must be a number up to 65535, or left out. Characters "
            "such as / # [ in a password are written as %2F, %23, %5B."
        ) from None
    return parts


def generated_secret(path: Path) -> str:
    """The key kept in `path`; made on the first call, readable by its owner alone."""
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # the first of several processes wins, the others read its key
        Path(draft).unlink()
    return hidden(path.read_text().strip())
