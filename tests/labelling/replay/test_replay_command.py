"""`manage.py replay`, and what it refuses."""

import io
import json

import pytest
from django.core.management import call_command

SMALL = (
    "--strategies", "random", "auto", "--seeds", "1", "--budgets", "6,9,12", "--jobs", "1",
    "--set", "sizes.products=8", "--set", "sizes.tiles=4", "--set", "sizes.test_products=4",
    "--set", "sizes.source_products=3", "--set", "net.steps=4", "--set", "net.source_steps=6",
    "--set", "net.width=4",
)  # fmt: skip


def replay(*words, refused=False):
    """(standard output, standard error)"""
    out, errors = io.StringIO(), io.StringIO()
    if not refused:
        call_command("replay", *map(str, words), stdout=out, stderr=errors)
        return out.getvalue(), errors.getvalue()
    with pytest.raises(SystemExit) as left:
        call_command("replay", *map(str, words), stdout=out, stderr=errors)
    assert left.value.code == 1
    return out.getvalue(), errors.getvalue()


def test_it_replays_says_that_it_is_synthetic_and_names_the_report(tmp_path):
    said, _ = replay("natural", "--out", tmp_path / "out", *SMALL)

    assert "Synthetic: 8 painted products" in said
    assert "LER(0.5) of auto against random" in said
    assert f"The report: {tmp_path / 'out' / 'report.html'}" in said
    assert (tmp_path / "out" / "report.html").exists()

    told, _ = replay("natural", "--out", tmp_path / "out", *SMALL, "--json")

    last = json.loads(told.strip().splitlines()[-1])
    assert last["synthetic"] is True
    assert {row["share"] for row in last["ratios"]} == {0.5, 0.7, 0.9}


def test_a_dry_run_writes_nothing_and_tells_the_whole_plan(tmp_path):
    out = tmp_path / "out"

    said, _ = replay("curated", "--out", out, "--ablate", "--dry-run", "--json")

    plan = json.loads(said)["plan"]
    assert "auto:reach" in plan["strategies"]
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("natural", "--budgets", "a,b"), "whole numbers with commas"),
        (("natural", "--jobs", "0"), "At least one process"),
        (("natural", "--set", "steps=3"), "GROUP.NAME=VALUE"),
        (("nowhere",), "'nowhere' is no pool"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(tmp_path, words, told):
    _, errors = replay(*words, "--out", tmp_path / "out", refused=True)

    assert told in errors
    assert not (tmp_path / "out").exists()
