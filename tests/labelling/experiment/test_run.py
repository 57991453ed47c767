"""An experiment from its file to its report, taken up where it was. All tiles are synthetic."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace

import pytest
import torch
from django.core.management import call_command

from labelling.compute.experiment.__main__ import WORK
from labelling.compute.experiment.cells import JUDGED, MODEL, cells_of, found, is_done
from labelling.compute.experiment.design import read_experiment
from labelling.compute.experiment.judging import judge, train
from labelling.compute.experiment.planning import Request, begin, look, taken_up, told
from labelling.compute.experiment.report import page
from labelling.compute.experiment.summary import summary
from labelling.errors import BadInput, Conflict, JobFailed
from labelling.management.commands.experiment import plan_lines
from labelling.workflow import experimenting
from labelling.workflow.children import run_child
from labelling.workflow.experimenting import Asked, Experimenting, alone
from tests.labelling.experiment.worlds import as_json, snapshot_folder

LEFT = ("mask-1", "dark-1")
"""Cells that the first attempt didn't come to."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """(file, snapshot's folder, experiment's folder): begun, and four of six cells done."""
    root = tmp_path_factory.mktemp("experiment")
    file, on, out = root / "trial.json", snapshot_folder(root), root / "out"
    file.write_bytes(as_json())
    begun = begin(Request(str(file), str(on)), out)
    threads = torch.get_num_threads()
    for cell in cells_of(begun.experiment):
        if cell.name not in LEFT:
            train(cell, begun.snapshot, out, report=lambda *said: None)
            judge(cell, begun.experiment, begun.snapshot, out, report=lambda *said: None)
    torch.set_num_threads(threads)
    return file, on, out


def in_a_child_if_it_trains(module, work, asked, out, **how):
    """One cell is done as all are in the field, by a child; the others' start is saved."""
    request = json.loads(asked.read_text())
    if request.get("cell") == LEFT[0]:
        return run_child(module, work, asked, out, **how)
    try:
        return WORK[work](request, out)
    except OSError as problem:
        raise JobFailed(f"{module} ended: {problem}") from problem


@pytest.fixture(scope="module")
def ran(place):
    """What the command said, and with which status it left: one cell can't be trained."""
    file, on, out = place
    before = {cell: stamp_of(out / "cells" / cell / JUDGED) for cell in ("plain-0", "mask-0")}
    (out / "cells" / "dark-1" / MODEL).write_text("a file where a folder should be")
    said = io.StringIO()
    threads = torch.get_num_threads()
    words = [str(file), "--on", str(on), "--out", str(out), "--jobs", "1", "--json"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experimenting, "run_child", in_a_child_if_it_trains)
        with pytest.raises(SystemExit) as left:
            call_command("experiment", *words, stdout=said)
    torch.set_num_threads(threads)
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    return lines, left.value.code, before


@pytest.fixture(scope="module")
def result(place, ran):
    return json.loads((place[2] / "experiment.json").read_bytes())


def stamp_of(path):
    return path.stat().st_mtime_ns, path.stat().st_ino


def test_finished_cells_are_adopted_and_the_others_done(place, ran):
    _, _, out = place
    _, _, before = ran

    after = {cell: stamp_of(out / "cells" / cell / JUDGED) for cell in before}

    assert after == before
    assert found(out / "cells" / "mask-1") is not None


def test_a_cell_that_fails_is_named_and_the_rest_is_reported(place, ran, result):
    lines, status, _ = ran

    assert status == 3
    assert [line["failed"] for line in lines if "failed" in line] == ["dark-1"]
    assert lines[-1]["partly"] is True
    verdicts = {row["arm"]: row["verdict"] for row in lines[-1]["verdicts"]}
    assert verdicts == {"mask": "no difference shown", "dark": None}
    (lost,) = [cell for cell in result["cells"] if not cell["done"]]
    assert (lost["arm"], lost["seed"]) == ("dark", 1)
    assert "Not finished: dark, seed 1" in (place[2] / "report.html").read_text()


def test_the_result_holds_what_was_settled_beforehand(place, result):
    file, _, _ = place

    told = result["registered"]

    assert told["text"] == file.read_text()
    assert told["sha256"] == read_experiment(file.read_bytes(), file.name).sha256
    assert len(result["snapshot"]["sha256"]) == len(result["code"]) == 64
    assert result["environment"][0]["threads"] == 1
    assert result["synthetic"] is True
    assert "claim about real clouds" in (place[2] / "report.html").read_text()


def test_the_report_is_drawn_from_the_result_alone(place, result):
    _, _, out = place

    assert page(result) == (out / "report.html").read_text()
    again = json.dumps(summary(taken_up(out), out), indent=1, ensure_ascii=False)
    assert again == (out / "experiment.json").read_text()


def test_inherited_errors_are_told_by_class_beside_the_baselines(result):
    rows = {(row["arm"], row["class"]): row for row in result["inheritance"]}

    thin = rows["mask", "semi-transparent"]
    assert thin["scenes"] >= 3
    assert thin["errors"] > 0
    # Whatever so short a training says of each, the difference is theirs.
    apart = thin["repeated"]["value"] - rows["plain", "semi-transparent"]["repeated"]["value"]
    assert thin["more_than_baseline"]["value"] == pytest.approx(apart, abs=2e-6)
    assert rows["plain", "all classes"]["errors"] == rows["mask", "all classes"]["errors"]


def test_importance_is_told_by_input_class_and_month(result):
    rows = [row for row in result["importance"] if row["arm"] == "mask"]

    assert {row["input"] for row in rows} == {"B02", "B03", "B04", "B08", "mask rule"}
    assert {"clear", "cloud", "mean of these"} <= {row["class"] for row in rows}
    # Two scenes a month are too few to say anything of a month.
    assert {row["month"] for row in rows} == {"all"}


def test_another_question_or_other_labels_don_t_go_into_the_same_folder(place, tmp_path):
    file, on, out = place
    other = tmp_path / "other.json"
    other.write_bytes(as_json(seeds=3))
    elsewhere = snapshot_folder(tmp_path / "elsewhere")
    manifest = elsewhere / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"north"', '"south"'))

    with pytest.raises(Conflict, match="settled before it is answered"):
        begin(Request(str(other), str(on)), out)
    with pytest.raises(Conflict, match="another snapshot"):
        begin(Request(str(file), str(elsewhere)), out)


def test_a_dry_run_refuses_what_the_run_would(place, tmp_path):
    _, on, out = place
    other = tmp_path / "other.json"
    other.write_bytes(as_json(seeds=3))

    with pytest.raises(Conflict, match="settled before it is answered"):
        look(Request(str(other), str(on)), out)


def test_two_processes_do_not_work_at_one_experiment(place):
    file, on, out = place

    with alone(out), pytest.raises(Conflict, match="Another process"):
        Experimenting(Asked(str(file), str(on)), out).run(lambda *said: None)


def test_what_the_snapshot_cannot_give_is_refused_before_training(place, tmp_path):
    _, on, _ = place

    def begun(**changes):
        file = tmp_path / "trial.json"
        file.write_bytes(as_json(**changes))
        return begin(Request(str(file), str(on)), tmp_path / "out")

    with pytest.raises(BadInput, match=r"Arm 'mask'.*no sample of the snapshot has mask:scl"):
        begun(rule_mask="scl")
    with pytest.raises(BadInput, match=r"Arm 'swir'.*needs band B11"):
        begun(arm=[{"name": "plain"}, {"name": "swir", "features": "indices:ndsi"}])
    with pytest.raises(BadInput, match="no class 'snow'"):
        begun(metric="iou:snow")
    assert not (tmp_path / "out").exists()


def test_cells_of_another_state_of_the_program_are_done_again(place, tmp_path):
    _, _, out = place
    begun = taken_up(out)
    cell = cells_of(begun.experiment)[0]
    moved = tmp_path / "out"
    shutil.copytree(cell.folder(out), cell.folder(moved))

    assert is_done(cell, begun.experiment, begun.snapshot.hash, moved)
    assert not is_done(cell, begun.experiment, "another snapshot", moved)
    assert not is_done(cell, replace(begun.experiment, importance=3), begun.snapshot.hash, moved)
    damaged = cell.folder(moved) / JUDGED
    damaged.write_bytes(damaged.read_bytes()[:200])
    assert not is_done(cell, begun.experiment, begun.snapshot.hash, moved)
    assert {each["name"]: each["done"] for each in told(begun, moved)["cells"]}[cell.name] is False
    with pytest.raises(JobFailed, match="no finished training"):
        summary(replace(begun, file="trial.json"), moved)


def test_a_look_tells_the_plan_and_leaves_nothing_behind(place, tmp_path):
    file, on, _ = place

    plan = told(look(Request(str(file), str(on)), tmp_path / "new"), tmp_path / "new")

    assert "6 of 6 cells to do: at most 18 steps" in plan_lines(plan)[-1]
    assert not (tmp_path / "new").exists()
