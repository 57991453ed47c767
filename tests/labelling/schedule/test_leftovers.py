"""What ends just now, and what is left behind: by a cancel that comes late, and by duels."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest

from labelling import clock
from labelling.adapters.blobs import store
from labelling.errors import Conflict
from labelling.models import Annotation, Event, Job, Round
from labelling.workflow import tidying
from labelling.workflow.rounds import cancel_round
from labelling.workflow.tidying import tidy
from labelling.workflow.verify.compare import inspection
from tests.factories import NOON
from tests.labelling.one_round import planned
from tests.worlds import world

pytestmark = pytest.mark.django_db
LONG_AGO = time.time() - 30 * 86400


def test_a_cancel_that_comes_after_the_end_is_refused_and_leaves_nothing():
    campaign = world(pool=2, labelled=0)
    as_seen = planned(campaign, strategy="random")
    Job.objects.filter(round=as_seen).update(state="done", lease_ends=None, finished=NOON)
    Round.objects.filter(pk=as_seen.pk).update(state="done", finished=NOON)

    with pytest.raises(Conflict):
        cancel_round(round=as_seen, by=None, now=NOON)

    assert not as_seen.jobs.get().cancel
    assert not Event.objects.about(as_seen).filter(verb="cancelled").exists()


def test_what_a_killed_duel_left_is_no_surprise_and_goes_once_it_is_old(settings):
    blobs = store()
    sets = {name: f"duels/duel-{name}-random/manifest.json" for name in ("old", "young")}
    rooms = {name: settings.WORKBENCH_VAR / f"duel-{name}" for name in sets}
    for name, key in sets.items():
        blobs.write(key, b"{}")
        rooms[name].mkdir()
    os.utime(blobs.raster(sets["old"]), (LONG_AGO, LONG_AGO))
    os.utime(rooms["old"], (LONG_AGO, LONG_AGO))
    with inspection(blobs=blobs, now=clock.now()) as look:
        assert list(look.findings(lambda: None)) == []

    assert tidy(blobs=blobs, now=clock.now()).counts["duels"] == 2

    assert [blobs.exists(key) for key in sets.values()] == [False, True]
    assert [room.exists() for room in rooms.values()] == [False, True]


def test_a_clock_that_runs_fast_makes_no_model_old():
    world(pool=1, labelled=0)
    blobs, key = store(), f"models/{'0' * 64}/card.json"
    blobs.write(key, b"{}")

    assert tidy(blobs=blobs, now=clock.now() + timedelta(days=1000)).counts["models"] == 0

    os.utime(blobs.raster(key), (LONG_AGO, LONG_AGO))
    assert tidy(blobs=blobs, now=clock.now()).counts["models"] == 1


def test_a_model_whose_round_begins_during_the_tidying_stays(monkeypatch):
    campaign = world(pool=2, labelled=0)
    blobs, key = store(), f"models/{'0' * 64}/card.json"
    blobs.write(key, b"{}")
    os.utime(blobs.raster(key), (LONG_AGO, LONG_AGO))
    listing = type(blobs).listing

    def slow(self, prefix=""):
        yield from listing(self, prefix)
        if prefix == "models/":
            planned(campaign, strategy="random")

    monkeypatch.setattr(type(blobs), "listing", slow)

    assert tidy(blobs=blobs, now=clock.now()).counts["models"] == 0
    assert blobs.exists(key)


def test_the_pixels_of_a_label_that_was_never_written_go_once_they_are_old():
    campaign = world(pool=2, labelled=1)
    blobs = store()
    kept = Annotation.objects.filter(schema__campaign=campaign).earliest("pk").raster
    draft = "labels/drafts/of-somebody/1-1-0.tif"
    old, young = f"{kept.removesuffix('.tif')}-old.tif", f"{kept.removesuffix('.tif')}-young.tif"
    for key in (old, young, draft):
        blobs.write(key, b"pixels")
    for key in (kept, old, draft):
        os.utime(blobs.raster(key), (LONG_AGO, LONG_AGO))

    assert tidy(blobs=blobs, now=clock.now()).counts["labels"] == 1

    assert not blobs.exists(old)
    assert all(blobs.exists(key) for key in (kept, young, draft))


def test_no_label_goes_where_the_database_lacks_many(monkeypatch, caplog):
    world(pool=2, labelled=1)
    monkeypatch.setattr(tidying, "FEW", 2)
    blobs = store()
    keys = [f"labels/of-another-database/{n}-0.tif" for n in range(3)]
    for key in keys:
        blobs.write(key, b"pixels")
        os.utime(blobs.raster(key), (LONG_AGO, LONG_AGO))

    assert tidy(blobs=blobs, now=clock.now()).counts["labels"] == 0

    assert all(blobs.exists(key) for key in keys)
    assert "Is this the database that belongs to the storage?" in caplog.text
