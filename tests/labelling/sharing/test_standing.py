"""A child that stays, as it ends: after an answer, or without one."""

from __future__ import annotations

import time

import pytest

from labelling.errors import JobFailed
from labelling.workflow.standing import Standing


@pytest.fixture
def asked(tmp_path):
    """How the child behaves -> what comes of asking it twice."""

    def ask(how):
        with Standing("tests.drivers.answering", [how], log=tmp_path / "log") as child:
            return [child.ask({"n": n}, lambda told: None)["of"] for n in (1, 2)]

    return ask


def test_an_answer_that_was_finished_before_the_end_is_kept(asked):
    assert asked("interrupted") == [1, 2]


def test_a_child_that_died_is_not_waited_for_though_its_output_is_open(asked):
    began = time.monotonic()

    with pytest.raises(JobFailed):
        asked("orphaning")

    assert time.monotonic() - began < 60  # who is left behind stays for 90
