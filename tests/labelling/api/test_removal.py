"""Deleting a tile: possible while nothing depends on it, and refused in words that help."""

from __future__ import annotations

from labelling.adapters.blobs import store
from labelling.models import CampaignTile, Event, Tile
from tests.factories import CampaignFactory, TileFactory
from tests.labelling.api.conftest import octets, submit, with_pixels
from tests.labelling.insights.rows import RoundFactory, label, score


def delete(client, tile):
    return client.delete(f"/api/v1/tiles/{tile.uuid}")


def test_a_tile_that_nothing_knows_is_deleted_with_its_blob(
    campaign, lea, django_capture_on_commit_callbacks
):
    tile = TileFactory(campaign=campaign)
    with_pixels(tile)

    with django_capture_on_commit_callbacks(execute=True):
        answer = delete(lea, tile)

    assert answer.status_code == 204
    assert not Tile.objects.exists()
    assert not CampaignTile.objects.exists()
    assert not store().exists(tile.raster)
    assert Event.objects.get(verb="changed").detail["removed"] == str(tile.uuid)


def test_a_tile_in_use_stays_and_says_by_what(ana, lea, in_hand):
    submit(ana, in_hand, octets())

    answer = delete(lea, in_hand.tile)

    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (409, "conflict", "tile")
    assert "used by 1 task, 1 label" in told["message"]
    assert "campaign scope" in told["help"]
    assert store().exists(in_hand.tile.raster)


def test_so_does_one_that_a_round_scored(campaign, lea):
    tile = TileFactory(campaign=campaign)
    score(RoundFactory(campaign=campaign), tile, value=0.5)

    assert "1 round" in delete(lea, tile).json()["message"]


def test_a_label_stays_with_the_acquisitions_other_tile(campaign, lea):
    tile = TileFactory(campaign=campaign)
    other = TileFactory(campaign=campaign, acquisition=tile.acquisition, level="L2A")
    label(tile, campaign, pixels={"0": 1})

    assert delete(lea, other).status_code == 204
    assert delete(lea, tile).status_code == 409


def test_deleting_is_for_leads_of_all_the_tiles_campaigns(campaign, ana, rita, lea, max):
    tile = TileFactory(campaign=campaign)

    assert [delete(client, tile).status_code for client in (ana, rita, max)] == [403, 403, 404]
    CampaignTile.objects.create(campaign=CampaignFactory(slug="alps"), tile=tile)
    answer = delete(lea, tile)
    assert (answer.status_code, "alps" in answer.json()["message"]) == (403, True)
