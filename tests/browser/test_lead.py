"""The home and the lead page on a real server."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from labelling.models import Job, Round
from tests.browser.axe import grave_faults
from tests.browser.cockpit import cockpit
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
    asking = page.get_by_role("alertdialog")
    expect(asking).to_contain_text("open up to 3?")
    assert not Round.objects.exists()
    asking.get_by_role("button", name="Start round").click()
    page.get_by_role("heading", name="Round 1 is running").wait_for()

    started = Round.objects.get()
    assert (started.strategy, started.batch) == ("random", 3)
    page.get_by_role("button", name="Cancel the round").click()
    page.get_by_role("alertdialog").get_by_role("button", name="No").click()
    assert Round.objects.get().state != "cancelled"
    page.get_by_role("button", name="Cancel the round").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Cancel the round").click()
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


PANELS = {
    "What needs me?": "Ben meets gold less well than before",
    "What is being worked on?": "The disk of the export folder is full.",
    "Will the queue last?": "control",
    "How far are we?": "of 60 tiles aimed for labelled",
    "Which classes do we have?": "semi-transparent",
    "Where do the labels lie?": "Sep",
    "Does the model get better?": "95\u202f% over 9 scenes",
    "May the new model take over?": "It may lose more than 0.02 IoU in shadow.",
    "Does choosing still beat random?": "Can't tell yet",
    "Is it time to stop?": "A point is 0.01 of mean IoU",
    "Are its probabilities true?": "0.081 → 0.022",
    "Is it better than other masks?": "s2cloudless 1.7",
    "How wide a buffer pays?": "cloud still called clear",
    "Who labels, and how well?": "Rita",
    "This batch: why these tiles": "quota shadow",
}


def test_a_lead_sees_every_answer_saves_them_and_acts_on_a_job(sign_in, transactional_db, tmp_path):
    campaign = cockpit()
    page = sign_in("lea", campaign, role="lead")
    page.get_by_role("link", name="Lead page").click()

    for question, answer in PANELS.items():
        expect(page.get_by_role("region", name=question, exact=True)).to_contain_text(answer)
    assert grave_faults(page) == []

    curve = page.get_by_role("region", name="Does the model get better?", exact=True)
    curve.get_by_role("button", name="against hours").click()
    expect(curve.get_by_role("button", name="against hours")).to_have_attribute(
        "aria-pressed", "true"
    )
    with page.expect_download() as saved:
        curve.get_by_role("button", name="Save as CSV").click()
    saved.value.save_as(tmp_path / "curve.csv")
    head, *rows = (tmp_path / "curve.csv").read_text("utf-8-sig").splitlines()
    assert head.startswith("round,strategy,labelled tiles,hours,class mean IoU")
    assert [row.split(",")[0] for row in rows] == ["1", "2", "3", "4", "5"]
    with page.expect_download() as saved:
        curve.get_by_role("button", name="Save as PNG").click()
    saved.value.save_as(tmp_path / "curve.png")
    assert saved.value.suggested_filename == "north-does-the-model-get-better.png"
    assert colours(tmp_path / "curve.png") > 50

    batch = page.get_by_role("region", name="This batch: why these tiles", exact=True)
    with page.expect_download() as saved:
        batch.get_by_role("button", name="Save as PNG").click()
    saved.value.save_as(tmp_path / "batch.png")
    assert colours(tmp_path / "batch.png") > 2000  # the tiles' pictures are on it

    jobs = page.get_by_role("region", name="What is being worked on?", exact=True)
    jobs.get_by_role("button", name="Cancel").click()
    jobs.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()
    expect(jobs).to_contain_text("stopping")
    assert Job.objects.get(kind="labelling.mine").cancel


def colours(path: Path) -> int:
    """Different ones of a picture: a blank one has few."""
    with Image.open(path) as picture:
        return len(picture.convert("RGB").getcolors(maxcolors=2**24) or [])
