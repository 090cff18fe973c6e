"""Contextual mask generation (CMGM): how much each query cell looks like some cell of the support's object."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

MINMAX_EPSILON = 1e-7
# Below every cosine: what a cell outside the mask counts as. Multiplying by the mask instead would leave a cosine of 0,
# which beats negative matches.
OUTSIDE = -2.0


def best_cosine(query: Tensor, support: Tensor, mask: Tensor) -> Tensor:
    """max over cells y with M(y) > 0 of cos(F_q(x), F_s(y)) -> [B,K,H,W]; 0 everywhere where a mask is empty.

    query [B,C,H,W], support [B,K,C,h,w], mask [B,K,1,h,w]; the support's B may be 1 (all queries share it). Computed in
    float32 under mixed precision too: stretching small differences would magnify rounding.
    """
    with torch.autocast(query.device.type, enabled=False):
        q = F.normalize(query.float().flatten(2), dim=1).transpose(1, 2)[:, None]
        s = F.normalize(support.float().flatten(3), dim=2)
        cosines = q @ s
    inside = mask.flatten(3) > 0
    best = torch.where(inside, cosines, OUTSIDE).amax(-1)
    best = torch.where(inside.any(-1), best, 0.0)
    return best.unflatten(-1, (query.shape[-2], query.shape[-1]))


def minmax(maps: Tensor) -> Tensor:
    """Each map [...,H,W] stretched to 0..1; a constant one becomes 0."""
    flat = maps.flatten(-2)
    low, high = flat.amin(-1)[..., None, None], flat.amax(-1)[..., None, None]
    return (maps - low) / (high - low + MINMAX_EPSILON)


def prior_map(query: Tensor, support: Tensor, mask: Tensor) -> Tensor:
    """CMGM's prior [B,1,H,W]: stretched best cosines, averaged over the K supports (arguments as `best_cosine`)."""
    return minmax(best_cosine(query, support, mask)).mean(1, keepdim=True)
