"""Which tiles a round may choose, where an acquisition has several rasters."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from labelling.errors import QueueEmpty
from labelling.models import Scene, Task
from labelling.workflow.claims import claim_next
from labelling.workflow.pool import eligible_tiles, kept_back
from tests.factories import NOON, SceneFactory, TileFactory, person
from tests.labelling.one_round import planned, work
from tests.worlds import world

pytestmark = pytest.mark.django_db


def reprocessed(tile, campaign, **differing):
    """The same acquisition once more, at another baseline or level."""
    return TileFactory(
        acquisition=tile.acquisition,
        scene=SceneFactory(),
        bands=tile.bands,
        raster=tile.raster,
        campaign=campaign,
        **differing,
    )


def test_of_a_reprocessed_acquisition_one_tile_is_in_the_pool():
    campaign = world(pool=2, validation=0)
    first, second = eligible_tiles(campaign).order_by("pk")
    newer = reprocessed(first, campaign, baseline="05.11")
    reprocessed(second, campaign, level="L2A", baseline="05.11")

    done = work(planned(campaign, batch=4))

    assert (done.state, done.error) == ("done", "")
    assert set(eligible_tiles(campaign)) | {t.tile for t in Task.objects.all()} == {newer, second}
    assert Task.objects.count() == 2


def test_a_fenced_raster_leaves_its_acquisition_to_the_other_one():
    campaign = world(pool=1, validation=0)
    tile = eligible_tiles(campaign).get()
    newer = reprocessed(tile, campaign, baseline="05.11")
    newer.enrolments.update(fence="split border")

    assert list(eligible_tiles(campaign)) == [tile]


def test_tiles_of_a_product_whose_ingest_failed_wait_for_the_retry():
    campaign = world(pool=1, validation=0)
    tile = eligible_tiles(campaign).get()
    newer = reprocessed(tile, campaign, baseline="05.11")
    newer.scene.state, newer.scene.reason = Scene.State.FAILED, "The disk was full."
    newer.scene.save()

    assert list(eligible_tiles(campaign)) == [tile]

    newer.scene.state = Scene.State.READY
    newer.scene.save()

    assert list(eligible_tiles(campaign)) == [newer]


def test_tiles_of_an_unfinished_product_are_counted_among_those_kept_back():
    campaign = world(pool=3, validation=0)
    unfinished, fenced, _ = eligible_tiles(campaign).order_by("pk")
    Scene.objects.filter(tiles__in=[unfinished, fenced]).update(
        state=Scene.State.FAILED, reason="The disk was full."
    )
    fenced.enrolments.update(fence="split border")

    assert kept_back(campaign) == {
        "fenced (split border)": 1,
        "of a product whose ingest isn't finished": 1,
    }


def test_an_empty_queue_names_tiles_of_an_unfinished_product():
    campaign = world(pool=1, validation=0)
    Scene.objects.update(state=Scene.State.FAILED, reason="The disk was full.")

    with pytest.raises(QueueEmpty) as refusal:
        claim_next(campaign=campaign, person=person("ana", campaign=campaign), now=NOON)

    assert "1 of a product whose ingest isn't finished" in refusal.value.help


def test_the_fences_command_counts_tiles_of_an_unfinished_product(capsys):
    campaign = world(pool=1, validation=0)
    Scene.objects.update(state=Scene.State.FAILED, reason="The disk was full.")

    call_command("tiles", "fences", "--campaign", campaign.slug)

    assert "1  of a product whose ingest isn't finished" in capsys.readouterr().out
