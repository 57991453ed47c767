"""A tile's pixels."""

from __future__ import annotations

import uuid

from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from labelling.adapters.blobs import store
from labelling.api.access import tile_for
from labelling.api.binary import octets, picture, stored
from labelling.api.operation import OCTETS, Resource, reads
from labelling.api.prelabels import prelabel_for
from labelling.errors import BadInput, NotFound
from labelling.imagery.tilefile import read_tile
from labelling.models import Tile
from labelling.workflow.regions import without_bare

BANDS = OpenApiParameter(
    "bands",
    OpenApiTypes.STR,
    description="Names with commas between; all bands where it is left out.",
)
BINARY = {(200, OCTETS): OpenApiTypes.BINARY}


class TileBands(Resource):
    @reads("tile_bands", answer=BINARY, parameters=[BANDS], refuses=[422])
    def get(self, request: Request, id: uuid.UUID) -> StreamingHttpResponse:
        """uint16 (bands, height, width): reflectance x 10 000, 0 where there is no data."""
        tile = tile_for(request.user, id)
        names = asked_bands(tile, request.query_params.get("bands"))
        return octets(read_tile(stored(tile.raster), names))


class TilePrelabel(Resource):
    @reads("tile_prelabel", answer=BINARY)
    def get(self, request: Request, id: uuid.UUID) -> StreamingHttpResponse:
        """uint8 (height, width): the class codes to start from."""
        layer, task = prelabel_for(request.user, tile_for(request.user, id))
        mask = read_tile(stored(layer.raster))[0]
        # The next task on this tile may start from another mask.
        return octets([without_bare(mask, task)], cached=False)


class TileThumbnail(Resource):
    @reads("tile_thumbnail", answer={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        tile = tile_for(request.user, id)
        if not tile.thumbnail:
            raise NotFound("This tile has no thumbnail.")
        return picture(store().read(tile.thumbnail))


def asked_bands(tile: Tile, asked: str | None) -> list[str]:
    """The tile's bands, or the ones asked for. Raises BadInput for one that it doesn't have."""
    if asked is None:
        return list(tile.bands)
    names = asked.split(",")
    for name in names:
        if name not in tile.bands:
            raise BadInput(
                f"The tile has no band {name!r}.",
                field="bands",
                help=f"It has {', '.join(tile.bands)}.",
            )
    return names
