"""Prior maps of any choice of supports from statistics of single (query, support) pairs.

Leave-one-out and fine-tuning look at one query with many subsets of the same supports. The costly part of
`priors.prior_maps`, cosines of every query cell with every token, splits by support: a density relative to the best
cosine of one support becomes relative to the best of several by the factor exp((top_k - top) / tau), and everything
else is a sum over tokens. Per pair 11 numbers a cell remain, beside 949 of the support itself.

Recomputed for each subset: the logarithms, min-max maps, self-support and prototype maps (three products of the query's
tokens with two vectors), and the statistics. All of it grows with the cells alone, not with the supports' tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .priors import TAU, Densities, Priors, assemble, density
from .support import FINE_CHANNELS, Support, unit


class Pair(NamedTuple):
    """One query against one support, batched.

    `tops` [B,3,N,1] best cosines by level (s16b, s32, both), `masses` [B,4,N,2] weights of near tokens in foreground
    and background relative to them (three levels, then `both` at half tau), `found` [B,3] sums of the foreground
    tokens' best cosines, `totals` [B,2] sums of the weights, `sums` [B,2,472] weighted sums of the tokens.
    """

    tops: Tensor
    masses: Tensor
    found: Tensor
    totals: Tensor
    sums: Tensor


def pair(query: Tensor, support: Support) -> Pair:
    """Statistics of query tokens [B,N,472] with one support."""
    fine = 2 * query[..., :FINE_CHANNELS] @ support.tokens[..., :FINE_CHANNELS].transpose(1, 2)
    coarse = 2 * query[..., FINE_CHANNELS:] @ support.tokens[..., FINE_CHANNELS:].transpose(1, 2)
    weights = torch.stack([support.foreground, support.background], dim=-1)
    tops, masses, found = [], [], []
    for cosines in (fine, coarse, (fine + coarse) / 2):
        tops.append(cosines.amax(-1, keepdim=True))
        near = ((cosines - tops[-1]) * (1 / TAU)).exp()
        masses.append(near @ weights)
        found.append((cosines.amax(1) * support.foreground).sum(-1))
    masses.append(near * near @ weights)
    return Pair(
        torch.stack(tops, dim=1),
        torch.stack(masses, dim=1),
        torch.stack(found, dim=1),
        weights.sum(1),
        weights.transpose(1, 2) @ support.tokens,
    )


def combine(
    query: Tensor, pairs: Sequence[Pair], factors: Sequence[float] | None = None, background_prior: bool = True
) -> Priors:
    """`prior_maps` of the query's tokens against the supports behind `pairs`, at least one.

    `factors` (positive) multiply the weights of each support's tokens: all of a pair's sums are linear in them.
    """
    scales = [1.0] * len(pairs) if factors is None else factors
    tops = torch.stack([p.tops for p in pairs]).amax(0)
    # `both` once more for half the tau.
    relative = torch.cat([tops, tops[:, 2:]], dim=1)
    taus = tops.new_tensor([TAU, TAU, TAU, TAU / 2])[:, None, None]
    masses = torch.zeros_like(pairs[0].masses)
    found, totals, sums = (torch.zeros_like(x) for x in (pairs[0].found, pairs[0].totals, pairs[0].sums))
    for p, scale in zip(pairs, scales, strict=True):
        own = torch.cat([p.tops, p.tops[:, 2:]], dim=1)
        masses = masses + scale * p.masses * ((own - relative) / taus).exp()
        found, totals, sums = found + scale * p.found, totals + scale * p.totals, sums + scale * p.sums
    totals = totals.clamp_min(1e-12)
    counted = masses[:, 2]
    shares = masses / totals[:, None, None]
    densities = Densities(
        [density(shares[:, level], tops[:, level], TAU) for level in range(3)],
        density(shares[:, 3], tops[:, 2], TAU / 2),
        counted[..., 0] / counted.sum(-1).clamp_min(1e-30),
        found / totals[:, :1],
    )
    return assemble(query, densities, unit(sums / totals[..., None]), background_prior)
