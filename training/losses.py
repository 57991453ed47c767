"""What a step is pulled by: a term for each labelled pixel, and Dice. Ignored pixels pull nothing.

N crops, K classes, H and W in pixels, P labelled or not pixels of all crops.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.snapshot import IGNORE


@dataclass(frozen=True)
class Judged:
    """A batch as the terms see it, in fp32."""

    logs: Tensor  # (N, K, H, W) log-probabilities
    label: Tensor  # (N, H, W) int64 channel indices, 0 where ignored
    labelled: Tensor  # (N, H, W) bool
    trust: Tensor  # (N, 1, 1) 0 … 1
    class_weight: Tensor  # (K,)
    gamma: float

    @property
    def own_logs(self) -> Tensor:  # (N, H, W) of the class that is labelled
        return self.logs.gather(1, self.label[:, None])[:, 0]

    def mean(self, surprise: Tensor) -> Tensor:
        """(N, H, W) -> mean over labelled pixels by class weight, scaled by trust."""
        weight = self.class_weight[self.label] * self.labelled  # (N, H, W)
        return (weight * self.trust * surprise).sum() / weight.sum().clamp_min(1e-6)


def cross_entropy(judged: Judged) -> Tensor:
    return judged.mean(-judged.own_logs)


def focal(judged: Judged) -> Tensor:
    """Cross-entropy times (1 - p) ** gamma, p the probability of the labelled class.

    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, equation 5. Gamma 0 is
    cross-entropy. It leaves probabilities too modest: calibrate before ranking.
    """
    logs = judged.own_logs
    # 1 - p by expm1 and not below 0: a power below 1 has no slope at 0.
    missed = (-torch.expm1(logs)).clamp_min(1e-6)
    return judged.mean(-logs * missed**judged.gamma)


def lovasz(judged: Judged) -> Tensor:
    """Lovász-Softmax: the convex extension of 1 - IoU, mean over the classes labelled in the batch.

    Berman, Triki and Blaschko, "The Lovász-Softmax loss", CVPR 2018, equations 8, 9 and 11; IoU
    is pooled over the batch. A pixel's error is scaled by trust, so a doubtful sample pulls less.
    """
    where = judged.labelled
    probabilities = judged.logs.exp().movedim(1, -1)[where]  # (P, K)
    label = judged.label[where]  # (P,)
    trust = judged.trust.expand_as(where)[where]  # (P,)
    losses = [
        lovasz_of_class(probabilities[:, k], label == k, trust)
        for k in torch.unique(label).tolist()
    ]
    return torch.stack(losses).mean() if losses else 0.0 * judged.logs.sum()


def lovasz_of_class(probability: Tensor, truth: Tensor, trust: Tensor) -> Tensor:
    """(P,) each, truth bool with at least one True -> the extension of this class's 1 - IoU."""
    errors = trust * (truth.float() - probability).abs()
    errors, order = errors.sort(descending=True)
    hits = truth[order].float()
    # 1 - IoU once the pixels with the largest errors, one more each time, are all wrong.
    left = hits.sum() - hits.cumsum(0)
    union = hits.sum() + (1 - hits).cumsum(0)
    lost = 1 - left / union
    steps = torch.diff(lost, prepend=lost.new_zeros(1))
    return torch.dot(errors, steps)


TERMS: dict[str, Callable[[Judged], Tensor]] = {
    "ce": cross_entropy,
    "focal": focal,
    "lovasz": lovasz,
}


@dataclass(frozen=True)
class Mix:
    """A term of TERMS with weight 1, and Dice beside it."""

    term: str = "ce"
    gamma: float = 2.0
    """Focal loss's."""
    dice_weight: float = 0.5


def segmentation_loss(
    logits: Tensor, label: Tensor, *, trust: Tensor, class_weight: Tensor, mix: Mix
) -> Tensor:
    """The mix of terms; exactly 0 where no pixel is labelled.

    logits (N, K, H, W); label (N, H, W) int64 channel indices or IGNORE; trust (N,) in 0 … 1;
    class_weight (K,), which Lovász has no use for. Ignored pixels have no gradient. Trust scales a
    sample's pull and is not divided out again: a step that saw only doubtful labels is a smaller
    step.
    """
    logs = functional.log_softmax(logits.float(), dim=1)  # (N, K, H, W)
    labelled = label != IGNORE
    label = torch.where(labelled, label, 0)
    spread = trust[:, None, None]
    loss = TERMS[mix.term](Judged(logs, label, labelled, spread, class_weight, mix.gamma))
    if mix.dice_weight == 0:
        return loss
    return loss + mix.dice_weight * dice(logs.exp(), label, labelled * spread)


def dice(probabilities: Tensor, label: Tensor, weight: Tensor) -> Tensor:
    """1 - Dice, mean over the classes that are labelled in the batch; 0 where there is none.

    Soft Dice as of Milletari et al., "V-Net", 2016, without squares, counts pooled over the
    batch. probabilities (N, K, H, W); label (N, H, W) int64; weight (N, H, W), 0 is ignored.
    """
    classes = torch.arange(probabilities.shape[1], device=label.device)[None, :, None, None]
    truth = (label[:, None] == classes) * weight[:, None]  # (N, K, H, W)
    over = (0, 2, 3)
    both = (probabilities * truth).sum(over)
    size = (probabilities * weight[:, None]).sum(over) + truth.sum(over)  # (K,)
    present = truth.sum(over) > 0
    missed = (1 - 2 * both / size.clamp_min(1e-6)) * present
    return missed.sum() / present.sum().clamp_min(1)
