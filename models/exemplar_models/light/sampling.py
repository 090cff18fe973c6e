"""Training episodes from a pool: what is shown in K supports is asked of a query, or is not there at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .pictures import UNKNOWN
from .pool import CCP_OFFSET, FIRST_KIND, Pool
from .support import TOKENS_PER_SUPPORT, Features, Support, bound, encode_support, join

CLASSES, INSTANCES, REGIONS = 0, 1, 2


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
        self.coco = self._index(pool.own_shares, lambda v, c: pool.source[v] == 0 and 0 < c < CCP_OFFSET)
        self.ccp = self._index(pool.own_shares, lambda v, c: pool.source[v] == 1 and CCP_OFFSET < c < UNKNOWN)
        self.pasted = self._index(pool.instance_shares, lambda v, c: 0 < c < FIRST_KIND)
        self.drawn = self._index(pool.instance_shares, lambda v, c: c >= FIRST_KIND)
        self.by_base: dict[int, list[int]] = {}
        for v, base in enumerate(pool.base):
            if pool.source[v] != 2 and len(pool.instance_shares[v]) == 1:
                self.by_base.setdefault(int(base), []).append(v)
        self.several = [views for views in self.by_base.values() if len(views) >= 2]
        self.of_source = [np.flatnonzero(pool.source == s) for s in range(3)]
        self.with_pasted = np.flatnonzero([any(0 < c < FIRST_KIND for c in s) for s in pool.instance_shares])
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
        shares = self.pool.shares if kind == CLASSES else self.pool.instance_shares
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
            common = [
                (np.bincount(self.pool.regions[v].ravel(), minlength=32) / self.pool.regions[v].size) for v in order[:2]
            ]
            fit = [c for c in range(1, 32) if min(float(s[c]) for s in common) >= 0.02]
            if fit:
                return Draw(query, picked, REGIONS, int(fit[int(rng.integers(len(fit)))]), True)
        return Draw(query, picked, REGIONS, 31, False)

    def batch(self, number: int, size: int, shots: int | None = None) -> Batch:
        """Batch `number` of `size` episodes with the same number of shots."""
        rng = np.random.default_rng([self.seed, number, 1])
        shots = shots or self.shots(number)
        draws = [self.draw(rng, shots) for _ in range(size)]
        kept = self._kept_channels(size, rng)
        features = self._features([d.query for d in draws], kept)
        supports = [self._support(draws, k, rng, kept) for k in range(shots)]
        masks, known = zip(*(self._mask(d.query, d) for d in draws), strict=True)
        target = F.avg_pool2d(torch.from_numpy(np.stack(masks))[:, None], 2)
        valid = (F.avg_pool2d(torch.from_numpy(np.stack(known))[:, None], 2) > 0.99).float()
        target[[not d.present for d in draws]] = 0
        present = (target.flatten(1).sum(1) > 4).float()
        return Batch(features, join(supports), target, valid, present)

    def _kept_channels(self, size: int, rng: np.random.Generator) -> list[Tensor]:
        """Factors of the channels [B,C,1,1] of each level, of mean 1. What a class looks like in fixed channels cannot
        be learnt by heart when channels go missing; what query and supports have in common stays.
        """
        stay = 1 - self.mix.channel_drop
        channels = [self.pool.features[name].shape[1] for name in Features._fields]
        return [torch.from_numpy((rng.random((size, c, 1, 1)) < stay).astype(np.float32) / stay) for c in channels]

    def _features(self, views: Sequence[int], kept: Sequence[Tensor]) -> Features:
        maps = [torch.from_numpy(np.stack([self.pool.features[n][v] for v in views])).float() for n in Features._fields]
        return Features(*(m.mul_(k) for m, k in zip(maps, kept, strict=True)))

    def _map(self, view: int, kind: int) -> np.ndarray:
        pool = self.pool
        return (pool.classes, pool.instances, pool.regions)[kind][view]

    def _mask(self, view: int, draw: Draw) -> tuple[np.ndarray, np.ndarray]:
        """The label's pixels and those that are known [S/2,S/2] float32."""
        labels = self._map(view, draw.kind)
        known = self.pool.classes[view] != UNKNOWN if draw.kind == CLASSES else np.ones_like(labels, bool)
        return (labels == draw.label).astype(np.float32), known.astype(np.float32)

    def _support(self, draws: Sequence[Draw], k: int, rng: np.random.Generator, kept: Sequence[Tensor]) -> Support:
        views = [d.supports[k] for d in draws]
        foreground, negative = [], []
        for v, d in zip(views, draws, strict=True):
            mask, _ = self._mask(v, d)
            foreground.append(degrade(mask, rng) if rng.random() < self.mix.degraded else mask)
            negative.append(self._negative(v, d, mask, rng))
        coverage = F.avg_pool2d(torch.from_numpy(np.stack(foreground))[:, None], 4)
        erased = F.avg_pool2d(torch.from_numpy(np.stack(negative))[:, None], 4)
        return bound(encode_support(self._features(views, kept), coverage, erased), self.mix.tokens)

    def _negative(self, view: int, draw: Draw, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Another object of the support, as if a person had erased it from a proposal; mostly nothing."""
        if draw.kind == REGIONS or rng.random() >= self.mix.negatives:
            return np.zeros_like(mask)
        labels = self._map(view, draw.kind)
        others = [c for c in np.unique(labels) if c not in (0, UNKNOWN, draw.label)]
        if not others:
            return np.zeros_like(mask)
        return (labels == others[int(rng.integers(len(others)))]).astype(np.float32)


def degrade(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A carelessly drawn mask: grown, shrunk, or one side of it missing; never empty."""
    choice = int(rng.integers(3))
    if choice == 2:
        y, x = np.nonzero(mask)
        angle = rng.uniform(0, 2 * np.pi)
        along = np.cos(angle) * x + np.sin(angle) * y
        cut = mask.copy()
        cut[y[along > np.quantile(along, 0.65)], x[along > np.quantile(along, 0.65)]] = 0
        return cut
    tensor = torch.from_numpy(mask)[None, None]
    grown = F.max_pool2d(tensor, 5, 1, 2) if choice == 0 else 1 - F.max_pool2d(1 - tensor, 5, 1, 2)
    return grown[0, 0].numpy() if float(grown.sum()) > 0 else mask
