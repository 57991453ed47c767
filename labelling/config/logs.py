"""How log lines look: by structlog, JSON with LOG_FORMAT=json and readable text otherwise.

Our own loggers, Django's, Celery's and gunicorn's write through the one formatter made here. What
is bound with `structlog.contextvars` (request, task, round, job) stands on every line that is
written meanwhile, and `extra={…}` of a logging call becomes fields of the line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from labelling.config import env

HIDDEN = "[hidden]"
"""Stands where a secret was."""
SECRET_FIELD = re.compile(r"password|passwd|secret|token|authorization|cookie|csrf", re.IGNORECASE)
"""A field whose name matches holds a secret, whatever its value."""
PASSWORD_IN_URL = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/@\"']*:[^\s/\"']*@", re.I)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
SHORTEST_SECRET = 6
"""Characters. A shorter one would blot out parts of ordinary words, and protects nothing."""


def formatter(*, form: str) -> structlog.stdlib.ProcessorFormatter:
    """What LOGGING names: `form` is `json` or `text`, a traceback is a field of its line."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            without_request,
            without_secret_fields,
            *FORMS[form],
            without_secrets,
        ],
    )


def settings_of(form: str) -> dict[str, Any]:
    """LOGGING: everything to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": "labelling.config.logs.formatter", "form": form}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            # What GDAL and botocore say themselves would stand beside each refusal of ours.
            "rasterio": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            # A line for every sign-in that went well.
            "axes": {"level": "WARNING"},
            # Two lines for every task; tracing.py writes one, with what it took.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            # gunicorn gives it a handler of its own.
            "gunicorn.error": {"handlers": [], "level": "INFO", "propagate": True},
            # The access line says the same, unless there is a traceback.
            "django.request": {"level": "ERROR"},
            # By default it writes in a form of its own.
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        },
    }


def without_request(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """Without the object that Django adds: it shows the query; `request_id` tells which it was."""
    line.pop("request", None)
    return line


def without_secret_fields(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    return {name: _value_shown(name, value) for name, value in line.items()}


def without_secrets(logger: WrappedLogger, method: str, text: str) -> str:
    """The finished line without any setting that is a secret, and without passwords in URLs."""
    for secret in sorted(env.secrets_read(), key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            # As it is, and as it stands in a string of JSON.
            text = text.replace(secret, HIDDEN).replace(json.dumps(secret)[1:-1], HIDDEN)
    return PASSWORD_IN_URL.sub(rf"\g<scheme>{HIDDEN}@", text)


def _value_shown(name: str, value: Any) -> Any:
    if SECRET_FIELD.search(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {inner: _value_shown(str(inner), each) for inner, each in value.items()}
    return value


def _as_message(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """structlog calls it `event`; collectors and readers look for `message`."""
    line["message"] = line.pop("event")
    return line


def _as_json(logger: WrappedLogger, method: str, line: EventDict) -> str:
    return json.dumps(line, default=str, ensure_ascii=False)


def _as_text(logger: WrappedLogger, method: str, line: EventDict) -> str:
    """`2026-05-04T12:00:00.000000Z INFO labelling.access: message  field=value …`."""
    head = (line.pop(name, "") for name in ("time", "level", "logger", "message"))
    time, level, name, message = head
    traceback = line.pop("traceback", "")
    fields = "".join(f" {key}={_plain(value)}" for key, value in line.items() if value is not None)
    text = f"{time} {str(level).upper()} {name}: {_plain(message)}{fields and ' '}{fields}"
    return f"{text}\n{traceback}" if traceback else text


def _plain(value: Any) -> str:
    """In one line: what somebody typed can't forge a line of its own."""
    return CONTROL.sub(lambda found: repr(found[0])[1:-1], str(value))


def _traceback_as_field(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    line = structlog.processors.format_exc_info(logger, method, line)
    if "exception" in line:
        line["traceback"] = line.pop("exception")
    return line


Form = list[Processor | Callable[[WrappedLogger, str, EventDict], str]]
FORMS: dict[str, Form] = {
    "json": [_traceback_as_field, _as_message, _as_json],
    "text": [_traceback_as_field, _as_message, _as_text],
}
