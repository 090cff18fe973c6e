"""Scores by hand, and the interval of the application's own scoring for the same counts."""

from __future__ import annotations

import numpy as np
import pytest

from exemplar_models.metrics import (
    EpisodeCounts,
    compare,
    empty_share,
    fb_iou,
    presence_auc,
    random_numbers,
    score_table,
)

COUNTS = [
    EpisodeCounts(1, "a", 10, 20, 15, 100),
    EpisodeCounts(1, "b", 0, 20, 5, 100),
    EpisodeCounts(2, "a", 30, 40, 30, 100),
]


def test_counts_by_hand_with_255_left_out() -> None:
    truth = np.array([[7, 7, 0], [255, 2, 0]], np.uint8)
    predicted = np.array([[1, 0, 1], [1, 0, 0]], bool)
    found = compare(predicted, truth, 7, "q")
    assert (found.intersection, found.union, found.target, found.valid) == (1, 3, 2, 5)
    assert found.predicted == 2
    with pytest.raises(ValueError, match="differ in size"):
        compare(predicted[:1], truth, 7, "q")


def test_sums_before_dividing_then_averages_over_classes() -> None:
    table = score_table(COUNTS, 1)
    assert table.per_class[1].iou == pytest.approx(25)
    assert table.per_class[2].iou == pytest.approx(75)
    assert table.mean.value == pytest.approx(50)
    assert table.floor == pytest.approx(20)
    assert table.mean.low <= 50 <= table.mean.high


def naive_interval(counts: list[EpisodeCounts], seed: int) -> tuple[float, float]:
    """The loop of src/main/evaluate/scores.ts."""
    images: dict[str, list[EpisodeCounts]] = {}
    for c in counts:
        images.setdefault(c.query, []).append(c)
    groups = list(images.values())
    state, means = seed, []
    for _ in range(1000):
        sums: dict[int, list[int]] = {}
        for _ in groups:
            state = (state + 0x9E3779B9) & 0xFFFFFFFF
            mixed = ((state ^ (state >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
            mixed = ((mixed ^ (mixed >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
            u = (mixed ^ (mixed >> 16)) / 2**32
            for c in groups[int(u * len(groups))]:
                total = sums.setdefault(c.class_id, [0, 0])
                total[0] += c.intersection
                total[1] += c.union
        means.append(np.mean([100 * i / u if u else 0 for i, u in sums.values()]))
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def test_interval_is_that_of_the_application() -> None:
    rng = np.random.default_rng(0)
    counts = []
    for i in range(40):
        union = int(rng.integers(0, 60))
        counts.append(EpisodeCounts(i % 3, f"q{i % 11}", int(rng.integers(0, union + 1)), union, union, 100))
    found = score_table(counts, 7).mean
    assert (found.low, found.high) == pytest.approx(naive_interval(counts, 7))


def test_random_numbers_are_those_of_the_application() -> None:
    # seededRandom(1) of src/main/evaluate/random.ts, first three numbers.
    assert random_numbers(1, 3).tolist() == pytest.approx(
        [0.5883937727194279, 0.07318899407982826, 0.59031065646559], abs=1e-12
    )


def test_fb_iou_by_hand() -> None:
    assert fb_iou(COUNTS) == pytest.approx(50 * (40 / 80 + (300 - 80) / (300 - 40)))


def test_empty_share_and_auc_by_hand() -> None:
    absent = [EpisodeCounts(1, "a", 0, n, 0, 1000) for n in (0, 4, 5, 100)]
    assert empty_share(absent) == 50
    assert presence_auc([0.9, 0.5], [0.5, 0.1]) == pytest.approx((1 + 1 + 0.5 + 1) / 4)


def test_no_episodes_are_an_error() -> None:
    with pytest.raises(ValueError, match="no episodes"):
        score_table([], 1)
