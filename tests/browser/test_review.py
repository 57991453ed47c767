"""The review page, driven by keys; what counts is what the server has then."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import read_label
from labelling.models import Annotation, Review, Task
from tests.browser.axe import grave_faults
from tests.browser.labelled import half_cloudy, handed_in, mask_beside
from tests.factories import NOON

pytestmark = pytest.mark.browser


@pytest.fixture
def rita(sign_in, north) -> Page:
    """Rita before the first of three labels of Ana's, with two masks beside it."""
    first = handed_in(north, "ana")
    top = np.zeros((256, 256), np.uint8)
    top[:64] = 1
    mask_beside(first.task.tile, "model", top, made=NOON)
    mask_beside(first.task.tile, "scl", np.zeros_like(top), made=NOON)
    for _ in range(2):
        handed_in(north, "ana")
    page = sign_in("rita", north, role="reviewer")
    page.get_by_role("link", name="Review").click()
    wait_for_label(page, 0)
    return page


def wait_for_label(page: Page, number: int) -> None:
    page.get_by_role("heading", name=f"35VLF/256/7/{number}").wait_for()
    page.get_by_role("button", name="Accept").and_(page.locator(":enabled")).wait_for()


def paint(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    """A stroke over the label, in pixels of the tile."""
    box = page.get_by_role("region", name="Label").locator("canvas").bounding_box()
    assert box
    scale = box["width"] / 256
    page.mouse.move(box["x"] + start[0] * scale, box["y"] + start[1] * scale)
    page.mouse.down()
    page.mouse.move(box["x"] + end[0] * scale, box["y"] + end[1] * scale, steps=6)
    page.mouse.up()


def test_a_reviewer_accepts_fixes_and_rejects_by_keys_alone(rita: Page):
    rita.keyboard.press("a")
    wait_for_label(rita, 1)

    rita.keyboard.press("f")
    rita.get_by_role("region", name="Label").get_by_role("heading", name="Your fix").wait_for()
    rita.keyboard.press("4")
    paint(rita, (180, 100), (220, 100))
    rita.keyboard.press("Shift+Enter")
    wait_for_label(rita, 2)

    rita.keyboard.press("j")
    rita.keyboard.press("7")
    rita.keyboard.type("too coarse in the north")
    rita.keyboard.press("Enter")
    rita.get_by_role("heading", name="No label is waiting").wait_for()

    said = Review.objects.order_by("pk").values_list("verdict", "reason", "note")
    assert list(said) == [
        ("accepted", "", ""),
        ("fixed", "", ""),
        ("rejected", "borders", "too coarse in the north"),
    ]
    assert Task.objects.filter(lane="rework", state="open", meant_for__username="ana").count() == 1
    assert_painted_shadow_and_nothing_else(Annotation.objects.get(author__username="rita"))


def assert_painted_shadow_and_nothing_else(fixed: Annotation) -> None:
    label, provenance = read_label(store().path(fixed.raster))
    expected = half_cloudy()
    around = np.s_[80:120, 160:240]
    assert fixed.parent.author.username == "ana"
    assert (label[100, 180:220] == 3).all()
    assert (provenance[100, 180:220] == 1).all()
    label[around] = expected[around]
    assert (label == expected).all()


def test_two_masks_are_told_apart_in_shares_and_swiped(rita: Page):
    legend = rita.get_by_role("region", name="Comparison").get_by_role("status")

    # Ana's cloud is the left half, the model's the upper quarter.
    expect(legend).to_contain_text("both 13")
    expect(legend).to_contain_text("ana’s label only 38")
    expect(legend).to_contain_text("model only 13")
    expect(legend).to_contain_text("neither 38")

    rita.get_by_label("Second mask").select_option("scl")
    expect(legend).to_contain_text("ana’s label only 50")

    rita.keyboard.press("d")
    hand = rita.get_by_role("slider")
    hand.focus()
    before = hand.input_value()
    rita.keyboard.press("ArrowRight")
    assert float(hand.input_value()) > float(before)
    assert grave_faults(rita) == []
    rita.keyboard.press("d")  # the page's keys work while the slider has the focus
    expect(hand).to_have_count(0)


def test_a_reject_without_a_reason_is_not_sent(rita: Page):
    rita.keyboard.press("j")
    dialog = rita.get_by_role("dialog", name="Reject the label")
    assert dialog.get_by_role("button", name="Send back").is_disabled()
    rita.keyboard.press("0")  # another reason: it takes words
    rita.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    assert grave_faults(rita) == []

    rita.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    rita.get_by_role("button", name="Light", exact=True).click()
    rita.keyboard.press("?")
    rita.get_by_role("dialog", name="Keys of the review page").wait_for()
    assert grave_faults(rita) == []
    assert not Review.objects.exists()


def test_a_label_that_somebody_took_away_is_said_and_stays_in_sight(rita: Page):
    Task.objects.filter(state="in_review").update(state="submitted", holder=None, lease_ends=None)

    rita.keyboard.press("a")

    expect(rita.get_by_role("alert")).to_contain_text("N fetches the next label")
    assert rita.get_by_role("heading", name="35VLF/256/7/0").is_visible()
    assert not Review.objects.exists()


def test_an_annotator_is_told_that_reviewing_is_not_his(sign_in, north, live_server):
    page = sign_in("ana", north)
    page.goto(f"{live_server.url}/review/north")

    expect(page.get_by_role("alert")).to_contain_text("reviewer")
