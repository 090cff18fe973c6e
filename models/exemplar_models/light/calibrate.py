"""Chooses what turns outputs into decisions, on classes the weights have not seen.

`python -m exemplar_models.light.calibrate WEIGHTS --data DIR --episodes LIST --out recipe.json`
Threshold, presence threshold and the calibrated score come from a list over *held-out training classes*, never from a
test fold. Writes the `recipe` of the manifest as JSON.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from ..episodes import read_episodes
from ..metrics import EpisodeCounts, presence_auc, score_table
from ..readers import FolderSet
from ..training import run_command
from .evaluate import EMPTY_SHARE, Answer, Decision, Evaluator, answers, decide
from .support import TOKENS_PER_SUPPORT
from .train import load_weights

THRESHOLDS = tuple(round(0.3 + 0.05 * i, 2) for i in range(9))
LARGEST_LOGIT = 8.0
SMALLEST_AREA = 1e-4


def proposal_figures(answer: Answer, threshold: float) -> np.ndarray:
    """What a proposal's score may know, [3]: presence logit, agreement, ln of the area share.

    Agreement is the soft IoU of the probabilities with the mask cut from them.
    """
    p = answer.probability.astype(np.float64)
    inside = p > threshold
    presence = np.clip(
        np.log(max(answer.presence, 1e-9) / max(1 - answer.presence, 1e-9)), -LARGEST_LOGIT, LARGEST_LOGIT
    )
    agreement = p[inside].sum() / max(inside.sum() + p[~inside].sum(), 1e-9)
    return np.asarray([presence, agreement, np.log(max(inside.mean(), SMALLEST_AREA))])


def fit_score(figures: np.ndarray, quality: np.ndarray, ridge: float = 1e-2, steps: int = 30) -> np.ndarray:
    """Logistic regression of IoU 0..1 [N] on figures [N,3] by Newton's method -> [4], the constant first."""
    x = np.concatenate([np.ones((len(figures), 1)), figures], axis=1)
    w = np.zeros(x.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (p - quality) + ridge * w
        curvature = (x * (p * (1 - p))[:, None]).T @ x + ridge * np.eye(len(w))
        w = w - np.linalg.solve(curvature, gradient)
    return w


def iou(counts: EpisodeCounts) -> float:
    return counts.intersection / counts.union if counts.union else 1.0


def choose(found: list[tuple[list[Answer], list[Answer]]], data_set: FolderSet, keep: float) -> dict[str, object]:
    """Recipe from the answers at several shot counts: the threshold of the best mean mIoU, then the strictest presence
    threshold at which a share `keep` of the present queries still get an answer at every shot count."""
    scores = []
    for threshold in THRESHOLDS:
        decision = Decision(threshold)
        tables = [score_table([decide(a, data_set, decision) for a in present], 1) for present, _ in found]
        scores.append(float(np.mean([t.mean.value for t in tables])))
        print(f"threshold {threshold}: mIoU {[round(t.mean.value, 2) for t in tables]}", flush=True)
    threshold = THRESHOLDS[int(np.argmax(scores))]
    limits, figures, quality = [], [], []
    for present, absent in found:
        counts = [decide(a, data_set, Decision(threshold)) for a in present]
        alive = [c.predicted >= EMPTY_SHARE * c.valid for c in counts]
        ranked = sorted((a.presence if lives else 0.0) for a, lives in zip(present, alive, strict=True))
        limits.append(ranked[int((1 - keep) * len(ranked))])
        figures += [proposal_figures(a, threshold) for a in present + absent]
        quality += [iou(c) for c in counts] + [0.0] * len(absent)
        auc = presence_auc([a.presence for a in present], [a.presence for a in absent])
        print(f"presence AUC {auc:.3f}, {100 * keep:.0f}% of the present above {limits[-1]:.3f}", flush=True)
    made = np.stack(figures)[:, 2] > np.log(SMALLEST_AREA)
    bias, presence, agreement, area = fit_score(np.stack(figures)[made], np.asarray(quality)[made])
    return {
        "tokensPerSupport": TOKENS_PER_SUPPORT,
        "threshold": threshold,
        "presenceThreshold": round(float(min(limits)), 4),
        "calibration": {
            "bias": round(float(bias), 4),
            "presence": round(float(presence), 4),
            "agreement": round(float(agreement), 4),
            "area": round(float(area), 4),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="data set folder")
    parser.add_argument("--episodes", type=Path, required=True, help="list over classes the weights have not seen")
    parser.add_argument("--shots", default="1,5")
    parser.add_argument("--keep", type=float, default=0.93, help="share of present queries that must keep an answer")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    data_set = FolderSet(args.data)
    episodes = read_episodes(args.episodes, data_set)
    evaluator = Evaluator(load_weights(args.weights), data_set, args.threads)
    found = [answers(evaluator, episodes, int(shots)) for shots in args.shots.split(",")]
    recipe = choose(found, data_set, args.keep)
    args.out.write_text(json.dumps(recipe, indent=2) + "\n")
    print(json.dumps(recipe))


if __name__ == "__main__":
    run_command(main)
