"""The rounds inside one cell: delay, refusals, and who is shown what."""

import json

import numpy as np
import pytest

from labelling.compute.replay.arms import ablations, arm_named
from labelling.compute.replay.cells import PLAN
from labelling.compute.replay.pools import build_pool
from labelling.compute.replay.ranking import judge, pooling_of, score
from labelling.compute.replay.rounds import Campaign, Room
from labelling.errors import BadInput
from tests.labelling.replay.worlds import small

STRATEGIES = (
    "auto", "random", "stratified", "kmeans", "entropy", "margin", "bald", "clasp", "power",
    "coverage", "disagree",
)  # fmt: skip


def room(**changes):
    plan = small(**changes)
    pool = build_pool(plan)
    return Room(plan, pool, Room(plan, pool, None).school.pretrained(seed=0))


@pytest.fixture(scope="module")
def plain():
    return room(budgets={"*": [8, 12]})


def campaign(where, arm="auto"):
    return Campaign(where, arm_named(arm), 0, where.eye(where.start(0), 0))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_of_the_engine_can_be_replayed(plain, strategy):
    replayed = campaign(plain, strategy)

    verdicts = replayed.run()

    assert [len(batch) for batch in replayed.batches] == [8, 4]
    assert len(verdicts) == 2


@pytest.mark.parametrize("word", ablations())
def test_every_switch_of_auto_can_be_replayed(plain, word):
    replayed = campaign(plain, word)

    assert len(replayed.chosen(1, 4)) == 4


def test_with_a_delay_batches_are_chosen_by_an_older_model():
    late = room(budgets={"*": [8, 10, 12, 14]}, people={"delay": 2})
    replayed = campaign(late)
    asked = []
    scored = replayed.scored
    replayed.scored = lambda number: asked.append(number) or scored(number)

    replayed.run()

    assert asked == [0, 0, 0]
    assert len(set(np.concatenate(replayed.batches))) == 14


def test_refused_tiles_are_never_labelled_and_others_take_their_place():
    picky = room(budgets={"*": [8, 20]}, people={"refusals": 0.3})
    replayed = campaign(picky, "random")

    replayed.run()

    refused = np.flatnonzero(picky.refused(0))
    assert not np.isin(np.concatenate(replayed.batches), refused).any()
    assert len(replayed.batches[1]) == 12
    assert replayed.turned_down[0] > 0


def test_tiles_on_their_way_are_known_to_the_engine(plain):
    replayed = campaign(plain)
    replayed.batches.append(replayed.chosen(1, 4))

    offered = replayed.offered(replayed.scored(0), np.flatnonzero(~replayed.gone))

    assert offered.size == plain.pool.pool.count - 12
    assert len(offered.known_embeddings) == 12


def test_scoring_in_chunks_is_scoring_one_by_one(plain):
    from training.predict import Ensemble

    eye = plain.eye(plain.start(0), 0)
    tiles = plain.pool.test
    alone = Ensemble(
        eye.nets,
        normalisation=eye.normalisation,
        temperatures=[1.0],
        classes=plain.pool.classes,
    )

    ((_, together, embeddings),) = eye.look(tiles)

    for number, (single, embedding) in enumerate(alone.stream(list(tiles.pixels))):
        assert np.allclose(together[number], single.numpy(), atol=1e-5)
        assert np.allclose(embeddings[number], embedding, atol=1e-4)


def test_members_that_drop_channels_disagree_and_plain_ones_cannot(plain):
    eye = plain.eye(plain.start(0), 0)

    several = score(eye, plain.pool.test, arm_named("bald"), seed=0)
    plain_one = score(eye, plain.pool.test, arm_named("entropy"), seed=0)

    assert several.members == 4
    assert max(each.disagreement for each in several.tiles) > 0
    assert {each.disagreement for each in plain_one.tiles} == {0.0}


def test_judging_counts_every_pixel_of_every_product(plain):
    verdict = judge(plain.eye(plain.start(0), 0), plain.pool.test, classes=4)

    assert verdict.confusion.shape == (6, 4, 4)
    assert verdict.confusion.sum() == plain.pool.test.label.size
    assert 0 <= verdict.calibration_error <= 1


def test_large_tiles_are_pooled_as_in_production_and_small_ones_in_as_many_blocks():
    assert (pooling_of(128).block, pooling_of(128).margin) == (32, 16)
    assert pooling_of(128).boundary_radius == 2
    assert (pooling_of(32).block, pooling_of(32).margin) == (4, 0)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("guess", "no strategy 'guess'"),
        ("auto:colour=1", "no part is called colour"),
        ("auto:control_share=2", "control_share must be between 0 and 1"),
        ("auto:no such thing", "no switch 'no such thing'"),
        ("auto:cost", "has no model of minutes"),
    ],
)
def test_an_arm_that_cannot_be_is_refused_before_any_work(word, told):
    with pytest.raises(BadInput, match=told):
        small(strategies=[word])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"seeds": 0}, "seeds"),
        ({"strategies": []}, "strategies"),
        ({"budgets": {"*": [8, 8]}}, "budgets"),
        ({"budgets": {"*": [8]}}, "budgets"),
        ({"budgets": {"auto": [9, 12], "*": [8, 12]}}, "budgets"),
        ({"people": {"refusals": 1.0}}, "refusals"),
        ({"people": {"label_noise": 2}}, "label_noise"),
        ({"net": {"steps": 0}}, "steps"),
        ({"net": {"ceiling_times": 0}}, "ceiling_times"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_plan_that_cannot_be_names_its_field(changes, field):
    with pytest.raises(BadInput) as refused:
        small(**changes)

    assert refused.value.field == field


def test_a_plan_survives_being_written_down():
    plan = small(people={"delay": 2})

    assert small(**json.loads(json.dumps(plan.as_json()))).digest() == plan.digest()
    assert PLAN == "plan.json"
