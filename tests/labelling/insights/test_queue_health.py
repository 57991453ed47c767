import pytest

from labelling.insights.queue_health import queue_health
from tests.factories import CampaignFactory, TaskFactory

pytestmark = pytest.mark.django_db


def test_tasks_are_counted_by_state_and_every_state_is_named():
    north = CampaignFactory()
    for state in ("open", "open", "submitted"):
        TaskFactory(campaign=north, state=state)

    states = queue_health(north).states

    assert (states["open"], states["submitted"], states["accepted"]) == (2, 1, 0)
    assert len(states) == 9


def test_a_lead_sees_each_lane_that_has_tasks():
    north = CampaignFactory()
    TaskFactory(campaign=north, lane="active")
    TaskFactory(campaign=north, lane="control")
    TaskFactory(campaign=north, lane="control", state="closed")

    lanes = queue_health(north).lanes

    assert lanes.keys() == {"active", "control"}
    assert (lanes["control"]["open"], lanes["control"]["closed"]) == (1, 1)


def test_the_tasks_of_another_campaign_do_not_count():
    TaskFactory(campaign=CampaignFactory())

    assert set(queue_health(CampaignFactory()).states.values()) == {0}


@pytest.mark.parametrize("amount", [1, 5])
def test_the_queue_is_one_query_however_long(amount, django_assert_num_queries):
    north = CampaignFactory()
    TaskFactory.create_batch(amount, campaign=north)

    with django_assert_num_queries(1):
        assert queue_health(north).states["open"] == amount
