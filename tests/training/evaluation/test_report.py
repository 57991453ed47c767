"""The report of one mask, and `python -m training evaluate --suite`."""

import json

import numpy as np
import pytest

from tests.training.evaluation.masks import FOUR, altered, blocks, judged
from tests.training.snapshots import SnapshotFolder, paint
from training.__main__ import main
from training.config import FitConfig
from training.evaluation.evidence import Evidence, Truth
from training.evaluation.judge import truths
from training.evaluation.report import suite
from training.evaluation.resampling import Resampling
from training.evaluation.slices import About
from training.evaluation.sunward import Sun
from training.fit import fit
from training.snapshot import open_snapshot

HOW = Resampling(draws=100)


def test_a_class_in_two_scenes_is_not_shown():
    evidence = Evidence(FOUR)
    rng = np.random.default_rng(20)
    for scene in range(4):
        truth = blocks(rng, classes=3)
        if scene < 2:
            truth[:8, :8] = 3
        evidence.add(Truth(f"scene-{scene}", truth), altered(rng, truth))

    told = suite(evidence, HOW)

    assert told["scenes_per_class"]["shadow"] == 2
    assert told["per_class"]["shadow"] is None
    assert told["class_mean_iou"]["over"] == ["clear", "cloud", "semi-transparent"]
    assert told["balanced_accuracy"]["over"] == list(FOUR.names)


def test_the_report_is_plain_json():
    told = suite(judged(np.random.default_rng(21))[0], HOW)

    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_slices_come_worst_first_and_an_axis_of_one_value_says_nothing():
    evidence = Evidence(FOUR, geometry=False)
    rng = np.random.default_rng(22)
    for number, (month, wrong) in enumerate([("05", 0.1), ("06", 0.6), ("07", 0.3)] * 3):
        truth = blocks(rng)
        slices = {"month": month, "surface": "unknown"}
        evidence.add(
            Truth(f"scene-{number}", truth, slices=slices), altered(rng, truth, wrong=wrong)
        )

    told = suite(evidence, HOW)["slices"]

    assert [(row["axis"], row["value"], row["scenes"]) for row in told] == [
        ("month", "06", 3), ("month", "07", 3), ("month", "05", 3),
    ]  # fmt: skip


def test_a_slice_without_shadow_says_that_its_mean_is_without_it():
    evidence = Evidence(FOUR, geometry=False)
    rng = np.random.default_rng(24)
    for number in range(8):
        truth = blocks(rng, classes=3)
        truth[:8, :8] = 3 if number % 2 else 0
        month = {"month": "07" if number % 2 else "06"}
        evidence.add(Truth(f"scene-{number}", truth, slices=month), altered(rng, truth))

    told = {row["value"]: row["class_mean_iou"] for row in suite(evidence, HOW)["slices"]}

    assert told["06"]["over"] == ["clear", "cloud", "semi-transparent"]
    assert told["07"]["over"] == list(FOUR.names)


def test_a_scene_may_be_in_several_slices_and_every_pixel_in_one_of_each_axis():
    evidence = Evidence(FOUR, geometry=False)
    rng = np.random.default_rng(23)
    for band in ("none", "above 65 %"):
        truth = blocks(rng)
        evidence.add(Truth("scene", truth, slices={"cloud": band}), truth)

    told = suite(evidence, HOW)

    assert [row["pixels"] for row in told["slices"]] == [1024, 1024]
    assert np.sum(told["confusion"]["pixels"]) == 2048


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"key": "35VLF/512/3/4/20230614T095031-L1C-0509"}, {"month": "06"}),
        ({"key": "one/undated-none-none"}, {"month": "unknown"}),
        ({"key": "one/undated-none-none", "month": 4}, {"month": "04"}),
        ({"place": "35VLF/512/3/4"}, {"place": "35VLF"}),
        ({"sun_zenith": 72.5}, {"sun elevation": "below 20°"}),
        ({"sun_zenith": 40.0}, {"sun elevation": "50° and above"}),
        ({"sun_zenith": None}, {"sun elevation": "unknown"}),
        ({"attributes": {"surface": "bog"}}, {"surface": "bog"}),
        ({}, {"surface": "unknown"}),
    ],
)
def test_a_sample_is_sorted_by_what_its_manifest_says(entry, expected):
    found = About(entry).slices(np.zeros((4, 4), np.uint8), FOUR)

    assert {axis: found[axis] for axis in expected} == expected


@pytest.mark.parametrize(
    ("clouds", "band"),
    [(0, "none"), (1, "up to 25 %"), (4, "up to 25 %"), (6, "25 to 45 %"), (16, "above 65 %")],
)
def test_a_tile_is_sorted_by_its_cloud(clouds, band):
    label = np.zeros(16, np.uint8)
    label[:clouds] = 1 + np.arange(clouds) % 2

    assert About({}).slices(label.reshape(4, 4), FOUR)["cloud"] == band


def test_what_nobody_labelled_has_no_cloud_to_sort_by():
    assert About({}).slices(np.full((4, 4), 255, np.uint8), FOUR)["cloud"] == "unknown"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    folder = SnapshotFolder(tmp_path_factory.mktemp("suite"))
    for seed, split in enumerate(["pool"] * 2 + ["test"] * 4):
        folder.add(*paint(seed), split=split)
    folder.samples[2] |= {"sun_azimuth": 150.0, "sun_zenith": 45.0, "step": 20}
    return folder.write()


def test_the_sun_of_a_sample_comes_from_the_manifest(snapshot):
    opened = open_snapshot(snapshot)

    suns = [truth.sun for truth in truths(opened, opened.of_split("test"))]

    assert suns == [Sun(150.0, 45.0, 20.0), None, None, None]


def test_evaluate_writes_the_suite_beside_its_summary(snapshot, tmp_path, capsys):
    config = FitConfig(width=4, depth=3, crop=64, batch=2, steps=2, threads=1, precision="fp32")
    fit(config, snapshot, tmp_path / "model")

    status = main(
        [
            "evaluate",
            str(tmp_path / "model"),
            str(snapshot),
            "--split",
            "test",
            "--suite",
            str(tmp_path / "s.json"),
        ]
    )

    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    told = json.loads((tmp_path / "s.json").read_text())
    assert (status, said["suite"]) == (0, str(tmp_path / "s.json"))
    assert told["confusion"]["pixels"] == said["confusion"]
    assert told["synthetic"] is True
    assert (told["tiles"], told["scenes"]) == (4, 4)
