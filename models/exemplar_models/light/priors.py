"""Frozen prior maps: what a query's cells have in common with the supports' tokens (CMGM at several levels).

MSDNet's cross-modal guidance (arXiv 2409.11316) takes the best cosine of each query cell against the masked support.
Here each of three levels (s16b, s32, both) gives soft densities for foreground *and* background,

    L(x) = tau log( sum_y w_y exp(cos(x, y) / tau) / sum_y w_y ),

between the best match (tau -> 0) and the prototype (tau -> inf). Weights instead of masks: a cell outside has weight 0
and cannot win with a cosine of 0. Raw maps stand beside min-max ones, because min-max hides that a class is absent.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .support import FINE_CHANNELS, Support, unit

TAU = 0.04
SELF_MIDDLE = 0.05
SELF_WIDTH = 0.015
SELF_MIX = 0.5
PRIOR_MAPS = 20
STATISTICS = 17


class Priors(NamedTuple):
    """`maps` [B,20,N] on the stride-16 grid, row by row; `statistics` [B,17] of the whole image, for presence."""

    maps: Tensor
    statistics: Tensor


def min_max(x: Tensor) -> Tensor:
    """Each row of x [B,N] stretched to 0..1."""
    low, high = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
    return (x - low) / (high - low).clamp_min(1e-6)


def top_mean(x: Tensor) -> Tensor:
    """Mean of the values of x [B,N] weighted by how near they are to the largest: a soft mean of the top. -> [B]."""
    near = ((x - x.amax(-1, keepdim=True)) / 0.05).exp()
    return (near * x).sum(-1) / near.sum(-1)


class Densities(NamedTuple):
    """What the supports say of each query cell, all [B,N,2] (foreground, background) but `label` and `found`.

    `levels`: L of s16b, s32 and both; `sharp`: L of both with half the tau; `label` [B,N]: share of the foreground in
    the weights of near tokens; `found` [B,3]: mean over the foreground tokens of their best cosine, a level each.
    """

    levels: list[Tensor]
    sharp: Tensor
    label: Tensor
    found: Tensor


def prior_maps(query: Tensor, support: Support, background_prior: bool = True) -> Priors:
    """Query tokens [B,N,472] against the tokens of all supports. Without `background_prior` only foreground counts."""
    # Both halves of a token have length 1/sqrt(2).
    fine = 2 * query[..., :FINE_CHANNELS] @ support.tokens[..., :FINE_CHANNELS].transpose(1, 2)
    coarse = 2 * query[..., FINE_CHANNELS:] @ support.tokens[..., FINE_CHANNELS:].transpose(1, 2)
    both = (fine + coarse) / 2
    weights = torch.stack([support.foreground, support.background], dim=-1)
    totals = weights.sum(1, keepdim=True).clamp_min(1e-12)
    shares = weights / totals
    levels: list[Tensor] = []
    found: list[Tensor] = []
    for cosines in (fine, coarse, both):
        # A token of weight 0 may set `top`, which only keeps the powers in range and cancels out.
        top = cosines.amax(-1, keepdim=True)
        near = ((cosines - top) * (1 / TAU)).exp()
        levels.append(density(near @ shares, top, TAU))
        found.append((cosines.amax(1) * shares[..., 0]).sum(-1))
    # The last level is `both`.
    sharp = density(near * near @ shares, top, TAU / 2)
    counted = near @ weights
    label = counted[..., 0] / counted.sum(-1).clamp_min(1e-30)
    prototypes = unit(shares.transpose(1, 2) @ support.tokens)
    densities = Densities(levels, sharp, label, torch.stack(found, dim=1))
    return assemble(query, densities, prototypes, background_prior)


def density(mass: Tensor, top: Tensor, tau: float) -> Tensor:
    """L from the weighted mass of near tokens and the cosine `top` it is relative to."""
    return top + tau * mass.clamp_min(1e-30).log()


def assemble(query: Tensor, densities: Densities, prototypes: Tensor, background_prior: bool = True) -> Priors:
    """The maps and statistics, once densities [B,N,..] and unit prototypes [B,2,472] are known."""
    maps: list[Tensor] = []
    statistics: list[Tensor] = []

    def compared(pair: Tensor) -> tuple[Tensor, Tensor]:
        fg, bg = pair[..., 0], pair[..., 1]
        return fg, fg - bg if background_prior else fg - fg.mean(-1, keepdim=True)

    for level, found in zip(densities.levels, densities.found.unbind(1), strict=True):
        fg, difference = compared(level)
        maps += [(fg - 0.6) * 3, difference * 5, min_max(difference)]
        statistics += [fg.amax(-1), difference.amax(-1), top_mean(difference), found]
    fg_sharp, difference_sharp = compared(densities.sharp)
    label = densities.label
    maps += [(fg_sharp - 0.6) * 3, difference_sharp * 5, min_max(difference_sharp), label]
    prototype_fg, prototype_difference = compared(query @ prototypes.transpose(1, 2))
    # Prototypes of the query's own cells (self-support), by the last level, `both`.
    p = torch.sigmoid((difference - SELF_MIDDLE) / SELF_WIDTH)
    own = torch.stack([p, 1 - p], dim=1) ** 2 @ query
    blend = unit(SELF_MIX * unit(own) + (1 - SELF_MIX) * prototypes)
    _, own_difference = compared(query @ blend.transpose(1, 2))
    mixed = 0.7 * difference + 0.3 * own_difference
    maps += [
        (prototype_fg - 0.6) * 3,
        prototype_difference * 5,
        min_max(prototype_difference),
        own_difference * 5,
        mixed * 5,
        min_max(mixed),
        p,
    ]
    statistics += [
        difference_sharp.amax(-1),
        own_difference.amax(-1),
        mixed.amax(-1),
        top_mean(mixed),
        label.amax(-1),
    ]
    return Priors(torch.stack(maps, dim=1), torch.stack(statistics, dim=1))
