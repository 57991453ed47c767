"""One fit by two processes on the CPU, as `torch.distributed.run` starts them. Painted: synthetic.

This process is the first of the two and keeps the store in which they meet, on a port that the
system chooses; the second is a child.
"""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from tests.training.snapshots import painted_snapshot
from training.__main__ import main
from training.checkpoint import read_model
from training.config import FitConfig
from training.fit import fit
from training.resume import CHECKPOINT

ROOT = Path(__file__).resolve().parents[2]
CONFIG = {
    "width": 4, "depth": 2, "crop": 64, "batch": 5, "steps": 8, "warm_up": 2, "dropout": 0.3,
    "evaluate_every": 3, "checkpoint_every": 3, "precision": "fp32", "device": "cpu", "threads": 1,
}  # fmt: skip
"""Five crops for two processes; pooled losses, norms and dropout see all five."""
MEETING = {
    "MASTER_ADDR": "127.0.0.1", "WORLD_SIZE": "2", "TORCHELASTIC_USE_AGENT_STORE": "True",
    "TORCHELASTIC_RESTART_COUNT": "0", "OMP_NUM_THREADS": "1",
}  # fmt: skip
"""What `torch.distributed.run` tells its processes."""
SECOND = """
import os, signal, sys
import torch._dynamo  # an optimiser imports it, which takes a second: once for both
from training import member
from training.__main__ import main
first, then, *words = sys.argv[1:]
os.environ["MASTER_PORT"] = first
if os.fork() == 0:  # this copy dies in its fifth step
    pull, count = member.Learner._pull, [0]
    def dying(self, *given):
        count[0] += 1
        if count[0] == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return pull(self, *given)
    member.Learner._pull = dying
    sys.exit(main(words))
_, how = os.wait()
os.environ["MASTER_PORT"] = then
sys.exit(main([*words, "--resume", words[2]]) or how != signal.SIGKILL)
"""
"""The second process: killed in the first fit, and at work till the end of the second."""


@contextmanager
def variables(**words):
    before = dict(os.environ)
    os.environ.update(words)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def led(port, words):
    """(status, lines) of the first process."""
    said, before = StringIO(), sys.stdout
    with variables(RANK="0", LOCAL_RANK="0", MASTER_PORT=str(port)):
        sys.stdout = said
        try:
            status = main(words)
        finally:
            sys.stdout = before
    return status, [json.loads(line) for line in said.getvalue().splitlines()]


def by_two(words):
    """What the first process said when the second was killed, and when it went on; status and
    output of the second."""
    stores = [
        dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False) for _ in range(2)
    ]
    ports = [store.port for store in stores]
    with variables(**MEETING):
        child = subprocess.Popen(
            [sys.executable, "-c", SECOND, *map(str, ports), *words], cwd=ROOT,
            stdout=subprocess.PIPE, text=True, env={**os.environ, "RANK": "1", "LOCAL_RANK": "1"},
        )  # fmt: skip
        try:
            killed = led(ports[0], words)
            kept = (Path(words[2]) / CHECKPOINT).exists()
            resumed = led(ports[1], [*words, "--resume", words[2]])
            silent, _ = child.communicate(timeout=240)
        finally:
            child.kill()
            child.wait()
    return {
        "killed": killed,
        "kept": kept,
        "resumed": resumed,
        "second": (child.returncode, silent),
    }


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """What became of a fit whose second process was killed, and of going on with it."""
    room = tmp_path_factory.mktemp("two")
    snapshot = painted_snapshot(room, pool=5, validation=3)
    (room / "config.json").write_text(json.dumps(CONFIG))
    words = ["fit", str(snapshot), str(room / "two"), "--config", str(room / "config.json")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.scale.team.LONGEST", timedelta(minutes=4))
        done = by_two(words)
    events = []
    fit(FitConfig(**CONFIG), snapshot, room / "one", report=events.append)
    return {**done, "room": room, "one": events}


def test_a_process_that_dies_ends_the_fit_by_name(worked):
    status, lines = worked["killed"]

    assert status == 1
    assert (lines[-1]["event"], lines[-1]["code"]) == ("error", "rank_lost")
    assert "--resume" in lines[-1]["message"]
    assert worked["kept"]


def test_two_processes_come_to_what_one_does(worked):
    room = worked["room"]
    (one, ours), (two, theirs) = read_model(room / "one"), read_model(room / "two")

    assert worked["resumed"][0] == 0
    # As a whole: Adam makes a step of full length of a gradient that is nothing but rounding.
    both = [
        torch.cat([state[0][name].double().flatten() for name in sorted(state[0])])
        for state in (ours, theirs)
    ]
    assert (both[0] - both[1]).norm() < 3e-3 * both[0].norm()
    losses = [
        {each["done"]: each["loss"] for each in events if each.get("stage") == "fit"}
        for events in (worked["one"], worked["resumed"][1])
    ]
    assert set(losses[1]) == {4, 5, 6, 7, 8}, "it went on from the third step"
    for step, loss in losses[1].items():
        assert loss == pytest.approx(losses[0][step], rel=2e-4)
    for what in ("drawn", "classes"):
        assert one.content["sampling"][what] == two.content["sampling"][what]
    assert two.content["run"]["processes"] == 2
    assert len(two.content["members"][0]["looks"]) == len(one.content["members"][0]["looks"])


def test_only_the_first_process_speaks_and_writes(worked):
    assert worked["second"] == (0, "")
    names = sorted(path.name for path in (worked["room"] / "two").iterdir())
    assert names == ["card.json", "weights.safetensors"]
