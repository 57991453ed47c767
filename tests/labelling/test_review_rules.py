"""The rules of review: read from the campaign, refused by field, and the draw they ask for."""

from __future__ import annotations

import math

import pytest

from labelling.errors import BadInput
from labelling.models import Campaign, Event, Task
from labelling.workflow.review_rules import change_rules, review_rules, rules_from
from labelling.workflow.sampling import is_drawn, review_rate
from tests.factories import NOON, TaskFactory, person
from tests.labelling.handing_in import at_level, handed_in


def test_what_isnt_set_has_its_default():
    rules = rules_from({"rates": [1, 0.5], "limits": {"slivers": 3}})

    assert (rules.rate(0), rules.rate(1), rules.rate(7)) == (1, 0.5, 0.5)
    assert (rules.limits.slivers, rules.limits.sliver_pixels) == (3, 5)
    assert (rules.rework_days, rules.withdraw_minutes) == (7, 60)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"rate": [1]}, "review.rate"),
        ({"rates": []}, "review.rates"),
        ({"rates": 0.5}, "review.rates"),
        ({"rates": [1, 1.5]}, "review.rates[1]"),
        ({"rates": [True]}, "review.rates[0]"),
        ({"limits": 3}, "review.limits"),
        ({"limits": {"sliver": 3}}, "review.limits.sliver"),
        ({"limits": {"slivers": 2.5}}, "review.limits.slivers"),
        ({"limits": {"sliver_pixels": 10}}, "review.limits.sliver_pixels"),
        ({"limits": {"unlabelled_share": float("nan")}}, "review.limits.unlabelled_share"),
        ({"strict": ["spelling"]}, "review.strict"),
        ({"strict": "slivers"}, "review.strict"),
        ({"rework_days": -1}, "review.rework_days"),
        ({"withdraw_minutes": "60"}, "review.withdraw_minutes"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(given, field):
    with pytest.raises(BadInput) as refusal:
        rules_from(given)

    assert refusal.value.field == field


@pytest.mark.django_db
def test_a_lead_changes_some_of_it_and_takes_it_back(campaign):
    lea = person("lea", campaign=campaign, role="lead")
    changed = {"rates": [0.5], "limits": {"slivers": 3}}
    change_rules(campaign=campaign, changes=changed, who=lea, now=NOON)
    change_rules(campaign=campaign, changes={"limits": {"cloud_height": 900}}, who=lea, now=NOON)

    rules = review_rules(Campaign.objects.get())
    assert (rules.rates, rules.limits.slivers, rules.limits.cloud_height) == ((0.5,), 3, 900)
    assert Event.objects.filter(verb="changed", who=lea).count() == 2

    change_rules(campaign=campaign, changes={"rates": None, "limits": None}, who=lea, now=NOON)
    assert Campaign.objects.get().review == {}


@pytest.mark.django_db
def test_a_change_that_cannot_be_used_changes_nothing(campaign):
    with pytest.raises(BadInput):
        change_rules(campaign=campaign, changes={"rates": [9]}, who=None, now=NOON)

    assert Campaign.objects.get().review == {}
    assert not Event.objects.exists()


def test_the_draw_keeps_to_its_rate_and_to_its_answer():
    tasks = [Task() for _ in range(4000)]

    drawn = [is_drawn(task, 0.3) for task in tasks]

    assert abs(sum(drawn) - 1200) < 6 * math.sqrt(4000 * 0.3 * 0.7)
    assert drawn == [is_drawn(task, 0.3) for task in tasks]
    assert not any(is_drawn(task, 0) for task in tasks)
    assert all(is_drawn(task, 1) for task in tasks)


def test_who_is_drawn_at_a_low_rate_is_drawn_at_a_higher_one():
    tasks = [Task() for _ in range(500)]

    assert all(is_drawn(task, 0.6) for task in tasks if is_drawn(task, 0.2))


@pytest.mark.django_db
def test_the_rate_goes_by_the_authors_level_and_not_by_the_lane(campaign, ana):
    at_level(campaign, ana, 2)
    lanes = set(Task.Lane.values) - {"rework"}
    tasks = [TaskFactory(campaign=campaign, lane=lane) for lane in lanes]

    assert {review_rate(task, ana) for task in tasks} == {0.3}
    assert review_rate(TaskFactory(campaign=campaign, lane="rework"), ana) == 1
    assert review_rate(tasks[0], person("max")) == 1


@pytest.mark.django_db
def test_what_is_not_drawn_is_accepted_at_once_and_the_history_says_so(campaign, ana):
    campaign.review = {"rates": [1, 1, 0]}
    campaign.save()
    at_level(campaign, ana, 2)

    label = handed_in(campaign, ana)

    assert Task.objects.get().state == "accepted"
    event = Event.objects.about(label.task).get(verb="reviewed")
    assert event.who is None
    assert (event.detail["verdict"], event.detail["rate"]) == ("accepted", 0)
    assert event.detail["rule"] == "not drawn for review"
