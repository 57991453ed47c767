"""The page computes the indices itself: its table and its samples are the feature registry's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from training.features.indices import INDICES

EDITOR = Path(__file__).parents[2] / "frontend" / "src" / "editor"


def test_the_page_has_the_indices_of_the_registry():
    table = json.loads((EDITOR / "indices.json").read_text())

    assert [each["name"] for each in table] == list(INDICES)
    for told in table:
        index = INDICES[told["name"]]
        assert tuple(told["needs"]) == index.needs
        assert (told["low"], told["high"]) == pytest.approx((index.low, index.high), abs=1e-6)


def test_the_values_that_the_page_is_tested_against_are_the_registry_s():
    samples = json.loads((EDITOR / "indices.samples.json").read_text())
    reflectance = {
        band: torch.tensor(values, dtype=torch.float64) / 10_000
        for band, values in samples["bands"].items()
    }

    for name, index in INDICES.items():
        assert index.of(reflectance).tolist() == pytest.approx(samples["values"][name], abs=1e-6)
