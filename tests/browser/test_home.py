"""The home page and one's own page of somebody who labels."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from labelling.clock import now
from labelling.workflow.claims import claim_next
from labelling.workflow.review import fix, reject
from tests.browser.axe import grave_faults
from tests.browser.conftest import waiting_tile
from tests.browser.labelled import half_cloudy, handed_in, in_review, in_the_guide, work
from tests.factories import CampaignFactory, person, rank

pytestmark = pytest.mark.browser


def test_a_day_of_an_intern(sign_in, north):
    # Both before the first is sent back: the next tile might be that rework.
    sent_back, mended = handed_in(north, "ana"), handed_in(north, "ana")
    reject(**in_review(sent_back), reason="missed_shadow", note="look in the near infrared")
    fixed = half_cloudy()
    fixed[:, 128:192] = 3
    fix(**in_review(mended), **work(fixed))
    page = sign_in("ana", north)

    feedback = page.get_by_role("region", name="Feedback on my labels")
    expect(feedback).to_contain_text("look in the near infrared")
    expect(feedback).to_contain_text("Shadow was missed.")
    expect(feedback).to_contain_text("clear → shadow")
    expect(page.get_by_role("region", name="Today")).to_contain_text("2")
    home = page.url
    page.get_by_role("link", name="My work", exact=True).click()
    reasons = page.get_by_role("region", name="Why did labels come back?")
    expect(reasons).to_contain_text("Shadow was missed.")
    assert grave_faults(page) == []

    page.goto(home)
    feedback.get_by_role("link", name="Rework it").click()
    page.locator("h1", has_text="35VLF/256/7/0").wait_for()  # the label that came back


def test_what_is_in_hand_comes_first_and_the_guide_names_the_band(sign_in, north):
    in_the_guide(handed_in(north, "lea"), guide="Cloud is bright in all bands.")
    claim_next(campaign=north, person=person("ana", campaign=north), now=now())
    page = sign_in("ana", north)

    card = page.get_by_role("region", name="Northern Europe")
    expect(card).to_contain_text("35VLF/256/7/1")
    expect(card).to_contain_text("left")
    expect(card.get_by_role("link", name="Continue")).to_be_visible()
    expect(card.get_by_role("link", name="Next tile")).to_have_count(0)
    guide = page.get_by_role("region", name="Guide")
    expect(guide.get_by_role("heading", name="clear or cloud?")).to_contain_text("synthetic")
    expect(guide).to_contain_text("B02 decides")
    expect(guide).to_contain_text("Cloud is bright in all bands.")


def test_a_newcomer_is_told_what_will_be_there(sign_in, north):
    page = sign_in("ana", north)

    expect(page.get_by_text("Nobody has reviewed a label of yours yet.")).to_be_visible()
    expect(page.get_by_text("No example yet.")).to_be_visible()
    assert grave_faults(page) == []
    page.get_by_role("button", name="Light", exact=True).click()
    assert grave_faults(page) == []


def test_where_a_part_does_not_come_the_rest_is_there(page: Page, sign_in, north):
    page.route("**/my-day?*", lambda route: route.fulfill(status=503, body=""))
    sign_in("ana", north)

    expect(page.get_by_role("alert")).to_contain_text("not answering")
    expect(page.get_by_text("No example yet.")).to_be_visible()
    expect(page.get_by_role("link", name="Next tile")).to_be_visible()


def test_of_two_campaigns_each_has_a_day_of_its_own(sign_in, north):
    south = CampaignFactory(slug="south", name="Southern Europe")
    rank(south, waiting_tile(south, 8))
    handed_in(south, "ana")
    page = sign_in("ana", north)

    today = page.get_by_role("region", name="Today").get_by_role("definition").first
    expect(today).to_have_text("0")
    page.get_by_role("button", name="Show my day here").click()
    expect(today).to_have_text("1")
