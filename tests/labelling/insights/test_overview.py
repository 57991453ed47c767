import pytest

from labelling.insights.overview import overview
from labelling.models import Campaign
from tests.factories import CampaignFactory, TaskFactory, person
from tests.labelling.insights.rows import RoundFactory, label, learnt, score, tile

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("amount", [1, 6])
def test_the_leads_page_is_twelve_queries_whatever_the_size(amount, django_assert_num_queries):
    north = CampaignFactory()
    for n in range(1, amount + 1):
        person(f"ana-{n}", campaign=north)
        round = RoundFactory(campaign=north, n=n)
        learnt(round, counts={"samples": n, "pixels": {"0": 5}}, metrics={})
        each = tile(north)
        label(each, north, pixels={"0": 5})
        TaskFactory(campaign=north, tile=each, round_no=n)
        score(round, each, value=0.5, picked=1)
    RoundFactory(campaign=north, n=amount + 1, state="running", step="fit")
    north = Campaign.objects.get(pk=north.pk)

    with django_assert_num_queries(12):
        seen = overview(north)

    assert seen.tiles.labelled == amount
    assert len(seen.rounds) == amount + 1
    assert seen.running.n == amount + 1
