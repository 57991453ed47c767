"""Calibration on logits that are drawn (synthetic), so that the truth is known."""

import numpy as np
import pytest
import torch

from training.calibrate import BINS, Evidence, calibration_error, calibration_report


def evidence_of(*sharpness, pixels=20_000, scenes=4, seed=0):
    """Labels drawn from softmax(z); member m says sharpness[m] * z."""
    dice = torch.Generator().manual_seed(seed)
    z = 1.5 * torch.randn(3, pixels, generator=dice)
    label = torch.multinomial(torch.softmax(z, dim=0).T, 1, generator=dice)[:, 0]
    logits = torch.stack([each * z for each in sharpness])
    return Evidence(logits, label, np.arange(pixels) % scenes)


def test_each_member_gets_the_temperature_that_undoes_its_own_sharpness():
    found = evidence_of(2.0, 1.0, 0.75).temperatures()

    assert found == pytest.approx([2.0, 1.0, 0.75], rel=0.05)


def test_a_temperature_lowers_the_error_of_every_class_on_scenes_it_was_not_fitted_on():
    report = calibration_report(evidence_of(3.0), ["clear", "cloud", "shadow"])

    assert report["held_out"] is True
    assert report["scenes"] == 4
    for name in ("clear", "cloud", "shadow"):
        assert report["ece_before"][name] > 0.05
        assert report["ece_after"][name] < report["ece_before"][name] / 2
        for moment in ("before", "after"):
            bins = report[f"bins_{moment}"][name]
            gaps = sum(abs(said - seen) * pixels for said, seen, pixels in bins)
            assert sum(pixels for *_, pixels in bins) == report["pixels"]
            assert gaps / report["pixels"] == pytest.approx(report[f"ece_{moment}"][name], abs=1e-4)


def test_no_pixel_is_judged_with_a_temperature_fitted_on_its_own_scene():
    """Scenes of two kinds: what fits one half is wrong for the other, and must show."""
    sharp, blunt = evidence_of(3.0, scenes=1), evidence_of(0.75, scenes=1, seed=1)
    both = Evidence(
        torch.cat([sharp.logits, blunt.logits], dim=2),
        torch.cat([sharp.label, blunt.label]),
        np.repeat([0, 1], 20_000),
    )

    report = calibration_report(both, ["clear", "cloud", "shadow"])

    assert report["ece_after"]["clear"] > 0.05


def test_a_single_scene_is_said_to_be_judged_where_it_was_fitted():
    report = calibration_report(evidence_of(3.0, scenes=1), ["clear", "cloud", "shadow"])

    assert report["held_out"] is False
    assert report["ece_after"]["clear"] < report["ece_before"]["clear"]


def test_without_a_labelled_pixel_there_is_no_report_and_every_temperature_is_one():
    nothing = Evidence(torch.zeros(2, 3, 0), torch.zeros(0, dtype=torch.int64), np.zeros(0, int))

    assert nothing.temperatures() == [1.0, 1.0]
    assert calibration_report(nothing, ["clear", "cloud", "shadow"]) is None


def test_the_error_is_the_gap_between_probability_and_frequency_bin_by_bin():
    """Fifteen levels of probability, each a bin; frequencies off by 0.1 in all of them."""
    probability = np.repeat(np.linspace(0.2, 0.9, BINS), 100)
    truth = np.concatenate(
        [np.arange(100) < round(100 * (level - 0.1)) for level in np.linspace(0.2, 0.9, BINS)]
    )

    assert calibration_error(probability, truth) == pytest.approx(0.1, abs=0.005)


def test_bins_hold_as_many_pixels_each():
    """A thousand sure pixels don't hide behind one bin of a hundred unsure ones."""
    probability = np.r_[np.full(100, 0.5), np.full(1400, 0.999)]
    truth = np.r_[np.zeros(100, bool), np.ones(1400, bool)]

    # One bin of the fifteen holds all the mistakes.
    assert calibration_error(probability, truth) == pytest.approx(0.5 / 15 + 0.001 * 14 / 15)


def test_fewer_pixels_than_bins_are_a_bin_each():
    assert calibration_error(np.array([0.25]), np.array([True])) == pytest.approx(0.75)
