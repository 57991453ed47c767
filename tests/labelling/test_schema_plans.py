"""What may become of a campaign's classes, and what is refused."""

from __future__ import annotations

import pytest

from labelling.errors import BadInput, Conflict
from labelling.workflow.schemas import plan_change

pytestmark = pytest.mark.django_db
SNOW = {"code": 4, "name": "snow", "colour": "#ffffff", "hotkey": "5", "priority": 4}
THIN = {"code": 5, "name": "thin cloud", "hotkey": "6", "colour": "#123456", "priority": 5}


def with_snow(campaign) -> list[dict]:
    return [*campaign.schema.classes, SNOW]


def split_up(campaign) -> list[dict]:
    """Semi-transparent gives way to thin cloud and snow."""
    kept = [each for each in campaign.schema.classes if each["code"] != 2]
    return [*kept, SNOW, THIN]


@pytest.mark.parametrize(
    ("wrong", "mapping", "field"),
    [
        ({"code": 253}, {}, "classes.code"),
        ({"code": 1}, {}, "classes.code"),
        ({"name": "cloud"}, {}, "classes.name"),
        ({"hotkey": "1"}, {}, "classes.hotkey"),
        ({"hotkey": "ab"}, {}, "classes.hotkey"),
        ({"colour": "blue"}, {}, "classes.colour"),
        ({"priority": "high"}, {}, "classes.priority"),
        ({"shade": 1}, {}, "classes.shade"),
        ({}, {"9": 1}, "mapping.9"),
        ({}, {"1": 77}, "mapping.1"),
        ({}, {"1": "cloud"}, "mapping.1"),
        ({}, [1], "mapping"),
    ],
)
def test_a_change_that_makes_no_sense_names_what_is_wrong(campaign, wrong, mapping, field):
    with pytest.raises(BadInput) as refused:
        plan_change(campaign.schema, [*campaign.schema.classes, SNOW | wrong], mapping)

    assert refused.value.field == field


def test_a_class_that_goes_must_say_what_becomes_of_its_pixels(campaign):
    with pytest.raises(BadInput, match="Code 2 is a class no more") as refused:
        plan_change(campaign.schema, split_up(campaign), {})

    assert refused.value.field == "mapping.2"


def test_a_plan_says_in_words_what_becomes_of_each_class(campaign):
    renamed = [
        each | {"name": "thick cloud"} if each["code"] == 1 else each for each in split_up(campaign)
    ]

    plan = plan_change(campaign.schema, renamed, {"2": None, "3": 5})

    assert plan.told == [
        "0 clear stays",
        "1 cloud → 1 thick cloud",
        "2 semi-transparent → not labelled: these pixels need work",
        "3 shadow → 5 thin cloud",
        "4 snow is new",
        "5 thin cloud is new",
    ]


def test_a_class_without_a_hotkey_gets_one_that_is_free(campaign):
    kept = [each for each in campaign.schema.classes if each["code"] != 1]

    plan = plan_change(campaign.schema, [*kept, {"code": 9, "name": "ice"}], {"1": 9})

    assert [each["hotkey"] for each in plan.classes] == ["1", "3", "4", "2"]


def test_the_same_classes_again_are_refused(campaign):
    with pytest.raises(Conflict, match="are the classes of version 1"):
        plan_change(campaign.schema, campaign.schema.classes, {})
