"""What a lead reads of models, labels and events, and goes back to."""

from __future__ import annotations

import json

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from labelling.models import Annotation, Job, Model
from labelling.workflow.review import fix
from tests.browser.cockpit import cockpit
from tests.browser.labelled import handed_in, in_review, work

pytestmark = pytest.mark.browser


def opened(sign_in, campaign, at: str) -> Page:
    page = sign_in("lea", campaign, role="lead")
    page.goto(f"{page.url.rstrip('/')}/{at}")
    return page


def test_the_newest_models_card_is_read_beside_the_champions_and_saved(sign_in, transactional_db):
    campaign = cockpit()
    page = opened(sign_in, campaign, "lead/north")
    card = page.get_by_role("region", name="What is this model?", exact=True)

    expect(card.get_by_label("Model")).to_contain_text("round 5, candidate")
    expect(card.get_by_label("beside")).to_contain_text("round 4, champion")
    card.get_by_text("Its settings").click()
    expect(card.get_by_role("row", name="steps")).to_contain_text("500")
    card.get_by_text("Where it was trained").click()
    expect(card.get_by_role("row", name="python")).to_have_count(1)
    card.get_by_label("Only what differs").check()
    expect(card.get_by_role("row", name="python")).to_have_count(0)
    expect(card.get_by_role("row", name="steps")).to_have_count(1)

    with page.expect_download() as saved:
        card.get_by_role("link", name="Download the card of round 5").click()
    assert saved.value.suggested_filename == "north-51234567-card.json"
    newest = Model.objects.get(hash__startswith="5")
    assert json.loads(saved.value.path().read_text()) == newest.card


def test_going_back_to_the_champion_before_asks_once(sign_in, transactional_db):
    campaign = cockpit()
    page = opened(sign_in, campaign, "lead/north")
    page.get_by_text("Decide by hand").click()

    page.get_by_role("button", name="Go back to the champion").click()
    asking = page.get_by_role("alertdialog")
    expect(asking).to_contain_text("round 4 retires")
    asking.get_by_role("button", name="No").click()
    assert Model.objects.get(state="champion").hash[0] == "4"


def test_labels_are_searched_for_errors_after_asking(sign_in, transactional_db):
    campaign = cockpit()
    page = opened(sign_in, campaign, "quality/north")
    doubtful = page.get_by_role("region", name="Which labels are doubtful?", exact=True)

    # A search is under way already in this campaign.
    expect(doubtful).to_contain_text("fold 2")
    doubtful.get_by_role("button", name="Stop").click()
    doubtful.get_by_role("alertdialog").get_by_role("button", name="Stop").click()
    expect(doubtful.get_by_role("button", name="Stop")).to_have_count(0)
    assert Job.objects.get(kind="labelling.mine").cancel

    for question in ("Are the hardest tiles skipped?", "Do pre-labels pull people?"):
        region = page.get_by_role("region", name=question, exact=True)
        expect(
            region.get_by_role("table").or_(region.get_by_text("No label of an"))
        ).to_be_visible()


def test_events_are_narrowed_down_page_by_page(sign_in, north):
    for name in ("ana", "ben"):
        handed_in(north, name)
    page = opened(sign_in, north, "controls/north#events")
    table = page.get_by_role("region", name="Who did what, and when?").get_by_role("table")

    expect(table).to_contain_text("submitted")
    page.get_by_role("combobox", name="Did").select_option("submitted")
    expect(table.get_by_role("row")).to_have_count(3)
    page.get_by_label("Person").fill("ben")
    page.get_by_label("Person").press("Enter")
    expect(table.get_by_role("row")).to_have_count(2)
    expect(table).not_to_contain_text("ana")

    page.get_by_label("Named").fill("no such")
    page.get_by_label("Named").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("An object is asked for by its kind")


def test_a_report_of_some_days_is_saved(sign_in, north):
    page = opened(sign_in, north, "controls/north#report")
    page.get_by_label("From").fill("2026-01-01")
    page.get_by_label("To", exact=True).fill("2026-01-31")

    with page.expect_download() as saved:
        page.get_by_role("link", name="Download it").click()
    assert saved.value.suggested_filename == "north-2026-01-01-2026-01-31.html"
    assert "<html" in saved.value.path().read_text()
    page.get_by_label("To", exact=True).fill("2025-01-31")
    expect(page.get_by_role("alert")).to_contain_text("or a later one")


def test_a_lead_goes_back_to_an_earlier_version_of_a_label(sign_in, north):
    first = handed_in(north, "ana")
    fix(**in_review(first), **work(np.zeros((256, 256), np.uint8)))
    page = opened(sign_in, north, "catalogue/north?label=any")
    page.get_by_role("listbox", name="Tiles").get_by_role("option").first.dblclick()

    page.get_by_text("Versions of its label: 2").click()
    page.get_by_role("button", name="Go back to it").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Go back to it").click()
    expect(page.get_by_text("Versions of its label: 3")).to_be_visible()
    assert Annotation.objects.latest("pk").sha256 == first.sha256


@pytest.mark.parametrize("at", ["lead", "controls", "catalogue", "map", "quality"])
def test_a_page_whose_program_does_not_come_says_so(sign_in, north, at):
    page = sign_in("lea", north, role="lead")
    page.route(f"**/assets/{at}-*.js", lambda route: route.abort())
    page.goto(f"{page.url.rstrip('/')}/{at}/north")

    expect(page.get_by_role("alert")).to_contain_text("The page could not be loaded")
