"""What every operation of the API has in common: how it is documented, and writes done once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import APIException
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labelling.api.answers import answered_once
from labelling.api.errors import ErrorSerializer
from labelling.errors import BadInput, NotFound

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="A UUID. The same key gets the same answer, and nothing is done twice.",
)
OCTETS = "application/octet-stream"
UNREAD = (400, 413, 415)
"""A body that isn't JSON, one that is too large, and one of another content type."""

Handler = Callable[..., Any]


class OneForm(BaseContentNegotiation):
    """Each operation answers in one form, whatever the client accepts; errors are JSON always."""

    def select_parser(self, request: Request, parsers: Sequence[Any]) -> Any:
        return next((parser for parser in parsers if parser.media_type == _type(request)), None)

    def select_renderer(
        self, request: Request, renderers: Sequence[Any], format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


class Octets(BaseParser):
    """The body as it came."""

    media_type = OCTETS

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> bytes:
        return stream.read()


class Resource(APIView):
    """A view of the API."""

    content_negotiation_class = OneForm

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Kept before authentication looks for a CSRF token in the stream and uses it up.
        stated_length(request.META.get("CONTENT_LENGTH"))
        request.octets = request._request.body
        check_characters(request)
        super().initial(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except APIException:
            # A program whose token has ended may ask on and on.
            super().check_throttles(request)
            raise

    def check_permissions(self, request: Request) -> None:
        # DRF counts a request only after this: who isn't signed in would never be counted.
        super().check_throttles(request)
        super().check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        """Done before the permissions."""

    def get_authenticate_header(self, request: Request) -> str:
        # Any scheme will do: with one, DRF answers 401 to who isn't signed in, 403 to who mayn't.
        return "Session"


def reads(
    name: str, *, answer: Any, parameters: Sequence[Any] = (), refuses: Sequence[int] = ()
) -> Callable[[Handler], Handler]:
    """Document a GET; `answer` is a serializer or {(status, media type): …}."""
    answers = answer if isinstance(answer, dict) else {200: answer}
    return extend_schema(
        operation_id=name,
        parameters=list(parameters),
        responses={**answers, **_refusals(401, 404, *refuses)},
    )


def writes(
    name: str,
    *,
    answer: Any,
    status: int = 200,
    request: Any = None,
    parameters: Sequence[Any] = (),
    refuses: Sequence[int] = (),
) -> Callable[[Handler], Handler]:
    """Document a POST, and answer it once for each Idempotency-Key."""
    unread = () if request is None else UNREAD
    documented = extend_schema(
        operation_id=name,
        request=request,
        parameters=[IDEMPOTENCY_KEY, *parameters],
        responses={status: answer, **_refusals(401, 403, 404, 409, 422, *unread, *refuses)},
    )

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
            ask = getattr(handler, "asks", None)
            first = partial(ask, view, request, *args, **kwargs) if ask else None
            return answered_once(
                request, partial(handler, view, request, *args, **kwargs), first=first
            )

        return documented(once)

    return decorate


def asking(ask: Handler) -> Callable[[Handler], Handler]:
    """Under `writes`: `ask` asks another server, or storage, before the transaction that the answer
    is kept in; not where a key's answer is told again.

    It is called with the same arguments; the handler gets what it returns as `seen`.
    """

    def decorate(handler: Handler) -> Handler:
        handler.asks = ask
        return handler

    return decorate


def check_characters(request: Request) -> None:
    """Raises NotFound for an address with a NUL, which PostgreSQL can't even be asked about."""
    if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        raise NotFound("No name has the character NUL in it.", field="address")


def stated_length(header: str | None) -> int:
    """What Content-Length says, 0 if nothing. Raises BadInput for what is no number."""
    if header and not (header.isascii() and header.isdigit() and len(header) < 19):
        raise BadInput(f"{header!r} is no Content-Length.", field="Content-Length")
    return int(header or 0)


def _refusals(*statuses: int) -> dict[int, Any]:
    # 429: asked too often (api/throttling.py), which can meet any of them.
    return dict.fromkeys(sorted({*statuses, 429}), ErrorSerializer)


def _type(request: Request) -> str:
    return (request.content_type or "").partition(";")[0].strip().lower()
