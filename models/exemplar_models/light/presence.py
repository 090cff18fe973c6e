"""Refits the presence output on classes that the weights have not seen.

Trained beside the masks, the presence layers learn what the training classes look like. What carries over to new
classes is the frozen statistics of the prior maps: how well the supports' foreground is found again, and how far the
best cell leads over the background. A ridge logistic regression on held-out classes weighs them anew (adding what the
trained layers say changed nothing: AUC 0.93 with and without). It is folded into the layers themselves, so the exported
graph stays the same. No trained weight enters it: a verdict holds for every head.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from .head import LightHead, LightMSDNet
from .priors import STATISTICS

OFFSET = 64.0
"""Lifts the linear part above zero, where ReLU lets it pass."""


class PresenceInputs:
    """Collects what the presence layers are given while it is open: `figures` [N,85]."""

    def __init__(self, net: LightMSDNet) -> None:
        self._rows: list[Tensor] = []
        self._handle = net.head.presence.register_forward_pre_hook(self._see)

    def _see(self, _module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._rows.append(inputs[0].detach())

    def close(self) -> np.ndarray:
        self._handle.remove()
        return torch.cat(self._rows).numpy().astype(np.float64)


def logistic(x: np.ndarray, y: np.ndarray, ridge: float, steps: int = 40) -> np.ndarray:
    """Logistic regression of y (0..1) [N] on x [N,F] by Newton's method -> [1+F], the constant first and free."""
    x = np.concatenate([np.ones((len(x), 1)), x], axis=1)
    penalty = np.diag([1e-6, *([ridge] * (x.shape[1] - 1))])
    w = np.zeros(x.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        curvature = (x * (p * (1 - p) + 1e-9)[:, None]).T @ x + penalty
        w = w - np.linalg.solve(curvature, x.T @ (p - y) + penalty @ w)
    return w


@dataclass(frozen=True)
class Verdict:
    """logit = bias + <weights, the prior maps' statistics [17]>."""

    bias: float
    weights: np.ndarray

    def logits(self, figures: np.ndarray) -> np.ndarray:
        """Of what the presence layers are given [N,85]."""
        return self.bias + figures[:, :STATISTICS] @ self.weights


def fit_verdict(figures: np.ndarray, present: np.ndarray, ridge: float) -> Verdict:
    """From figures [N,85] and whether the class was there [N]; both groups count the same."""
    x = figures[:, :STATISTICS]
    mean, scale = x.mean(0), x.std(0) + 1e-6
    rows = balanced(present)
    w = logistic(((x - mean) / scale)[rows], present[rows].astype(np.float64), ridge)
    slope = w[1:] / scale
    return Verdict(float(w[0] - slope @ mean), slope)


def balanced(present: np.ndarray) -> np.ndarray:
    """Row numbers in which the smaller group is repeated until both are of about one size."""
    groups = np.flatnonzero(present), np.flatnonzero(~present)
    size = max(len(g) for g in groups)
    return np.concatenate([np.resize(g, size) for g in groups])


def fold_verdict(head: LightHead, verdict: Verdict) -> None:
    """Makes the presence layers give the verdict: one hidden unit carries it, the others are silent."""
    first, last = head.presence[0], head.presence[2]
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        for parameter in (first.weight, first.bias, last.weight, last.bias):
            parameter.zero_()
        first.weight[0, :STATISTICS] = torch.from_numpy(verdict.weights).float()
        first.bias[0] = OFFSET
        last.weight[0, 0] = 1
        last.bias.fill_(verdict.bias - OFFSET)
