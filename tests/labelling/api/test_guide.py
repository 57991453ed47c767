from __future__ import annotations

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import write_tile
from labelling.insights.guide import examples
from labelling.models import Gold
from labelling.workflow.gold import add_gold, retire_gold
from tests.factories import NOON, person
from tests.labelling.api.test_tiles import read
from tests.labelling.quality.hands import SIZE, compared, hand_in, small_task, small_tile, striped

GUIDE = "/api/v1/campaigns/north/guide"


def gold(campaign, *codes: int, guide: str = "", **of_tile) -> Gold:
    """A gold tile whose second half is brighter in B08, with Lea's label in stripes."""
    lea = person("lea", campaign=campaign, role="lead")
    task = small_task(campaign, small_tile(campaign, **of_tile), lane="pick")
    pixels = np.random.default_rng(3).integers(900, 1100, (4, SIZE, SIZE)).astype(np.uint16)
    pixels[3, :, SIZE // 2 :] += 500
    store().write_with(
        task.tile.raster, lambda path: write_tile(path, pixels, bands=task.tile.bands)
    )
    label = hand_in(task, lea, striped(*codes), state="accepted")
    return add_gold(
        campaign=campaign, annotation=label, who=lea, now=NOON, guide=guide, test_too=True
    )


@pytest.fixture
def retired(campaign) -> Gold:
    found = gold(campaign, 0, 1, guide="Cloud is bright in the near infrared.")
    retire_gold(gold=found, who=None, now=NOON)
    return found


def test_an_example_names_the_band_that_decides_the_border(ana, retired):
    (example,) = ana.get(GUIDE).json()["examples"]

    assert (example["pair"], example["band"], example["brighter"]) == ([0, 1], "B08", 1)
    assert example["guide"] == "Cloud is bright in the near infrared."
    assert example["tile"]["synthetic"] is True
    label = read(ana.get(f"{GUIDE}/{example['annotation']}/label"), "u1", SIZE, SIZE)
    assert (label[:, : SIZE // 2] == 0).all()


def test_gold_that_is_served_is_in_no_guide(ana, campaign):
    served = gold(campaign, 0, 1)

    assert ana.get(GUIDE).json() == {"examples": []}
    assert ana.get(f"{GUIDE}/{served.annotation.uuid}/label").status_code == 404


def test_a_tile_that_somebody_may_still_label_blind_is_in_no_guide(ana, campaign, retired):
    small_task(campaign, retired.acquisition.tiles.get(), lane="second", copy=1)

    assert ana.get(GUIDE).json() == {"examples": []}
    assert ana.get(f"{GUIDE}/{retired.annotation.uuid}/label").status_code == 404


def test_a_test_place_is_in_no_guide(ana, campaign):
    found = gold(campaign, 0, 1, split="test")
    retire_gold(gold=found, who=None, now=NOON)

    assert ana.get(GUIDE).json() == {"examples": []}


def test_what_people_mix_up_most_comes_first(ana, campaign):
    plain, mixed = gold(campaign, 0, 1), gold(campaign, 2, 3)
    task = small_task(campaign, mixed.acquisition.tiles.get(), lane="gold", meant_for=None)
    compared(hand_in(task, person("ben", campaign=campaign), striped(2, 2)))
    for each in (plain, mixed):
        retire_gold(gold=each, who=None, now=NOON)

    told = ana.get(GUIDE).json()["examples"]

    assert [each["pair"] for each in told] == [[2, 3], [0, 1]]
    assert told[0]["mistaken"] == SIZE * SIZE // 2
    assert told[1]["mistaken"] == 0


def test_the_guide_costs_four_queries_however_many_tiles(
    campaign, retired, django_assert_num_queries
):
    another = gold(campaign, 2, 3)
    retire_gold(gold=another, who=None, now=NOON)
    campaign.refresh_from_db()

    with django_assert_num_queries(4):
        assert len(examples(campaign, blobs=store())) == 2


def test_an_outsider_has_no_guide(max, retired):
    assert max.get(GUIDE).status_code == 404
