"""Of an acquisition's labels one teaches and is counted: which, where people and imports differ."""

from __future__ import annotations

import pytest

from labelling.insights.growth import newest_labels
from labelling.models import Annotation, Campaign, Task, Tile
from labelling.workflow.snapshots.choosing import chosen
from tests.factories import NOON, TaskFactory
from tests.worlds import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def north() -> Campaign:
    return world(pool=1, validation=0)


def label(campaign: Campaign, n: int, **facts) -> Annotation:
    return Annotation.objects.create(
        acquisition=tile_of(campaign).acquisition,
        schema=campaign.schema,
        n=n,
        tool="import",
        raster=f"labels/{n}.tif",
        sha256=str(n),
        pixels={},
        labelled_share=1,
        created=NOON,
        **facts,
    )


def tile_of(campaign: Campaign) -> Tile:
    return campaign.enrolments.get().tile


def counts(campaign: Campaign) -> int:
    """The number of the label that a snapshot takes and growth counts: always the same one."""
    (sample,) = chosen(campaign, campaign.schema)
    assert [sample.annotation] == list(newest_labels(campaign))
    return sample.annotation.n


def test_the_more_trusted_import_counts_even_when_it_is_older(north):
    label(north, 1, source="kappaset", trust=1)
    label(north, 2, source="baetens-hagolle", trust=0.7)

    assert counts(north) == 1


def test_what_a_source_replaced_counts_no_more(north):
    first = label(north, 1, source="kappaset", trust=1)
    label(north, 2, source="kappaset", trust=0.5, parent=first)

    assert counts(north) == 2


def test_the_teams_own_label_counts_before_any_import(north):
    own = TaskFactory(campaign=north, tile=tile_of(north), state=Task.State.SUBMITTED)
    label(north, 1, source="campaign", trust=0.5, task=own)
    label(north, 2, source="kappaset", trust=1)

    assert counts(north) == 1
