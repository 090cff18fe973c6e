"""Masked average pooling (MAP): the class prototype of a support."""

from __future__ import annotations

from torch import Tensor

MAP_EPSILON = 5e-4


def masked_average_pool(features: Tensor, mask: Tensor, epsilon: float = MAP_EPSILON) -> Tensor:
    """Sum(X*M) / (Sum(M) + epsilon) over pixels: features [...,C,H,W], mask [...,1,H,W] in 0..1 -> [...,C].

    Leading axes broadcast. An empty mask gives zeros. Arithmetic is in float32 at least: a map of 60x60 half-precision
    values may overflow when summed.
    """
    if features.element_size() < 4:
        features, mask = features.float(), mask.float()
    return (features * mask).sum((-2, -1)) / (mask.sum((-2, -1)) + epsilon)
