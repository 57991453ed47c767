import pytest
import torch
from torch.nn import functional

from training.losses import TERMS, Mix, lovasz_of_class, segmentation_loss
from training.snapshot import IGNORE


def loss_of(logits, label, *, trust=None, weight=None, dice_weight=0.5, **mix):
    return segmentation_loss(
        logits,
        label,
        trust=torch.ones(len(label)) if trust is None else torch.tensor(trust),
        class_weight=torch.ones(logits.shape[1]) if weight is None else torch.tensor(weight),
        mix=Mix(dice_weight=dice_weight, **mix),
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


@pytest.mark.parametrize("term", list(TERMS))
def test_ignored_pixels_have_no_gradient_whatever_the_term(logits, label, term):
    label[:, :4] = IGNORE

    loss_of(logits, label, term=term).backward()

    assert (logits.grad[:, :, :4] == 0).all()
    assert (logits.grad[:, :, 4:] != 0).any()


@pytest.mark.parametrize("term", list(TERMS))
def test_what_an_ignored_pixel_shows_changes_nothing(logits, label, term):
    label[:, :4] = IGNORE
    other = logits.detach().clone()
    other[:, :, :4] = 100 * torch.randn(2, 4, 4, 8)

    assert loss_of(other, label, term=term) == loss_of(logits, label, term=term)


@pytest.mark.parametrize("term", list(TERMS))
def test_a_batch_without_a_label_has_zero_loss_and_gradient_whatever_the_term(logits, label, term):
    loss = loss_of(logits, torch.full_like(label, IGNORE), term=term)
    loss.backward()

    assert loss.item() == 0
    assert (logits.grad == 0).all()


def test_focal_loss_without_gamma_is_cross_entropy(logits, label):
    focal = loss_of(logits, label, term="focal", gamma=0.0)

    assert focal.item() == pytest.approx(loss_of(logits, label).item(), rel=1e-5)


def test_focal_loss_is_the_formula_of_its_paper(logits, label):
    probability = torch.softmax(logits, dim=1).gather(1, label[:, None])[:, 0]
    expected = (-((1 - probability) ** 1.5) * probability.log()).mean()

    found = loss_of(logits, label, term="focal", gamma=1.5, dice_weight=0.0)

    assert found.item() == pytest.approx(expected.item(), rel=1e-4)


def test_focal_loss_has_a_finite_gradient_where_a_pixel_is_sure(label):
    sure = (40.0 * functional.one_hot(label, 4).permute(0, 3, 1, 2)).requires_grad_()

    loss_of(sure, label, term="focal", gamma=0.5).backward()

    assert torch.isfinite(sure.grad).all()


def jaccard_loss(truth, wrong):
    """1 - IoU of a class once exactly the pixels of `wrong` are mistaken; both sets."""
    return 1 - len(truth - wrong) / len(truth | wrong)


def extension(errors, truth):
    """The Lovász extension from its definition: sets that grow by the largest error left."""
    order = sorted(range(len(errors)), key=lambda i: -errors[i])
    grown = [jaccard_loss(truth, set(order[:count])) for count in range(len(errors) + 1)]
    return sum(errors[i] * (grown[n + 1] - grown[n]) for n, i in enumerate(order))


@pytest.mark.parametrize("seed", range(5))
def test_lovasz_of_a_class_is_the_extension_of_its_set_function(seed):
    dice = torch.Generator().manual_seed(seed)
    probability, trust = torch.rand(7, generator=dice), torch.rand(7, generator=dice)
    truth = torch.tensor([True, False, False, True, False, True, False])
    errors = (trust * (truth.float() - probability).abs()).tolist()

    found = lovasz_of_class(probability, truth, trust)

    assert found.item() == pytest.approx(extension(errors, {0, 3, 5}), rel=1e-5)


@pytest.mark.parametrize("wrong", range(2**4))
def test_lovasz_of_a_hard_mask_is_one_minus_its_iou(wrong):
    """All masks of four pixels of two classes."""
    label = torch.tensor([[[0, 1], [1, 0]]])
    mistaken = torch.tensor([(wrong >> bit) & 1 for bit in range(4)]).reshape(1, 2, 2)
    predicted = label ^ mistaken
    logits = 200.0 * functional.one_hot(predicted, 2).permute(0, 3, 1, 2)

    found = loss_of(logits, label, term="lovasz", dice_weight=0.0)

    ious = [
        ((predicted == k) & (label == k)).sum() / ((predicted == k) | (label == k)).sum()
        for k in (0, 1)
    ]
    assert found.item() == pytest.approx(1 - torch.stack(ious).mean().item(), abs=1e-6)


def test_lovasz_averages_over_the_classes_that_are_labelled():
    label = torch.zeros(1, 2, 2, dtype=torch.long)
    logits = torch.tensor([100.0, 0.0, 0.0])[None, :, None, None].expand(1, 3, 2, 2)

    assert loss_of(logits, label, term="lovasz", dice_weight=0.0).item() == pytest.approx(0)


def test_a_batch_trusted_half_pulls_half_as_hard_by_lovasz(logits, label):
    whole, half = (
        loss_of(logits, label, term="lovasz", dice_weight=0.0, trust=[trust] * 2)
        for trust in (1.0, 0.5)
    )

    assert half.item() == pytest.approx(whole.item() / 2, rel=1e-5)
