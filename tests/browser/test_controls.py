"""The controls: settings contested, a round planned and cancelled, somebody brought in."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from labelling.clock import now
from labelling.models import Campaign, Membership, Round, Schedule
from labelling.workflow.queue_rules import change_rules
from tests.browser.axe import grave_faults
from tests.factories import TileFactory, person

pytestmark = pytest.mark.browser


def controls(sign_in, north, section: str) -> Page:
    page = sign_in("lea", north, role="lead")
    page.goto(f"{page.url.rstrip('/')}/controls/north#{section}")
    page.get_by_role("navigation", name="Controls").wait_for()
    return page


def test_a_share_is_changed_and_another_leads_change_is_not_trodden_on(sign_in, north):
    page = controls(sign_in, north, "queue")
    share = page.get_by_label("control", exact=True)
    expect(share).to_have_value("0.1")

    share.fill("0.3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("1 setting saved.")).to_be_visible()
    assert Campaign.objects.get(pk=north.pk).lanes == {"control": 0.3}
    assert grave_faults(page) == []

    zoe = person("zoe", campaign=north, role="lead")
    change_rules(north, queue={}, lanes={"control": 0.5}, who=zoe, now=now())
    share.fill("0.2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("lanes.control is 0.5 by now, not 0.3")
    row = page.get_by_role("listitem").filter(has=share)
    expect(row).to_contain_text("zoe")
    expect(share).to_have_value("0.2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("1 setting saved.")).to_be_visible()
    assert Campaign.objects.get(pk=north.pk).lanes == {"control": 0.2}


def test_a_round_is_looked_at_started_and_cancelled(sign_in, north):
    TileFactory.create_batch(2, campaign=north)
    page = controls(sign_in, north, "round")

    page.get_by_role("button", name="Look at the plan").click()
    expect(page.get_by_text("It would train on the labels there are")).to_be_visible()
    assert grave_faults(page) == []
    assert not Round.objects.exists()
    page.get_by_role("button", name="Start the round").click()
    asking = page.get_by_role("alertdialog")
    asking.get_by_role("button", name="Start the round").click()
    expect(page.get_by_text("Round 1 is planned: a worker takes it up.")).to_be_visible()

    page.get_by_role("button", name="Cancel it").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Cancel it").click()
    expect(page.get_by_text("Round 1 was asked to stop.")).to_be_visible()
    assert Round.objects.get().state == "cancelled"


def test_somebody_is_brought_in_raised_and_taken_out(sign_in, north):
    page = controls(sign_in, north, "people")
    page.get_by_label("User name").fill("eve")
    page.get_by_label("Name", exact=True).fill("Eve")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("eve is annotator now.")).to_be_visible()

    row = page.get_by_role("row").filter(has_text="eve")
    row.get_by_role("button", name="Link").click()
    expect(row.get_by_label("Link for eve")).to_have_value(re.compile(r"^http.*/invited/.+/$"))
    row.get_by_label("Role of eve").select_option("reviewer")
    expect(page.get_by_text("eve is reviewer of level 0 now.")).to_be_visible()
    page.get_by_label("Level of lea").select_option("5")
    expect(page.get_by_role("alert")).to_contain_text("Nobody raises himself.")
    expect(page.get_by_label("Level of lea")).to_have_value("1")
    page.get_by_role("button", name="Light", exact=True).click()
    assert grave_faults(page) == []

    row.get_by_role("button", name="Take out").click()
    row.get_by_role("alertdialog").get_by_role("button", name="Take out").click()
    expect(page.get_by_text("eve was reviewer of level 0")).to_be_visible()
    assert not Membership.objects.filter(user__username="eve").exists()


def test_a_typed_schedule_is_there_after_a_look_at_another_section(sign_in, north):
    page = controls(sign_in, north, "round")
    labels = page.get_by_label("New labels")
    labels.fill("150")

    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_role("heading", name="Who belongs to this campaign?").wait_for()
    page.get_by_role("link", name="Rounds", exact=True).click()

    expect(labels).to_have_value("150")
    page.get_by_role("button", name="Save the schedule").click()
    expect(page.get_by_text("The schedule is saved.")).to_be_visible()
    expect(page.get_by_role("button", name="Save the schedule")).to_be_disabled()
    assert Schedule.objects.get(campaign=north).labels == 150
