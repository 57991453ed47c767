"""How cloudy a tile is: the same answer in SQL and in Python, from the best source there is."""

import pytest
from django.db.models import Value
from django.db.models.functions import Coalesce

from labelling.insights.cover import about, class_share, cloud_share, covers
from labelling.models import Layer, Score
from tests.factories import NOON, CampaignFactory, SceneFactory, TileFactory
from tests.labelling.insights.rows import RoundFactory, label

pytestmark = pytest.mark.django_db


@pytest.fixture
def tile(campaign):
    return TileFactory(campaign=campaign, scene=SceneFactory(cloud_cover=40.0))


def masked(tile, classes, provides, source="scl"):
    return Layer.objects.create(
        tile=tile, source=source, version="1", raster="layers/1.tif", classes=classes,
        provides=provides, created=NOON,
    )  # fmt: skip


def asked_both_ways(campaign, tile, code=None):
    """(in SQL, in Python): the share of cloud, or of a class; -1 for not known."""
    asked = about(campaign)
    share = cloud_share(asked) if code is None else class_share(asked, code)
    enrolled = campaign.enrolments.annotate(share=Coalesce(share, Value(-1.0)))
    cover = covers(asked, [tile])[tile.pk]
    known = cover.share(asked.cloudy if code is None else [code])
    if code is not None and cover.source == "product":
        known = None
    return enrolled.get(tile=tile).share, -1.0 if known is None else known, cover.source


def test_a_tile_of_which_nothing_is_known_has_its_scenes_cloud(campaign, tile):
    assert asked_both_ways(campaign, tile) == (0.4, 0.4, "product")
    assert asked_both_ways(campaign, tile, code=3)[:2] == (-1.0, -1.0)


def test_without_even_that_nothing_is_said(campaign):
    tile = TileFactory(campaign=campaign)

    assert asked_both_ways(campaign, tile) == (-1.0, -1.0, "")


def test_a_mask_is_better_than_the_product(campaign, tile):
    masked(tile, {"0": 0.5, "1": 0.2, "2": 0.1, "255": 0.2}, [0, 1, 2, 3])

    in_sql, in_python, source = asked_both_ways(campaign, tile)

    assert (in_sql, source) == (pytest.approx(0.375), "mask")
    assert in_sql == in_python


def test_the_mask_brought_in_last_counts(campaign, tile):
    masked(tile, {"0": 1.0}, [0, 1], source="old")
    masked(tile, {"1": 1.0}, [0, 1], source="new")

    assert asked_both_ways(campaign, tile) == (1.0, 1.0, "mask")


def test_a_mask_that_cannot_tell_shadow_says_nothing_of_it(campaign, tile):
    masked(tile, {"0": 0.5, "1": 0.5}, [0, 1])

    assert asked_both_ways(campaign, tile, code=3)[:2] == (-1.0, -1.0)
    assert asked_both_ways(campaign, tile, code=1)[:2] == (0.5, 0.5)


def test_a_mask_that_can_tell_shadow_and_saw_none_says_so(campaign, tile):
    masked(tile, {"0": 0.5, "1": 0.5}, [0, 1, 2, 3])

    assert asked_both_ways(campaign, tile, code=3)[:2] == (0.0, 0.0)


def test_the_newest_finished_rounds_model_is_better_than_a_mask(campaign, tile):
    masked(tile, {"0": 1.0}, [0, 1])
    old, new = (RoundFactory(campaign=campaign, n=n) for n in (1, 2))
    RoundFactory(campaign=campaign, n=3, state="running")
    for each, cloud in ((old, 0.9), (new, 0.3)):
        fractions = {"0": 1 - cloud, "1": cloud, "2": 0.0, "3": 0.0}
        Score.objects.create(round=each, tile=tile, score=0.5, fractions=fractions)

    assert asked_both_ways(campaign, tile) == (0.3, 0.3, "model")


def test_a_label_is_best_and_pixels_without_a_class_do_not_count(campaign, tile):
    masked(tile, {"0": 1.0}, [0, 1])
    label(tile, campaign, pixels={"0": 60, "1": 30, "2": 10, "254": 50, "255": 500})

    assert asked_both_ways(campaign, tile) == (0.4, 0.4, "label")


def test_the_newest_full_label_counts(campaign, tile):
    label(tile, campaign, pixels={"0": 100})
    label(tile, campaign, pixels={"1": 100}, n=2)
    label(tile, campaign, pixels={"0": 5}, n=3, kind="scribble")
    label(tile, campaign, pixels={"254": 100}, n=4, labelled_share=0)

    assert asked_both_ways(campaign, tile) == (1.0, 1.0, "label")


def test_a_campaign_without_cloud_classes_has_the_products_cloud(tile):
    crops = [{"code": 0, "name": "wheat"}, {"code": 1, "name": "rye"}]
    campaign = CampaignFactory(classes=crops)
    campaign.enrolments.create(tile=tile)

    assert asked_both_ways(campaign, tile) == (0.4, 0.4, "product")


def test_many_tiles_take_as_many_queries_as_one(campaign, django_assert_num_queries):
    tiles = [TileFactory(campaign=campaign) for _ in range(5)]
    asked = about(campaign)

    with django_assert_num_queries(3):
        covers(asked, tiles)
