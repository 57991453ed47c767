"""The catalogue and the quality page."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from labelling.clock import now
from labelling.models import Flag, Task
from labelling.workflow.claims import claim_next
from labelling.workflow.flags import skip
from tests.browser.axe import grave_faults
from tests.browser.labelled import handed_in, mask_beside
from tests.factories import NOON, TileFactory, person

pytestmark = pytest.mark.browser


def catalogue(sign_in, campaign, role: str = "lead") -> Page:
    page = sign_in("lea", campaign, role=role)
    page.get_by_role("link", name="Catalogue").click()
    tiles(page).first.wait_for()
    return page


def tiles(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Tiles").get_by_role("option")


def test_tiles_are_narrowed_down_and_the_address_says_how(sign_in, north):
    handed_in(north, "ana")
    page = catalogue(sign_in, north)
    expect(tiles(page)).to_have_count(3)

    page.get_by_label("State").select_option("submitted")
    expect(tiles(page)).to_have_count(1)
    page.reload()
    expect(tiles(page)).to_have_count(1)

    page.get_by_label("Months").fill("1")
    page.get_by_label("Months").press("Enter")
    expect(page.get_by_text("No tile fits these filters.")).to_be_visible()
    page.get_by_label("Months").fill("13")
    page.get_by_label("Months").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("'13' is no months to filter by")
    page.get_by_role("button", name="Clear 2 filters").click()
    expect(tiles(page)).to_have_count(3)


def test_a_lead_chooses_tiles_by_keys_and_has_them_labelled(sign_in, north):
    fresh = TileFactory.create_batch(3, campaign=north)
    page = catalogue(sign_in, north)
    page.get_by_label("State").select_option("none")
    expect(tiles(page)).to_have_count(3)

    tiles(page).first.focus()
    for key in ("Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(page.get_by_role("option", selected=True).and_(page.locator(".cell"))).to_have_count(2)
    page.get_by_label("Why these tiles").fill("snow")
    page.get_by_role("button", name="Have these 2 labelled").click()

    expect(page.get_by_text("2 tiles sent to lane pick")).to_be_visible()
    picked = Task.objects.filter(lane="pick").order_by("tile")
    assert [task.tile for task in picked] == fresh[:2]


def test_masks_of_a_tile_are_compared(sign_in, north):
    label = handed_in(north, "ana")
    nothing = np.zeros((256, 256), np.uint8)
    mask_beside(label.task.tile, "scl", nothing, made=NOON)
    page = catalogue(sign_in, north, role="reviewer")

    tiles(page).first.focus()
    page.keyboard.press("Enter")

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text("label only 50")
    assert grave_faults(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_of_many_tiles_only_those_in_sight_are_drawn(sign_in, north):
    TileFactory.create_batch(250, campaign=north)
    page = catalogue(sign_in, north)

    tiles(page).first.focus()
    expect(page.get_by_text("200 or more listed")).to_be_visible()
    page.keyboard.press("End")

    expect(page.get_by_text("253 listed")).to_be_visible()
    expect(tiles(page).nth(0)).not_to_have_attribute("data-at", "0")
    assert tiles(page).count() < 120


def test_skipped_tiles_are_decided_on(sign_in, north):
    ana = person("ana", campaign=north)
    task = claim_next(campaign=north, person=ana, now=now()).task
    skip(task=task, person=ana, reason="cannot_decide", now=now(), note="haze or fog?")
    page = sign_in("lea", north, role="lead")
    page.get_by_role("link", name="Quality").click()

    flags = page.get_by_role("region", name="What was skipped or flagged?")
    expect(flags).to_contain_text("haze or fog?")
    assert grave_faults(page) == []
    flags.get_by_role("button", name="Give it to somebody else").click()

    expect(flags).to_contain_text("Nothing waits for a decision.")
    assert Flag.objects.get().outcome == "reopened"
    task.refresh_from_db()
    assert task.state == "open"
