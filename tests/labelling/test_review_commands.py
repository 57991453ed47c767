"""`manage.py review` and `manage.py flags`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from labelling.models import Campaign, Flag, Review, Task
from labelling.workflow.flags import skip
from tests.factories import NOON, TaskFactory, person, rank
from tests.labelling.handing_in import claimed, fresh, handed_in
from tests.labelling.insights.rows import RoundFactory, score

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita(campaign):
    return person("rita", campaign=campaign, role="reviewer")


def told(*words: str) -> dict:
    out = StringIO()
    call_command(*words, "--campaign", "north", "--json", stdout=out)
    return json.loads(out.getvalue())


def refused(*words: str) -> dict:
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(*words, "--campaign", "north", "--json", stdout=out)
    assert ended.value.code == 1
    return json.loads(out.getvalue())["error"]


def test_a_label_is_listed_and_accepted(campaign, ana, rita):
    task = handed_in(campaign, ana).task

    (row,) = told("review", "list")["results"]
    dry = told("review", "accept", row["task"], "--by", "rita", "--dry-run")
    assert (dry["dry_run"], fresh(task).state) == (True, "submitted")
    told("review", "accept", row["task"], "--by", "rita", "--note", "clean")

    assert fresh(task).state == "accepted"
    (done,) = told("review", "list", "--done")["results"]
    assert (done["verdict"], done["author"], done["note"]) == ("accepted", "ana", "clean")


def test_a_label_is_rejected_with_a_reason(campaign, ana, rita):
    task = handed_in(campaign, ana).task

    told("review", "reject", str(task.uuid), "--by", "rita", "--reason", "borders")

    assert Review.objects.get().reason == "borders"
    assert Task.objects.get(lane="rework").meant_for == ana


def test_refusals_are_told_with_their_field(campaign, ana, rita):
    task = handed_in(campaign, ana).task
    words = ("review", "reject", str(task.uuid), "--by", "rita", "--reason")

    assert refused(*words, "ugly")["field"] == "reason"
    assert refused("review", "accept", str(task.uuid), "--by", "ana")["code"] == "NotAllowed"
    assert refused("review", "accept", str(task.uuid), "--by", "zoe")["field"] == "by"
    assert refused("review", "accept", "x", "--by", "rita")["field"] == "task"
    assert fresh(task).state == "submitted"


def test_the_rules_are_shown_and_changed(campaign):
    person("lea", campaign=campaign, role="lead")
    words = ("review", "rules", "--set", "rates=[0.5]", "--by", "lea")

    told(*words, "--dry-run")
    assert Campaign.objects.get().review == {}
    assert told(*words)["rates"] == [0.5]
    assert told("review", "rules")["limits"]["slivers"] == 20
    assert refused("review", "rules", "--set", "rates=[2]")["field"] == "review.rates[0]"


def test_flags_are_listed_and_resolved(campaign, ana, rita):
    rank(campaign, TaskFactory(campaign=campaign))
    skip(task=claimed(campaign, ana), person=ana, reason="technical", now=NOON)

    (row,) = told("flags", "list")["results"]
    told("flags", "resolve", str(row["id"]), "closed", "--by", "rita", "--dry-run")
    assert Flag.objects.get().outcome == ""
    told("flags", "resolve", str(row["id"]), "closed", "--by", "rita")

    assert Task.objects.get().state == "closed"
    assert refused("flags", "resolve", "999", "closed", "--by", "rita")["field"] == "id"


def test_skip_rates_are_told_by_score(campaign, ana):
    task = TaskFactory(campaign=campaign)
    rank(campaign, task)
    score(RoundFactory(campaign=campaign), task.tile, value=0.5, picked=1)
    skip(task=claimed(campaign, ana), person=ana, reason="technical", now=NOON)

    (band,) = told("flags", "rates")["bands"]

    assert (band["rate"], band["by_reason"]) == (1.0, {"technical": 1})


@pytest.mark.parametrize("words", [("review",), ("flags", "resolve"), ("review", "reject", "x")])
def test_what_is_left_out_is_a_usage_error(words):
    with pytest.raises(CommandError):
        call_command(*words, "--campaign", "north")


def test_people_read_lines(campaign, ana, rita, capsys):
    handed_in(campaign, ana)
    rank(campaign, TaskFactory(campaign=campaign))
    skip(task=claimed(campaign, ana), person=ana, reason="technical", now=NOON)

    for words in (("review", "list"), ("review", "rules"), ("flags", "list")):
        call_command(*words, "--campaign", "north")

    lines = capsys.readouterr().out
    assert "active  ana" in lines
    assert "unlabelled_share" in lines
    assert "skipped by ana  technical" in lines
