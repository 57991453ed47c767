import pytest

from labelling.insights.growth import classes, tiles
from tests.factories import CampaignFactory, TaskFactory
from tests.labelling.insights.rows import label, tile

pytestmark = pytest.mark.django_db


def test_tiles_are_counted_by_split_against_the_target():
    north = CampaignFactory(targets={"tiles": 1500})
    for split in ("pool", "pool", "validation", "test"):
        tile(north, split=split)

    grown = tiles(north)

    assert (grown.total, grown.pool, grown.validation, grown.test) == (4, 2, 1, 1)
    assert grown.target == 1500


def test_a_tile_is_labelled_once_however_often_its_label_changed():
    north = CampaignFactory()
    pool, validation = tile(north), tile(north, split="validation")
    for n in (1, 2, 3):
        label(pool, north, pixels={"0": 10}, n=n)
    label(validation, north, pixels={"0": 10})

    grown = tiles(north)

    assert (grown.labelled, grown.labelled_pool) == (2, 1)


def test_the_labels_of_another_campaign_do_not_count():
    north, south = CampaignFactory(), CampaignFactory()
    label(tile(south), south, pixels={"1": 10})
    tile(north)

    assert tiles(north).labelled == 0
    assert [each.pixels for each in classes(north)] == [0, 0, 0, 0]


def test_the_label_of_a_rejected_task_does_not_count():
    north = CampaignFactory()
    each = tile(north)
    label(each, north, pixels={"0": 4}, n=1)
    rejected = TaskFactory(campaign=north, tile=each, state="rejected")
    label(each, north, pixels={"1": 4}, n=2, task=rejected)
    other = TaskFactory(campaign=north, tile=tile(north), state="rejected")
    label(other.tile, north, pixels={"1": 4}, task=other)

    assert tiles(north).labelled == 1
    assert [row.pixels for row in classes(north)] == [4, 0, 0, 0]


def test_painted_tiles_are_told_from_real_ones():
    north = CampaignFactory()
    tile(north, synthetic=True)
    tile(north, synthetic=False)

    assert tiles(north).synthetic == 1


def test_a_campaign_without_a_target_says_so():
    assert tiles(CampaignFactory()).target is None


def test_pixels_are_those_of_the_newest_label_of_each_acquisition():
    north = CampaignFactory()
    first, second = tile(north), tile(north)
    label(first, north, pixels={"0": 100, "1": 50, "255": 6}, n=1)
    label(first, north, pixels={"0": 90, "1": 60, "254": 6}, n=2)
    label(second, north, pixels={"1": 7, "3": 2})

    by_class = {each.name: each.pixels for each in classes(north)}

    assert by_class == {"clear": 90, "cloud": 67, "semi-transparent": 0, "shadow": 2}


def test_classes_keep_the_order_and_the_colours_of_the_schema():
    crops = [
        {"code": 40, "name": "oats", "colour": "#111111", "hotkey": "1", "priority": 0},
        {"code": 7, "name": "rye", "colour": "#222222", "hotkey": "2", "priority": 1},
    ]
    fields = CampaignFactory(classes=crops)
    label(tile(fields), fields, pixels={"7": 3, "40": 5_000_000_000})

    rows = classes(fields)

    assert [(row.code, row.colour, row.pixels) for row in rows] == [
        (40, "#111111", 5_000_000_000),
        (7, "#222222", 3),
    ]


@pytest.mark.parametrize("amount", [1, 5])
def test_growth_asks_as_often_for_five_tiles_as_for_one(amount, django_assert_num_queries):
    north = CampaignFactory()
    for _ in range(amount):
        label(tile(north), north, pixels={"0": 1})
    north.refresh_from_db()

    with django_assert_num_queries(2):
        tiles(north)
    with django_assert_num_queries(2):
        classes(north)
