"""The editor and the lead's page, as axe-core sees them; other pages have it in their own tests."""

from __future__ import annotations

import pytest

from tests.browser.axe import grave_faults
from tests.browser.hands import Annotator

pytestmark = pytest.mark.browser


def test_nothing_serious_is_wrong_with_the_editor_and_its_help(ana: Annotator):
    faults = grave_faults(ana.page)
    ana.press("?")
    ana.page.get_by_role("dialog").wait_for()

    assert (faults, grave_faults(ana.page)) == ([], [])


def test_nothing_serious_is_wrong_with_the_lead_page_in_either_theme(sign_in, north):
    page = sign_in("lea", north, role="lead")
    page.get_by_role("link", name="Lead page").click()
    page.get_by_role("region", name="Does the model get better?").wait_for()

    faults = grave_faults(page)
    page.get_by_role("button", name="Light", exact=True).click()
    assert (faults, grave_faults(page)) == ([], [])
