"""A server with many synthetic footprints: `python -m benchmarks._map_server PORT TILES`."""

from __future__ import annotations

import random
from typing import Any

from benchmarks._editor_server import serve, session_of

SQUARES = ("33VWF", "34VEM", "35VLF", "34UEG", "33UWA", "32VNJ", "35VMH", "34VFL", "33VXG", "32UPE")
SIDE = 42
"""Tiles along a side of a square: smaller ones than 5 km, so that 10⁵ find room in a few dates."""
SIZE = 256
CHUNK = 5000
STATES = ("open", "submitted", "accepted", "superseded")
LANES = ("active", "control", "pick")


def fill(tiles: int) -> str:
    """So many synthetic tiles on the grid of ten squares, half of them with a task, all scored."""
    from django.contrib.auth.models import User

    from labelling.clock import now
    from labelling.workflow.founding import admit, found_campaign

    campaign = found_campaign(slug="bench", name="Bench (synthetic)", now=now(), tile_size=SIZE)
    lea = User.objects.create_user("lea", password=None)
    admit(lea, campaign=campaign, role="lead", now=now())
    add_tiles(campaign, tiles)
    return session_of(lea)


def add_tiles(campaign: Any, tiles: int) -> None:
    from labelling.clock import now
    from labelling.models import Acquisition, CampaignTile, Place, Round, Scene, Score, Task, Tile

    draw, moment = random.Random(1), now()
    scene = Scene.objects.create(product_id="synthetic", synthetic=True, created=moment)
    done = Round.objects.create(
        campaign=campaign, n=1, state="done", strategy="random", batch=1, seed=1, created=moment
    )
    keys = [f"{square}/{SIZE}/{k // SIDE}/{k % SIDE}" for k in range(SIDE**2) for square in SQUARES]
    keys += [f"{square}/{SIZE}/{k // SIDE}/{k % SIDE}/later{date}" for date in range(1, 9)
             for k in range(SIDE**2) for square in SQUARES]  # fmt: skip
    for start in range(0, tiles, CHUNK):
        some = keys[start : min(start + CHUNK, tiles)]
        places = Place.objects.bulk_create(
            Place(key=key, square=key[:5], split="pool", **_centre(key)) for key in some
        )
        moments = Acquisition.objects.bulk_create(Acquisition(place=each) for each in places)
        rows = Tile.objects.bulk_create(
            Tile(acquisition=each, scene=scene, raster="", sha256="", bands=[], height=SIZE,
                 width=SIZE, valid_share=1, created=moment)
            for each in moments
        )  # fmt: skip
        CampaignTile.objects.bulk_create(CampaignTile(campaign=campaign, tile=t) for t in rows)
        Score.objects.bulk_create(
            Score(round=done, tile=each, score=draw.random(), fractions=_fractions(draw))
            for each in rows
        )
        Task.objects.bulk_create(
            Task(campaign=campaign, acquisition=each.acquisition, tile=each,
                 lane=draw.choice(LANES), state=draw.choice(STATES), created=moment)
            for each in rows[::2]
        )  # fmt: skip


def _centre(key: str) -> dict[str, float]:
    """Of places that aren't on the grid: beside the others, so that they have a footprint, too."""
    from labelling.imagery.ground import ground_of

    ground = ground_of("/".join(key.split("/")[:4]))
    assert ground is not None
    ((longitude, latitude),) = ground.project("EPSG:4326", [(SIZE / 2, SIZE / 2)])
    return {"longitude": longitude, "latitude": latitude}


def _fractions(draw: random.Random) -> dict[str, float]:
    clear = draw.random()
    return {"0": clear, "1": 1 - clear}


if __name__ == "__main__":
    serve(fill)
