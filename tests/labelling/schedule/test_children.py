"""Heavy children give way, keep to their memory, and keep what they have when they are to end."""

from __future__ import annotations

import os

import pytest

from labelling.errors import JobFailed
from labelling.workflow import shutdown
from labelling.workflow.children import run_child
from labelling.workflow.shutdown import Stopping


def run(how: str, folder, *, tick=lambda said: None):
    module = "tests.drivers.heavy_child"
    return run_child(module, how, folder, log=folder / "child.log", tick=tick)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_that_takes_too_much_memory_ends_and_says_what_to_do(tmp_path, settings):
    settings.CHILD_MEMORY_MB = 100
    heard = []

    with pytest.raises(JobFailed) as failed:
        run("greedy", tmp_path, tick=heard.append)

    assert failed.value.field == "CHILD_MEMORY_MB"
    assert "it may take 100" in str(failed.value)
    assert not [each for each in heard if each and alive(each["pid"])]
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(("how", "kept"), [("obedient", True), ("stubborn", False)])
def test_a_child_whose_worker_is_to_end_gets_a_moment_and_no_more(how, kept, tmp_path, settings):
    settings.STOP_GRACE = 60 if kept else 0.5
    heard = []

    def ending(said):
        if said:
            heard.append(said)
            raise Stopping

    with pytest.raises(Stopping):
        run(how, tmp_path, tick=ending)

    assert (tmp_path / "kept").exists() is kept
    assert not alive(heard[0]["pid"])
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert heard[0]["nice"] >= max(before, settings.CHILD_NICENESS) >= 10


def test_a_child_that_was_told_to_end_itself_counts_as_interrupted(tmp_path):
    with pytest.raises(Stopping):
        run("soft", tmp_path)


def test_a_second_order_to_end_leaves_no_moment(tmp_path, settings):
    settings.STOP_GRACE = 600

    def ending(said):
        if said:
            shutdown.ask(shutdown.NOW)
            raise Stopping

    try:
        with pytest.raises(Stopping):
            run("stubborn", tmp_path, tick=ending)
    finally:
        shutdown.forget()
