"""Scores of few-shot segmentation, as `exemplar evaluate` computes them (src/main/evaluate/scores.ts).

The random numbers of the bootstrap are the same sequence, so that the same counts give the same interval in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .losses import IGNORE

BOOTSTRAP_ROUNDS = 1000


@dataclass(frozen=True)
class EpisodeCounts:
    """Pixel counts of one episode at the original resolution, pixels marked 255 left out.

    `target`: pixels of the class in the query; `valid`: pixels compared; `presence`: score that the class is there, in
    0..1, where the model gives one.
    """

    class_id: int
    query: str
    intersection: int
    union: int
    target: int
    valid: int
    presence: float | None = None

    @property
    def predicted(self) -> int:
        """Pixels called foreground."""
        return self.union + self.intersection - self.target


def compare(
    predicted: np.ndarray, truth: np.ndarray, class_id: int, query: str, presence: float | None = None
) -> EpisodeCounts:
    """Boolean prediction [H,W] against class ids [H,W] of the same size. Raises ValueError where the sizes differ."""
    if predicted.shape != truth.shape:
        raise ValueError(f"prediction {predicted.shape} and mask {truth.shape} of {query} differ in size")
    valid, target = truth != IGNORE, truth == class_id
    called = (predicted != 0) & valid
    return EpisodeCounts(
        class_id=class_id,
        query=query,
        intersection=int((called & target).sum()),
        union=int((called | target).sum()),
        target=int(target.sum()),
        valid=int(valid.sum()),
        presence=presence,
    )


@dataclass(frozen=True)
class Interval:
    """`value` with its 95% percentile bootstrap interval over query images, in percent."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassScore:
    """IoU and all-foreground floor in percent, number of episodes."""

    iou: float
    floor: float
    episodes: int


@dataclass(frozen=True)
class ScoreTable:
    mean: Interval
    per_class: dict[int, ClassScore]
    floor: float
    fb_iou: float


def random_numbers(seed: int, count: int) -> np.ndarray:
    """`count` numbers in [0,1): a Weyl sequence through MurmurHash3's finaliser (src/main/evaluate/random.ts)."""
    mask = np.uint64(0xFFFFFFFF)
    steps = np.arange(1, count + 1, dtype=np.uint64)
    x = (np.uint64(seed & 0xFFFFFFFF) + steps * np.uint64(0x9E3779B9)) & mask
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x = ((x ^ (x >> np.uint64(shift))) * np.uint64(factor)) & mask
    return ((x ^ (x >> np.uint64(16))) & mask).astype(np.float64) / 2**32


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _totals(counts: Sequence[EpisodeCounts]) -> tuple[int, int, int, int]:
    return (
        sum(c.intersection for c in counts),
        sum(c.union for c in counts),
        sum(c.target for c in counts),
        sum(c.valid for c in counts),
    )


def fb_iou(counts: Sequence[EpisodeCounts]) -> float:
    """Mean of foreground and background IoU in percent, classes merged. It flatters background."""
    intersection, union, _, valid = _totals(counts)
    return 50 * (_ratio(intersection, union) + _ratio(valid - union, valid - intersection))


def _resampled_means(counts: Sequence[EpisodeCounts], seed: int) -> np.ndarray:
    images = {name: i for i, name in enumerate(dict.fromkeys(c.query for c in counts))}
    classes = {class_id: i for i, class_id in enumerate(dict.fromkeys(c.class_id for c in counts))}
    intersection = np.zeros((len(images), len(classes)))
    union, episodes = np.zeros_like(intersection), np.zeros_like(intersection)
    for c in counts:
        at = images[c.query], classes[c.class_id]
        intersection[at] += c.intersection
        union[at] += c.union
        episodes[at] += 1
    n = len(images)
    drawn = np.floor(random_numbers(seed, BOOTSTRAP_ROUNDS * n) * n).astype(np.int64).reshape(BOOTSTRAP_ROUNDS, n)
    weights = np.stack([np.bincount(row, minlength=n) for row in drawn]).astype(np.float64)
    i, u, seen = weights @ intersection, weights @ union, (weights @ episodes) > 0
    iou = 100 * np.divide(i, u, out=np.zeros_like(i), where=u > 0)
    return (iou * seen).sum(1) / seen.sum(1)


def score_table(counts: Sequence[EpisodeCounts], seed: int) -> ScoreTable:
    """mIoU: per class the summed intersections over the summed unions of all its episodes, then the mean over classes.

    The interval resamples query *images*, never episodes: episodes share images and are not independent. Raises
    ValueError for no episodes.
    """
    if not counts:
        raise ValueError("no episodes to score")
    per_class: dict[int, ClassScore] = {}
    for class_id in dict.fromkeys(c.class_id for c in counts):
        own = [c for c in counts if c.class_id == class_id]
        intersection, union, target, valid = _totals(own)
        per_class[class_id] = ClassScore(100 * _ratio(intersection, union), 100 * _ratio(target, valid), len(own))
    low, high = np.quantile(_resampled_means(counts, seed), [0.025, 0.975])
    mean = float(np.mean([row.iou for row in per_class.values()]))
    floor = float(np.mean([row.floor for row in per_class.values()]))
    return ScoreTable(Interval(mean, float(low), float(high)), per_class, floor, fb_iou(counts))


def empty_share(counts: Sequence[EpisodeCounts], area: float = 0.005) -> float:
    """Percent of the episodes whose prediction covers under `area` of the compared pixels ("empty")."""
    return 100 * float(np.mean([c.predicted < area * c.valid for c in counts]))


def presence_auc(present: Sequence[float], absent: Sequence[float]) -> float:
    """Probability that a query with the class scores above one without it, ties counted half: area under the ROC."""
    p, a = np.asarray(present, np.float64)[:, None], np.asarray(absent, np.float64)[None]
    return float(((p > a) + 0.5 * (p == a)).mean())
