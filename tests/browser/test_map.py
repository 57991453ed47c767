"""The map of footprints: narrowed down, caught by a lasso, sent to a lane after a look."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from labelling.models import Task
from tests.browser.axe import grave_faults
from tests.factories import TileFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def six(north) -> list:
    """Six tiles in a row without a task, beside the three of the campaign; the last is for test."""
    place = "acquisition__place__"
    return [
        TileFactory(
            campaign=north,
            **{
                f"{place}key": f"35VLF/256/20/{2 * n}",
                f"{place}split": "test" if n == 5 else "pool",
            },
        )
        for n in range(6)
    ]


def open_map(sign_in, north, role: str = "lead") -> Page:
    page = sign_in("lea", north, role=role)
    page.goto(f"{page.url.rstrip('/')}/map/north?state=none")
    expect(page.get_by_role("status").filter(has_text="6 tiles shown")).to_be_visible()
    return page


def board(page: Page) -> dict:
    box = page.get_by_role("application").bounding_box()
    assert box
    return box


def drag_round(page: Page, left: float, right: float) -> None:
    """A line around the strip from `left` to `right`, in shares of the board's free width."""
    box = board(page)
    free = box["width"] - 270
    x0, x1 = box["x"] + left * free, box["x"] + right * free
    y0, y1 = box["y"] + 80, box["y"] + box["height"] - 30
    page.mouse.move(x0, y0)
    page.mouse.down()
    for x, y in ((x1, y0), (x1, y1), (x0, y1), (x0, y0 + 5)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def test_a_lead_narrows_down_catches_tiles_by_a_lasso_and_sends_them(sign_in, north, six):
    page = open_map(sign_in, north)
    page.get_by_role("application").focus()

    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Lasso")).to_have_attribute("aria-pressed", "true")
    drag_round(page, 0.0, 0.5)
    status = page.get_by_role("status").filter(has_text="tiles shown")
    expect(status).to_contain_text("3 chosen")
    assert grave_faults(page) == []

    page.get_by_role("button", name="Send the 3 chosen to a lane").click()
    plan = page.get_by_role("dialog")
    expect(plan).to_contain_text("3 tiles can go to lane pick")
    assert Task.objects.filter(lane="pick").count() == 0
    plan.get_by_label("Why these tiles").fill("snow")
    plan.get_by_role("button", name="Send 3").click()

    expect(page.get_by_text("3 tiles sent to lane pick")).to_be_visible()
    expect(status).to_contain_text("3 tiles shown")
    picked = Task.objects.filter(lane="pick").order_by("tile")
    assert [(task.tile, task.cause) for task in picked] == [(tile, "snow") for tile in six[:3]]


def test_all_that_is_in_sight_is_chosen_by_keys_and_what_cannot_go_is_told(sign_in, north, six):
    page = open_map(sign_in, north)

    page.get_by_role("button", name="Choose what is in sight").press("Enter")
    page.get_by_role("button", name="Send the 6 chosen to a lane").press("Enter")

    plan = page.get_by_role("dialog")
    expect(plan).to_contain_text("5 tiles can go to lane pick")
    expect(plan).to_contain_text("1 in validation or test")
    plan.get_by_role("button", name="Don’t send").press("Enter")
    expect(plan).to_have_count(0)
    assert not Task.objects.filter(lane="pick").exists()
    expect(page.get_by_role("link", name="As a list")).to_have_attribute(
        "href", "/catalogue/north?state=none"
    )


def test_all_that_is_shown_is_sent_by_the_filters_and_a_change_meanwhile_stops_it(
    sign_in, north, six
):
    page = open_map(sign_in, north)

    page.get_by_role("button", name="Send all 6 shown to a lane").click()
    plan = page.get_by_role("dialog")
    expect(plan).to_contain_text("5 tiles can go to lane pick")
    expect(plan).to_contain_text("1 in validation or test")
    TileFactory(campaign=north)
    plan.get_by_role("button", name="Send 5").click()
    expect(page.get_by_text("6 tiles fit by now, not 5.")).to_be_visible()
    assert not Task.objects.filter(lane="pick").exists()

    page.get_by_role("button", name="shown to a lane").click()
    page.get_by_role("dialog").get_by_role("button", name="Send 6").click()
    expect(page.get_by_text("6 tiles sent to lane pick")).to_be_visible()
    assert Task.objects.filter(lane="pick", state="open").count() == 6


def test_a_reviewer_looks_colours_and_sends_nothing(sign_in, north, six):
    page = open_map(sign_in, north, role="reviewer")

    page.get_by_label("State", exact=True).select_option("")
    legend = page.get_by_role("region", name="Colours")
    expect(legend).to_contain_text("open")
    page.get_by_label("Colour by").select_option("lane")
    expect(legend).to_contain_text("active")
    page.get_by_label("Months").fill("13")
    page.get_by_label("Months").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("'13' is no months to filter by")
    assert page.get_by_role("button", name="to a lane").count() == 0
    page.get_by_role("button", name="Light", exact=True).click()
    assert grave_faults(page) == []
