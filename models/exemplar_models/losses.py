"""Losses over masks of 0 (background), 1 (foreground) and 255 (ignored), from logits.

All take logits and target [B,1,H,W] (target uint8), work in float32 whatever the precision of the logits, and average
over the batch.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORE = 255
DiceForm = Literal["linear", "squared"]
# Only guards against a division by zero when every probability underflows.
SMALLEST_DENOMINATOR = 1e-6


def valid_and_foreground(target: Tensor) -> tuple[Tensor, Tensor]:
    """Target -> (1 where compared, 1 where foreground), float32 of the same shape."""
    return (target != IGNORE).float(), (target == 1).float()


def bce_loss(logits: Tensor, target: Tensor, positive_weight: float = 1.0) -> Tensor:
    """Binary cross-entropy, foreground counted `positive_weight` times: mean over compared pixels, then over the batch.

    Unlike Dice it has a gradient where the target is empty.
    """
    valid, foreground = valid_and_foreground(target)
    weight = torch.tensor(positive_weight, device=logits.device)
    each = F.binary_cross_entropy_with_logits(logits.float(), foreground, reduction="none", pos_weight=weight)
    return ((each * valid).sum((1, 2, 3)) / valid.sum((1, 2, 3)).clamp(min=1)).mean()


def dice_loss(logits: Tensor, target: Tensor, form: DiceForm = "linear") -> Tensor:
    """1 - 2 sum(p g) / Z per image. Z = sum(p) + sum(g) ("linear", the paper) or sum(p^2) + sum(g^2) ("squared").

    With an empty target both are the constant 1, so their gradient is exactly zero: they cannot teach absence.
    """
    valid, foreground = valid_and_foreground(target)
    p = logits.float().sigmoid() * valid
    mass = p if form == "linear" else p * p
    both = 2 * (p * foreground).sum((1, 2, 3))
    return (1 - both / (mass + foreground).sum((1, 2, 3)).clamp(min=SMALLEST_DENOMINATOR)).mean()
