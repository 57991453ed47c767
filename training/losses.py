"""What a step is pulled by: weighted cross-entropy and Dice, on labelled pixels only.

N crops, K classes, H and W in pixels.
"""

import torch
from torch import Tensor
from torch.nn import functional

from training.snapshot import IGNORE


def segmentation_loss(
    logits: Tensor, label: Tensor, *, trust: Tensor, class_weight: Tensor, dice_weight: float
) -> Tensor:
    """Cross-entropy + dice_weight * Dice; exactly 0 where no pixel is labelled.

    logits (N, K, H, W); label (N, H, W) int64 channel indices or IGNORE; trust (N,) in 0 … 1;
    class_weight (K,). Ignored pixels have no gradient. Trust scales a sample's pull and is not
    divided out again: a step that saw only doubtful labels is a smaller step.
    """
    logits = logits.float()
    labelled = label != IGNORE
    label = torch.where(labelled, label, 0)
    logs = functional.log_softmax(logits, dim=1)  # (N, K, H, W)
    weight = class_weight[label] * labelled  # (N, H, W)
    surprise = -logs.gather(1, label[:, None])[:, 0]
    entropy = (weight * trust[:, None, None] * surprise).sum() / weight.sum().clamp_min(1e-6)
    if dice_weight == 0:
        return entropy
    return entropy + dice_weight * dice(logs.exp(), label, labelled * trust[:, None, None])


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
