"""The database refuses to move a tile to another split, whatever code asks for it."""

import pytest
from django.db import IntegrityError, transaction

from labelling.models import Acquisition, Installation, Place, Tile
from tests.factories import NOON, AcquisitionFactory, PlaceFactory, TileFactory

pytestmark = pytest.mark.django_db

SHARES = {"pool": 0.7, "validation": 0.15, "test": 0.15}


@pytest.fixture
def tile():
    Installation.objects.create(pk=1, split_shares=SHARES, frozen=NOON)
    return TileFactory(acquisition__place=PlaceFactory(split="test", square="6933/22/62"))


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Place, lambda: {"split": "pool"}),
        (Place, lambda: {"square": "6933/0/0"}),
        (Acquisition, lambda: {"place": PlaceFactory()}),
        (Tile, lambda: {"acquisition": AcquisitionFactory()}),
        (Installation, lambda: {"split_seed": 5}),
        (Installation, lambda: {"split_shares": SHARES | {"pool": 0.85, "test": 0.0}}),
    ],
)
def test_what_would_move_a_tile_is_refused(tile, model, change):
    row = model.objects.order_by("pk").first()
    before = model.objects.filter(pk=row.pk).values().get()
    changed = change()

    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.filter(pk=row.pk).update(**changed)
    for name, value in changed.items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()

    assert model.objects.filter(pk=row.pk).values().get() == before


def test_what_moves_nothing_is_written(tile):
    place = tile.acquisition.place
    place.longitude, place.latitude = 24.0, 59.0

    place.save()
    tile.save()

    assert Place.objects.get(pk=place.pk).longitude == 24.0
