"""Deleting a tile."""

from __future__ import annotations

import uuid

from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import tile_for
from labelling.api.operation import Resource, writes
from labelling.clock import now
from labelling.models import Tile
from labelling.workflow.removal import remove_tile


class TileRemoval(Resource):
    @writes("delete_tile", answer=None, status=204)
    def delete(self, request: Request, id: uuid.UUID) -> Response:
        """Take a tile out of the catalogue. 409 while a task, a label or a round knows it."""
        tile = Tile.objects.select_related("acquisition__place").get(
            pk=tile_for(request.user, id).pk
        )
        remove_tile(tile=tile, by=request.user, now=now())
        return Response(status=204)
