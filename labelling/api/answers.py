"""Writes that may be sent twice: one Idempotency-Key gets one answer, and nothing is done twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.errors import BadInput, Conflict
from labelling.models import IdempotencyKey

KEPT = timedelta(days=1)
"""Keys older than this are forgotten when their owner sends the next."""
ABANDONED = timedelta(minutes=2)
"""Unanswered for this long, a request died with its server: the next with its key starts over."""


class StillAnswering(Conflict):
    """The first request with this key is being answered."""


def answered_once(request: Request, answer: Callable[[], Response]) -> Response:
    """`answer()`, or what it said to an earlier request with the same Idempotency-Key.

    The key is taken first, in a transaction of its own. What `answer` writes is committed together
    with the stored answer, or not at all. A refusal isn't stored: nothing was done, so the request
    can be sent again. Raises Conflict when the key belongs to another request or to one that is
    being answered.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return answer()
    row, mine = _take(request, key)
    if row.status is not None:
        return Response(row.answer, status=row.status, headers={"Idempotent-Replayed": "true"})
    if not mine:
        raise StillAnswering(
            "An earlier request with this key is being answered.", help="Ask again in a moment."
        )
    try:
        with transaction.atomic():
            response = answer()
            _keep(row, response)
    except BaseException:
        _unanswered(row).delete()
        raise
    return response


def _take(request: Request, key: str) -> tuple[IdempotencyKey, bool]:
    """The key's row, and whether this request is the one to answer it."""
    if len(key) > 80 or not key.isprintable():
        raise BadInput("An Idempotency-Key has at most 80 characters.", field="Idempotency-Key")
    # The real time: it measures servers, which don't run faster with CLOCK_SPEED.
    time, digest = datetime.now(UTC), _digest(request)
    keys = IdempotencyKey.objects.filter(person=request.user)
    keys.filter(created__lt=time - KEPT).delete()
    row, new = keys.get_or_create(
        key=key, person=request.user, defaults={"request": digest, "created": time}
    )
    if row.request != digest:
        raise Conflict(
            "This Idempotency-Key was used for another request.",
            field="Idempotency-Key",
            help="Make a new key for each thing you do.",
        )
    return row, new or _taken_over(row, time)


def _taken_over(row: IdempotencyKey, time: datetime) -> bool:
    abandoned = _unanswered(row).filter(created__lt=time - ABANDONED)
    if not abandoned.update(created=time):
        return False
    row.created = time
    return True


def _unanswered(row: IdempotencyKey) -> QuerySet[IdempotencyKey]:
    # `created` tells apart the request that took the key and one that took it over.
    return IdempotencyKey.objects.filter(pk=row.pk, status=None, created=row.created)


def _keep(row: IdempotencyKey, response: Response) -> None:
    said = json.loads(JSONRenderer().render(response.data))
    if not _unanswered(row).update(status=response.status_code, answer=said):
        raise StillAnswering("Another request took this key over.", help="Ask again in a moment.")


def _digest(request: Request) -> str:
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    digest.update(request.octets)
    return digest.hexdigest()
