"""The annotate page's tools and views on a real server."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import write_tile
from labelling.models import Task, Tile
from tests.browser.conftest import painted_tile, waiting_tile
from tests.browser.hands import Annotator
from tests.browser.test_annotate import half_cloudy, submitted
from tests.factories import CampaignFactory, TaskFactory, rank

pytestmark = pytest.mark.browser


def handed_in(ana: Annotator) -> np.ndarray:
    ana.press("r", "Shift+Enter")
    ana.wait_for_tile("35VLF/256/7/1")
    label, _ = submitted()
    return label


def test_a_whole_tile_is_labelled_in_two_keys_and_taken_back_in_one(ana: Annotator):
    ana.press("w", "2")
    assert ana.shares()["cloud"] == "100 %"

    ana.press("z")
    assert ana.shares()["not labelled"] == "100 %"


def test_the_lasso_takes_what_is_bright_in_the_loop_and_its_threshold_can_be_moved(
    ana: Annotator,
):
    ana.press("2", "l")
    lasso = [(60, 60), (200, 60), (200, 120), (60, 120), (60, 60)]
    ana.page.mouse.move(*ana._screen(lasso[0]))
    ana.page.mouse.down()
    for place in lasso[1:]:
        ana.page.mouse.move(*ana._screen(place), steps=6)
    ana.page.mouse.up()
    shares = ana.shares()
    ana.page.get_by_role("button", name="Take the dark instead").click()
    assert ana.shares() != shares
    ana.page.get_by_role("button", name="Take the bright instead").click()

    label = handed_in(ana)
    assert (label[70:110, 70:128] == 1).all()
    assert (label[70:110, 130:190] == 0).all()


def test_superpixels_edges_and_holes_work_on_the_class_in_hand(ana: Annotator):
    ana.press("s")
    ana.page.get_by_text("Paints whole superpixels").wait_for()
    ana.press("4")
    ana.click((60, 60))
    small = ana.shares()["shadow"]
    assert small != "0 %"

    ana.press("g")
    grown = ana.shares()["shadow"]
    ana.press("k")

    assert grown != small
    assert ana.shares()["unsure"] != "0 %"


def test_protected_classes_stay_whatever_the_tool(ana: Annotator):
    ana.press("2")
    ana.stroke((40, 40), (90, 40))
    cloud = ana.shares()["cloud"]
    ana.press("Shift+2", "w", "1")

    assert ana.shares()["cloud"] == cloud


def test_a_cloud_cast_along_the_ray_becomes_shadow_where_the_ground_is_dark(
    ana_under_the_sun: Annotator,
):
    ana = ana_under_the_sun
    ana.press("d")
    ana.click((60, 200))
    expect(ana.page.get_by_role("status")).to_contain_text("No cloud is labelled there")

    ana.press("b", "2")
    ana.click((60, 140))
    ana.press("d")
    ana.stroke((60, 140), (62, 84))
    ana.press("r", "Shift+Enter")
    ana.page.get_by_role("heading", name="No tile is waiting").wait_for()

    label, provenance = submitted()
    rows, columns = np.nonzero(label == 3)
    assert abs(rows.mean() - 80) < 2
    assert abs(columns.mean() - 60) < 2
    assert 150 < len(rows) < 330
    assert (provenance[label == 3] == 3).all()


@pytest.fixture
def ana_under_the_sun(sign_in, transactional_db) -> Annotator:
    """A bright tile, the sun in the south, and a dark disc of 17 pixels around (60, 80)."""
    campaign = CampaignFactory(slug="alps")
    tile = painted_tile(campaign, 9)
    Tile.objects.filter(pk=tile.pk).update(sun_azimuth=180.0, sun_zenith=45.0)
    pixels = np.full((len(campaign.bands), 256, 256), 3500, np.uint16)
    rows, columns = np.ogrid[:256, :256]
    pixels[:, (rows - 80) ** 2 + (columns - 60) ** 2 <= 72] = 900
    store().delete(tile.raster)
    store().write_with(tile.raster, lambda path: write_tile(path, pixels, bands=campaign.bands))
    rank(campaign, TaskFactory(campaign=campaign, tile=tile))
    page = sign_in("ana", campaign)
    page.get_by_role("link", name="Next tile").click()
    annotator = Annotator(page)
    annotator.wait_for_tile("35VLF/256/7/9")
    return annotator


def test_views_side_by_side_are_drawn_on_alike(ana: Annotator):
    ana.press("i", "i")
    expect(ana.page.get_by_label("View 4")).to_be_visible()
    ana.page.get_by_label("View 2").select_option("B08")
    board = ana.page.locator("canvas.board").bounding_box()
    assert board
    ana.press("2")
    ana.page.mouse.click(board["x"] + 0.75 * board["width"], board["y"] + 0.75 * board["height"])
    ana.press("i")

    label = handed_in(ana)
    rows, columns = np.nonzero(label == 1)
    assert abs(rows.mean() - 128) < 4
    assert abs(columns.mean() - 128) < 4


def test_a_region_of_the_pre_label_is_turned_down(sign_in, transactional_db):
    campaign = CampaignFactory(slug="alps")
    task = waiting_tile(campaign, 9)
    rank(campaign, task)
    Task.objects.filter(pk=task.pk).update(prelabel=half_cloudy(task))
    page = sign_in("ana", campaign)
    page.get_by_role("link", name="Next tile").click()
    ana = Annotator(page)
    ana.wait_for_tile("35VLF/256/7/9")
    expect(page.get_by_text("1 of 1 pieces")).to_be_visible()

    ana.press("Backspace")

    assert ana.shares()["not labelled"] == "50 %"
    expect(page.get_by_text("0 of 1 pieces")).to_be_visible()


def test_a_stroke_ends_with_its_tile_and_stays_with_its_tool(ana: Annotator):
    ana.press("r", "2")
    page = ana.page
    page.mouse.move(700, 300)
    page.mouse.down()
    page.mouse.move(700, 340, steps=3)
    ana.press("p")
    page.mouse.move(700, 380, steps=3)
    ana.press("b", "Shift+Enter")
    ana.wait_for_tile("35VLF/256/7/1")
    page.mouse.move(760, 500, steps=5)
    page.mouse.up()

    assert "100" in ana.shares()["not labelled"]
