"""What happened to a task."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import OVERSEERS, task_for
from labelling.api.operation import Resource, reads
from labelling.errors import BadInput
from labelling.models import Event, Task, role_of

PAGE = 100
OPEN_DETAILS = frozenset({"hold", "annotation"})
"""What annotators see of an event; the rest may tell the lane or the round."""
VERDICT = frozenset({"verdict", "reason", "note", "author"})
"""What they see, too, of a review of a label of their own."""
CURSOR = OpenApiParameter("cursor", OpenApiTypes.STR, description="As the page before gave it.")


class HistoryEntrySerializer(serializers.Serializer):
    when = serializers.DateTimeField()
    who = serializers.CharField(
        source="who.username", default=None, allow_null=True, help_text="null: the workbench."
    )
    verb = serializers.CharField()
    detail = serializers.DictField()


class HistorySerializer(serializers.Serializer):
    results = HistoryEntrySerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Of the next page; null: none.")


class TaskHistory(Resource):
    @reads("task_history", answer=HistorySerializer, parameters=[CURSOR], refuses=[422])
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Oldest first."""
        task = task_for(request.user, id)
        everything = role_of(request.user, task.campaign) in OVERSEERS
        viewer = None if everything else request.user.username
        page = history_page(task, request.query_params.get("cursor"), viewer=viewer)
        return Response(HistorySerializer(page).data)


def history_page(task: Task, cursor: str | None, *, viewer: str | None) -> dict[str, Any]:
    """{results, cursor}: at most PAGE events after `cursor`, with what the annotator `viewer` may
    see of them; None: everything."""
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise BadInput(f"{cursor!r} is no cursor.", field="cursor", help="Leave it out to begin.")
    events = Event.objects.about(task).filter(pk__gt=int(cursor or 0)).select_related("who")
    found = list(events.order_by("pk")[: PAGE + 1])
    page = found[:PAGE]
    if viewer is not None:
        for event in page:
            seen = _open_details(event, viewer) & set(event.detail)
            event.detail = {name: event.detail[name] for name in seen}
    return {"results": page, "cursor": str(page[-1].pk) if len(found) > PAGE else None}


def _open_details(event: Event, viewer: str) -> frozenset[str]:
    own = event.verb == Event.Verb.REVIEWED and event.detail.get("author") == viewer
    return OPEN_DETAILS | VERDICT if own else OPEN_DETAILS
