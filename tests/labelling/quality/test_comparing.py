import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.errors import StorageAway
from labelling.models import Agreement, Annotation, Event
from labelling.workflow.comparing import OVERDUE, compare_label, missed
from labelling.workflow.sweep import sweep
from tests.factories import NOON
from tests.labelling.quality.hands import (
    compared,
    give_prelabel,
    hand_in,
    small_task,
    small_tile,
    store_label,
    striped,
)

pytestmark = pytest.mark.django_db


def test_what_the_author_changed_of_the_prelabel_is_kept_with_the_label(campaign, ana):
    task = small_task(campaign)
    layer = give_prelabel(task, striped(0, 1))

    (label,) = compared(hand_in(task, ana, striped(0, 1, 1, 1)))

    assert label.shown == layer
    assert label.kept["changed"] == 0.25
    assert label.kept["untouched"] is False
    assert label.kept["iou"] == {"0": 0.5, "1": pytest.approx(2 / 3), "2": None, "3": None}


def test_a_label_accepted_as_it_was_shown_is_untouched(campaign, ana):
    task = small_task(campaign)
    give_prelabel(task, striped(0, 1))

    (label,) = compared(hand_in(task, ana, striped(0, 1)))

    assert label.kept["untouched"] is True


def test_without_the_hint_the_label_is_held_against_the_prelabel_all_the_same(campaign, ana):
    task = small_task(campaign)
    give_prelabel(task, striped(0, 1), arm="plain")

    (label,) = compared(hand_in(task, ana, striped(1, 1)))

    assert label.shown is None
    assert label.kept["changed"] == 0.5


def test_labels_of_two_people_are_counted_pixel_against_pixel(campaign, ana, ben):
    tile = small_tile(campaign)
    first = hand_in(small_task(campaign, tile), ana, striped(0, 0, 1, 1))
    second = hand_in(small_task(campaign, tile, lane="second", copy=1), ben, striped(0, 1, 1, 1))

    compared(first, second)

    pair = Agreement.objects.get()
    assert (pair.kind, pair.first, pair.second) == ("blind", first, second)
    assert np.array(pair.confusion)[:2, :2].tolist() == [[1024, 1024], [0, 2048]]
    # Within 2 pixels of either border, at columns 16 and 32, nothing is counted.
    assert np.array(pair.inner)[:2, :2].tolist() == [[14 * 64, 12 * 64], [0, 30 * 64]]


def test_nothing_is_counted_twice_however_often_the_job_is_delivered(campaign, ana, ben):
    tile = small_tile(campaign)
    first = hand_in(small_task(campaign, tile), ana, striped(0, 1))
    second = hand_in(small_task(campaign, tile, lane="second", copy=1), ben, striped(0, 1))

    compared(first, second)
    again = [compare_label(annotation_id=each.pk, now=NOON) for each in (first, second, first)]

    assert again == [False] * 3
    assert Agreement.objects.count() == 1


def test_pixels_that_one_of_them_left_open_are_not_counted(campaign, ana, ben):
    tile = small_tile(campaign)
    first = hand_in(small_task(campaign, tile), ana, striped(0, 254))
    second = hand_in(small_task(campaign, tile, lane="second", copy=1), ben, striped(255, 0))

    compared(first, second)

    assert np.sum(Agreement.objects.get().confusion) == 0


def test_a_rework_is_not_blind_and_not_compared_with_the_other_label(campaign, ana, ben):
    tile = small_tile(campaign)
    task = small_task(campaign, tile)
    first = hand_in(task, ana, striped(0, 1), state="rejected")
    rework = small_task(campaign, tile, lane="rework", root=task, parent=task)
    again = store_label(rework, ana, striped(1, 1), parent=first)
    second = hand_in(small_task(campaign, tile, lane="second", copy=1), ben, striped(0, 1))

    compared(first, again, second)

    assert [(pair.first, pair.second) for pair in Agreement.objects.all()] == [(first, second)]


def test_a_label_taken_back_and_handed_in_anew_is_compared_as_it_stands(campaign, ana, ben):
    tile = small_tile(campaign)
    task = small_task(campaign, tile)
    hand_in(task, ana, striped(3, 3))
    stands = store_label(task, ana, striped(0, 1))
    second = hand_in(small_task(campaign, tile, lane="second", copy=1), ben, striped(0, 1))

    compared(second)

    assert Agreement.objects.get().first == stands


def test_a_damaged_label_is_reported_and_not_tried_for_ever(campaign, ana):
    label = hand_in(small_task(campaign), ana, striped(0, 1))
    store().write(label.raster, b"no raster")

    assert compare_label(annotation_id=label.pk, now=NOON) is False

    assert Event.objects.get(verb="failed").object_id == label.pk
    assert missed(now=NOON + 2 * OVERDUE) == []


def test_storage_that_is_away_leaves_the_label_for_the_next_sweep(campaign, ana, settings):
    label = hand_in(small_task(campaign), ana, striped(0, 1))
    settings.STORAGE_URL = f"file://{settings.WORKBENCH_VAR / 'elsewhere'}"

    with pytest.raises(StorageAway, match="labels/"):
        compare_label(annotation_id=label.pk, now=NOON)

    assert missed(now=NOON + 2 * OVERDUE) == [label.pk]


def test_a_sweep_sends_labels_whose_job_was_lost(
    campaign, ana, sent, django_capture_on_commit_callbacks
):
    label = hand_in(small_task(campaign), ana, striped(0, 1))
    with django_capture_on_commit_callbacks(execute=True):
        early = sweep(now=NOON)
        late = sweep(now=NOON + 2 * OVERDUE)

    assert (early["labels"], late["labels"]) == (0, 1)
    assert sent == [("labelling.compare_label", {"annotation_id": label.pk})]


def test_imported_labels_are_nobodys_and_never_compared(campaign):
    label = store_label(small_task(campaign), None, striped(0, 1))

    assert compare_label(annotation_id=label.pk, now=NOON) is False
    assert missed(now=NOON + 2 * OVERDUE) == []
    assert Annotation.objects.get().compared is None
