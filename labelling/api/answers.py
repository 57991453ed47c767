"""Writes that may be sent twice: one Idempotency-Key gets one answer, and nothing is done twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.errors import BadInput, Conflict
from labelling.models import IdempotencyKey
from labelling.models.prepared import prepared

TAKE = f"""INSERT INTO {IdempotencyKey._meta.db_table}
    (person_id, key, request, status, answer, created) VALUES (%s, %s, %s, NULL, %s, %s)
    ON CONFLICT DO NOTHING"""
KEEP = f"""UPDATE {IdempotencyKey._meta.db_table} SET status = %s, answer = %s
    WHERE person_id = %s AND key = %s"""


def answered_once(
    request: Request, answer: Callable[..., Response], *, first: Callable[[], Any] | None = None
) -> Response:
    """`answer()`, or what it said to an earlier request with the same Idempotency-Key.

    `first` is called before the transaction, unless the key has its answer already: for what takes
    long and writes no row. `answer` gets what it returned as `seen`.

    The key is taken first, in the transaction in which `answer` writes and in which what it said
    is stored: all of it is committed, or nothing. A request whose key is being answered waits for
    that answer. A refusal isn't stored: nothing was done, so the request can be sent again. Raises
    BadInput for a key that can't be one, Conflict for one that belongs to another request.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return answer(**_seen(first))
    if len(key) > 80 or not key.isprintable():
        raise BadInput("An Idempotency-Key has at most 80 characters.", field="Idempotency-Key")
    digest = _digest(request)
    if first and _key.one(person=request.user.pk, key=key):
        return _replayed(request, key, digest)
    seen = _seen(first)
    with transaction.atomic():
        if not _taken(request, key, digest):
            return _replayed(request, key, digest)
        response = answer(**seen)
        _keep(request, key, response)
    return response


def _seen(first: Callable[[], Any] | None) -> dict[str, Any]:
    return {"seen": first()} if first else {}


def _taken(request: Request, key: str, digest: str) -> bool:
    """Whether this request is the one to answer; where another is about to, it is waited for."""
    # The real time: it measures servers, which don't run faster with CLOCK_SPEED.
    created = connection.ops.adapt_datetimefield_value(datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [request.user.pk, key, digest, "{}", created])
        return cursor.rowcount == 1


@prepared
def _key(person: int, key: str):
    return IdempotencyKey.objects.filter(person=person, key=key)


def _replayed(request: Request, key: str, digest: str) -> Response:
    row = _key.one(person=request.user.pk, key=key)
    if row is None or row.request != digest:
        raise Conflict(
            "This Idempotency-Key was used for another request.",
            field="Idempotency-Key",
            help="Make a new key for each thing you do.",
        )
    return Response(row.answer, status=row.status, headers={"Idempotent-Replayed": "true"})


def _keep(request: Request, key: str, response: Response) -> None:
    # `kept`: what a repeated request is told where that is less (a secret is shown once).
    said = json.loads(JSONRenderer().render(getattr(response, "kept", response.data)))
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [response.status_code, json.dumps(said), request.user.pk, key])


def _digest(request: Request) -> str:
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    digest.update(request.octets)
    return digest.hexdigest()
