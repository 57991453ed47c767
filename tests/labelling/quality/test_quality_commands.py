import json
from io import StringIO

import pytest
from django.core.management import call_command

from labelling.models import Gold
from tests.factories import person
from tests.labelling.quality.hands import compared, hand_in, small_task, small_tile, striped

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, "--campaign", "north", stdout=out, stderr=out)
    return out.getvalue()


def told(*words: str) -> dict:
    return json.loads(run(*words, "--json"))


@pytest.fixture
def label(campaign):
    lea = person("lea", campaign=campaign, role="lead")
    return hand_in(small_task(campaign), lea, striped(0, 1), state="accepted")


def test_a_dry_run_of_gold_checks_and_changes_nothing(label):
    assert told("gold", "add", str(label.uuid), "--dry-run")["dry_run"] is True
    assert not Gold.objects.exists()

    run("gold", "add", str(label.uuid))
    assert "Would be retired" in run("gold", "retire", str(label.uuid), "--dry-run")
    assert Gold.objects.get().active


def test_gold_is_added_listed_and_retired(label):
    run("gold", "add", str(label.uuid), "--guide", "Snow, no cloud.")
    (listed,) = told("gold", "list")["results"]
    closed = told("gold", "retire", str(label.uuid))["closed"]

    assert (listed["annotation"], listed["guide"]) == (str(label.uuid), "Snow, no cloud.")
    assert (listed["active"], closed) == (True, 0)
    assert "retired" in run("gold", "list")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["add", "nonsense"], "no UUID"),
        (["add", "00000000-0000-0000-0000-000000000000"], "no label"),
        (["retire", "00000000-0000-0000-0000-000000000000"], "no gold label"),
        (["list", "--limit", "0"], "1 to 500"),
    ],
)
def test_what_gold_cannot_do_it_refuses_with_exit_code_1(campaign, words, says):
    out = StringIO()

    with pytest.raises(SystemExit) as stopped:
        call_command("gold", *words, "--campaign", "north", stdout=out, stderr=out)

    assert stopped.value.code == 1
    assert says in out.getvalue()


def test_scores_tell_each_persons_gold_by_class(campaign, label, ana):
    run("gold", "add", str(label.uuid))
    task = small_task(campaign, label.task.tile, lane="gold", round_no=0, meant_for=ana)
    compared(hand_in(task, ana, striped(0, 1)))

    scores = {each["username"]: each for each in told("gold", "scores")["results"]}

    assert (scores["ana"]["tiles"], scores["ana"]["mean"]) == (1, 1)
    assert scores["ana"]["classes"]["1"] == 1
    assert "mean F1 1.000" in run("gold", "scores")


def test_agreement_prints_measures_people_and_the_pull_of_prelabels(campaign, ana, ben):
    assert "No tile has two blind labels yet." in run("agreement")
    for _ in range(2):
        tile = small_tile(campaign)
        compared(
            hand_in(small_task(campaign, tile), ana, striped(0, 0, 1, 1)),
            hand_in(small_task(campaign, tile, lane="second", copy=1), ben, striped(0, 1, 1, 1)),
        )

    text, facts = run("agreement"), told("agreement")

    assert "2 pairs of blind labels on 2 tiles." in text
    assert "kappa 0.500 [0.500, 0.500]" in text
    assert "ana and ben: tiles 2" in text
    assert facts["agreement"]["whole"]["kappa"] == 0.5
    assert facts["people"][0]["people"] == ["ana", "ben"]


def test_rules_are_shown_and_set(campaign):
    assert told("gold", "rules", "--set", "gold_share=0.2", "--dry-run")["gold_share"] == 0.2
    assert told("gold", "rules")["gold_share"] == 0.08

    run("gold", "rules", "--set", "gold_share=0.2")

    assert "gold_share       0.2" in run("gold", "rules")
