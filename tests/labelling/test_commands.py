"""The command line: exit codes, what it prints, and that a dry run changes nothing."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.test import RequestFactory

from labelling.models import Campaign, Round, Task
from labelling.workflow.demo import account_row, accounts
from tests.rasters import write_codes, write_stack
from tests.worlds import painted, world

pytestmark = pytest.mark.django_db


def said(*words: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command."""
    out, err = StringIO(), StringIO()
    try:
        call_command(*words, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_round_run_does_a_whole_round_without_a_worker():
    campaign = world(pool=3, validation=0, quality={"overlap_share": 0})

    status, out, _ = said(
        "round", "run", campaign.slug, "--strategy", "random", "--batch", "2", "--json"
    )

    assert status == 0
    assert json.loads(out)["state"] == "done"
    assert Task.objects.filter(state="open").count() == 2


def test_a_dry_run_plans_and_changes_nothing():
    campaign = world(pool=3, validation=0)

    status, out, _ = said("round", "plan", campaign.slug, "--batch", "5", "--dry-run")

    assert status == 0
    assert "open 3 tasks" in out
    assert not Round.objects.exists()


def test_an_unknown_campaign_is_refused_with_the_ones_there_are():
    world(pool=0, validation=0, slug="north")

    status, _, err = said("round", "plan", "south")

    assert status == 1
    assert "'south'" in err
    assert "north" in err


def test_refusals_are_json_when_asked_for():
    status, out, _ = said("round", "plan", "south", "--json")

    assert status == 1
    assert json.loads(out)["error"]["field"] == "campaign"


def test_a_failed_round_exits_with_1_and_the_reason():
    campaign = world(pool=2, validation=0)

    status, _, err = said("round", "run", campaign.slug, "--strategy", "entropy")

    assert status == 1
    assert "No tile of the pool is labelled yet" in err


def test_simulate_prints_a_row_a_round(tmp_path):
    for number in range(12):
        pixels, label = painted(number, bands=2, size=256, codes=[0, 1, 2, 3])
        write_stack(tmp_path / f"scene-{number:02d}.tif", pixels, bands=("B02", "B03"))
        write_codes(tmp_path / f"scene-{number:02d}_label.tif", label)

    status, out, err = said(
        "simulate", "--data", str(tmp_path), "--rounds", "1", "--batch", "2", "--json",
        "--set", "steps=2", "--set", "width=4", "--set", "depth=3", "--set", "crop=64",
    )  # fmt: skip

    assert (status, err) == (0, "")
    row = json.loads(out)
    assert row["labelled"] >= 2
    assert set(row["test_iou"]) == {"clear", "cloud", "semi-transparent", "shadow"}
    assert not Campaign.objects.exists()  # all of it happened in an installation of its own


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--data", "/nowhere"], "/nowhere"),
        (["--data", ".", "--rounds", "0"], "round"),
        (["--data", ".", "--strategy", "magic"], "magic"),
        (["--data", ".", "--set", "steps"], "key=value"),
    ],
)
def test_simulate_names_what_it_cannot_use(words, named):
    status, _, err = said("simulate", *words)

    assert status == 1
    assert named in err


def test_demo_accounts_come_in_from_this_machine_alone():
    account = accounts()[0]
    account_row(account)
    here = RequestFactory().get("/", REMOTE_ADDR="127.0.0.1")
    elsewhere = RequestFactory().get("/", REMOTE_ADDR="10.0.0.7")
    proxied = RequestFactory().get("/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")

    word = {"username": account.name, "password": account.password}

    assert authenticate(here, **word)
    assert authenticate(elsewhere, **word) is None
    assert authenticate(proxied, **word) is None
