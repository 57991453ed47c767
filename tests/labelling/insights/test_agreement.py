import numpy as np
import pytest

from labelling.errors import BadInput
from labelling.insights.agreement import agreement, people_pairs
from labelling.insights.hints import EVENED, hint_report
from labelling.models import Agreement, Annotation, Task
from tests.factories import NOON, CampaignFactory, TaskFactory, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def north():
    return CampaignFactory()


@pytest.fixture
def ana(north):
    return person("ana", campaign=north)


@pytest.fixture
def ben(north):
    return person("ben", campaign=north)


@pytest.fixture
def cem(north):
    return person("cem", campaign=north)


def label(task: Task, who, **fields) -> Annotation:
    Task.objects.filter(pk=task.pk).update(state="submitted")
    return Annotation.objects.create(
        acquisition=task.acquisition,
        schema=task.campaign.schema,
        n=task.acquisition.annotations.count() + 1,
        task=task,
        author=who,
        tool="brush",
        source="campaign",
        raster="labels/none.tif",
        sha256="0" * 64,
        pixels={},
        labelled_share=1,
        created=NOON,
        compared=NOON,
        **fields,
    )


def counts(**cells: int) -> list[list[int]]:
    """(4, 4) pixels: c01=5 says that the first named 0 and the second 1 five times."""
    matrix = np.zeros((4, 4), int)
    for name, n in cells.items():
        matrix[int(name[1]), int(name[2])] = n
    return matrix.tolist()


def pair(first: Annotation, second: Annotation, whole, inner=None, kind="blind") -> Agreement:
    return Agreement.objects.create(
        campaign=first.task.campaign,
        kind=kind,
        first=first,
        second=second,
        confusion=whole,
        inner=inner or whole,
        created=NOON,
    )


def blind(campaign, ana, ben, whole, inner=None, **task) -> Agreement:
    """Ana's active label and Ben's second one of a new tile."""
    first = TaskFactory(campaign=campaign, **task)
    second = TaskFactory(campaign=campaign, tile=first.tile, lane="second", copy=1)
    return pair(label(first, ana), label(second, ben), whole, inner)


def test_agreement_is_told_with_and_without_borders_and_by_class(north, ana, ben):
    for _ in range(2):
        blind(
            north, ana, ben,
            counts(c00=40, c11=30, c01=10, c10=20), counts(c00=30, c11=20),
        )  # fmt: skip

    found = agreement(north, together=(1, 2))

    assert (found.tiles, found.pairs, found.pixels) == (2, 2, 200)
    assert found.whole.kappa == pytest.approx(0.4)
    assert found.whole.kappa_interval == pytest.approx((0.4, 0.4))  # the tiles are alike
    assert found.inner.kappa == 1
    assert found.classes[1].kappa == pytest.approx(0.4)
    assert (found.classes[3].kappa, found.classes[3].pixels) == (None, 0)
    assert found.classes[1].kappa_inner == 1


def test_thick_and_thin_cloud_are_told_apart_and_together(north, ana, ben):
    blind(north, ana, ben, counts(c00=50, c12=25, c21=25))

    found = agreement(north, together=(1, 2))

    assert found.together.kappa == 1
    assert found.whole.kappa < 0.5
    assert found.classes[1].kappa < 0
    assert found.merged == [1, 2]


def test_a_tile_of_three_labels_weighs_no_more_than_one_of_two(north, ana, ben, cem):
    first = TaskFactory(campaign=north)
    copies = [TaskFactory(campaign=north, tile=first.tile, lane="second", copy=n) for n in (1, 2)]
    labels = [label(task, who) for task, who in zip([first, *copies], [ana, ben, cem])]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        pair(labels[one], labels[other], counts(c00=50, c11=50))
    blind(north, ana, ben, counts(c01=50, c10=50))

    found = agreement(north, together=())

    # Weighted 3 pairs / 2 against 1: of 250 weighted pixels 150 agree.
    assert found.whole.agreed == pytest.approx(0.6)
    assert (found.tiles, found.pairs) == (2, 4)


def test_people_are_set_against_people_whoever_was_first(north, ana, ben, cem):
    blind(north, ana, ben, counts(c01=7, c00=3))
    blind(north, ben, ana, counts(c01=2))
    blind(north, ana, cem, counts(c00=5))

    pairs, cursor = people_pairs(north, cursor=None, limit=10)

    assert [each.people for each in pairs] == [("ana", "ben"), ("ana", "cem")]
    assert pairs[0].confusion[0][:2] == [3, 7]
    assert pairs[0].confusion[1][0] == 2
    assert (pairs[0].tiles, cursor) == (2, None)


def test_people_come_in_pages(north, ana, ben, cem):
    for one, other in ((ana, ben), (ana, cem), (ben, cem)):
        blind(north, one, other, counts(c00=5))

    first, cursor = people_pairs(north, cursor=None, limit=2)
    second, end = people_pairs(north, cursor=cursor, limit=2)

    assert [each.people for each in (*first, *second)] == [
        ("ana", "ben"), ("ana", "cem"), ("ben", "cem"),
    ]  # fmt: skip
    assert end is None
    with pytest.raises(BadInput, match="no cursor"):
        people_pairs(north, cursor="nonsense", limit=2)


def test_labels_taken_back_and_gold_tiles_are_left_out(north, ana, ben):
    stale = blind(north, ana, ben, counts(c00=5))
    label(stale.first.task, ana)
    open_again = blind(north, ana, ben, counts(c00=5))
    Task.objects.filter(pk=open_again.second.task_id).update(state="open")
    gold = blind(north, ana, ben, counts(c00=5))
    Agreement.objects.filter(pk=gold.pk).update(kind="gold")

    assert agreement(north, together=()).pairs == 0


def test_without_blind_pairs_nothing_is_claimed(north):
    found = agreement(north, together=(1, 2))

    assert (found.pairs, found.whole.kappa, found.whole.alpha) == (0, None, None)


@pytest.mark.parametrize("amount", [1, 6])
def test_agreement_and_people_are_one_query_each(
    north, ana, ben, amount, django_assert_num_queries
):
    for _ in range(amount):
        blind(north, ana, ben, counts(c00=5))

    with django_assert_num_queries(1):
        agreement(north, together=(1, 2))
    with django_assert_num_queries(1):
        people_pairs(north, cursor=None, limit=10)


def hinted(
    campaign, who, *, arm: str, changed: float, cause: str = "", kind: str = "full"
) -> Annotation:
    task = TaskFactory(campaign=campaign, arm=arm, cause=cause)
    kept = {"iou": {"0": 1 - changed, "3": None}, "changed": changed, "untouched": changed == 0}
    return label(task, who, kept=kept, kind=kind)


def test_the_pull_of_prelabels_is_the_difference_of_the_arms(north, ana):
    for changed in (0.0, 0.0, 0.1, 0.1):
        hinted(north, ana, arm="hinted", changed=changed)
        hinted(north, ana, arm="plain", changed=changed + 0.3)

    found = hint_report(north)

    assert found.hinted.changed.mean == pytest.approx(0.05)
    assert found.plain.changed.mean == pytest.approx(0.35)
    assert found.pull.mean == pytest.approx(0.3)
    low, high = found.pull.interval
    assert 0.2 < low < 0.3 < high < 0.4
    assert (found.hinted.untouched, found.plain.untouched) == (0.5, 0)
    assert found.hinted.iou == {"0": pytest.approx(0.95), "3": None}


def test_tiles_evened_out_for_a_person_are_in_neither_arm(north, ana):
    hinted(north, ana, arm="plain", changed=0.9, cause=EVENED)

    found = hint_report(north)

    assert (found.plain.labels, found.evened, found.pull.mean) == (0, 1, None)


def test_labels_in_regions_are_not_held_against_whole_ones(north, ana, ben):
    hinted(north, ana, arm="hinted", changed=0.0, kind="region")
    hinted(north, ana, arm="hinted", changed=0.2)
    hinted(north, ana, arm="plain", changed=0.2)
    active, second = TaskFactory(campaign=north, arm="hinted"), TaskFactory(campaign=north)
    Task.objects.filter(pk=second.pk).update(lane="second")
    pair(label(active, ana, kind="region"), label(second, ben), counts(c00=10))

    found = hint_report(north)

    assert (found.hinted.labels, found.pull.mean) == (1, 0)
    assert found.hinted.agreement.tiles == 0


def test_agreement_with_an_unaided_person_is_told_for_both_arms(north, ana, ben):
    blind(north, ana, ben, counts(c00=6, c01=4), arm="hinted")
    blind(north, ana, ben, counts(c00=9, c01=1), arm="plain")
    # The other way round, when the second label came in first.
    second = blind(north, ana, ben, counts(c00=8, c01=2), arm="plain")
    second.delete()
    pair(second.second, second.first, counts(c00=8, c01=2))

    found = hint_report(north)

    assert found.hinted.agreement.mean == pytest.approx(0.6)
    assert found.plain.agreement.mean == pytest.approx(0.85)
    assert found.agreement_gap.mean == pytest.approx(0.25)


@pytest.mark.parametrize("amount", [1, 6])
def test_the_report_on_hints_is_five_queries(north, ana, amount, django_assert_num_queries):
    for _ in range(amount):
        hinted(north, ana, arm="hinted", changed=0.1)

    with django_assert_num_queries(5):
        hint_report(north)
