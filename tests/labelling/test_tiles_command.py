"""The catalogue on the command line, and the scope of a campaign."""

from __future__ import annotations

import json

import pytest

from labelling.insights.catalogue import catalogue
from labelling.insights.filters import FILTERS
from labelling.management.commands.tiles import Command
from labelling.models import Campaign, CampaignTile, Tile
from tests.factories import NOON, PlaceFactory, TaskFactory, TileFactory
from tests.labelling.test_commands import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def tiles(campaign):
    return [
        TileFactory(campaign=campaign, sun_zenith=40 + n, scene__cloud_cover=10 * n)
        for n in range(3)
    ]


def test_tiles_are_listed_for_machines_as_the_api_gives_them(campaign, tiles):
    status, out, _ = said(
        "tiles", "list", "--campaign", "north", "--sort=-cloud", "--sun-min", "48.5", "--json"
    )

    told = json.loads(out)
    same = catalogue(campaign, sort="-cloud", wanted={"sun_min": "48.5"})
    assert (status, told["cursor"]) == (0, None)
    assert [row["id"] for row in told["results"]] == [str(row.id) for row in same.results]
    assert told["results"][0]["cloud"] == 0.1


def test_tiles_are_listed_for_people_with_the_way_to_the_next_page(campaign, tiles):
    TaskFactory(campaign=campaign, tile=tiles[0])

    status, out, _ = said("tiles", "list", "--campaign", "north", "--limit", "2")

    first, _, more = out.strip().splitlines()
    assert status == 0
    assert "cloud 0% (product)" in first
    assert "active open" in first
    assert "synthetic" in first
    cursor = more.removeprefix("More: --cursor ")
    rest = said("tiles", "list", "--campaign", "north", "--limit", "2", "--cursor", cursor)
    assert len(rest[1].strip().splitlines()) == 1


def test_every_filter_of_the_api_is_an_option():
    parser = Command().create_parser("manage.py", "tiles")
    (listing,) = (a for a in parser._actions if a.dest == "verb")
    options = listing.choices["list"]._option_string_actions

    assert {f"--{name.replace('_', '-')}" for name in FILTERS} <= set(options)


@pytest.mark.parametrize(
    ("words", "named"),
    [(["--sort", "beauty"], "beauty"), (["--sun-min", "high"], "high"), (["--limit", "0"], "0")],
)
def test_what_makes_no_sense_is_refused(campaign, words, named):
    status, _, err = said("tiles", "list", "--campaign", "north", *words)

    assert status == 1
    assert named in err


def test_one_tile_is_shown_by_its_key(campaign, tiles):
    tile = Tile.objects.select_related("acquisition__place").get(pk=tiles[1].pk)

    shown = said("tiles", "show", tile.key, "--campaign", "north", "--json")
    lost = said("tiles", "show", "nothing", "--campaign", "north")

    assert (shown[0], json.loads(shown[1])["id"]) == (0, str(tile.uuid))
    assert lost[0] == 1
    assert "nothing" in lost[2]


def test_fences_are_counted_and_listed_with_their_reasons(campaign, tiles):
    CampaignTile.objects.filter(tile=tiles[0]).update(fence="split border")
    CampaignTile.objects.filter(tile=tiles[1]).update(scope="out")

    _, text, _ = said("tiles", "fences", "--campaign", "north")
    _, out, _ = said("tiles", "fences", "--campaign", "north", "--json")

    told = json.loads(out)
    assert "1  fenced (split border)" in text
    assert "1  out of scope" in text
    assert told["fences"] == {"split border": 1}
    assert [row["fence"] for row in told["results"]] == ["split border"]


def test_a_campaign_without_fences_says_so(campaign, tiles):
    assert "No tile is kept back." in said("tiles", "fences", "--campaign", "north")[1]


def test_a_campaign_is_begun_with_a_scope_and_given_another():
    said("campaign", "create", "south", "--scope", "northern-europe")
    place = PlaceFactory(key="35VMF/512/5/5", longitude=25, latitude=59)
    TileFactory(
        campaign=Campaign.objects.get(), acquisition__place=place, acquisition__taken=NOON,
        height=512, width=512,
    )  # fmt: skip

    shown = said("campaign", "scope", "south")
    dry = said("campaign", "scope", "south", "everything", "--dry-run", "--json")
    same = said("campaign", "scope", "south", "northern-europe", "--json")
    changed = said("campaign", "scope", "south", "everything")

    assert "months 4, 5, 6, 7, 8, 9, 10; at least 50% land" in shown[1]
    assert json.loads(dry[1])["tiles"]["in"] == 1
    assert json.loads(same[1])["tiles"] == {"in": 1, "out": 0, "unknown": 0, "moved": 1}
    assert "Everything is in scope. 1 tiles in scope" in changed[1]
    assert Campaign.objects.get().scope == {}


def test_a_scope_comes_from_a_file_and_what_is_wrong_with_it_is_named(campaign, tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text('{"months": [6]}')
    bad.write_text('{"months": [13]}')

    assert said("campaign", "scope", "north", str(good))[0] == 0
    for file, named in ((bad, "13"), (tmp_path / "none.json", "none.json")):
        status, _, err = said("campaign", "scope", "north", str(file))
        assert status == 1
        assert named in err
    assert Campaign.objects.get().scope == {"months": [6]}


def test_a_campaigns_line_counts_its_tiles_by_scope(campaign, tiles):
    _, out, _ = said("campaign", "list")

    assert "0 tiles in scope, 0 out, 3 unknown" in out
