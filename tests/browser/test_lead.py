"""The home and the lead page on a real server."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from labelling.models import Round
from tests.factories import PASSWORD, person
from tests.worlds import world

pytestmark = pytest.mark.browser


def test_a_lead_without_rounds_is_told_what_to_do_next(sign_in, north):
    page = sign_in("lea", north, role="lead")
    page.get_by_role("link", name="Lead page").click()

    expect(page.get_by_role("region", name="Which classes do we have?")).to_contain_text(
        "No pixel is labelled yet"
    )
    expect(page.get_by_role("region", name="Does the model get better?")).to_contain_text(
        "No round has been measured yet"
    )
    expect(page.get_by_role("heading", name="Northern Europe")).to_contain_text("synthetic")


def test_a_lead_starts_a_round_and_cancels_it(sign_in, transactional_db):
    campaign = world(slug="north", labelled=2)
    page = sign_in("lea", campaign, role="lead")
    page.get_by_role("link", name="Lead page").click()

    page.get_by_label("Strategy").select_option("random")
    page.get_by_label("Tiles", exact=True).fill("3")
    page.get_by_role("button", name="Start round").click()
    page.get_by_role("heading", name="Round 1 is running").wait_for()

    started = Round.objects.get()
    assert (started.strategy, started.batch) == ("random", 3)
    page.get_by_role("button", name="Cancel the round").click()
    page.get_by_role("heading", name="Start the next round").wait_for()
    assert Round.objects.get().state == "cancelled"


def test_labelled_pixels_are_counted_by_class(sign_in, transactional_db):
    campaign = world(slug="north", labelled=2)
    page = sign_in("lea", campaign, role="lead")
    page.get_by_role("link", name="Lead page").click()

    classes = page.get_by_role("region", name="Which classes do we have?")
    for name in ("clear", "cloud", "semi-transparent", "shadow"):
        expect(classes).to_contain_text(name)


def test_an_annotator_sees_no_link_to_the_lead_page(sign_in, north):
    page = sign_in("ana", north)

    expect(page.get_by_role("link", name="Next tile")).to_be_visible()
    expect(page.get_by_role("link", name="Lead page")).to_have_count(0)


def test_who_is_in_no_campaign_is_told_whom_to_ask(page, live_server, transactional_db):
    person("max")
    page.goto(f"{live_server.url}/")
    page.get_by_label("User name").fill("max")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_text("Ask your lead to add you")).to_be_visible()
