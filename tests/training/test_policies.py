import pytest
import torch

from training.config import FitConfig
from training.errors import BadConfig
from training.policies import check_gain, gain_of, policy_of, scratch_arm, scratch_rows, shrunk
from training.snapshot import Sample
from training.unet import UNet, UNetConfig


@pytest.fixture
def states():
    """Weights that were learnt somehow, and freshly drawn ones."""
    torch.manual_seed(0)
    learnt, fresh = (UNet(UNetConfig(2, 3, width=2, depth=1)).state_dict() for _ in range(2))
    learnt["down.0.1.running_mean"] += 5.0
    return learnt, fresh


def test_shrink_and_perturb_is_the_formula_of_its_paper(states):
    learnt, fresh = states

    found = shrunk(learnt, fresh, shrink=0.4, perturb=0.1)

    for key in ("down.0.0.weight", "head.bias", "down.0.1.weight"):
        assert torch.allclose(found[key], 0.4 * learnt[key] + 0.1 * fresh[key])


def test_running_statistics_are_no_weights(states):
    learnt, fresh = states

    found = shrunk(learnt, fresh, shrink=0.4, perturb=0.1)

    assert torch.equal(found["down.0.1.running_mean"], learnt["down.0.1.running_mean"])
    assert found["down.0.1.num_batches_tracked"].dtype == torch.int64


def test_nothing_shrunk_and_nothing_added_leaves_the_bits(states):
    learnt, fresh = states

    found = shrunk(learnt, fresh, shrink=1.0, perturb=0.0)

    assert all(torch.equal(found[key], learnt[key]) for key in learnt)


def test_a_start_has_a_name():
    assert policy_of(FitConfig(shrink=0.5), given=False) == "scratch"
    assert policy_of(FitConfig(), given=True) == "checkpoint"
    assert policy_of(FitConfig(shrink=0.5), given=True) == "shrink-and-perturb"
    assert policy_of(FitConfig(perturb=0.1), given=True) == "shrink-and-perturb"


def test_the_arm_from_scratch_makes_as_many_steps_without_a_start():
    config = FitConfig(steps=50, pretrain_steps=20, gain=True)

    scratch = scratch_arm(config)

    assert (scratch.steps, scratch.pretrain_steps) == (50, 0)


def test_the_arm_from_scratch_has_own_labels_alone_where_the_fit_pretrains():
    pool = [
        Sample(key=source, group="g", split="pool", bands="", label="", trust=1.0, source=source)
        for source in ("campaign", "cloudsen12", "synthetic")
    ]

    assert scratch_rows(FitConfig(pretrain_steps=20), pool) == [0, 2]
    assert scratch_rows(FitConfig(), pool) == [0, 1, 2]


def test_a_gain_without_a_start_is_refused():
    with pytest.raises(BadConfig, match="--init") as refusal:
        check_gain(FitConfig(gain=True), given=False, validation=2)

    assert refusal.value.field == "gain"


def test_a_gain_that_nothing_measures_is_refused():
    with pytest.raises(BadConfig, match="validation"):
        check_gain(FitConfig(gain=True), given=True, validation=0)


def test_a_gain_is_told_in_points():
    assert gain_of(0.75, 0.5)["points"] == 25
    assert gain_of(None, 0.5)["points"] is None
