"""`manage.py queue`: what it prints, and what it changes."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from labelling.models import Campaign, Task
from tests.factories import TaskFactory, TileFactory

pytestmark = pytest.mark.django_db


def queue(capsys, *words) -> dict:
    call_command("queue", *words, "--campaign", "north", "--json")
    return json.loads(capsys.readouterr().out)


def test_show_tells_depth_and_share_of_every_lane(campaign, capsys):
    TaskFactory(campaign=campaign)
    TaskFactory(campaign=campaign, lane="rework")

    lanes = {each["lane"]: each for each in queue(capsys, "show")["lanes"]}

    assert len(lanes) == 8
    assert (lanes["active"]["waiting"], lanes["gold"]["waiting"]) == (1, 0)
    assert lanes["control"]["share"] == pytest.approx(0.1)

    call_command("queue", "show", "--campaign", "north")
    assert "1 waiting, 0 in hand, oldest 2026-06-01 12:00" in capsys.readouterr().out


def test_rules_are_changed_only_without_dry_run(campaign, capsys):
    told = queue(capsys, "rules", "--set", "lease_minutes=45", "--lane", "gold=0", "--dry-run")
    assert Campaign.objects.get().queue == {}

    again = queue(capsys, "rules", "--set", "lease_minutes=45", "--lane", "gold=0")

    stored = Campaign.objects.get()
    assert (stored.queue, stored.lanes) == ({"lease_minutes": 45}, {"gold": 0})
    assert again["lease_minutes"] == 45
    assert told == again


def test_a_rule_that_makes_no_sense_is_refused_with_its_field(campaign, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("queue", "rules", "--set", "held=-1", "--campaign", "north", "--json")

    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out)["error"]["field"] == "queue.held"


def test_a_reference_sample_is_drawn_only_without_dry_run(campaign, capsys):
    for _ in range(4):
        TileFactory(campaign=campaign, acquisition__place__split="test")
    words = ("reference", "--places", "2", "--seed", "1")

    dry = queue(capsys, *words, "--dry-run")
    assert not Task.objects.exists()

    drawn = queue(capsys, *words)
    assert dry == drawn == {"sample": 2, "new": 2, "places": {"validation": 0, "test": 4}}
    assert Task.objects.filter(lane="reference").count() == 4


def test_tiles_are_picked_only_without_dry_run(campaign, capsys):
    tile = TileFactory(campaign=campaign)

    dry = queue(capsys, "pick", str(tile.uuid), "--why", "snow", "--dry-run")
    assert not Task.objects.exists()

    assert queue(capsys, "pick", str(tile.uuid), "--why", "snow") == dry
    assert Task.objects.get().cause == "snow"


def test_a_word_that_is_no_tile_is_refused(campaign, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("queue", "pick", "tile-1", "--campaign", "north")

    assert ended.value.code == 1
    assert "'tile-1' is no UUID" in capsys.readouterr().err
