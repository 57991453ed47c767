"""Tiles labelled in regions, the heat map, and a label that waits for the network."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import write_mask
from labelling.models import Annotation, Guidance, Layer, Task
from tests.browser.conftest import waiting_tile
from tests.browser.hands import Annotator
from tests.factories import NOON, rank

pytestmark = pytest.mark.browser

WINDOWS = [(32, 32), (128, 160), (192, 64)]
SIDE = 64


def guided(campaign, number: int) -> Task:
    """A waiting tile with three regions; the pre-label shows in the second."""
    task = waiting_tile(campaign, number)
    key = f"layers/{task.tile.key}/model-1.tif"
    half = np.zeros((256, 256), np.uint8)
    half[:, :128] = 1
    store().write_with(key, lambda path: write_mask(path, half, name="model"))
    task.prelabel = Layer.objects.create(
        tile=task.tile, source="model", version="1", raster=key, created=NOON
    )
    task.save()
    regions = [
        {"top": top, "left": left, "height": SIDE, "width": SIDE, "kind": "informative",
         "bare": place != 1}
        for place, (top, left) in enumerate(WINDOWS)
    ]  # fmt: skip
    levels = np.linspace(0, 255, 64).astype(np.uint8)
    Guidance.objects.create(task=task, regions=regions, heat=levels.tobytes(), heat_rows=8)
    return task


@pytest.fixture
def ben(sign_in, north) -> Annotator:
    """Ben with a tile in regions before him."""
    Task.objects.all().delete()
    rank(north, guided(north, 7), waiting_tile(north, 8))
    page = sign_in("ben", north)
    page.get_by_role("link", name="Next tile").click()
    annotator = Annotator(page)
    annotator.wait_for_tile("35VLF/256/7/7")
    return annotator


def shot(annotator: Annotator, name: str) -> None:
    """Kept where SHOTS names a folder, to be looked at."""
    if folder := os.environ.get("SHOTS"):
        for width, height in ((1366, 768), (1440, 900)):
            annotator.page.set_viewport_size({"width": width, "height": height})
            annotator.page.wait_for_timeout(300)
            annotator.page.screenshot(path=Path(folder) / f"{name}-{width}.png")


def test_regions_are_labelled_one_by_one_and_nothing_else_is(ben: Annotator):
    panel = ben.page.get_by_label("Regions to label")
    expect(panel).to_contain_text("1 of 3 done")  # where the pre-label shows
    ben.press("h")
    expect(ben.page.get_by_text("uncertain", exact=True)).to_be_visible()
    shot(ben, "regions")
    ben.press("a")
    expect(panel.get_by_role("button", name="Region 1, not done")).to_have_attribute(
        "aria-pressed", "true"
    )
    shot(ben, "region")

    ben.press("2")
    ben.page.locator("canvas.board").click()
    ben.press("Shift+Enter")
    told = ben.page.get_by_role("alert")
    expect(told).to_contain_text("Regions 1, 3 are not done")
    assert not Annotation.objects.exists()
    told.get_by_role("button", name="Rest is clear").click()
    expect(panel).to_contain_text("3 of 3 done")
    ben.press("Shift+Enter")
    ben.wait_for_tile("35VLF/256/7/8")

    label = Annotation.objects.get()
    assert label.kind == "region"
    assert label.pixels["255"] == 256 * 256 - 3 * SIDE * SIDE
    expect(panel).to_have_count(0)
    expect(ben.page.get_by_label("Heat map")).to_have_count(0)


def test_a_label_handed_in_without_a_network_goes_out_once_when_it_is_back(ana: Annotator):
    page = ana.page
    lost: list[str] = []
    page.on("response", lambda answer: lost.append(answer.url) if answer.status == 404 else None)
    page.wait_for_load_state("networkidle")
    ana.press("2")
    ana.stroke((40, 40), (90, 40))
    ana.press("r", "Alt+2")
    page.context.set_offline(True)
    ana.press("Shift+Enter")
    waiting = page.get_by_role("heading", name="your label is waiting")
    expect(waiting).to_be_visible()
    shot(ana, "offline")
    assert not Annotation.objects.exists()

    page.get_by_role("button", name="Go on drawing").click()
    ana.press("Shift+Enter")
    expect(waiting).to_be_visible()
    page.context.set_offline(False)
    ana.wait_for_tile("35VLF/256/7/1")

    assert Annotation.objects.get().difficulty == 2
    page.wait_for_load_state("networkidle")
    assert lost == []


def test_a_label_that_waits_survives_a_closed_page(ana: Annotator):
    page = ana.page
    page.wait_for_load_state("networkidle")
    ana.press("2")
    ana.stroke((40, 40), (90, 40))
    ana.press("r")
    page.locator("[title='On the server']").wait_for()
    page.context.set_offline(True)
    # A page that is being left is offline no longer, for a moment.
    page.context.route("**/submit?*", lambda route: route.abort("internetdisconnected"))
    ana.press("Shift+Enter")
    expect(page.get_by_role("heading", name="your label is waiting")).to_be_visible()
    url = page.url
    page.goto("about:blank")
    assert not Annotation.objects.exists()

    page.context.unroute("**/submit?*")
    page.context.set_offline(False)
    page.goto(url)
    ana.wait_for_tile("35VLF/256/7/1")

    assert Annotation.objects.count() == 1
