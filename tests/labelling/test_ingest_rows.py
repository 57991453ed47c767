"""What changes in the database while a product is on its way in."""

import pytest

from labelling.adapters.blobs import store
from labelling.errors import Conflict
from labelling.models import Campaign, CampaignTile, Place, Tile
from labelling.workflow.ingest.products import ingest_stack
from tests.factories import NOON, CampaignFactory, PlaceFactory
from tests.rasters import IN_35VLF, write_stack

pytestmark = pytest.mark.django_db


def test_a_scope_that_changed_since_the_ingest_began_is_the_one_that_judges(tmp_path):
    as_the_ingest_read_it = CampaignFactory(slug="north")
    Campaign.objects.update(scope={"months": [1]})
    path = write_stack(tmp_path / "a.tif", tags={"DATETIME": "2026-06-01T09:50:31Z"})

    ingest_stack(path, campaign=as_the_ingest_read_it, now=NOON, blobs=store())

    assert CampaignTile.objects.get().scope == "out"


def test_a_place_known_on_other_ground_is_refused_and_nothing_is_kept(tmp_path):
    elsewhere = PlaceFactory(key="35VLF/256/0/0", square="6933/0/0")
    path = write_stack(tmp_path / "a.tif", place=IN_35VLF, tags={"MGRS": "35VLF"})

    with pytest.raises(Conflict, match="35VLF/256/0/0 is known on ground 6933/0/0"):
        ingest_stack(path, campaign=CampaignFactory(), now=NOON, blobs=store())

    assert list(Place.objects.all()) == [elsewhere]
    assert not Tile.objects.exists()
    assert not list(store().sizes("tiles"))
