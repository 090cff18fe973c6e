"""Chooses what turns outputs into decisions, on classes the weights have not seen.

`python -m exemplar_models.light.calibrate WEIGHTS --data DIR --episodes LIST --out DIR`
Presence layers, thresholds and the calibrated score come from a list over *held-out training classes*, never from a
test fold. Writes weights with their presence layers refitted, and the recipe of the manifest as JSON. With `--apply` it
does so with what another model of the same recipe found.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ..episodes import EpisodeList, read_episodes
from ..metrics import EpisodeCounts, presence_auc, score_table
from ..readers import FolderSet
from ..training import load_checkpoint, run_command, save_checkpoint
from .evaluate import EMPTY_SHARE, Answer, Answers, Decision, Evaluator, answers, at_full_size, decide
from .head import LightMSDNet
from .presence import PresenceInputs, Verdict, fit_verdict, fold_verdict, logistic
from .support import TOKENS_PER_SUPPORT
from .train import load_weights

THRESHOLDS = tuple(round(0.1 + 0.05 * i, 2) for i in range(11))
LARGEST_LOGIT = 8.0
RIDGES = (3.0, 30.0, 100.0)
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


def iou(counts: EpisodeCounts) -> float:
    return counts.intersection / counts.union if counts.union else 1.0


def by_threshold(answer: Answer, data_set: FolderSet) -> list[EpisodeCounts]:
    """Counts of one answer at each of `THRESHOLDS`."""
    full = at_full_size(answer, data_set)
    return [decide(answer, data_set, Decision(threshold), full=full) for threshold in THRESHOLDS]


def choose(found: Mapping[int, Answers], data_set: FolderSet, keep: Mapping[int, float]) -> dict[str, object]:
    """Recipe from the answers by number of shots.

    First the threshold of the best mean mIoU, then for each number of shots the strictest presence threshold at which
    its share `keep` of the present queries still get an answer, last the score.
    """
    scores = []
    every = [[by_threshold(a, data_set) for a in present] for present, _ in found.values()]
    for i, threshold in enumerate(THRESHOLDS):
        tables = [score_table([counts[i] for counts in group], 1) for group in every]
        scores.append(float(np.mean([t.mean.value for t in tables])))
        print(f"threshold {threshold}: mIoU {[round(t.mean.value, 2) for t in tables]}", flush=True)
    best = int(np.argmax(scores))
    threshold = THRESHOLDS[best]
    limits: list[dict[str, float]] = []
    figures, quality = [], []
    for (shots, (present, absent)), group in zip(found.items(), every, strict=True):
        counts = [c[best] for c in group]
        alive = [c.predicted >= EMPTY_SHARE * c.valid for c in counts]
        ranked = sorted((a.presence if lives else 0.0) for a, lives in zip(present, alive, strict=True))
        limit = ranked[int((1 - keep[shots]) * len(ranked))]
        limits.append({"supports": shots, "value": round(float(limit), 4)})
        figures += [proposal_figures(a, threshold) for a in present + absent]
        quality += [iou(c) for c in counts] + [0.0] * len(absent)
        auc = presence_auc([a.presence for a in present], [a.presence for a in absent])
        empty = float(np.mean([a.presence < limit for a in absent]))
        print(
            f"presence AUC {auc:.3f}; {100 * keep[shots]:.0f}% of the present and {100 * (1 - empty):.0f}% of the "
            f"absent reach {limit:.3f}",
            flush=True,
        )
    made = np.stack(figures)[:, 2] > np.log(SMALLEST_AREA)
    bias, presence, agreement, area = logistic(np.stack(figures)[made], np.asarray(quality)[made], 1e-2)
    return {
        "tokensPerSupport": TOKENS_PER_SUPPORT,
        "threshold": threshold,
        "presenceThresholds": limits,
        "calibration": {
            "bias": round(float(bias), 4),
            "presence": round(float(presence), 4),
            "agreement": round(float(agreement), 4),
            "area": round(float(area), 4),
        },
    }


def unseen_auc(figures: np.ndarray, present: np.ndarray, classes: np.ndarray, ridge: float) -> float:
    """Presence AUC over classes left out of the fit in turn."""
    scores = np.zeros(len(present))
    for c in np.unique(classes):
        own = classes == c
        scores[own] = fit_verdict(figures[~own], present[~own], ridge).logits(figures[own])
    return presence_auc(list(scores[present]), list(scores[~present]))


def refit(
    net: LightMSDNet, evaluator: Evaluator, episodes: EpisodeList, shots: list[int]
) -> tuple[Verdict, dict[int, Answers]]:
    """The verdict of all shot counts together, and the answers with it by number of shots."""
    found, figures = [], []
    for k in shots:
        inputs = PresenceInputs(net)
        found.append(answers(evaluator, episodes, k))
        figures.append(inputs.close())
    group = [a for pair in found for part in pair for a in part]
    x = np.concatenate(figures)
    present, classes = np.asarray([a.episode.present for a in group]), np.asarray([a.episode.class_id for a in group])
    aucs = [unseen_auc(x, present, classes, ridge) for ridge in RIDGES]
    for ridge, auc in zip(RIDGES, aucs, strict=True):
        print(f"presence refit, ridge {ridge}: AUC on classes left out {auc:.3f}", flush=True)
    verdict = fit_verdict(x, present, RIDGES[int(np.argmax(aucs))])
    probabilities = iter(1 / (1 + np.exp(-verdict.logits(x))))
    judged = [[[replace(a, presence=float(next(probabilities))) for a in part] for part in pair] for pair in found]
    return verdict, {k: (present, absent) for k, (present, absent) in zip(shots, judged, strict=True)}


def apply(net: LightMSDNet, folder: Path) -> None:
    """Folds the verdict found with other weights of the same recipe into these."""
    found = json.loads((folder / "verdict.json").read_text())
    fold_verdict(net.head, Verdict(found["bias"], np.asarray(found["weights"])))


def save(net: LightMSDNet, weights: Path, out: Path) -> None:
    """Writes the weights with their presence layers replaced, and says so in the file."""
    state = load_checkpoint(weights)
    save_checkpoint(out, {**state, "weights": net.state_dict(), "presence": "refitted"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, help="data set folder")
    parser.add_argument("--episodes", type=Path, help="list over classes the weights have not seen")
    parser.add_argument("--apply", type=Path, help="folder of a calibration with other weights of the same recipe")
    parser.add_argument("--shots", default="1,5")
    # Five examples tell present from absent better than one: what is gained is shared between both errors.
    parser.add_argument(
        "--keep", default="0.95,0.97", help="share of present queries that must keep an answer, for each of --shots"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="folder for weights.pt, verdict.json and recipe.json")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    net = load_weights(args.weights)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.apply is not None:
        apply(net, args.apply)
        (args.out / "recipe.json").write_text((args.apply / "recipe.json").read_text())
    elif args.data is None or args.episodes is None:
        raise ValueError("give --data and --episodes, or --apply")
    else:
        data_set = FolderSet(args.data)
        evaluator = Evaluator(net, data_set, args.threads)
        shots = [int(k) for k in args.shots.split(",")]
        shares = [float(share) for share in args.keep.split(",")]
        if shots != sorted(set(shots)) or len(shares) != len(shots):
            raise ValueError("give --shots in rising order, and --keep one share for each of them")
        verdict, judged = refit(net, evaluator, read_episodes(args.episodes, data_set), shots)
        fold_verdict(net.head, verdict)
        found = {"bias": verdict.bias, "weights": verdict.weights.tolist()}
        (args.out / "verdict.json").write_text(json.dumps(found, indent=2) + "\n")
        recipe = choose(judged, data_set, dict(zip(shots, shares, strict=True)))
        (args.out / "recipe.json").write_text(json.dumps(recipe, indent=2) + "\n")
        print(json.dumps(recipe))
    save(net, args.weights, args.out / "weights.pt")


if __name__ == "__main__":
    run_command(main)
