"""Children that have said all and don't end, or end and leave somebody holding their output."""

from __future__ import annotations

import time

import pytest

from labelling.errors import JobFailed
from labelling.workflow import children
from tests.labelling.schedule.test_children import alive, run


def test_a_child_that_closes_its_output_and_does_not_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(children, "LINGER", 3.0)
    monkeypatch.setattr(children, "TICK", 0.05)
    heard = []

    with pytest.raises(JobFailed, match="did not end"):
        run("lingering", tmp_path, tick=heard.append)

    assert heard[-1] is None  # its lease was renewed meanwhile
    assert not alive(next(each["pid"] for each in heard if each))


def test_a_child_that_leaves_somebody_behind_with_its_output_has_ended(tmp_path):
    began = time.monotonic()

    told = run("parent", tmp_path)

    assert told["event"] == "done"
    assert time.monotonic() - began < 60  # who is left behind stays for 90
