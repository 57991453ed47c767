"""Checks at submission: errors refuse, warnings ask, and what was overruled is kept."""

from __future__ import annotations

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.errors import BadInput, LabelRejected, NeedsConfirmation
from labelling.imagery.tilefile import write_tile
from labelling.models import Annotation, Event, Layer, Task, Tile
from labelling.workflow.submission import submit
from tests.factories import NOON, CampaignFactory, TaskFactory, TileFactory, rank
from tests.labelling.handing_in import claimed, drawn, fresh, half_done
from tests.labelling.insights.rows import RoundFactory, score

pytestmark = pytest.mark.django_db


@pytest.fixture
def task(campaign, ana) -> Task:
    """In Ana's hands."""
    rank(campaign, TaskFactory(campaign=campaign))
    return claimed(campaign, ana)


def hand_in(task: Task, who, **work) -> Annotation:
    return submit(task=fresh(task), person=who, now=NOON, **work)


def all_clear() -> dict:
    label = np.zeros((256, 256), np.uint8)
    return drawn(label=label, provenance=np.ones_like(label))


def test_all_that_is_wrong_with_a_label_is_told_at_once(ana, task):
    made = drawn()
    made["label"][0, 0] = 9
    made["provenance"][3, 3] = 0

    with pytest.raises(LabelRejected, match="2 things are wrong") as refusal:
        hand_in(task, ana, **made)

    assert [each["code"] for each in refusal.value.findings] == ["codes", "provenance"]
    assert {each["severity"] for each in refusal.value.findings} == {"error"}
    assert refusal.value.field == "label"


def test_a_warning_refuses_until_it_is_overruled_with_a_note(ana, task):
    made = half_done()

    with pytest.raises(NeedsConfirmation, match="50% of the pixels") as refusal:
        hand_in(task, ana, **made)
    with pytest.raises(BadInput, match="note") as silent:
        hand_in(task, ana, **made, overrule=["unlabelled"], note="  ")
    label = hand_in(task, ana, **made, overrule=["unlabelled"], note=" fog below ")

    (found,) = refusal.value.findings
    assert (found["code"], found["severity"], found["where"]) == (
        "unlabelled", "warning", [128, 0, 256, 256],
    )  # fmt: skip
    assert "overrule=unlabelled" in refusal.value.help
    assert silent.value.field == "note"
    assert (label.checks, label.note) == ([found], "fog below")
    assert Event.objects.get(verb="submitted").detail["overruled"] == ["unlabelled"]


def test_a_warning_that_was_not_named_still_asks(ana, task):
    with pytest.raises(NeedsConfirmation):
        hand_in(task, ana, **half_done(), overrule=["slivers"], note="sure")


def test_an_overrule_of_what_was_not_found_leaves_no_trace(ana, task):
    label = hand_in(task, ana, **drawn(), overrule=["slivers"])

    assert (label.checks, label.note) == ([], "")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"overrule": ["spelling"]}, "overrule"),
        ({"note": "x" * 2001}, "note"),
        ({"difficulty": 0}, "difficulty"),
        ({"difficulty": 6}, "difficulty"),
        ({"difficulty": 2.5}, "difficulty"),
    ],
)
def test_what_cannot_be_said_of_a_label_is_named(ana, task, said, field):
    with pytest.raises(BadInput) as refusal:
        hand_in(task, ana, **drawn(), **said)

    assert refusal.value.field == field


def test_difficulty_and_note_come_with_the_label(ana, task):
    label = hand_in(task, ana, **drawn(), difficulty=4, note="haze")

    assert (label.difficulty, label.note) == (4, "haze")


def test_a_lead_may_have_a_warning_count_as_an_error(campaign, ana, task):
    campaign.review = {"strict": ["unlabelled"]}
    campaign.save()

    with pytest.raises(LabelRejected):
        hand_in(task, ana, **half_done(), overrule=["unlabelled"], note="sure")


def test_a_lead_may_set_the_limits(campaign, ana, task):
    campaign.review = {"limits": {"unlabelled_share": 0.6}}
    campaign.save()

    assert hand_in(task, ana, **half_done()).checks == []


def half_without_data(task: Task) -> None:
    """Store a raster whose left half has no data."""
    Tile.objects.filter(pk=task.tile_id).update(valid_share=0.5)
    pixels = np.full((4, 256, 256), 1000, np.uint16)
    pixels[:, :, :128] = 0
    store().write_with(
        task.tile.raster, lambda path: write_tile(path, pixels, bands=task.tile.bands)
    )


def test_cloud_where_the_tile_has_no_data_cannot_be_overruled(ana, task):
    half_without_data(task)

    with pytest.raises(LabelRejected, match="where there is no data") as refusal:
        hand_in(task, ana, **drawn(), overrule=["cloud_over_nodata"], note="sure")

    assert refusal.value.findings[0]["pixels"] == 6 * 128
    assert refusal.value.findings[0]["where"] == [0, 0, 6, 128]


def test_no_data_that_is_left_unlabelled_is_no_gap(ana, task):
    half_without_data(task)
    made = all_clear()
    made["label"][:, :128], made["provenance"][:, :128] = 255, 0

    assert hand_in(task, ana, **made).checks == []


def test_a_shadow_without_a_cloud_towards_the_sun_asks(campaign, ana):
    tile = TileFactory(
        sun_zenith=40.0,
        sun_azimuth=180.0,
        acquisition__place__longitude=24.0,
        acquisition__place__latitude=59.0,
    )
    rank(campaign, TaskFactory(campaign=campaign, tile=tile))
    task = claimed(campaign, ana)
    made = all_clear()
    made["label"][4:24, 100:120] = 3  # the sun stands in the south: its line is 230 pixels long
    campaign.review = {"limits": {"cloud_height": 2000}}
    campaign.save()

    with pytest.raises(NeedsConfirmation, match="no cloud towards the sun") as refusal:
        hand_in(task, ana, **made)
    made["label"][100:130, 100:120] = 1

    assert refusal.value.findings[0]["where"] == [4, 100, 24, 120]
    assert hand_in(task, ana, **made).checks == []


def with_prelabel(task: Task, **layer) -> None:
    shown = Layer.objects.create(
        tile=task.tile, source="model", version="1", raster="layers/1.tif", created=NOON, **layer
    )
    Task.objects.filter(pk=task.pk).update(prelabel=shown)


def test_one_class_asks_where_the_pre_label_shown_has_two(ana, task):
    with_prelabel(task, classes={"0": 0.6, "1": 0.4})

    with pytest.raises(NeedsConfirmation, match="Only one class"):
        hand_in(task, ana, **all_clear())


def test_a_model_pre_labels_shares_are_those_of_its_newest_finished_round(campaign, ana, task):
    with_prelabel(task)
    for n, fractions in ((1, {"0": 1.0}), (2, {"0": 0.6, "1": 0.4})):
        scored = score(RoundFactory(campaign=campaign, n=n), task.tile, value=0.5)
        scored.fractions = fractions
        scored.save()

    with pytest.raises(NeedsConfirmation, match="Only one class"):
        hand_in(task, ana, **all_clear())


@pytest.mark.parametrize("hidden", [{"lane": "control"}, {"lane": "gold"}, {"arm": "plain"}])
def test_whoever_is_shown_no_pre_label_is_not_told_what_it_says(ana, task, hidden):
    with_prelabel(task, classes={"0": 0.6, "1": 0.4})
    Task.objects.filter(pk=task.pk).update(**hidden)

    assert hand_in(task, ana, **all_clear()).checks == []


def test_a_campaign_of_crops_knows_no_clouds(ana):
    classes = [
        {"code": code, "name": f"crop {code}", "colour": "#000000", "hotkey": "", "priority": 0}
        for code in range(4)
    ]
    campaign = CampaignFactory(slug="crops", classes=classes)
    task = TaskFactory(campaign=campaign)
    rank(campaign, task)
    half_without_data(task)

    assert hand_in(claimed(campaign, ana), ana, **drawn()).checks == []
