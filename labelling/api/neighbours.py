"""What lies around a tile, to be seen but not painted on."""

from __future__ import annotations

import uuid

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from labelling.adapters.blobs import store
from labelling.api.access import tile_for
from labelling.api.binary import octets
from labelling.api.operation import Resource, reads
from labelling.api.tiles import BANDS, BINARY, asked_bands
from labelling.insights.surroundings import surroundings
from labelling.models import campaigns_of


class TileMargin(Resource):
    @reads("tile_margin", answer=BINARY, parameters=[BANDS], refuses=[422])
    def get(self, request: Request, id: uuid.UUID) -> StreamingHttpResponse:
        """uint16 (bands, (height + 512) / 2, (width + 512) / 2): the same scene 256 pixels around
        the tile, every second pixel; 0 in the tile itself and where no neighbour is known."""
        tile = tile_for(request.user, id)
        names = asked_bands(tile, request.query_params.get("bands"))
        mine = campaigns_of(request.user).filter(enrolments__tile=tile)
        planes = surroundings(tile, names, campaigns=mine, blobs=store())
        # A neighbour may be ingested later.
        return octets(planes, cached=False)
