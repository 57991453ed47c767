"""`cvat pull|reconcile|status` as people and machines call them."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from labelling.models import Outbox
from tests.contract.fake import running
from tests.labelling.cvat.hand_linked import Linked, linked, stripes

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def fake():
    with running() as server:
        yield server


@pytest.fixture
def world(campaign, fake, settings, ana, ben) -> Linked:
    return linked(campaign, fake, settings, ana, ben)


def cvat(*arguments) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("cvat", *arguments, stdout=out, stderr=out)
    except SystemExit as ended:
        return out.getvalue(), int(ended.code or 0)
    return out.getvalue(), 0


def asked(verb: str, *words: str) -> tuple[dict, int]:
    told, status = cvat(verb, "--campaign", "north", "--json", *words)
    return json.loads(told), status


def test_a_pull_tells_what_it_took_in_and_what_it_holds(world, ana, ben):
    good, empty = world.tiles(2, ana)
    world.claim(ben)
    asked("pull")
    world.draw(good, *world.label(stripes(0, 1)))
    world.draw(empty)

    before, _ = asked("pull", "--dry-run")
    pulled, status = asked("pull")
    again, well = asked("pull")

    assert before == {"unfetched": 0, "dry_run": True}
    assert (pulled["imported"], pulled["held"], status) == (1, 1, 3)
    assert (again["fetched"], well) == (0, 0)


def test_both_sides_agree_or_the_exit_status_says_so(world, ana):
    (row,) = world.tiles(1, ana)
    asked("pull")

    same, well = asked("reconcile")
    world.draw(row, *world.label(stripes(0, 1)))
    words, differs = cvat("reconcile", "--campaign", "north")
    Outbox.objects.all().delete()
    fixed, _ = asked("reconcile", "--fix")

    assert (same["total"], well) == (0, 0)
    assert differs == 1
    assert "1 changes that haven't been taken in" in words
    assert fixed["unfetched"] == 0


def test_the_status_is_for_people_and_for_machines(world, ana):
    (row,) = world.tiles(1, ana)
    asked("pull")
    world.draw(row)
    asked("pull")

    words, _ = cvat("status", "--campaign", "north")
    told, _ = asked("status")

    assert "held: 1 empty" in words
    assert "Nothing with an area is drawn in it." in words
    assert told["held_jobs"][0]["code"] == "empty"
    assert told["breaker"] == "closed"


def test_a_campaign_without_a_server_is_refused(campaign):
    told, status = asked("status")

    assert (told["error"]["code"], status) == ("NotFound", 1)
