"""A funder's page: what was labelled from one day to another. For leads."""

from __future__ import annotations

from datetime import date

from csp.constants import NONE, UNSAFE_INLINE
from csp.decorators import csp
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads
from labelling.clock import now
from labelling.errors import BadInput
from labelling.insights.report import Report, Span, report
from labelling.insights.report_map import Picture, picture
from labelling.insights.report_page import facts, page

HTML = "text/html"


class SpanSerializer(serializers.Serializer):
    first = serializers.DateField(help_text="UTC, such as 2026-06-01.")
    last = serializers.DateField(help_text="That day included.")


class ReportView(Resource):
    @reads("report", answer=OpenApiTypes.OBJECT, parameters=[SpanSerializer], refuses=[403, 422])
    def get(self, request: Request, slug: str) -> Response:
        """Targets, hours, classes, places, learning curve and licences, as numbers."""
        return Response(facts(*_counted(request, slug)))


OF_THE_PAGE = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
    "form-action": [NONE],
    "sandbox": ["allow-modals"],
}
"""It carries its styles with it and runs nothing; a sandbox is of no origin. (Modals: printing.)"""


@method_decorator(csp(OF_THE_PAGE), name="dispatch")
class ReportPage(Resource):
    @reads(
        "report_page",
        answer={(200, HTML): OpenApiTypes.STR},
        parameters=[SpanSerializer],
        refuses=[403, 422],
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """The same as a page of its own, which needs nothing else."""
        text = page(*_counted(request, slug), made=now())
        return HttpResponse(text, content_type=f"{HTML}; charset=utf-8")


def _counted(request: Request, slug: str) -> tuple[Report, Picture]:
    campaign = campaign_for(request.user, slug, LEADS)
    asked = SpanSerializer(data=request.query_params)
    asked.is_valid(raise_exception=True)
    span = _span(**asked.validated_data)
    return report(campaign, span), picture(campaign, span)


def _span(first: date, last: date) -> Span:
    try:
        return Span(first, last)
    except BadInput as wrong:
        # It speaks of the command's options.
        raise BadInput(str(wrong), field="last", help="It is `first` or a later day.") from wrong
