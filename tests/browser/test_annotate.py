"""The annotate page, driven as a person drives it; what counts is what the server has then."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import read_label, write_label
from labelling.models import LEASE, Annotation, Layer, Reservation, Task
from labelling.workflow.claims import claim_next, return_expired
from tests.browser.conftest import waiting_tile
from tests.browser.hands import Annotator
from tests.factories import NOON, CampaignFactory, person, rank

pytestmark = pytest.mark.browser


def submitted() -> tuple[np.ndarray, np.ndarray]:
    """(label, provenance) of the only annotation there is."""
    annotation = Annotation.objects.get()
    return read_label(store().path(annotation.raster))


def test_what_is_painted_and_filled_arrives_with_its_provenance(ana: Annotator):
    ana.press("2")
    ana.stroke((40, 40), (90, 40))
    ana.press("r", "Shift+Enter")
    ana.wait_for_tile("35VLF/256/7/1")

    label, provenance = submitted()
    assert (label[40, 40:90] == 1).all()
    assert (provenance[label == 1] == 1).all()
    assert (label[200:] == 0).all()
    assert (provenance[label == 0] == 3).all()


def test_the_polygon_and_the_fill_label_what_they_enclose(ana: Annotator):
    ana.press("4", "p")
    ana.click((50, 50), (150, 50), (150, 150), (50, 150))
    ana.press("Enter")
    ana.press("3", "f")
    ana.click((200, 200))
    ana.press("Shift+Enter")
    ana.wait_for_tile("35VLF/256/7/1")

    label, provenance = submitted()
    assert (label[60:140, 60:140] == 3).all()
    assert (provenance[60:140, 60:140] == 1).all()
    assert label[10, 10] == 2
    assert provenance[10, 10] == 3


def test_plain_enter_never_submits(ana: Annotator):
    ana.stroke((40, 40), (90, 40))
    ana.press("r", "Enter", "Enter")
    ana.page.wait_for_timeout(300)

    assert not Annotation.objects.exists()


def test_nothing_labelled_is_not_submitted(ana: Annotator):
    ana.press("Shift+Enter")

    expect(ana.page.get_by_role("alert")).to_contain_text("Nothing is labelled yet")
    assert not Annotation.objects.exists()


def test_a_part_not_labelled_is_warned_of_once(ana: Annotator):
    ana.stroke((40, 40), (90, 40))
    ana.press("Shift+Enter")

    expect(ana.page.get_by_role("alert")).to_contain_text("not labelled")
    ana.press("Shift+Enter")
    asked = ana.page.get_by_role("dialog")
    expect(asked).to_contain_text("aren't labelled")
    assert asked.get_by_role("button", name="Submit anyway").is_disabled()
    asked.get_by_role("textbox").fill("fog below")
    asked.get_by_role("button", name="Submit anyway").click()
    ana.wait_for_tile("35VLF/256/7/1")
    label, _ = submitted()
    assert label[200, 200] == 255
    assert Annotation.objects.get().note == "fog below"


def test_whoever_doubts_a_label_after_a_warning_goes_on_drawing(ana: Annotator):
    ana.stroke((40, 40), (90, 40))
    ana.press("Shift+Enter", "Shift+Enter")
    asked = ana.page.get_by_role("dialog")
    asked.get_by_role("button", name="Rest is clear").click()

    expect(asked).to_have_count(0)
    assert ana.shares()["not labelled"] == "0 %"
    ana.press("Shift+Enter")
    ana.wait_for_tile("35VLF/256/7/1")
    assert Annotation.objects.get().checks == []


def test_undo_and_redo_go_through_every_stroke(ana: Annotator):
    ana.press("2")
    ana.stroke((40, 40), (90, 40))
    ana.press("4")
    ana.stroke((40, 140), (90, 140))
    painted = ana.shares()

    ana.press("z", "z")
    assert ana.shares()["not labelled"] == "100 %"
    ana.press("Shift+z", "Control+Shift+z")
    assert ana.shares() == painted


def test_a_drawing_is_there_again_after_a_reload(ana: Annotator):
    ana.press("2")
    ana.stroke((40, 40), (90, 40))
    painted = ana.shares()
    ana.page.get_by_text("saved ").wait_for()

    ana.page.reload()
    ana.wait_for_tile("35VLF/256/7/0")

    expect(ana.page.get_by_role("status")).to_contain_text("is back")
    assert ana.shares() == painted


def test_the_next_tile_is_held_ahead(ana: Annotator):
    ana.page.wait_for_load_state("networkidle")

    held = Reservation.objects.get(kind="held", ended__isnull=True)
    assert held.task.tile.acquisition.place.key == "35VLF/256/7/1"


def test_what_stays_of_the_pre_label_is_confirmed(sign_in, transactional_db):
    campaign = CampaignFactory(slug="alps")
    task = waiting_tile(campaign, 9)
    rank(campaign, task)
    Task.objects.filter(pk=task.pk).update(prelabel=half_cloudy(task))
    page = sign_in("ana", campaign)
    page.get_by_role("link", name="Next tile").click()
    ana = Annotator(page)
    ana.wait_for_tile("35VLF/256/7/9")

    ana.press("4")
    ana.stroke((60, 60), (100, 60))
    ana.press("Shift+Enter")
    page.get_by_role("heading", name="No tile is waiting").wait_for()

    label, provenance = submitted()
    assert label[60, 80] == 3
    assert provenance[60, 80] == 1
    assert label[200, 10] == 1
    assert provenance[200, 10] == 2


def half_cloudy(task: Task) -> Layer:
    label = np.zeros((256, 256), np.uint8)
    label[:, :128] = 1
    layer = Layer.objects.create(
        tile=task.tile, source="model", version="r1", raster="layers/half.tif", created=NOON
    )
    store().write_with(layer.raster, lambda path: write_label(path, label, np.full_like(label, 2)))
    return layer


def test_a_tile_that_went_to_ben_keeps_anas_drawing(ana: Annotator, north):
    ana.press("2")
    ana.stroke((40, 40), (90, 40))
    ana.press("r")
    hand_over(ana, north)

    ana.press("Shift+Enter")
    ana.page.get_by_role("heading", name="has run out").wait_for()

    with ana.page.expect_download() as download:
        ana.page.get_by_role("button", name="Download drawing").click()
    planes = np.load(download.value.path())
    assert planes.shape == (2, 256, 256)
    assert (planes[0, 40, 40:90] == 1).all()
    assert not Annotation.objects.exists()


def hand_over(ana: Annotator, north) -> None:
    """Ana's leases run out, and Ben takes the best tile."""
    ana.page.wait_for_load_state("networkidle")
    late = Reservation.objects.latest("started").started + LEASE + timedelta(minutes=1)
    return_expired(now=late)
    claim_next(campaign=north, person=person("ben", campaign=north), now=late)


def test_who_is_signed_out_while_drawing_signs_in_again_and_submits(ana: Annotator, live_server):
    ana.stroke((40, 40), (90, 40))
    ana.press("r")
    cookies = ana.page.context.cookies()
    ana.page.context.clear_cookies()

    ana.press("Shift+Enter")
    expect(ana.page.get_by_role("alert")).to_contain_text("signed out")

    ana.page.context.add_cookies(cookies)
    ana.page.get_by_role("button", name="Submit again").click()
    ana.wait_for_tile("35VLF/256/7/1")
    assert Annotation.objects.count() == 1


def test_an_answer_that_gets_lost_makes_no_second_label(ana: Annotator):
    ana.stroke((40, 40), (90, 40))
    ana.press("r")
    lost = []

    def swallow(route):
        if not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    ana.page.route("**/submit?*", swallow)
    ana.press("Shift+Enter")
    ana.wait_for_tile("35VLF/256/7/1")

    assert len(lost) == 1
    assert Annotation.objects.count() == 1


def board_of(ana: Annotator) -> np.ndarray:
    """(height, width, 4) the canvas as it is now."""
    ana.page.wait_for_timeout(200)
    address = ana.page.evaluate("document.querySelector('canvas.board').toDataURL()")
    with Image.open(BytesIO(b64decode(address.partition(",")[2]))) as picture:
        return np.asarray(picture.convert("RGBA")).astype(int)


def test_what_was_drawn_in_parts_looks_as_if_drawn_whole(ana: Annotator):
    ana.page.wait_for_load_state("networkidle")
    ana.press("2")
    ana.stroke((40, 40), (90, 120))
    ana.press("4", "]")
    ana.stroke((200, 60), (30, 180))
    ana.press("z")
    ana.page.mouse.move(5, 5)
    in_parts = board_of(ana)

    ana.press("m", "Shift+m")

    # At the edge of a part the browser rounds otherwise: by a few grey steps that nobody sees.
    assert np.abs(board_of(ana) - in_parts).max() < 24


def test_the_help_sheet_names_every_class_and_tool(ana: Annotator):
    ana.press("?")

    sheet = ana.page.get_by_role("dialog")
    for words in ("Paint cloud", "Paint unsure", "Polygon", "Submit and next tile"):
        expect(sheet).to_contain_text(words)
    ana.press("Escape")
    expect(sheet).to_have_count(0)
