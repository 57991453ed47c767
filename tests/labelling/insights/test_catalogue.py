"""The catalogue: what it filters by, how it orders, and that its pages fit together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labelling.errors import BadInput, NotFound
from labelling.insights.catalogue import SORTS, catalogue, fences, tile_row
from labelling.insights.filters import FILTERS
from labelling.models import CampaignTile, Score, Task, Tile
from tests.factories import NOON, CampaignFactory, SceneFactory, TaskFactory, TileFactory
from tests.labelling.insights.rows import RoundFactory, label

pytestmark = pytest.mark.django_db

WINTER = datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.fixture
def summer(campaign) -> Tile:
    """Half cloud by its label, seen under a high sun."""
    tile = TileFactory(
        campaign=campaign, acquisition__place__key="35VLF/256/0/0",
        acquisition__place__longitude=24.0, acquisition__place__latitude=59.0, sun_zenith=38.0,
        sun_azimuth=170.0, scene__product_id="S2A_summer", quality={"flags": ["step"]},
    )  # fmt: skip
    label(tile, campaign, pixels={"0": 50, "1": 40, "3": 10})
    return tile


@pytest.fixture
def winter(campaign) -> Tile:
    """Clear by its product, of the test split, out of scope and fenced."""
    tile = TileFactory(
        campaign=campaign, acquisition__place__key="32VNM/256/0/0", acquisition__taken=WINTER,
        acquisition__place__split="test", acquisition__place__longitude=9.0,
        acquisition__place__latitude=60.0, sun_zenith=82.0, valid_share=0.2, level="L2A",
        scene=SceneFactory(cloud_cover=2.0, satellite="S2B"),
    )  # fmt: skip
    CampaignTile.objects.filter(tile=tile).update(scope="out", fence="split border")
    return tile


def keys(campaign, **asked) -> list[str]:
    return [row.place[:5] for row in catalogue(campaign, **asked).results]


SUMMERS = [
    ("place", "35V"), ("bbox", "20,58,25,60"), ("since", "2026-06-01"), ("months", "5,6"),
    ("season", "summer"), ("split", "pool"), ("state", "open"), ("lane", "active"),
    ("sun_min", "50"), ("cloud_min", "30"), ("class", "shadow:5:20"), ("class", "1:40:40"),
    ("scope", "in"), ("scope", "unknown"), ("fence", "none"), ("flag", "step"),
    ("valid_min", "90"), ("scene", "S2A_summer"), ("satellite", "S2A"), ("level", "L1C"),
    ("label", "campaign"), ("label", "any"), ("score_min", "0.8"), ("slice", "control"),
    ("stratum", "cloud"),
]  # fmt: skip
WINTERS = [
    ("until", "2026-01-05"), ("season", "winter"), ("split", "test"), ("state", "none"),
    ("sun_max", "10"), ("cloud_max", "5"), ("scope", "out"), ("fence", "any"),
    ("fence", "split border"), ("level", "L2A"), ("label", "none"), ("score_max", "0.5"),
    ("stratum", "clear"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), SUMMERS)
def test_each_filter_keeps_the_summers_tile(campaign, summer, winter, name, text):
    scope = text if name == "scope" else "in"
    CampaignTile.objects.filter(tile=summer).update(scope=scope)
    TaskFactory(campaign=campaign, tile=summer)
    scored(campaign, summer, 0.9, {"0": 0.2, "1": 0.8, "2": 0, "3": 0}, slice="control")

    assert keys(campaign, wanted={name: text}) == ["35VLF"]


@pytest.mark.parametrize(("name", "text"), WINTERS)
def test_each_filter_keeps_the_winters_tile(campaign, summer, winter, name, text):
    TaskFactory(campaign=campaign, tile=summer)
    CampaignTile.objects.filter(tile=summer).update(scope="in")
    scored(campaign, winter, 0.1, {"0": 0.97, "1": 0.03, "2": 0, "3": 0})

    assert keys(campaign, wanted={name: text}) == ["32VNM"]


def test_a_near_duplicate_can_be_asked_for(campaign, summer, winter):
    Tile.objects.filter(pk=winter.pk).update(near_duplicate_of=summer)

    assert keys(campaign, wanted={"near_duplicate": "yes"}) == ["32VNM"]
    assert keys(campaign, wanted={"near_duplicate": "no"}) == ["35VLF"]


def test_one_tile_can_be_asked_for(campaign, summer, winter):
    assert keys(campaign, wanted={"tile": str(winter.uuid)}) == ["32VNM"]
    with pytest.raises(BadInput, match="is no tile to filter by"):
        keys(campaign, wanted={"tile": "32VNM"})


def test_every_filter_is_tested_here():
    tested = {name for name, _ in [*SUMMERS, *WINTERS]}

    assert tested | {"near_duplicate", "tile"} == set(FILTERS)


def test_filters_narrow_each_other_down(campaign, summer, winter):
    assert keys(campaign, wanted={"place": "35V", "season": "winter"}) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("colour", "red"), ("bbox", "1,2,3"), ("bbox", "170,0,-170,5"), ("since", "June"),
        ("months", "13"), ("season", "monsoon"), ("split", "train"), ("sun_min", "high"),
        ("until", "9999-12-31"), ("months", "\u00b2"), ("place", "35V\0"), ("flag", "\0"),
        ("label", "\0"), ("cloud_min", "150"), ("cloud_max", "nan"), ("class", "snow:0:10"),
        ("class", "cloud"), ("class", "cloud:50:10"), ("stratum", "snow"),
        ("near_duplicate", "perhaps"),
    ],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_named(campaign, name, text):
    with pytest.raises(BadInput) as refusal:
        catalogue(campaign, wanted={name: text})

    assert refusal.value.field == name
    assert refusal.value.help


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("place", "32VNM"), ("-place", "35VLF"), ("taken", "32VNM"), ("-taken", "35VLF"),
        ("sun", "32VNM"), ("-sun", "35VLF"), ("cloud", "32VNM"), ("-cloud", "35VLF"),
        ("valid", "32VNM"), ("-valid", "35VLF"),
    ],
)  # fmt: skip
def test_tiles_come_in_the_order_asked_for(campaign, summer, winter, sort, first):
    assert keys(campaign, sort=sort)[0] == first


def test_tiles_without_the_value_come_last_whichever_way_round(campaign, summer, winter):
    scored(campaign, winter, 0.5, {"0": 1.0})

    assert keys(campaign, sort="score") == keys(campaign, sort="-score") == ["32VNM", "35VLF"]


def test_a_row_says_what_is_known_of_a_tile(campaign, summer):
    scored(campaign, summer, 0.75, {"0": 1.0}, slice="informative", why="much shadow")
    TaskFactory(campaign=campaign, tile=summer, lane="gold", round_no=2)

    (row,) = catalogue(campaign).results

    assert (row.key, row.split) == (Tile.objects.get().key, "pool")
    assert (row.cloud, row.cover, row.classes["shadow"]) == (0.4, "label", 0.1)
    assert (row.sun_elevation, row.score, row.why) == (52.0, 0.75, "much shadow")
    assert [(task.lane, task.state, task.round_no) for task in row.tasks] == [("gold", "open", 2)]
    assert (row.label, row.flags, row.synthetic) == ("campaign", ["step"], True)


def test_a_campaign_shows_its_own_tiles_and_tasks_only(campaign, summer):
    other = CampaignFactory()
    CampaignTile.objects.create(campaign=other, tile=summer, scope="in")
    TaskFactory(campaign=campaign, tile=summer)
    TileFactory(campaign=campaign)

    (row,) = catalogue(other).results

    assert (row.tasks, row.label, row.cover) == ([], "", "")


def test_many_tiles_take_as_many_queries_as_few(campaign, django_assert_num_queries):
    tiles = [TileFactory(campaign=campaign) for _ in range(6)]
    for tile in tiles:
        TaskFactory(campaign=campaign, tile=tile)
        label(tile, campaign, pixels={"0": 1})

    for limit in (2, 6):
        with django_assert_num_queries(8):
            assert len(catalogue(campaign, limit=limit).results) == limit


@given(
    values=st.lists(st.one_of(st.none(), st.sampled_from([10.0, 20.5, 33.1])), max_size=9),
    limit=st.integers(1, 4),
    sort=st.sampled_from([f"{sign}{name}" for name in SORTS for sign in ("", "-")]),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_pages_show_every_tile_once_and_in_order(campaign, values, limit, sort):
    CampaignTile.objects.filter(campaign=campaign).delete()
    for n, value in enumerate(values):
        taken = None if value is None else NOON + timedelta(days=value)
        TileFactory(
            campaign=campaign, sun_zenith=value, acquisition__taken=taken,
            scene__cloud_cover=value, acquisition__place__split="pool", valid_share=(n % 3) / 3,
        )  # fmt: skip

    found, cursor = [], None
    while True:
        page = catalogue(campaign, sort=sort, limit=limit, cursor=cursor)
        found += [row.id for row in page.results]
        cursor = page.cursor
        if cursor is None:
            break

    assert found == [row.id for row in catalogue(campaign, sort=sort, limit=200).results]
    assert len(set(found)) == len(values)


def test_a_tile_that_comes_meanwhile_hides_no_other(campaign):
    tiles = [TileFactory(campaign=campaign) for _ in range(4)]
    first = catalogue(campaign, sort="-id", limit=2)
    TileFactory(campaign=campaign)

    rest = catalogue(campaign, sort="-id", limit=2, cursor=first.cursor)

    assert [row.id for row in first.results + rest.results] == [
        tile.uuid for tile in reversed(tiles)
    ]


@pytest.mark.parametrize("cursor", ["", "nonsense", "WyJpZCIsbnVsbCwxXQ"])
def test_a_cursor_of_ones_own_making_is_refused(campaign, cursor):
    with pytest.raises(BadInput) as refusal:
        catalogue(campaign, cursor=cursor)

    assert refusal.value.field == "cursor"


def test_a_cursor_of_another_order_is_refused(campaign):
    tiles = [TileFactory(campaign=campaign) for _ in range(3)]
    assert tiles
    cursor = catalogue(campaign, sort="taken", limit=1).cursor

    with pytest.raises(BadInput, match="cursor"):
        catalogue(campaign, sort="-taken", cursor=cursor)


@pytest.mark.parametrize(("what", "value"), [("sort", "beauty"), ("limit", 0), ("limit", 201)])
def test_an_order_or_a_size_that_makes_no_sense_is_named(campaign, what, value):
    with pytest.raises(BadInput) as refusal:
        catalogue(campaign, **{what: value})

    assert refusal.value.field == what


def test_one_tile_is_found_by_its_key_or_uuid(campaign, summer, winter):
    tile = Tile.objects.get(pk=summer.pk)

    assert tile_row(campaign, tile.key).id == tile_row(campaign, str(tile.uuid)).id == tile.uuid
    for name in ("35VLF/256/0/0/nothing", "x", str(Task().uuid)):
        with pytest.raises(NotFound, match=r"north"):
            tile_row(campaign, name)


def test_fences_are_counted_by_reason(campaign, summer, winter):
    assert fences(campaign) == {"split border": 1}


def scored(campaign, tile, score, fractions, **more):
    made = RoundFactory(campaign=campaign, n=1)
    return Score.objects.create(
        round=made, tile=tile, score=score, fractions=fractions, picked=1, **more
    )
