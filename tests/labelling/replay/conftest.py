from __future__ import annotations

import pytest

from tests.labelling.replay.worlds import replayed, small


@pytest.fixture(scope="session")
def done(tmp_path_factory):
    """(folder, result, what was reported) of one small replay that tests only read."""
    out = tmp_path_factory.mktemp("replay")
    plan = small(strategies=["random", "stratified", "auto", "auto:reach"])
    return out, *replayed(plan, out)
