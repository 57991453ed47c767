"""One table: refusal → HTTP status. Every error leaves as {code, message, field, help}."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import RequestDataTooBig
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import exception_handler

from labelling import errors

STATUS: dict[type[Exception], int] = {
    errors.QueueEmpty: 404,
    errors.NotFound: 404,
    errors.NotYours: 409,
    errors.Conflict: 409,
    errors.NotAllowed: 403,
    errors.BadInput: 422,
    errors.StorageAway: 503,
    errors.CvatAway: 503,
    errors.CvatError: 502,
    errors.JobFailed: 500,
}
"""A refusal that isn't listed has the status of its nearest listed ancestor."""


class FindingSerializer(serializers.Serializer):
    """One thing that a check of a label found."""

    code = serializers.CharField(help_text="Stable name of the check.")
    severity = serializers.ChoiceField(
        ["error", "warning"], help_text="A warning can be overruled with a note, an error not."
    )
    message = serializers.CharField(help_text="What was found, fit to show a person.")
    pixels = serializers.IntegerField(help_text="How many it is about.")
    share = serializers.FloatField(help_text="0…1 of the tile's pixels.")
    where = serializers.ListField(
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="Top, left, bottom, right (the last two beyond it); null: the whole tile.",
    )


class ErrorSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="Stable name of the refusal, such as `queue_empty`.")
    message = serializers.CharField(help_text="What happened, fit to show a person.")
    field = serializers.CharField(allow_blank=True, help_text="The field or file it is about.")
    help = serializers.CharField(allow_blank=True, help_text="What to do.")
    findings = FindingSerializer(
        many=True, required=False, help_text="Of a refused label, all that is wrong with it."
    )
    draft = serializers.IntegerField(
        required=False, help_text="Version of the draft that keeps a refused label, to go on from."
    )


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None (an ordinary 500) for what nobody foresaw."""
    if isinstance(error, errors.WorkbenchError):
        told = _refusal(_status(error), _code(error), str(error), error.field, error.help)
        if error.findings:
            told.data["findings"] = error.findings
        if error.draft is not None:
            told.data["draft"] = error.draft
        return told
    if isinstance(error, RequestDataTooBig):
        return _refusal(413, "too_large", "The request is too large.", "body")
    if isinstance(error, exceptions.ValidationError):
        field, message = first_complaint(error.detail)
        return _refusal(422, "bad_input", message, field)
    standard = exception_handler(error, context)
    if standard is not None:
        standard.data = _body(*_framework(error, standard))
    return standard


def _status(error: errors.WorkbenchError) -> int:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def _code(error: Exception) -> str:
    """`QueueEmpty` → `queue_empty`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def _framework(error: Exception, standard: Response) -> tuple[str, str]:
    message = str(standard.data.get("detail", "The request can't be answered."))
    if message.startswith("CSRF Failed"):
        return "csrf_failed", message
    return getattr(error, "default_code", _code(error)), message


def first_complaint(detail: Any, field: str = "") -> tuple[str, str]:
    """The first complaint in DRF's nested lists and mappings, with the field it is about."""
    if isinstance(detail, dict):
        name, inner = next(iter(detail.items()))
        return first_complaint(inner, "" if name == "non_field_errors" else str(name))
    if isinstance(detail, list):
        return first_complaint(detail[0], field)
    return field, str(detail)


def _refusal(status: int, code: str, message: str, field: str = "", help: str = "") -> Response:
    return Response(_body(code, message, field, help), status=status)


def _body(code: str, message: str, field: str = "", help: str = "") -> dict[str, str]:
    return {"code": code, "message": message, "field": field, "help": help}
