"""The command line as a caller meets it: real processes, painted (synthetic) tiles."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.training.snapshots import SnapshotFolder, paint, painted_snapshot
from training.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {
    "width": 8,
    "depth": 3,
    "crop": 64,
    "steps": 60,
    "learning_rate": 1e-2,
    "warm_up": 5,
    "evaluate_every": 20,
    "checkpoint_every": 5,
    "dropout": 0.3,
    "threads": 1,
}


def fit_command(snapshot, out, *more):
    settings = [f"--set={key}={value}" for key, value in SETTINGS.items()]
    return [sys.executable, "-m", "training", "fit", str(snapshot), str(out), *settings, *more]


def start(command, **more):
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, **more)


def events_of(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def snapshot_dir(tmp_path_factory):
    return painted_snapshot(tmp_path_factory.mktemp("painted"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory, snapshot_dir):
    """The folder and the events of a fit that nobody interrupted."""
    out = tmp_path_factory.mktemp("whole")
    with start(fit_command(snapshot_dir, out)) as process:
        told, _ = process.communicate()
    assert process.returncode == 0
    return out, events_of(told)


def test_a_fit_tells_its_progress_as_json_lines(whole):
    _, events = whole

    steps = [event for event in events if event.get("stage") == "fit"]
    assert steps[-1]["done"] == steps[-1]["total"] == 60
    assert {"loss", "rate"} <= steps[0].keys()
    assert events[-1]["event"] == "done"
    assert events[-1]["class_mean_iou"] > 0.5


def test_a_fit_killed_twice_goes_on_to_the_same_bits(whole, snapshot_dir, tmp_path):
    command = fit_command(snapshot_dir, tmp_path, "--resume", str(tmp_path))

    begun_at = [kill_at(step, command) for step in (13, 30)]
    assert not (tmp_path / "card.json").exists()
    with start(command) as process:
        told, _ = process.communicate()

    begun_at.append(first_step(events_of(told)))
    assert begun_at == sorted(begun_at)
    assert begun_at[1] >= 11
    assert begun_at[2] >= 26
    for name in ("weights.safetensors", "card.json"):
        assert (tmp_path / name).read_bytes() == (whole[0] / name).read_bytes()


def kill_at(step, command):
    """Kill -9 the command once it tells this step; returns the step it began at."""
    events = []
    with start(command) as process:
        for line in process.stdout:
            events.append(json.loads(line))
            if events[-1].get("stage") == "fit" and events[-1]["done"] >= step:
                process.kill()
                break
    assert process.returncode == -signal.SIGKILL
    return first_step(events)


def first_step(events):
    return next(event["done"] for event in events if event.get("stage") == "fit")


def test_evaluate_prints_the_pooled_agreement(whole, snapshot_dir, capsys):
    status = main(["evaluate", str(whole[0]), str(snapshot_dir), "--split", "test"])

    (event,) = events_of(capsys.readouterr().out)
    assert status == 0
    assert np.sum(event["confusion"]) == event["pixels"] == 2 * 64 * 64
    assert list(event["iou"]) == ["clear", "cloud", "semi-transparent", "shadow"]
    assert event["synthetic"] is True


def test_predict_writes_label_codes(whole, tmp_path, capsys):
    tile, label = paint(6)
    tile[:, 0] = 0
    np.save(tmp_path / "in.npy", tile)

    status = main(["predict", str(whole[0]), str(tmp_path / "in.npy"), str(tmp_path / "out.npy")])

    codes = np.load(tmp_path / "out.npy")
    assert status == 0
    assert codes.dtype == np.uint8
    assert (codes[0] == 255).all()
    assert (codes[1:] == label[1:]).mean() > 0.8
    assert events_of(capsys.readouterr().out)[-1]["pixels"]["255"] == 64


def refused(capsys, status, arguments):
    assert main([str(argument) for argument in arguments]) == status
    event = events_of(capsys.readouterr().out)[-1]
    assert event["event"] == "error"
    return event


def test_a_single_class_is_refused_with_a_code(tmp_path, capsys):
    bands, label = paint(0)
    folder = SnapshotFolder(tmp_path).add(bands, np.ones_like(label)).write()

    event = refused(capsys, 1, ["fit", folder, tmp_path / "out"])

    assert event["code"] == "nothing_to_learn"
    assert "cloud" in event["message"]
    assert list((tmp_path / "out").iterdir()) == []


def test_a_wrong_setting_is_a_usage_error(tmp_path, capsys):
    event = refused(capsys, 2, ["fit", tmp_path, tmp_path / "out", "--set", "widht=8"])

    assert (event["code"], event["field"]) == ("bad_config", "widht")


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_a_tile_that_is_no_npy_is_refused(whole, tmp_path, capsys, content):
    (tmp_path / "in.npy").write_bytes(content)

    event = refused(capsys, 1, ["predict", whole[0], tmp_path / "in.npy", tmp_path / "out.npy"])

    assert event["code"] == "bad_tile"
    assert not (tmp_path / "out.npy").exists()


def test_an_unknown_command_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["rank"])

    assert ended.value.code == 2


def test_a_full_disk_is_told_and_leaves_nothing_half_written(snapshot_dir, tmp_path):
    # A limit on the size of files stands in for the disk: the weights need 120 kB.
    limited = ["bash", "-c", 'ulimit -f 20; exec "$@"', "limited"]
    with start([*limited, *fit_command(snapshot_dir, tmp_path)]) as process:
        told, _ = process.communicate()

    assert process.returncode == 1
    assert events_of(told)[-1]["code"] == "disk_full"
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_running_out_of_memory_is_told(whole, tmp_path):
    sparse = tmp_path / "huge.npy"
    huge = np.lib.format.open_memmap(sparse, "w+", np.uint16, (3, 64_000, 64_000))
    del huge
    command = [sys.executable, "-m", "training", "predict", str(whole[0]), str(sparse), "out.npy"]
    with start(["bash", "-c", 'ulimit -v 12000000; exec "$@"', "limited", *command]) as process:
        told, _ = process.communicate()

    assert process.returncode == 1
    assert events_of(told)[-1]["code"] == "out_of_memory"


PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen(
    [sys.executable, "-c", "import time; from training.lifeline import die_with_parent;"
     "die_with_parent(); print('alive', flush=True); time.sleep(60)"],
    env={**os.environ, "WORKBENCH_PARENT": str(os.getpid())},
)
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_child_dies_with_its_parent():
    with start([sys.executable, "-c", PARENT]) as parent:
        child = int(parent.stdout.readline())
        assert parent.stdout.readline() == "alive\n"
        parent.kill()

    assert gone(child)


def gone(pid, seconds=10):
    for _ in range(seconds * 20):
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_child_whose_parent_has_gone_already_ends_at_once(tmp_path):
    command = [sys.executable, "-m", "training", "predict", "m", "i", "o"]
    with start(command, env={**os.environ, "WORKBENCH_PARENT": "1"}) as process:
        told, _ = process.communicate()

    assert process.returncode == 1
    assert told == ""
