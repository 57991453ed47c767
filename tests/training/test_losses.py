import pytest
import torch
from torch.nn import functional

from training.losses import segmentation_loss
from training.snapshot import IGNORE


def loss_of(logits, label, *, trust=None, weight=None, dice_weight=0.5):
    return segmentation_loss(
        logits,
        label,
        trust=torch.ones(len(label)) if trust is None else torch.tensor(trust),
        class_weight=torch.ones(logits.shape[1]) if weight is None else torch.tensor(weight),
        dice_weight=dice_weight,
    )


@pytest.fixture
def logits():
    return torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0), requires_grad=True)


@pytest.fixture
def label():
    return torch.randint(0, 4, (2, 8, 8), generator=torch.Generator().manual_seed(1))


def test_ignored_pixels_have_no_gradient_and_the_others_do(logits, label):
    label[:, :4] = IGNORE

    loss_of(logits, label).backward()

    assert (logits.grad[:, :, :4] == 0).all()
    assert (logits.grad[:, :, 4:] != 0).any(dim=1).all()


def test_a_batch_without_a_labelled_pixel_has_zero_loss_and_gradient(logits, label):
    loss = loss_of(logits, torch.full_like(label, IGNORE))
    loss.backward()

    assert loss.item() == 0
    assert (logits.grad == 0).all()


def test_without_dice_it_is_torchs_weighted_cross_entropy(logits, label):
    weight = [0.5, 1.0, 2.0, 3.0]
    label[0, 0] = IGNORE

    found = loss_of(logits, label, weight=weight, dice_weight=0.0)

    expected = functional.cross_entropy(
        logits, label, weight=torch.tensor(weight), ignore_index=IGNORE
    )
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_sample_trusted_half_pulls_half_as_hard(logits, label):
    whole = torch.autograd.grad(loss_of(logits, label, dice_weight=0.0), logits)[0]
    doubtful = torch.autograd.grad(
        loss_of(logits, label, trust=[0.5, 1.0], dice_weight=0.0), logits
    )[0]

    assert torch.allclose(doubtful[0], whole[0] / 2)
    assert torch.equal(doubtful[1], whole[1])


def test_dice_is_zero_for_a_perfect_and_one_for_an_opposite_mask():
    label = torch.tensor([[[0, 1], [1, 0]]])
    right = functional.one_hot(label, 2).permute(0, 3, 1, 2) * 100.0

    perfect = loss_of(right, label, dice_weight=1.0)
    opposite = loss_of(-right, label, dice_weight=1.0) - loss_of(-right, label, dice_weight=0.0)

    assert perfect.item() == pytest.approx(0, abs=1e-6)
    assert opposite.item() == pytest.approx(1, abs=1e-6)


def test_a_class_nobody_labelled_takes_no_part_in_dice():
    label = torch.zeros(1, 4, 4, dtype=torch.long)
    logits = torch.zeros(1, 3, 4, 4)
    logits[:, 0] = 100.0

    assert loss_of(logits, label, dice_weight=1.0).item() == pytest.approx(0, abs=1e-6)


def test_bf16_logits_are_judged_in_fp32(logits, label):
    rough = loss_of(logits.detach().bfloat16(), label)

    assert rough.dtype == torch.float32
    assert rough.item() == pytest.approx(loss_of(logits, label).item(), rel=0.01)
