import pytest

from labelling.insights.people import people
from tests.factories import CampaignFactory, TaskFactory, person
from tests.labelling.insights.rows import reservation

pytestmark = pytest.mark.django_db


@pytest.fixture
def north():
    return CampaignFactory()


def test_each_member_is_listed_with_what_was_sent_in_and_what_is_in_hand(north):
    ana = person("ana", campaign=north)
    person("lea", campaign=north, role="lead")
    reservation(TaskFactory(campaign=north), ana, how="submitted")
    reservation(TaskFactory(campaign=north), ana, how="submitted")
    reservation(TaskFactory(campaign=north), ana, how="released")
    reservation(TaskFactory(campaign=north), ana)
    reservation(TaskFactory(campaign=north), ana, kind="held")

    rows = [(row.username, row.role, row.submitted, row.in_hand) for row in people(north)]

    assert rows == [("ana", "annotator", 2, 2), ("lea", "lead", 0, 0)]


def test_work_in_another_campaign_does_not_count_here(north):
    ana = person("ana", campaign=north)
    reservation(TaskFactory(campaign=CampaignFactory()), ana, how="submitted")

    assert people(north)[0].submitted == 0


def test_a_person_without_a_name_goes_by_the_username(north):
    ana = person("ana", campaign=north)
    ana.first_name = ""
    ana.save()

    assert people(north)[0].name == "ana"


def test_outsiders_are_not_listed(north):
    person("max")

    assert people(north) == []


@pytest.mark.parametrize("amount", [1, 5])
def test_people_are_one_query_however_many(north, amount, django_assert_num_queries):
    for n in range(amount):
        reservation(TaskFactory(campaign=north), person(f"ana-{n}", campaign=north))

    with django_assert_num_queries(1):
        assert len(people(north)) == amount
