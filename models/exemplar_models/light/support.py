"""Support state of the light model: bounded tokens, their weights, and pooled raw features.

All of it is frozen: no trained weight enters, so a stored state stays valid when the head changes. What a state keeps
is enough to segment with the support image gone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..network.layers import resize
from ..network.pooling import masked_average_pool
from ..training_free import merge, quantise

FINE_CHANNELS = 120
COARSE_CHANNELS = 352
TOKEN_CHANNELS = FINE_CHANNELS + COARSE_CHANNELS
RAW_CHANNELS = 48 + 88 + 120
REGIONS = 3
"""Pooled regions of a support: foreground, background, negatives."""
TOKENS_PER_SUPPORT = 540
NEGATIVE_WEIGHT = 4.0
"""How much more a background cell counts that the user has erased from a proposal."""


class Features(NamedTuple):
    """Backbone outputs of a batch: s8 [B,48,H,W], s16a [B,88,H/2,W/2], s16b [B,120,H/2,W/2], s32 [B,352,H/4,W/4]."""

    s8: Tensor
    s16a: Tensor
    s16b: Tensor
    s32: Tensor


class Support(NamedTuple):
    """K supports of one class, batched.

    `tokens` [B,T,472] unit vectors of all supports in a row, `foreground` and `background` [B,T] their weights,
    `pooled` [B,K,3,256] mean raw s8|s16a|s16b features inside foreground, background and negatives, `present` [B,K,3]
    1 where that region exists (0 for padding and where nothing was erased).
    """

    tokens: Tensor
    foreground: Tensor
    background: Tensor
    pooled: Tensor
    present: Tensor


def unit(x: Tensor) -> Tensor:
    """Vectors along the last axis scaled to length 1; zeros stay zeros."""
    return x / (x * x).sum(-1, keepdim=True).sqrt().clamp_min(1e-8)


def tokens(features: Features) -> Tensor:
    """[B,N,472], one token a stride-16 cell, row by row.

    The unit `s16b` vector beside the unit, bilinearly doubled `s32` vector, both divided by sqrt(2): the dot product of
    two tokens is the mean of the two cosines.
    """
    fine = features.s16b.flatten(2).transpose(1, 2)
    coarse = resize(features.s32, (features.s16b.shape[2], features.s16b.shape[3])).flatten(2).transpose(1, 2)
    return torch.cat([unit(fine), unit(coarse)], dim=-1) * (0.5**0.5)


def pooled_regions(features: Features, foreground: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
    """Mean raw features [B,3,256] of foreground, background and negatives, and which of them exist [B,3].

    Coverages [B,1,H,W] lie on the stride-8 grid. Coarser levels are pooled with the coverage averaged to their grid.
    """
    background = (1 - foreground - negative).clamp_min(0)
    means, sizes = [], []
    for region in (foreground, background, negative):
        coarse = F.avg_pool2d(region, 2)
        levels = ((features.s8, region), (features.s16a, coarse), (features.s16b, coarse))
        means.append(torch.cat([masked_average_pool(x, m) for x, m in levels], dim=-1))
        sizes.append(region.sum((1, 2, 3)))
    return torch.stack(means, dim=1), (torch.stack(sizes, dim=1) > 1e-3).to(foreground.dtype)


def encode_support(features: Features, foreground: Tensor, negative: Tensor) -> Support:
    """State of one support (K = 1) from coverages [B,1,H,W] of the outlined and the erased region on the stride-8 grid.

    Dense: every cell is a token. `bound` limits their number.
    """
    share = F.avg_pool2d(foreground, 2).flatten(1)
    erased = F.avg_pool2d(negative, 2).flatten(1)
    pooled, present = pooled_regions(features, foreground, negative)
    return Support(
        tokens(features),
        share**2,
        (1 - share) ** 2 * (1 + (NEGATIVE_WEIGHT - 1) * erased),
        pooled[:, None],
        present[:, None],
    )


def bound(support: Support, cap: int) -> Support:
    """The state with at most `cap` tokens: neighbours (0,1), (2,3), ... are averaged, most alike first, in passes.

    As `training_free.merge`, for batches.
    """
    while support.tokens.shape[1] > cap:
        support = _merge(support, cap)
    return support


def _merge(support: Support, cap: int) -> Support:
    """One pass of `bound`, which at most halves the tokens."""
    count = support.tokens.shape[1]
    values, fg, bg = support.tokens, support.foreground, support.background
    pairs = count // 2
    surplus = min(count - cap, pairs)
    cap = count - surplus
    even, odd = values[:, 0 : 2 * pairs : 2], values[:, 1 : 2 * pairs : 2]
    shares = fg / (fg + bg).clamp_min(1e-6)
    alike = (even * odd).sum(-1) - (shares[:, 0 : 2 * pairs : 2] - shares[:, 1 : 2 * pairs : 2]).abs()
    chosen = alike.topk(surplus, dim=1).indices
    merge = torch.zeros_like(alike).scatter_(1, chosen, 1.0)

    def weave(left: Tensor, right: Tensor, whole: Tensor) -> Tensor:
        woven = torch.stack([left, right], dim=2).flatten(1, 2)
        return torch.cat([woven, whole[:, 2 * pairs :]], dim=1)

    gone = weave(torch.zeros_like(merge), merge, torch.zeros_like(fg))
    kept = gone.sort(dim=1, stable=True).indices[:, :cap]
    values = weave(torch.where(merge[..., None] > 0, unit(even + odd), even), odd, values)
    values = values.gather(1, kept[..., None].expand(-1, -1, values.shape[2]))

    def merged(weights: Tensor) -> Tensor:
        left, right = weights[:, 0 : 2 * pairs : 2], weights[:, 1 : 2 * pairs : 2]
        return weave(left + merge * right, right, weights).gather(1, kept)

    return support._replace(tokens=values, foreground=merged(fg), background=merged(bg))


def stored(support: Support, cap: int) -> Support:
    """What comes back of one support after merging to `cap` tokens, as often as it takes, and a trip through 8 bits."""
    merged = merge(support.tokens[0].numpy(), support.foreground[0].numpy(), support.background[0].numpy(), cap)
    values, foreground, background = (torch.from_numpy(np.asarray(part))[None] for part in merged)
    quantised = torch.from_numpy(quantise(values[0].numpy()))[None]
    return support._replace(tokens=quantised, foreground=foreground, background=background)


def join(supports: list[Support]) -> Support:
    """K states of one class side by side."""
    return Support(*(torch.cat(parts, dim=1) for parts in zip(*supports, strict=True)))
