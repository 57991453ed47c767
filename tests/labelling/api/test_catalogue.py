"""The catalogue over the API: who sees it, and that it says what is asked."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from labelling.models import CampaignTile
from tests.factories import NOON, CampaignFactory, TaskFactory, TileFactory, person
from tests.labelling.api.conftest import signed_in

PATH = "/api/v1/campaigns/north/catalogue"


@pytest.fixture
def tiles(campaign):
    return [
        TileFactory(
            campaign=campaign, acquisition__place__key=f"35VLF/256/0/{n}", sun_zenith=40 + n
        )
        for n in range(3)
    ]


def test_reviewers_and_leads_see_it_annotators_and_outsiders_do_not(tiles, ana, rita, lea, max):
    root = signed_in(User.objects.create_superuser("root"))

    statuses = [client.get(PATH).status_code for client in (lea, rita, root, ana, max)]

    assert statuses == [200, 200, 200, 403, 404]


def test_who_is_not_signed_in_sees_nothing(tiles, client):
    assert client.get(PATH).status_code == 401


def test_a_lead_elsewhere_is_an_annotator_here(campaign, tiles):
    zoe = person("zoe", campaign=campaign)
    person("zoe", campaign=CampaignFactory(slug="south"), role="lead")

    assert signed_in(zoe).get(PATH).status_code == 403


def test_it_is_filtered_ordered_and_paged(lea, campaign, tiles):
    CampaignTile.objects.filter(tile=tiles[0]).update(scope="out")
    TaskFactory(campaign=campaign, tile=tiles[1], lane="control")

    first = lea.get(f"{PATH}?sort=-sun&limit=1&scope=unknown").json()
    second = lea.get(f"{PATH}?sort=-sun&limit=1&scope=unknown&cursor={first['cursor']}").json()

    (row,), (other,) = first["results"], second["results"]
    assert (row["place"], row["sun_elevation"], row["scope"]) == ("35VLF/256/0/1", 49.0, "unknown")
    assert row["tasks"] == [{"lane": "control", "state": "open", "round_no": 1}]
    assert row["datetime"] == f"{NOON:%Y-%m-%dT%H:%M:%SZ}"
    assert (other["place"], second["cursor"]) == ("35VLF/256/0/2", None)


def test_an_empty_filter_is_none_at_all(lea, tiles):
    assert len(lea.get(f"{PATH}?split=&place=").json()["results"]) == 3


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"), ("split=train", "split"), ("sort=beauty", "sort"),
        ("limit=0", "limit"), ("limit=999", "limit"), ("cursor=x", "cursor"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_named(lea, tiles, query, field):
    answer = lea.get(f"{PATH}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")
    assert answer.json()["field"] == field


def test_a_page_takes_the_same_number_of_queries_however_long(
    lea, campaign, tiles, django_assert_num_queries
):
    # Session, person, campaign with his part in it; then the eight of the page.
    for limit in (1, 3):
        with django_assert_num_queries(3 + 8):
            lea.get(f"{PATH}?limit={limit}")
