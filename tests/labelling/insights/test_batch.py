import pytest

from labelling.insights.batch import current_batch
from labelling.models import Round, Score
from tests.factories import CampaignFactory, TaskFactory
from tests.labelling.insights.rows import RoundFactory, score, tile
from tests.labelling.judged import listed

pytestmark = pytest.mark.django_db


@pytest.fixture
def north():
    return CampaignFactory()


def test_the_batch_is_what_was_picked_in_pick_order(north):
    round = RoundFactory(campaign=north)
    second, first, left = tile(north), tile(north), tile(north)
    score(round, second, value=0.7, picked=2)
    score(round, first, value=0.6, picked=1)
    score(round, left, value=0.9)

    batch = current_batch(north)

    assert [each.tile for each in batch.tiles] == [first.uuid, second.uuid]
    assert [each.rank for each in batch.tiles] == [1, 2]
    assert batch.tiles[0].why == "most uncertain"


def test_a_tile_carries_the_state_of_its_task(north):
    round = RoundFactory(campaign=north, n=2)
    old, new = tile(north), tile(north)
    TaskFactory(campaign=north, tile=old, round_no=1, state="superseded")
    TaskFactory(campaign=north, tile=old, round_no=2, state="submitted")
    score(round, old, value=0.9, picked=1)
    score(round, new, value=0.8, picked=2)

    states = [each.state for each in current_batch(north).tiles]

    assert states == ["submitted", ""]


def test_a_tile_drawn_without_a_model_has_no_score(north):
    round = RoundFactory(campaign=north, strategy="random")
    drawn = score(round, tile(north), value=0.0, picked=1)
    drawn.fractions = {}
    drawn.save()

    assert current_batch(north).tiles[0].score is None


def test_the_batch_of_the_newest_finished_round_is_the_current_one(north):
    for n, state in ((1, "done"), (2, "done"), (3, "failed"), (4, "running")):
        round = RoundFactory(campaign=north, n=n, state=state)
        score(round, tile(north), value=0.5, picked=1)

    assert current_batch(north).round == 2


def test_before_the_first_round_there_is_no_batch(north):
    RoundFactory(campaign=north, state="planned")

    assert current_batch(north) is None


@pytest.mark.parametrize("amount", [1, 5])
def test_a_batch_is_three_queries_however_large(north, amount, django_assert_num_queries):
    round = RoundFactory(campaign=north)
    for rank in range(1, amount + 1):
        each = tile(north)
        TaskFactory(campaign=north, tile=each)
        score(round, each, value=0.5, picked=rank)

    with django_assert_num_queries(3):
        assert len(current_batch(north).tiles) == amount


def test_a_tile_tells_what_chance_and_quotas_did_and_what_it_is_like(north):
    round = RoundFactory(campaign=north)
    known, plain, drawn = tile(north), tile(north), tile(north)
    score(round, plain, value=0.5, picked=2)
    chosen = score(round, drawn, value=0.7, picked=1)
    chosen.drawn = {
        "quota": "shadow", "noise": 0.1, "standing": 9, "probability": None, "at_turn": 0.2,
        "nearest": str(known.uuid), "likeness": 0.91,
    }  # fmt: skip
    chosen.save()

    first, second = current_batch(north).tiles

    assert (first.quota, first.noise, first.standing) == ("shadow", 0.1, 9)
    assert (first.nearest, first.likeness, first.probability) == (known.uuid, 0.91, None)
    assert (second.quota, second.nearest, second.likeness) == ("", None, None)


def test_of_a_large_batch_the_first_tiles_are_shown_and_all_are_counted(north, monkeypatch):
    monkeypatch.setattr("labelling.insights.batch.SHOWN", 2)
    round = RoundFactory(campaign=north)
    for place in range(1, 5):
        score(round, tile(north), value=0.5, picked=place)
    Score.objects.filter(round=round, picked=4).update(slice="control")

    batch = current_batch(north)

    assert [each.rank for each in batch.tiles] == [1, 2]
    assert (batch.size, batch.slices) == (4, {"informative": 3, "control": 1})


def test_an_order_by_another_model_than_ranks_now_is_outdated(north):
    old, new = (listed(north, name) for name in ("aa", "bb"))
    score(RoundFactory(campaign=north, n=1, ranked_by=old), tile(north), value=0.9, picked=1)

    assert (current_batch(north).ranked_by, current_batch(north).outdated) == (old.hash, True)
    old.state = "champion"
    old.save()
    assert not current_batch(north).outdated
    Round.objects.update(ranked_by=new)
    assert current_batch(north).outdated
