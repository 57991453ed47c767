"""The queue's rules: what a lead may set, and how what makes no sense is refused."""

from __future__ import annotations

import pytest

from labelling.errors import BadInput
from labelling.models import Campaign, Event
from labelling.workflow.queue_rules import (
    DEFAULT_SHARES,
    QueueRules,
    change_rules,
    queue_rules,
    rules_from,
)
from tests.factories import NOON, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("queue", "lanes", "field"),
    [
        ({"lease_minutes": 1}, {}, "queue.lease_minutes"),
        ({"lease_minutes": "30"}, {}, "queue.lease_minutes"),
        ({"held": True}, {}, "queue.held"),
        ({"warn_minutes": 30}, {}, "queue.warn_minutes"),
        ({"idle_minutes": 45}, {}, "queue.idle_minutes"),
        ({"hard_share": 1.5}, {}, "queue.hard_share"),
        ({"hard_share": float("nan")}, {}, "queue.hard_share"),
        ({"speed": 3}, {}, "queue.speed"),
        ({"shares": {}}, {}, "queue.shares"),
        ({}, {"activ": 1}, "lanes.activ"),
        ({}, {"active": -0.1}, "lanes.active"),
        ({}, {"active": "most"}, "lanes.active"),
        ({}, dict.fromkeys(DEFAULT_SHARES, 0), "lanes"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(queue, lanes, field):
    with pytest.raises(BadInput) as refusal:
        rules_from(queue, lanes)

    assert refusal.value.field == field


def test_what_is_not_set_has_its_default(campaign):
    campaign.queue, campaign.lanes = {"held": 2}, {"control": 0.5}

    rules = queue_rules(campaign)

    assert rules == QueueRules(held=2, shares={**DEFAULT_SHARES, "control": 0.5})


def test_a_change_is_merged_recorded_and_taken_back_by_null(campaign):
    lea = person("lea", campaign=campaign, role="lead")
    change_rules(campaign, queue={"held": 2}, lanes={"control": 0.3}, who=lea, now=NOON)

    rules = change_rules(
        campaign, queue={"held": None, "lease_minutes": 45}, lanes={}, who=lea, now=NOON
    )

    stored = Campaign.objects.get()
    assert (rules.held, rules.lease_minutes, rules.shares["control"]) == (1, 45, 0.3)
    assert (stored.queue, stored.lanes) == ({"lease_minutes": 45}, {"control": 0.3})
    assert list(Event.objects.about(campaign).values_list("verb", "who__username")) == [
        ("changed", "lea"),
        ("changed", "lea"),
    ]


def test_a_refused_change_changes_nothing(campaign):
    with pytest.raises(BadInput):
        change_rules(campaign, queue={"held": 2, "speed": 1}, lanes={}, who=None, now=NOON)

    assert Campaign.objects.get().queue == {}
    assert not Event.objects.exists()
