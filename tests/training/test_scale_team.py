"""How a batch is shared out, and how many pieces memory wants: rules that need one process."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.snapshots import painted_snapshot
from training.checkpoint import read_card
from training.config import FitConfig
from training.errors import BadConfig
from training.fit import fit_by
from training.scale.means import Means
from training.scale.memory import Reading, pieces_for
from training.scale.team import ALONE, Team, is_loss, team


@settings(max_examples=150, deadline=None)
@given(size=st.integers(1, 9), batch=st.integers(1, 70), parts=st.integers(1, 70))
def test_every_row_is_learnt_by_one_process_in_one_piece(size, batch, parts):
    if batch < size:
        with pytest.raises(BadConfig, match="too few crops"):
            Team(0, size).pieces(batch, parts)
        return
    teams = [Team(rank, size) for rank in range(size)]
    pieces = [each.pieces(batch, parts) for each in teams]
    rows = [each.rows(batch, parts) for each in teams]

    assert sorted(np.concatenate(rows).tolist()) == list(range(batch))
    assert len({len(each) for each in pieces}) == 1, "processes would wait for each other for ever"
    assert len(pieces[0]) <= parts
    first = 0
    for row_of_pieces in zip(*pieces):
        together = [mine[piece.own] for mine, piece in zip(rows, row_of_pieces)]
        assert all(len(each) for each in together)
        assert tuple(map(len, together)) == row_of_pieces[0].sizes
        count = row_of_pieces[0].count
        assert np.concatenate(together).tolist() == list(range(first, first + count))
        for mine, piece in zip(together, row_of_pieces):
            assert mine.tolist() == list(range(first, first + count))[piece.place]
        first += count


@settings(max_examples=150, deadline=None)
@given(
    crops=st.integers(1, 200),
    free=st.integers(1, 10**9),
    fixed=st.integers(0, 10**8),
    each=st.integers(1, 10**8),
)
def test_pieces_fit_into_memory_and_no_fewer_would(crops, free, fixed, each):
    parts = pieces_for(crops, Reading(free, lambda count: fixed + count * each))

    def fits(pieces):
        return fixed + -(-crops // pieces) * each <= 0.9 * free

    assert 1 <= parts <= crops
    assert fits(parts) or parts == crops
    assert parts == 1 or not fits(parts - 1) or -(-crops // (parts - 1)) == -(-crops // parts)


def test_a_fit_begins_in_pieces_that_fit_and_says_so(tmp_path):
    config = FitConfig(
        width=4, depth=2, crop=64, batch=4, steps=2, precision="fp32", device="cpu", threads=1
    )
    weighed, told = [], []

    def two_crops_fit(device, step):
        step(1)
        weighed.append(device.type)
        return Reading(free=3_000, by_crops=lambda count: 500 + 1_000 * count)

    card = fit_by(
        Means(told.append, weigh=two_crops_fit), config, painted_snapshot(tmp_path), tmp_path / "m"
    )

    assert card is not None
    assert weighed == ["cpu"]
    assert card.content["memory"] == {"parts": 2, "crops_at_once": 2}
    assert [each["crops_at_once"] for each in told if each["event"] == "memory"] == [2]
    assert read_card(tmp_path / "m").content["run"]["processes"] == 1


def test_without_a_launcher_a_process_is_alone():
    for environment in ({}, {"WORLD_SIZE": "1"}):
        with team(torch.device("cpu"), environment) as us:
            assert us is ALONE


@pytest.mark.parametrize(
    ("told", "lost"),
    [
        ("[../gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:1", True),
        ("NCCL communicator was aborted on rank 1", True),
        ("The size of tensor a (3) must match the size of tensor b (4)", False),
        ("DefaultCPUAllocator: can't allocate memory", False),
    ],
)
def test_only_a_lost_process_counts_as_one(told, lost):
    assert is_loss(RuntimeError(told)) is lost
