import pytest

from labelling.errors import BadInput, Conflict
from labelling.insights.gold import gold_scores_of, pooled
from labelling.models import Agreement, Annotation, Event, Gold, Membership, Task
from labelling.workflow.gold import add_gold, retire_gold
from labelling.workflow.gold_tasks import due, top_up
from tests.factories import NOON, person
from tests.labelling.quality.hands import (
    compared,
    hand_in,
    small_task,
    small_tile,
    striped,
)

pytestmark = pytest.mark.django_db


def gold_tile(campaign, lea, *codes, split="pool") -> Gold:
    """A gold tile with Lea's accepted label."""
    task = small_task(campaign, small_tile(campaign, split=split), lane="pick")
    label = hand_in(task, lea, striped(*codes), state="accepted")
    return add_gold(campaign=campaign, annotation=label, who=lea, now=NOON, test_too=True)


@pytest.fixture
def lea(campaign):
    return person("lea", campaign=campaign, role="lead")


def gold_tasks(who=None):
    tasks = Task.objects.filter(lane="gold").order_by("pk")
    return tasks.filter(meant_for=who) if who else tasks


def test_each_annotator_gets_gold_tasks_of_his_own(campaign, lea, ana, ben):
    for _ in range(3):
        gold_tile(campaign, lea, 0, 1)

    opened = top_up(campaign=campaign, now=NOON)

    assert opened == 6
    assert {task.meant_for for task in gold_tasks()} == {ana, ben}
    assert gold_tasks(ana).values("acquisition").distinct().count() == 3
    assert not Task.objects.claimable(by=ben, now=NOON).filter(meant_for=ana).exists()


def test_nobody_is_given_more_gold_than_is_due(campaign, lea, ana):
    for _ in range(9):
        gold_tile(campaign, lea, 0, 1)

    first, again = (top_up(campaign=campaign, now=NOON) for _ in range(2))

    assert (first, again) == (5, 0)  # a newcomer's


def test_gold_comes_with_its_share_of_what_a_person_labels():
    counts = [due(person, 1000, share=0.1, campaign=1) for person in range(30)]

    assert 90 < sum(counts) / 30 < 110
    assert due(7, 500, share=0.1, campaign=1) <= due(7, 501, share=0.1, campaign=1)


def test_whoever_drew_the_gold_label_or_knows_the_tile_never_gets_it(campaign, lea, ana, ben):
    task = small_task(campaign)
    label = hand_in(task, ana, striped(0, 1), state="accepted")
    add_gold(campaign=campaign, annotation=label, who=lea, now=NOON)

    top_up(campaign=campaign, now=NOON)

    assert [task.meant_for for task in gold_tasks()] == [ben]


def test_people_who_left_keep_no_gold_waiting(campaign, lea, ana):
    gold_tile(campaign, lea, 0, 1)
    top_up(campaign=campaign, now=NOON)
    Membership.objects.filter(user=ana).delete()

    top_up(campaign=campaign, now=NOON)

    assert gold_tasks(ana).get().state == "closed"


def test_a_label_of_a_gold_tile_is_scored_against_the_gold_label(campaign, lea, ana):
    gold = gold_tile(campaign, lea, 0, 0, 1, 1)
    top_up(campaign=campaign, now=NOON)
    task = gold_tasks(ana).get()

    compared(hand_in(task, ana, striped(0, 1, 1, 1)))

    pair = Agreement.objects.get(kind="gold")
    assert (pair.first, pair.second.author) == (gold.annotation, ana)
    assert pair.scores["named"] == 1
    scores = pair.scores["classes"]
    # Ana's clear ends at column 16, the true one at 32; her cloud is right from column 30 on.
    assert scores["0"]["found"] == 16 * 64
    assert scores["0"]["truth"] == 32 * 64
    assert scores["1"]["hit"] == 34 * 64
    assert Membership.objects.get(user=ana).qualification["gold"]["tiles"] == 1


def test_a_border_within_the_tolerance_costs_nothing(campaign, lea, ana):
    gold_tile(campaign, lea, *([0] * 33 + [1] * 31))
    top_up(campaign=campaign, now=NOON)

    compared(hand_in(gold_tasks(ana).get(), ana, striped(*([0] * 31 + [1] * 33))))

    assert Agreement.objects.get(kind="gold").scores["mean"] == 1


def test_labels_of_gold_tasks_never_teach(campaign, lea, ana):
    gold = gold_tile(campaign, lea, 0, 1)
    top_up(campaign=campaign, now=NOON)

    hand_in(gold_tasks(ana).get(), ana, striped(3, 3), state="accepted")

    assert list(Annotation.objects.usable(campaign.schema_id)) == [gold.annotation]


def test_enough_good_gold_tiles_raise_the_level_once(campaign, lea, ana):
    campaign.quality = {"qualify_tiles": 2}
    campaign.save()
    for _ in range(3):
        gold_tile(campaign, lea, 0, 1)
    top_up(campaign=campaign, now=NOON)

    for task in gold_tasks(ana):
        compared(hand_in(task, ana, striped(0, 1)))

    membership = Membership.objects.get(user=ana)
    assert membership.level == 2
    assert membership.qualification["gold"] == {
        "tiles": 3, "mean": 1.0, "named": 1.0, "passed": True,
    }  # fmt: skip
    assert Event.objects.filter(verb="qualified").count() == 1


@pytest.mark.parametrize(
    "codes", [(1, 0), (254, 254), (0, 254)], ids=["wrong", "unsure", "half unsure"]
)
def test_poor_or_evasive_labels_qualify_nobody(campaign, lea, ana, codes):
    campaign.quality = {"qualify_tiles": 2}
    campaign.save()
    for _ in range(2):
        gold_tile(campaign, lea, 0, 1)
    top_up(campaign=campaign, now=NOON)

    for task in gold_tasks(ana):
        compared(hand_in(task, ana, striped(*codes)))

    membership = Membership.objects.get(user=ana)
    assert (membership.level, membership.qualification["gold"]["passed"]) == (1, False)


def test_a_drop_in_gold_scores_raises_one_alarm_until_it_is_over(campaign, lea, ana):
    campaign.quality = {"drift_window": 3, "drift_before": 6, "drift_alpha": 0.02}
    campaign.save()
    told = []
    for step in range(13):
        gold = gold_tile(campaign, lea, 0, 0, 1, 1)
        task = small_task(
            campaign, gold.annotation.task.tile, lane="gold", round_no=0, meant_for=ana
        )
        right = step < 8 or step > 11
        compared(hand_in(task, ana, striped(0, 0, 1, 1) if right else striped(0, 1, 1, 1)))
        told.append("drift" in Membership.objects.get(user=ana).qualification)

    alarms = Event.objects.filter(verb="flagged")
    assert told == [False] * 10 + [True, True, False]
    assert alarms.get().detail["cause"] == "drift"


def test_scores_are_pooled_by_pixels_so_that_false_pixels_cost_their_class(campaign, lea, ana):
    gold_tile(campaign, lea, 0, 0, 0, 0)
    gold_tile(campaign, lea, 0, 0, 3, 3)
    top_up(campaign=campaign, now=NOON)

    for task in gold_tasks(ana):
        compared(hand_in(task, ana, striped(0, 0, 3, 3)))

    scores = gold_scores_of(campaign, [ana.pk])[ana.pk]
    found = pooled(scores)
    assert found["3"] == pytest.approx(2 / 3)  # precision a half, recall 1
    assert found["1"] is None


def test_a_label_taken_back_and_drawn_anew_counts_as_it_stands(campaign, lea, ana):
    gold_tile(campaign, lea, 0, 1)
    top_up(campaign=campaign, now=NOON)
    task = gold_tasks(ana).get()

    compared(hand_in(task, ana, striped(1, 1)))
    compared(hand_in(task, ana, striped(0, 1)))

    assert [score.mean for score in gold_scores_of(campaign, [ana.pk])[ana.pk]] == [1]


def test_a_test_place_is_gold_only_where_a_lead_says_so(campaign, lea):
    task = small_task(campaign, small_tile(campaign, split="test"), lane="pick")
    label = hand_in(task, lea, striped(0, 1), state="accepted")

    with pytest.raises(Conflict, match="test place"):
        add_gold(campaign=campaign, annotation=label, who=lea, now=NOON)

    assert add_gold(campaign=campaign, annotation=label, who=lea, now=NOON, test_too=True).active


def test_only_accepted_or_trusted_whole_labels_can_be_gold(campaign, lea):
    submitted = hand_in(small_task(campaign), lea, striped(0, 1))
    imported = submitted
    imported.task, imported.trust = None, 0.5

    for label in (submitted, imported):
        with pytest.raises(BadInput, match="neither accepted in review nor trusted"):
            add_gold(campaign=campaign, annotation=label, who=lea, now=NOON)


def test_a_tile_is_gold_once_and_may_be_taken_up_again_with_another_label(campaign, lea):
    gold = gold_tile(campaign, lea, 0, 1)
    better = hand_in(gold.annotation.task, lea, striped(1, 1), state="accepted")
    with pytest.raises(Conflict, match="gold already"):
        add_gold(campaign=campaign, annotation=better, who=lea, now=NOON)

    retire_gold(gold=gold, who=lea, now=NOON)
    again = add_gold(campaign=campaign, annotation=better, who=lea, now=NOON)

    assert (again.pk, again.active, again.annotation) == (gold.pk, True, better)


def test_a_retired_tile_is_served_no_more_and_what_waited_is_closed(campaign, lea, ana):
    gold = gold_tile(campaign, lea, 0, 1)
    top_up(campaign=campaign, now=NOON)

    closed = retire_gold(gold=gold, who=lea, now=NOON)

    assert (closed, gold_tasks(ana).get().state) == (1, "closed")
    assert top_up(campaign=campaign, now=NOON) == 0
    with pytest.raises(Conflict, match="retired already"):
        retire_gold(gold=gold, who=lea, now=NOON)
