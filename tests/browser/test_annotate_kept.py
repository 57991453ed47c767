"""Nothing drawn is lost: drafts on the server, two tabs, no network, a lost raster, a lost role."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from labelling.adapters.blobs import store
from labelling.models import Annotation, Draft, Flag, Membership, Task
from tests.browser.conftest import waiting_tile
from tests.browser.hands import Annotator
from tests.factories import CampaignFactory, rank

pytestmark = pytest.mark.browser


def on_server(ana: Annotator) -> Locator:
    return ana.page.locator("[title='On the server']")


def second_tab(ana: Annotator) -> Annotator:
    page = ana.page.context.new_page()
    page.goto(ana.page.url)
    other = Annotator(page)
    other.wait_for_tile("35VLF/256/7/0")
    return other


def test_a_tile_only_looked_at_leaves_no_draft(ana: Annotator):
    ana.page.wait_for_load_state("networkidle")
    ana.page.reload()
    ana.wait_for_tile("35VLF/256/7/0")

    expect(ana.page.get_by_text("is back")).to_have_count(0)
    assert not Draft.objects.exists()


def test_a_drawing_goes_to_the_server_and_is_there_on_another_machine(ana: Annotator, chromium):
    ana.press("2")
    ana.stroke((40, 40), (90, 40))
    painted = ana.shares()
    on_server(ana).wait_for()

    elsewhere = chromium.new_context(viewport={"width": 1440, "height": 900})
    elsewhere.add_cookies(ana.page.context.cookies())
    page = elsewhere.new_page()
    page.goto(ana.page.url)
    other = Annotator(page)
    other.wait_for_tile("35VLF/256/7/0")

    assert other.shares() == painted
    page.wait_for_load_state("networkidle")
    elsewhere.close()


def test_two_tabs_keep_both_drawings_until_one_is_chosen(ana: Annotator):
    other = second_tab(ana)
    other.press("4")
    other.stroke((40, 140), (90, 140))
    on_server(other).wait_for()
    theirs = other.shares()

    ana.press("2")
    ana.stroke((40, 40), (90, 40))
    mine = ana.shares()
    note = ana.page.get_by_role("alert")
    expect(note).to_contain_text("another tab")
    ana.press("r", "Shift+Enter")
    expect(note).to_contain_text("Decide first")
    assert not Annotation.objects.exists()
    ana.press("z")
    note.get_by_role("button", name="Take the other one").click()
    on_server(ana).wait_for()

    assert ana.shares() == theirs
    ana.press("z")
    assert ana.shares() == mine


def test_without_a_network_one_goes_on_and_it_is_sent_later(ana: Annotator):
    ana.page.wait_for_load_state("networkidle")
    ana.page.context.set_offline(True)
    ana.press("2")
    ana.stroke((40, 40), (90, 40))
    expect(ana.page.get_by_text("offline")).to_be_visible()
    assert not Draft.objects.exists()

    ana.page.context.set_offline(False)
    on_server(ana).wait_for()

    assert Draft.objects.get().version == 1


def test_a_tile_is_skipped_with_a_reason(ana: Annotator):
    ana.press("x")
    asked = ana.page.get_by_role("dialog", name="Skip this tile")
    asked.get_by_role("textbox").fill("stripes all over")
    asked.get_by_role("button", name="The picture is broken").click()
    ana.wait_for_tile("35VLF/256/7/1")

    flag = Flag.objects.get()
    assert (flag.reason, flag.note, flag.skipped) == ("bad_imagery", "stripes all over", True)


def test_a_label_is_taken_back_and_handed_in_anew(ana: Annotator):
    ana.press("2")
    ana.stroke((40, 40), (90, 40))
    ana.press("r", "Alt+4", "Shift+Enter")
    ana.wait_for_tile("35VLF/256/7/1")

    ana.press("Shift+b")
    ana.wait_for_tile("35VLF/256/7/0")
    assert ana.shares()["not labelled"] == "0 %"
    ana.press("4")
    ana.stroke((40, 140), (90, 140))
    ana.press("Shift+Enter")
    ana.wait_for_tile("35VLF/256/7/1")

    first, second = Annotation.objects.order_by("pk")
    assert (first.difficulty, second.difficulty) == (4, None)
    assert first.pixels != second.pixels


def test_a_tile_without_a_raster_is_reported_and_left(sign_in, north):
    best = Task.objects.order_by("pk").first()
    store().delete(best.tile.raster)
    page = sign_in("ana", north)
    page.get_by_role("link", name="Next tile").click()
    expect(page.get_by_role("alert")).to_contain_text("Storage has lost")

    page.get_by_role("button", name="Report this tile").click()
    Annotator(page).wait_for_tile("35VLF/256/7/1")

    flag = Flag.objects.get()
    assert (flag.reason, flag.task_id) == ("technical", best.pk)


def test_a_draft_that_cannot_be_read_is_put_aside(ana: Annotator):
    ana.press("2")
    ana.stroke((40, 40), (90, 40))
    on_server(ana).wait_for()
    store().delete(Draft.objects.get().label)
    spoil = """async () => {
        const open = indexedDB.open("cloudmask-workbench");
        const base = await new Promise((done) => { open.onsuccess = () => done(open.result); });
        const drafts = base.transaction("drafts", "readwrite").objectStore("drafts");
        const all = await new Promise((done) => {
            const asked = drafts.getAll(); asked.onsuccess = () => done(asked.result); });
        for (const draft of all) drafts.put({ ...draft, label: new Uint8Array([1, 255]) });
        await new Promise((done) => { drafts.transaction.oncomplete = done; });
        base.close();
    }"""
    ana.page.evaluate(spoil)

    ana.page.reload()
    ana.wait_for_tile("35VLF/256/7/0")

    expect(ana.page.get_by_role("alert")).to_contain_text("can't be read")
    assert ana.shares()["not labelled"] == "100 %"


def test_who_lost_the_role_is_told_and_keeps_the_drawing(ana: Annotator, north):
    ana.stroke((40, 40), (90, 40))
    ana.press("r")
    on_server(ana).wait_for()
    Membership.objects.filter(campaign=north, user__username="ana").update(role="service")

    ana.press("Shift+Enter")

    told = ana.page.get_by_role("alert")
    expect(told).to_contain_text("Ask a lead")
    expect(told).to_contain_text("kept")
    with ana.page.expect_download() as download:
        told.get_by_role("button", name="Download drawing").click()
    assert download.value.suggested_filename.endswith("label.npy")


def test_the_time_left_is_shown_when_it_is_short_and_can_be_lengthened(sign_in, transactional_db):
    # Warned from the start: a lease of ten minutes, nine of which are the last ones.
    rules = {"lease_minutes": 10, "warn_minutes": 9}
    campaign = CampaignFactory(slug="alps", queue=rules)
    rank(campaign, waiting_tile(campaign, 9))
    page = sign_in("ana", campaign)
    page.clock.install()
    page.get_by_role("link", name="Next tile").click()
    Annotator(page).wait_for_tile("35VLF/256/7/9")
    expect(page.get_by_role("timer")).to_have_count(0)

    page.clock.run_for(90_000)
    expect(page.get_by_role("timer")).to_contain_text("yours for only")
