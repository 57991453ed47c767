"""A round whose worker is killed at any of its steps ends as if nothing had happened.

Real processes, really killed; painted (synthetic) tiles.
"""

from __future__ import annotations

import pytest

from tests.installations import Installation


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict:
    installation = Installation(tmp_path_factory.mktemp("undisturbed"))
    installation.ask("setup")
    installation.ask("work")
    report = installation.ask("report")
    assert (report["state"], report["error"], len(report["tasks"])) == ("done", "", 5)
    assert report["crowned"] == [1, 1, 1]
    return report


@pytest.mark.parametrize(
    "deaths",
    [
        ["freeze:prepared", "fit:midway", "fit:prepared", "judge:midway", "score:midway"],
        ["judge:prepared", "score:prepared", "pick:midway", "pick:prepared", "open:prepared"],
    ],
    ids=["early", "late"],
)
def test_a_round_killed_at_its_steps_ends_identically(deaths, undisturbed, tmp_path):
    installation = Installation(tmp_path)
    installation.ask("setup")

    for where in deaths:
        installation.killed_at(where)
        assert installation.orphans() == [], f"{where} left an orphan"
    installation.ask("work")

    assert installation.ask("report") == undisturbed
