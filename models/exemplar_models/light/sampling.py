"""Training episodes from a pool: what is shown in K supports is asked of a query, or is not there at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .pictures import UNKNOWN
from .pool import CCP_OFFSET, FIRST_KIND, Pool
from .support import TOKENS_PER_SUPPORT, Features, Support, bound, encode_support

CLASSES, INSTANCES, REGIONS = 0, 1, 2
"""Kinds of labels, by their place in `Labels` and in `Pool.shares`."""
NOTHING = -1
"""A label that no pixel has."""


@dataclass(frozen=True)
class Mix:
    """Shares of the kinds of episodes, and of what happens to them.

    `coco` and `ccp` ask for a class where the photo itself shows it, `instances` for a pasted cut-out. A composite
    counts as one more photo of each class pasted in: drawn from all pictures, nearly every episode of a class would be
    about cut-outs, and what was learnt so did worse on classes not seen.
    """

    coco: float = 0.55
    ccp: float = 0.20
    instances: float = 0.20
    regions: float = 0.03
    drawn: float = 0.02
    absent: float = 0.12
    same_image: float = 0.05
    degraded: float = 0.10
    channel_drop: float = 0.4
    """Chance of a feature channel to be 0 in all of an episode, query and supports alike."""
    negatives: float = 0.15
    shots: tuple[int, ...] = (1, 1, 1, 2, 3, 5)
    smallest_support: float = 0.004
    smallest_query: float = 0.006
    tokens: int = TOKENS_PER_SUPPORT


@dataclass(frozen=True)
class Draw:
    """One episode: pictures of the pool by number, the map that labels them and the label asked for."""

    query: int
    supports: tuple[int, ...]
    kind: int
    label: int
    present: bool


@dataclass
class Batch:
    """`features` of B queries, their `support`, `target` and `valid` [B,1,S/4,S/4], `present` [B]."""

    features: Features
    support: Support
    target: Tensor
    valid: Tensor
    present: Tensor


class Sampler:
    """Episode number i of a seed is always the same. Raises ValueError where the pool has nothing to draw from."""

    def __init__(self, pool: Pool, mix: Mix, seed: int) -> None:
        self.pool, self.mix, self.seed = pool, mix, seed
        self.device = pool.labels.classes.device
        self.coco = self._index(pool.own_shares, lambda v, c: pool.source[v] == 0 and 0 < c < CCP_OFFSET)
        self.ccp = self._index(pool.own_shares, lambda v, c: pool.source[v] == 1 and CCP_OFFSET < c < UNKNOWN)
        self.pasted = self._index(pool.shares[INSTANCES], lambda v, c: 0 < c < FIRST_KIND)
        self.drawn = self._index(pool.shares[INSTANCES], lambda v, c: c >= FIRST_KIND)
        self.by_base: dict[int, list[int]] = {}
        for v, base in enumerate(pool.base):
            if pool.source[v] != 2 and len(pool.shares[INSTANCES][v]) == 1:
                self.by_base.setdefault(int(base), []).append(v)
        self.several = [views for views in self.by_base.values() if len(views) >= 2]
        self.of_source = [np.flatnonzero(pool.source == s) for s in range(3)]
        self.with_pasted = np.flatnonzero([any(0 < c < FIRST_KIND for c in s) for s in pool.shares[INSTANCES]])
        kinds = (
            (mix.coco, "coco", bool(self.coco)),
            (mix.ccp, "ccp", bool(self.ccp)),
            (mix.instances, "pasted", bool(self.pasted)),
            (mix.regions, "regions", bool(self.several)),
            (mix.drawn, "drawn", bool(self.drawn)),
        )
        self.names = [name for share, name, there in kinds if share > 0 and there]
        if not self.names:
            raise ValueError("the pool has no class to draw episodes from")
        shares = np.asarray([share for share, _, there in kinds if share > 0 and there])
        self.chances = shares / shares.sum()

    def _index(self, shares: Sequence[dict[int, float]], belongs: object) -> dict[int, dict[int, list[int]]]:
        """{label: {base photo: pictures}} of labels that at least two photos show."""
        assert callable(belongs)
        found: dict[int, dict[int, list[int]]] = {}
        for v, each in enumerate(shares):
            for c, share in each.items():
                if share >= self.mix.smallest_support and belongs(v, c):
                    found.setdefault(c, {}).setdefault(int(self.pool.base[v]), []).append(v)
        return {c: bases for c, bases in found.items() if len(bases) >= 2}

    def shots(self, batch: int) -> int:
        rng = np.random.default_rng([self.seed, batch, 0])
        return int(rng.choice(self.mix.shots))

    def draw(self, rng: np.random.Generator, shots: int) -> Draw:
        name = self.names[int(rng.choice(len(self.names), p=self.chances))]
        if name == "regions":
            return self._regions(rng, shots)
        groups = {"coco": self.coco, "ccp": self.ccp, "pasted": self.pasted, "drawn": self.drawn}[name]
        label = list(groups)[int(rng.integers(len(groups)))]
        kind = CLASSES if name in ("coco", "ccp") else INSTANCES
        bases = list(groups[label])
        order = [bases[int(i)] for i in rng.permutation(len(bases))]
        if rng.random() < self.mix.same_image:
            order = order[:1] * 2
        query_base, *others = order

        def one(base: int) -> int:
            views = groups[label][base]
            return views[int(rng.integers(len(views)))]

        query = one(query_base)
        if others[0] == query_base:
            # Another picture of the same photo; where there is none, another photo after all.
            views = [v for v in groups[label][query_base] if v != query]
            picked = tuple(views[int(rng.integers(len(views)))] for _ in range(shots) if views)
            others = bases[:1] if bases[0] != query_base else bases[1:]
        else:
            picked = ()
        picked = picked or tuple(one(others[i % len(others)]) for i in range(shots))
        if rng.random() < self.mix.absent:
            other = self._without(rng, label, kind, name)
            if other is not None:
                return Draw(other, picked, kind, label, False)
        return Draw(query, picked, kind, label, True)

    def _without(self, rng: np.random.Generator, label: int, kind: int, name: str) -> int | None:
        """A picture known to lack the label: of the same data set, since others do not say."""
        shares = self.pool.shares[kind]
        pool = {"coco": self.of_source[0], "ccp": self.of_source[1], "pasted": self.with_pasted}.get(
            name, self.of_source[2]
        )
        for _ in range(20):
            v = int(pool[int(rng.integers(len(pool)))])
            if label not in shares[v]:
                return v
        return None

    def _regions(self, rng: np.random.Generator, shots: int) -> Draw:
        views = self.several[int(rng.integers(len(self.several)))]
        for _ in range(20):
            order = [views[int(i)] for i in rng.permutation(len(views))]
            query, others = order[0], order[1:]
            picked = tuple(others[i % len(others)] for i in range(shots))
            first, second = (self.pool.shares[REGIONS][v] for v in order[:2])
            fit = [c for c in first if c > 0 and min(first[c], second.get(c, 0.0)) >= 0.02]
            if fit:
                return Draw(query, picked, REGIONS, fit[int(rng.integers(len(fit)))], True)
        return Draw(query, picked, REGIONS, 31, False)

    def batch(self, number: int, size: int, shots: int | None = None) -> Batch:
        """Batch `number` of `size` episodes with the same number of shots."""
        rng = np.random.default_rng([self.seed, number, 1])
        shots = shots or self.shots(number)
        draws = [self.draw(rng, shots) for _ in range(size)]
        queries = [d.query for d in draws]
        kept = self._kept_channels(size, rng)
        features = self._features(torch.tensor(queries, device=self.device), kept)
        masks, known = self._masks(queries, draws)
        target, valid = F.avg_pool2d(masks, 2), (F.avg_pool2d(known, 2) > 0.99).float()
        target[[i for i, d in enumerate(draws) if not d.present]] = 0
        present = (target.flatten(1).sum(1) > 4).float()
        return Batch(features, self._supports(draws, shots, rng, kept), target, valid, present)

    def _kept_channels(self, size: int, rng: np.random.Generator) -> list[Tensor]:
        """Factors of the channels [B,C,1,1] of each level, of mean 1. What a class looks like in fixed channels cannot
        be learnt by heart when channels go missing; what query and supports have in common stays.
        """
        stay = 1 - self.mix.channel_drop
        channels = [self.pool.features[name].shape[1] for name in Features._fields]
        drawn = [(rng.random((size, c, 1, 1)) < stay).astype(np.float32) / stay for c in channels]
        return [torch.from_numpy(each).to(self.device) for each in drawn]

    def _features(self, views: Tensor, kept: Sequence[Tensor]) -> Features:
        maps = [self.pool.features[name].index_select(0, views).float() for name in Features._fields]
        return Features(*(m.mul_(k) for m, k in zip(maps, kept, strict=True)))

    def _masks(self, views: Sequence[int], draws: Sequence[Draw]) -> tuple[Tensor, Tensor]:
        """Pixels of the label that each draw asks for in its view, and those that are known, [N,1,S/2,S/2] 0 or 1."""
        rows = torch.tensor(views, device=self.device)
        kinds = torch.tensor([d.kind for d in draws], device=self.device)
        label = torch.tensor([d.label for d in draws], dtype=torch.int16, device=self.device)[:, None, None]
        maps = torch.stack([each.index_select(0, rows).to(torch.int16) for each in self.pool.labels])
        shown = maps[kinds, torch.arange(len(rows), device=self.device)]
        known = (maps[CLASSES] != UNKNOWN) | (kinds != CLASSES)[:, None, None]
        return (shown == label).float()[:, None], known.float()[:, None]

    def _supports(self, draws: Sequence[Draw], shots: int, rng: np.random.Generator, kept: Sequence[Tensor]) -> Support:
        """All supports encoded at once: draw by draw, each with its `shots` supports."""
        each = [d for d in draws for _ in range(shots)]
        views = [v for d in draws for v in d.supports]
        masks, _ = self._masks(views, each)
        for i in range(len(views)):
            if rng.random() < self.mix.degraded:
                masks[i, 0] = degrade(masks[i, 0], rng)
        negative = self._negatives(views, each, rng)
        features = self._features(
            torch.tensor(views, device=self.device), [k.repeat_interleave(shots, 0) for k in kept]
        )
        found = encode_support(features, F.avg_pool2d(masks, 4), F.avg_pool2d(negative, 4))
        found = bound(found, self.mix.tokens)
        return Support(*(part.reshape(len(draws), shots * part.shape[1], *part.shape[2:]) for part in found))

    def _negatives(self, views: Sequence[int], draws: Sequence[Draw], rng: np.random.Generator) -> Tensor:
        """Another object of each support, as if a person had erased it from a proposal; mostly nothing."""
        asked = list(draws)
        for i, (view, draw) in enumerate(zip(views, draws, strict=True)):
            others = [c for c in self.pool.shares[draw.kind][view] if c not in (0, UNKNOWN, draw.label)]
            wanted = rng.random() < self.mix.negatives and draw.kind != REGIONS and len(others) > 0
            asked[i] = replace(draw, label=others[int(rng.integers(len(others)))] if wanted else NOTHING)
        return self._masks(views, asked)[0]


def degrade(mask: Tensor, rng: np.random.Generator) -> Tensor:
    """A carelessly drawn mask [h,w]: grown, shrunk, or one side of it missing; empty only if it was."""
    choice = int(rng.integers(3))
    if choice == 2:
        angle = rng.uniform(0, 2 * np.pi)
        y, x = mask.nonzero(as_tuple=True)
        if len(x) == 0:
            return mask
        along = np.cos(angle) * x + np.sin(angle) * y
        cut = mask.clone()
        gone = along > torch.quantile(along.float(), 0.65)
        cut[y[gone], x[gone]] = 0
        return cut
    tensor = mask[None, None]
    grown = F.max_pool2d(tensor, 5, 1, 2) if choice == 0 else 1 - F.max_pool2d(1 - tensor, 5, 1, 2)
    return torch.where(grown.sum() > 0, grown, tensor)[0, 0]
