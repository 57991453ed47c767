from __future__ import annotations

from al_engine.strategies import STRATEGIES
from labelling.models import DEFAULT_CLASSES
from tests.factories import TileFactory


def test_a_campaign_shows_what_the_editor_needs(campaign, ana):
    TileFactory(campaign=campaign)

    assert ana.get("/api/v1/campaigns/north").json() == {
        "slug": "north",
        "name": "Northern Europe",
        "tile_size": 256,
        "bands": ["B02", "B03", "B04", "B08"],
        "schema": {"version": 1, "classes": DEFAULT_CLASSES},
        "composites": [
            {"name": "True colour", "bands": ["B04", "B03", "B02"]},
            {"name": "False colour", "bands": ["B08", "B04", "B03"]},
        ],
        "strategy": "auto",
        "strategies": list(STRATEGIES),
        "batch_size": 20,
        "role": "annotator",
        "synthetic": True,
    }


def test_a_campaigns_own_composites_come_first(campaign, ana):
    campaign.composites = [{"name": "Mine", "bands": ["B08", "B08", "B02"]}]
    campaign.save()

    assert ana.get("/api/v1/campaigns/north").json()["composites"] == campaign.composites


def test_a_campaign_of_photographed_tiles_is_not_synthetic(campaign, ana):
    TileFactory(campaign=campaign, scene__synthetic=False)

    assert ana.get("/api/v1/campaigns/north").json()["synthetic"] is False


def test_everybody_sees_his_own_role(ana, rita, lea):
    roles = [each.get("/api/v1/campaigns/north").json()["role"] for each in (ana, rita, lea)]

    assert roles == ["annotator", "reviewer", "lead"]


def test_for_an_outsider_the_campaign_does_not_exist(max):
    hidden, absent = (max.get(f"/api/v1/campaigns/{slug}") for slug in ("north", "west"))

    assert hidden.status_code == absent.status_code == 404
    assert hidden.json()["code"] == "not_found"
    assert hidden.json() == {
        name: text.replace("west", "north") for name, text in absent.json().items()
    }
