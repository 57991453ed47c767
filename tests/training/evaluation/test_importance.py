"""Permutation importance, on a network that looks at one input alone. All tiles are synthetic."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.snapshots import CLASSES, SnapshotFolder, paint
from training.errors import BadEvidence
from training.evaluation.importance import channel_groups, donors, permutation_importance
from training.features.layout import layout_of
from training.features.sets import parse
from training.predict import Ensemble
from training.snapshot import open_snapshot
from training.survey import Normalisation
from training.unet import UNetConfig

BANDS = ("B02", "B03", "B04", "B08")
SIZE = 16


class Copying(torch.nn.Module):
    """Says what four channels of its input say, and is blind to all others."""

    def __init__(self, channels: int, at: list[int]) -> None:
        super().__init__()
        self.config = UNetConfig(channels, len(CLASSES), width=1, depth=1)
        self.head = torch.nn.Conv2d(channels, len(CLASSES), 1, bias=False)
        torch.nn.init.zeros_(self.head.weight)
        with torch.no_grad():
            for k, channel in enumerate(at):
                self.head.weight[k, channel] = 1

    def forward(self, x):
        return self.head(x)

    def forward_with_embedding(self, x, valid):
        return self.head(x), x.mean(dim=(2, 3))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """Six tiles of three scenes in two months; the mask beside each is its label."""
    folder = SnapshotFolder(tmp_path_factory.mktemp("importance"), BANDS, tile_size=SIZE)
    for number in range(6):
        bands, label = paint(number, bands=len(BANDS), size=SIZE)
        label[:] = label if number % 2 else np.rot90(label)
        folder.add(
            bands, label, group=f"scene-{number // 2}", split="validation",
            month=4 + number // 4, planes={"mask:rule": label},
        )  # fmt: skip
    return open_snapshot(folder.write())


def seeing(at: str | None = "mask rule"):
    """An ensemble that sees roots, an index and a mask, and heeds the four channels named."""
    layout = layout_of(parse("sqrt+indices:ndvi+masks:rule"), BANDS, ())
    groups = channel_groups(layout, BANDS)
    ones = (1.0,) * len(BANDS)
    network = Copying(layout.size(len(BANDS)), groups[at] if at else [])
    return Ensemble(
        [network], normalisation=Normalisation(ones, ones), temperatures=[1.0], classes=(),
        layout=layout,
    )  # fmt: skip


def told(ensemble, snapshot, repeats=3):
    passes = []
    samples = snapshot.of_split("validation")
    found = permutation_importance(
        ensemble, snapshot, samples, repeats=repeats, seed=0, report=passes.append
    )
    return found, passes


def test_only_the_input_that_the_network_heeds_is_missed(snapshot):
    found, passes = told(seeing(), snapshot)

    right = np.diagonal(found.base, axis1=-2, axis2=-1).sum()
    assert right == found.base.sum() == 6 * SIZE**2
    assert found.features == (*BANDS, "ndvi", "mask rule")
    for feature, exchanged in zip(found.features, found.exchanged, strict=True):
        same = [np.array_equal(each, found.base) for each in exchanged]
        assert all(same) == (feature != "mask rule"), feature
        assert exchanged.sum(axis=(-1, -2)).tolist() == [found.base.sum((-1, -2)).tolist()] * 3
    assert passes == [1, 2, 3, 4, 5, 6]


def test_counts_are_kept_by_scene_and_month(snapshot):
    found, _ = told(seeing(), snapshot, repeats=1)

    assert found.units == (("scene-0", "04"), ("scene-1", "04"), ("scene-2", "05"))
    assert found.base.sum(axis=(1, 2)).tolist() == [2 * SIZE**2] * 3


def test_the_exchange_is_seeded_and_leaves_the_ensemble_as_it_was(snapshot):
    ensemble = seeing()

    first, _ = told(ensemble, snapshot)
    again, _ = told(ensemble, snapshot)

    assert np.array_equal(first.exchanged, again.exchanged)
    assert np.array_equal(first.base, again.base)


def test_one_tile_has_none_to_exchange_with(snapshot):
    samples = snapshot.of_split("validation")[:1]

    with pytest.raises(BadEvidence, match="two labelled tiles"):
        permutation_importance(
            seeing(), snapshot, samples, repeats=1, seed=0, report=lambda done: None
        )


def test_the_channels_of_a_mask_of_the_sun_and_of_an_extra_go_together():
    layout = layout_of(parse("sqrt+sun+clear+masks:scl+extra:s1"), BANDS, (2,))

    groups = channel_groups(layout, BANDS)

    assert {name: len(at) for name, at in groups.items()} == {
        **dict.fromkeys(BANDS, 1), "sun": 3, "clear": 5, "mask scl": 4, "extra s1": 3,
    }  # fmt: skip
    assert sorted(at for each in groups.values() for at in each) == list(range(19))


@given(
    st.lists(st.sampled_from("abcdef"), min_size=2, max_size=30),
    st.integers(min_value=0, max_value=2**32),
)
@settings(max_examples=60, deadline=None)
def test_every_tile_lends_once_and_to_no_tile_of_its_scene_if_that_can_be(scenes, seed):
    rows = donors(scenes, np.random.default_rng(seed))

    assert sorted(rows.tolist()) == list(range(len(scenes)))
    assert all(row != place for place, row in enumerate(rows.tolist()))
    if 2 * max(map(scenes.count, scenes)) <= len(scenes):
        assert all(scenes[row] != scenes[place] for place, row in enumerate(rows.tolist()))
