import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import read_label
from labelling.models import Annotation, Task
from labelling.workflow.claims import claim_next
from tests.factories import NOON, person
from tests.labelling.quality.hands import (
    compared,
    hand_in,
    small_task,
    small_tile,
    store_label,
    striped,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def copies(campaign):
    """Three blind copies of one tile."""
    campaign.quality = {"tie_limit": 0.1}
    campaign.save()
    tile = small_tile(campaign)
    return [
        small_task(campaign, tile),
        small_task(campaign, tile, lane="second", copy=1),
        small_task(campaign, tile, lane="second", copy=2),
    ]


@pytest.fixture
def cem(campaign):
    return person("cem", campaign=campaign)


def consensus() -> Annotation | None:
    return Annotation.objects.filter(tool="consensus").order_by("n").last()


def plane(label: Annotation) -> np.ndarray:
    return read_label(store().raster(label.raster))[0]


def test_the_majority_decides_each_pixel_once_all_labels_are_in(copies, ana, ben, cem):
    labels = [
        hand_in(copies[0], ana, striped(0, 1, 1, 1)),
        hand_in(copies[1], ben, striped(0, 0, 1, 1)),
    ]
    compared(*labels)
    assert consensus() is None

    compared(hand_in(copies[2], cem, striped(0, 1, 1, 0)))

    made = consensus()
    assert (plane(made) == striped(0, 1, 1, 1)).all()
    assert (made.author, made.parent, made.task) == (None, labels[0], copies[0])
    assert made.origin["ties"] == 0
    assert not Task.objects.filter(lane="rereview").exists()


def test_where_votes_tie_the_pixel_is_unsure_and_a_third_person_settles_the_tile(
    campaign, copies, ana, ben, cem
):
    Task.objects.filter(pk=copies[2].pk).update(state="skipped")
    compared(
        hand_in(copies[0], ana, striped(0, 1, 1, 1)),
        hand_in(copies[1], ben, striped(0, 0, 1, 1)),
    )

    made = consensus()
    assert (plane(made) == striped(0, 254, 1, 1)).all()
    assert made.origin["ties"] == 0.25
    opened = Task.objects.get(lane="rereview")
    assert opened.cause == "adjudication"
    assert not Task.objects.claimable(by=ana, now=NOON).filter(pk=opened.pk).exists()
    assert claim_next(campaign=campaign, person=cem, now=NOON).task == opened


def test_the_consensus_speaks_for_the_tile(campaign, copies, ana, ben, cem):
    compared(
        hand_in(copies[0], ana, striped(0, 1)),
        hand_in(copies[1], ben, striped(0, 1)),
        hand_in(copies[2], cem, striped(1, 1)),
    )

    labels = Annotation.objects.usable(campaign.schema_id).by_say()

    assert list(labels)[-1] == consensus()


def test_a_reworked_copy_makes_a_new_consensus(campaign, copies, ana, ben, cem):
    compared(
        hand_in(copies[0], ana, striped(0, 1)),
        hand_in(copies[1], ben, striped(0, 1)),
        hand_in(copies[2], cem, striped(1, 1)),
    )
    Task.objects.filter(pk=copies[1].pk).update(state="rejected")
    rework = small_task(
        campaign, copies[1].tile, lane="rework", root=copies[1], parent=copies[1], state="submitted"
    )
    compared(store_label(rework, ben, striped(1, 1), parent=Annotation.objects.get(author=ben)))

    assert (plane(consensus()) == striped(1, 1)).all()
    assert Annotation.objects.filter(tool="consensus").count() == 2


def test_a_consensus_stops_teaching_while_one_of_its_copies_is_drawn_anew(copies, ana, ben, cem):
    compared(
        hand_in(copies[0], ana, striped(0, 1)),
        hand_in(copies[1], ben, striped(0, 1)),
        hand_in(copies[2], cem, striped(1, 1)),
    )
    made = consensus()
    assert made in Annotation.objects.usable(made.schema_id)

    Task.objects.filter(pk=copies[1].pk).update(state="open")

    assert made not in Annotation.objects.usable(made.schema_id)


def test_the_same_labels_are_never_merged_twice(copies, ana, ben, cem):
    labels = compared(
        hand_in(copies[0], ana, striped(0, 1)),
        hand_in(copies[1], ben, striped(0, 1)),
        hand_in(copies[2], cem, striped(1, 1)),
    )
    from labelling.workflow.consensus import agree

    assert [agree(each.task, now=NOON) for each in labels] == [None] * 3
    assert Annotation.objects.filter(tool="consensus").count() == 1


def test_while_a_copy_is_back_in_its_authors_hands_nothing_is_merged(copies, ana, ben, cem):
    hand_in(copies[0], ana, striped(0, 1))
    Task.objects.filter(pk=copies[0].pk).update(state="open")

    compared(
        hand_in(copies[1], ben, striped(0, 1)),
        hand_in(copies[2], cem, striped(1, 1)),
    )

    assert consensus() is None


def test_two_authors_of_a_reference_tile_are_merged_as_well(campaign, ana, ben):
    tile = small_tile(campaign, split="test")
    compared(
        hand_in(small_task(campaign, tile, lane="reference", round_no=0), ana, striped(0, 1)),
        hand_in(
            small_task(campaign, tile, lane="reference", round_no=0, copy=1), ben, striped(0, 1)
        ),
    )

    assert (plane(consensus()) == striped(0, 1)).all()
