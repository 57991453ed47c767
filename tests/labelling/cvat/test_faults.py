"""Whatever fails, whenever a worker dies: nothing is lost, doubled or changed by a pixel."""

from __future__ import annotations

import pytest

from labelling.models import Flag
from tests.contract.fake import running
from tests.labelling.cvat.fault_run import deadly, prepared

TILES = 6
"""A thousand: python -m benchmarks.cvat --proof"""


@pytest.mark.django_db
@pytest.mark.usefixtures("settings")
def test_tiles_come_through_all_troubles_once_and_unchanged(campaign, monkeypatch):
    with running() as server:
        run = prepared(campaign, server, tiles=TILES, seed=7)
        deadly(run, monkeypatch)

        run.run(most=400)

        assert run.result() == {
            "tiles": TILES, "lost": 0, "doubled": 0, "pixels": 0, "differences": 0, "held": 0,
        }  # fmt: skip
        assert min(run.seen["kills"], run.seen["faults"], run.seen["late edits"]) > 0
        assert Flag.objects.exists()
