"""The scope of a campaign: what the rule says of a tile, and what a change of it does."""

from datetime import UTC, datetime

import pytest

from labelling.adapters.blobs import store
from labelling.errors import BadInput, QueueEmpty
from labelling.imagery.files import Georeference
from labelling.imagery.ground import ground_of
from labelling.imagery.tilefile import write_tile
from labelling.models import Annotation, CampaignTile, Event
from labelling.workflow.claims import claim_next
from labelling.workflow.scope import (
    PRESETS,
    change_scope,
    checked_rule,
    counts,
    judge,
    preview,
    verdict,
)
from tests.factories import (
    NOON,
    AcquisitionFactory,
    CampaignFactory,
    PlaceFactory,
    TaskFactory,
    TileFactory,
)
from tests.rasters import pixels
from tests.worlds import import_label

pytestmark = pytest.mark.django_db

JUNE, JANUARY = NOON, datetime(2026, 1, 5, tzinfo=UTC)
ESTONIA = {"type": "Polygon", "coordinates": [[[22, 57], [28, 57], [28, 60], [22, 60], [22, 57]]]}
INLAND, AT_SEA, IN_ITALY = "35VMF/512/5/5", "35VLF/512/0/0", "32TQM/512/10/10"


def tile_at(campaign, place, taken=JUNE, **more):
    acquisition = AcquisitionFactory(
        place=PlaceFactory(key=place, longitude=25.0, latitude=59.0), taken=taken
    )
    return TileFactory(campaign=campaign, acquisition=acquisition, height=512, width=512, **more)


def judged(rule, place=INLAND, taken=JUNE):
    return verdict(rule, ground=ground_of(place), size=512, taken=taken)


@pytest.mark.parametrize(
    ("rule", "place", "taken", "expected"),
    [
        ({}, None, None, "in"),
        ({"allow_unknown": False}, None, None, "in"),
        ({"months": [6]}, None, JUNE, "in"),
        ({"months": [6]}, None, JANUARY, "out"),
        ({"months": [6]}, None, None, "unknown"),
        ({"polygon": ESTONIA}, INLAND, None, "in"),
        ({"polygon": ESTONIA}, IN_ITALY, None, "out"),
        ({"polygon": ESTONIA}, None, JUNE, "unknown"),
        ({"land_share": 0.5}, INLAND, None, "in"),
        ({"land_share": 0.5}, AT_SEA, None, "out"),
        ({"land_share": 0.5}, None, JUNE, "unknown"),
        ({"months": [6], "polygon": ESTONIA}, None, JANUARY, "out"),
        ({"months": [6], "polygon": ESTONIA}, INLAND, None, "unknown"),
        ({"months": [6], "polygon": ESTONIA, "land_share": 0.5}, INLAND, JUNE, "in"),
    ],
)
def test_one_failed_condition_is_out_and_one_that_cannot_be_tested_unknown(
    rule, place, taken, expected
):
    ground = ground_of(place) if place else None

    assert verdict(rule, ground=ground, size=512, taken=taken) == expected


def test_a_tile_belongs_to_the_area_that_its_centre_lies_in():
    ground = ground_of(INLAND)
    ((x, y),) = ground.project("EPSG:4326", [(256, 256)])
    west = {"type": "Polygon", "coordinates": [[[x - 2, y - 2], [x - 1e-4, y - 2],
            [x - 1e-4, y + 2], [x - 2, y + 2], [x - 2, y - 2]]]}  # fmt: skip

    assert judged({"polygon": west}) == "out"


def test_a_campaign_judges_by_its_own_rule(campaign):
    campaign.scope = {"months": [1]}

    assert judge(campaign, ground=None, size=512, taken=JUNE) == "out"


@pytest.mark.parametrize(
    ("place", "taken", "expected"),
    [
        (INLAND, JUNE, "in"),
        (INLAND, JANUARY, "out"),
        (IN_ITALY, JUNE, "out"),
        (AT_SEA, JUNE, "out"),
    ],
)
def test_northern_europe_is_land_north_of_the_alps_from_april_to_october(place, taken, expected):
    rule = checked_rule(PRESETS["northern-europe"])

    assert judged(rule, place, taken) == expected


@pytest.mark.parametrize(
    ("mgrs", "inside"),
    [("29UPV", True), ("33UUP", True), ("33VXF", True), ("35WMU", True), ("27WWM", True),
     ("32TLS", False), ("30TXQ", False), ("33TWN", False), ("31TCJ", False)],
)  # fmt: skip
def test_northern_europe_has_the_places_that_people_mean(mgrs, inside):
    rule = {"polygon": PRESETS["northern-europe"]["polygon"]}

    assert judged(rule, f"{mgrs}/512/10/10") == ("in" if inside else "out")


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ([], "scope"),
        ({"month": [4]}, "scope.month"),
        ({"months": []}, "scope.months"),
        ({"months": [0]}, "scope.months"),
        ({"months": [True]}, "scope.months"),
        ({"months": 4}, "scope.months"),
        ({"land_share": 50}, "scope.land_share"),
        ({"land_share": "half"}, "scope.land_share"),
        ({"allow_unknown": 1}, "scope.allow_unknown"),
        ({"polygon": {"type": "Point", "coordinates": [1, 2]}}, "scope.polygon"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_its_entry(campaign, rule, field):
    with pytest.raises(BadInput) as refusal:
        change_scope(campaign, rule, who=None, now=NOON, blobs=store())

    assert refusal.value.field == field
    assert refusal.value.help


def test_a_change_judges_all_tiles_anew_and_counts_them(campaign):
    summer, winter = tile_at(campaign, INLAND), tile_at(campaign, "35VMF/512/5/6", JANUARY)
    undated = tile_at(campaign, "35VMF/512/5/7", None)
    CampaignTile.objects.update(scope="in")

    told = change_scope(campaign, {"months": [6, 4]}, who=None, now=NOON, blobs=store())

    assert told == {"in": 1, "out": 1, "unknown": 1, "moved": 2}
    assert counts(campaign) == {"in": 1, "out": 1, "unknown": 1}
    scopes = dict(CampaignTile.objects.values_list("tile", "scope"))
    assert scopes == {summer.pk: "in", winter.pk: "out", undated.pk: "unknown"}
    campaign.refresh_from_db()
    assert campaign.scope == {"months": [4, 6]}


def test_a_change_is_written_down_with_the_rule_before_and_after(campaign):
    change_scope(campaign, {"months": [6]}, who=None, now=NOON, blobs=store())

    (event,) = Event.objects.about(campaign).filter(verb="changed")
    assert event.detail["rule"] == {"months": [6]}
    assert event.before != event.after


def test_a_preview_changes_nothing(campaign):
    tile_at(campaign, INLAND, JANUARY)
    CampaignTile.objects.update(scope="in")

    told = preview(campaign, {"months": [6]}, blobs=store())

    assert told == {"in": 0, "out": 1, "unknown": 0, "moved": 1}
    assert counts(campaign)["in"] == 1
    assert not Event.objects.filter(verb="changed").exists()


def test_a_tile_off_the_grid_is_judged_where_its_raster_lies(campaign):
    tile = tile_at(campaign, "scene")
    place = Georeference("EPSG:32635", (10.0, 0.0, 5e5, 0.0, -10.0, 6.5e6))
    store().write_with(
        tile.raster,
        lambda path: write_tile(path, pixels(), bands=campaign.bands, place=place),
    )

    told = change_scope(campaign, {"polygon": ESTONIA}, who=None, now=NOON, blobs=store())

    assert told["in"] == 1


def test_a_tile_without_a_place_is_unknown_and_its_raster_is_not_asked(campaign):
    acquisition = AcquisitionFactory(place=PlaceFactory(key="scene"))
    TileFactory(campaign=campaign, acquisition=acquisition)

    told = change_scope(campaign, {"polygon": ESTONIA}, who=None, now=NOON, blobs=store())

    assert told["unknown"] == 1


def test_labels_and_tasks_stay_and_a_tile_back_in_scope_is_served_again(campaign, ana):
    tile = tile_at(campaign, INLAND, bands=campaign.bands)
    task = TaskFactory(campaign=campaign, tile=tile)
    import_label(campaign, tile, pixels(bands=1)[0].astype("u1") % 4)
    change_scope(campaign, {"months": [1]}, who=None, now=NOON, blobs=store())
    with pytest.raises(QueueEmpty):
        claim_next(campaign=campaign, person=ana, now=NOON)

    change_scope(campaign, {}, who=None, now=NOON, blobs=store())

    assert claim_next(campaign=campaign, person=ana, now=NOON).task == task
    assert Annotation.objects.count() == 1


def test_only_the_campaign_asked_for_is_judged(campaign):
    tile = tile_at(campaign, INLAND)
    other = CampaignFactory()
    CampaignTile.objects.create(campaign=other, tile=tile, scope="in")

    change_scope(campaign, {"months": [1]}, who=None, now=NOON, blobs=store())

    assert counts(other) == {"in": 1, "out": 0, "unknown": 0}


def test_a_queue_emptied_by_the_scope_says_so(campaign, ana):
    TaskFactory(campaign=campaign, tile=tile_at(campaign, INLAND))
    tile_at(campaign, "35VMF/512/5/6")
    fenced = tile_at(campaign, "35VMF/512/5/7")
    CampaignTile.objects.filter(tile=fenced).update(fence="split border")
    change_scope(campaign, {"months": [1]}, who=None, now=NOON, blobs=store())

    with pytest.raises(QueueEmpty) as refusal:
        claim_next(campaign=campaign, person=ana, now=NOON)

    assert "2 out of scope, 1 fenced (split border)" in refusal.value.help
    assert "campaign scope" in refusal.value.help


def test_a_campaign_whose_tiles_are_all_kept_back_says_so_before_its_first_round(campaign, ana):
    tile_at(campaign, "scene")
    rule = {"polygon": ESTONIA, "allow_unknown": False}
    CampaignTile.objects.update(scope="unknown")
    type(campaign).objects.update(scope=rule)
    campaign.refresh_from_db()

    with pytest.raises(QueueEmpty) as refusal:
        claim_next(campaign=campaign, person=ana, now=NOON)

    assert "No round has opened tiles yet" in refusal.value.help
    assert "1 of unknown place or date" in refusal.value.help
