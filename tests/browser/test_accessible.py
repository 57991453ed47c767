"""The editor and the lead's page, as axe-core sees them; other pages have it in their own tests."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.axe import grave_faults
from tests.browser.cockpit import cockpit
from tests.browser.hands import Annotator

pytestmark = pytest.mark.browser


def test_nothing_serious_is_wrong_with_the_editor_and_its_help(ana: Annotator):
    faults = grave_faults(ana.page)
    ana.press("?")
    ana.page.get_by_role("dialog").wait_for()

    assert (faults, grave_faults(ana.page)) == ([], [])


SECTIONS = (
    "round", "choosing", "goal", "queue", "review", "quality", "promotion", "people", "programs",
    "data", "report", "events",
)  # fmt: skip
"""Of the controls."""
PAGES = ("lead", "map", "catalogue", "quality", *(f"controls#{each}" for each in SECTIONS))


def test_nothing_serious_is_wrong_with_any_page_of_a_lead_in_either_theme(
    sign_in, transactional_db
):
    page = sign_in("lea", cockpit(), role="lead")
    home = page.url.rstrip("/")
    faults = {}
    for theme in ("dark", "light"):
        page.evaluate(f"localStorage.setItem('theme', '{theme}')")
        for name in PAGES:
            page.goto("about:blank")  # an address that differs in its section alone loads nothing
            at, _, section = name.partition("#")
            page.goto(f"{home}/{at}/north#{section}")
            page.wait_for_load_state("networkidle")
            expect(page.locator("html")).to_have_attribute("data-theme", theme)
            expect(page.locator("[aria-busy=true]")).to_have_count(0)
            faults[theme, name] = grave_faults(page)

    assert not {where: found for where, found in faults.items() if found}
