"""Every other address of the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from labelling.errors import NotFound


@extend_schema(exclude=True)
class Nothing(APIView):
    permission_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound(
            f"The API has nothing at {request.path}.", help="/api/v1/schema lists what it has."
        )
