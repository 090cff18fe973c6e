"""The loss of the light head: cross-entropy that also teaches absence, and Dice where there is something to find."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

AUXILIARY_WEIGHT = 0.4


def mask_loss(logits: Tensor, target: Tensor, valid: Tensor, positive_weight: float) -> Tensor:
    """BCE + Dice on [B,1,H,W]; `target` is a soft coverage in 0..1, `valid` 0 where unknown.

    Cross-entropy counts a pixel 1 + (w - 1) t times. Dice (linear form) has no gradient for an empty target: it is left
    out there.
    """
    logits = logits.float()
    weight = valid * (1 + (positive_weight - 1) * target)
    each = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    cross = (each * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3)).clamp_min(1)
    p, g = torch.sigmoid(logits) * valid, target * valid
    size = g.sum((1, 2, 3))
    dice = 1 - (2 * (p * g).sum((1, 2, 3)) + 1) / ((p + g).sum((1, 2, 3)) + 1)
    return (cross + dice * (size > 0).float()).mean()


def segmentation_loss(
    logits: Tensor, auxiliary: Tensor, target: Tensor, valid: Tensor, positive_weight: float = 2.0
) -> Tensor:
    """`mask_loss` of the logits [B,1,H,W] plus 0.4 times that of the pyramid's [B,1,H/n,W/n], target averaged n x n."""
    factor = logits.shape[-1] // auxiliary.shape[-1]
    small, known = F.avg_pool2d(target, factor), (F.avg_pool2d(valid, factor) > 0.99).float()
    main = mask_loss(logits, target, valid, positive_weight)
    return main + AUXILIARY_WEIGHT * mask_loss(auxiliary, small, known, positive_weight)
