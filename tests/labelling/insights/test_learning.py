import pytest

from labelling.insights.learning import curve, newest_first
from tests.factories import CampaignFactory
from tests.labelling.insights.rows import RoundFactory, learnt

pytestmark = pytest.mark.django_db

METRICS = {"split": "validation", "class_mean_iou": 0.61, "iou": {"clear": 0.9, "cloud": None}}


def test_a_round_tells_from_how_many_labels_it_learnt_how_much():
    round = RoundFactory(campaign=CampaignFactory())
    counts = {"samples": 24, "pool": 18, "pixels": {"0": 100, "1": 20, "254": 5, "255": 7}}
    learnt(round, counts=counts, metrics=METRICS)

    (row,) = curve(round.campaign)

    assert (row.labelled, row.labelled_pool) == (24, 18)
    assert row.metrics == METRICS
    assert row.model == "01234567"


def test_unsure_and_unseen_pixels_are_no_labels():
    round = RoundFactory(campaign=CampaignFactory())
    learnt(round, counts={"samples": 1, "pixels": {"0": 9, "254": 5, "255": 7}}, metrics={})

    assert curve(round.campaign)[0].labelled_pixels == 9


def test_a_planned_round_has_learnt_nothing_yet():
    round = RoundFactory(campaign=CampaignFactory(), state="planned")

    (row,) = curve(round.campaign)

    assert (row.labelled, row.labelled_pool, row.labelled_pixels) == (0, 0, 0)
    assert (row.metrics, row.model) == (None, None)
    assert (row.state, row.step) == ("planned", "freeze")


def test_a_failed_round_says_why_and_where():
    north = CampaignFactory()
    RoundFactory(campaign=north, state="failed", step="fit", error="Only one class is labelled.")

    (row,) = curve(north)

    assert (row.step, row.error) == ("fit", "Only one class is labelled.")


@pytest.mark.parametrize("amount", [1, 4])
def test_the_curve_is_one_query_in_the_order_of_the_rounds(amount, django_assert_num_queries):
    north = CampaignFactory()
    for n in range(amount, 0, -1):
        learnt(RoundFactory(campaign=north, n=n), counts={"samples": n}, metrics=METRICS)

    with django_assert_num_queries(1):
        rows = curve(north)

    assert [row.n for row in rows] == list(range(1, amount + 1))


def test_pages_lead_from_the_newest_round_to_the_first():
    north = CampaignFactory()
    for n in range(1, 6):
        RoundFactory(campaign=north, n=n)

    first = newest_first(north, size=2)
    second = newest_first(north, before=first.cursor, size=2)
    last = newest_first(north, before=second.cursor, size=2)

    assert [[row.n for row in page.results] for page in (first, second, last)] == [
        [5, 4],
        [3, 2],
        [1],
    ]
    assert last.cursor is None


def test_a_full_last_page_leads_nowhere():
    north = CampaignFactory()
    RoundFactory(campaign=north, n=1)
    RoundFactory(campaign=north, n=2)

    assert newest_first(north, size=2).cursor is None
