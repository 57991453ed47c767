"""A round on S3 whose worker is killed ends as an undisturbed one on a folder does.

Real processes, really killed; painted (synthetic) tiles.
"""

from __future__ import annotations

import os

import pytest

from tests.installations import Installation


# Nearly a minute, beside test_kill on a folder: left to the longer run.
@pytest.mark.services
@pytest.mark.usefixtures("bucket")
def test_a_round_killed_on_s3_ends_as_one_on_a_folder(server, bucket, tmp_path):
    undisturbed = Installation(tmp_path / "folder")
    undisturbed.ask("setup")
    undisturbed.ask("work")
    expected = undisturbed.ask("report")
    assert (expected["state"], len(expected["tasks"])) == ("done", 5)

    killed = Installation(tmp_path / "s3")
    killed.environment["STORAGE_URL"] = os.environ["STORAGE_URL"]
    killed.ask("setup")
    for where in ["fit:midway", "fit:prepared"]:
        killed.killed_at(where)
    killed.ask("work")

    assert killed.ask("report") == expected
    fits = {name for name in server.names(bucket) if "/fit/" in name}
    assert sum(name.endswith("/card.json") for name in fits) == 1
