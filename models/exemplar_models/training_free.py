"""The training-free predictor: kernel-density matching of tokens, then one self-support pass. Reference in NumPy.

A *token* is one cell of the stride-16 grid: the L2-normalised `s16b` vector (120) beside the L2-normalised, bilinearly
doubled `s32` vector (352), divided by sqrt(2), so that the dot product of two tokens is the mean of the two cosines.

1. Matching. For a query token q and support tokens a_j with coverage c_j (share of the cell that is foreground):
   L_f(q) = tau * log( sum_j f_j exp(q.a_j / tau) / sum_j f_j ),  f_j = c_j^2,
   and L_b with b_j = (1 - c_j - ignored_j)^2.
   s1 = L_f - L_b. Between the best match of CMGM (MSDNet, arXiv 2409.11316; tau -> 0) and the prototype (tau -> inf).
   Weights instead of masks: a cell outside the mask has weight 0, so no masked zero can win (a zero cosine would).
2. Self-support (Fan et al., arXiv 2207.11549), soft: p = sigmoid((s1 - T0) / T1) weighs the query's own tokens into a
   foreground and a background prototype, each mixed half and half with the support's; s2 = their cosine difference.
3. s = (1 - A) s1 + A s2; foreground where s > THRESHOLD, in regions whose peak reaches SEED (`suppress`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import label, maximum

Array = np.ndarray

TARGET_AREA = 448 * 448
SIZE_MULTIPLE = 64
SMALLEST_SIDE = 192
LARGEST_SIDE = 1536
DISTORTION_WEIGHT = 2.0

TAU = 0.04
SELF_MIDDLE = 0.05
SELF_WIDTH = 0.015
SELF_MIX = 0.5
SELF_SHARE = 0.3
THRESHOLD = 0.075
SEED = 0.15
SUPPRESSED = THRESHOLD - 0.02
GAIN = 2.0
TOKENS_PER_SUPPORT = 540


def input_size(width: int, height: int, area: int = TARGET_AREA) -> tuple[int, int]:
    """Model input (width, height) in px: multiples of 64 that keep the aspect at about `area` pixels.

    Minimises |ln(area ratio)| + 2 |ln(aspect distortion)| over sides of 192 to 1536 px; ties go to the lower width.
    640x480 -> 512x384, 640x427 -> 576x384, 500x500 -> 448x448.
    """
    sides = range(SMALLEST_SIDE, LARGEST_SIDE + 1, SIZE_MULTIPLE)
    best, found = math.inf, (SMALLEST_SIDE, SMALLEST_SIDE)
    for w in sides:
        for h in sides:
            distortion = abs(math.log((w * height) / (h * width)))
            cost = abs(math.log(w * h / area)) + DISTORTION_WEIGHT * distortion
            if cost < best:
                best, found = cost, (w, h)
    return found


def unit(x: Array) -> Array:
    """Rows of x [..., C] scaled to length 1 (zero rows stay zero)."""
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-8)


def resize_matrix(n: int, out: int) -> Array:
    """Bilinear interpolation [out, n] with half-pixel centres (align_corners=False), edges repeated."""
    x = (np.arange(out) + 0.5) * n / out - 0.5
    i = np.floor(x).astype(int)
    f = (x - i).astype(np.float32)
    m = np.zeros((out, n), np.float32)
    rows = np.arange(out)
    np.add.at(m, (rows, np.clip(i, 0, n - 1)), 1 - f)
    np.add.at(m, (rows, np.clip(i + 1, 0, n - 1)), f)
    return m


def resize(x: Array, height: int, width: int) -> Array:
    """Bilinear resize of [H,W] or [C,H,W], edge to edge."""
    return resize_matrix(x.shape[-2], height) @ x @ resize_matrix(x.shape[-1], width).T


def tokens(s16b: Array, s32: Array) -> Array:
    """Feature maps [120,h,w] and [352,h/2,w/2] -> unit tokens [h*w,472], row-major."""
    h, w = s16b.shape[1:]
    fine = unit(s16b.reshape(len(s16b), -1).T)
    coarse = unit(resize(s32, h, w).reshape(len(s32), -1).T)
    return np.concatenate([fine, coarse], axis=1) / np.float32(np.sqrt(2))


def coverage(mask: Array, height: int, width: int) -> Array:
    """Exact area mean of mask [H,W] in each cell of a height x width grid laid over it edge to edge."""

    def along(m: Array, n: int) -> Array:
        size = m.shape[0]
        total = np.concatenate([np.zeros((1, m.shape[1])), np.cumsum(m, axis=0, dtype=np.float64)])
        edge = np.arange(n + 1) * size / n
        i = np.minimum(np.floor(edge).astype(int), size - 1)
        at = total[i] + (total[i + 1] - total[i]) * (edge - i)[:, None]
        return np.diff(at, axis=0) * n / size

    return along(along(mask, height).T, width).T.astype(np.float32)


@dataclass(frozen=True)
class Support:
    """What a class keeps of one example: unit tokens [N,472] and summed coverages [N] (a merged token counts twice)."""

    tokens: Array
    foreground: Array
    background: Array


def merge(tokens_: Array, fg: Array, bg: Array, cap: int) -> tuple[Array, Array, Array]:
    """Reduces to at most `cap` tokens, at least one, by averaging neighbours in the list, most alike first.

    Pairs are (0,1), (2,3), ...; alike means cosine minus difference of coverage; passes repeat while too many remain.
    Weights add up, so the density of step 1 changes little: near-duplicates were counted side by side anyway.
    """
    cap = max(cap, 1)
    while len(tokens_) > cap:
        pairs = len(tokens_) // 2
        even, odd = tokens_[0 : 2 * pairs : 2], tokens_[1 : 2 * pairs : 2]
        total = np.maximum(fg + bg, 1e-6)
        share = fg / total
        alike = (even * odd).sum(1) - np.abs(share[0 : 2 * pairs : 2] - share[1 : 2 * pairs : 2])
        chosen = np.argsort(-alike, kind="stable")[: min(len(tokens_) - cap, pairs)]
        left, right = 2 * chosen, 2 * chosen + 1
        tokens_, fg, bg = tokens_.copy(), fg.copy(), bg.copy()
        tokens_[left] = unit(tokens_[left] + tokens_[right])
        fg[left] += fg[right]
        bg[left] += bg[right]
        keep = np.ones(len(tokens_), bool)
        keep[right] = False
        tokens_, fg, bg = tokens_[keep], fg[keep], bg[keep]
    return tokens_, fg, bg


def quantise(x: Array) -> Array:
    """Unit tokens after a round trip through int8 (scaled by each token's largest magnitude, then unit again)."""
    peak = np.maximum(np.abs(x).max(axis=1, keepdims=True), 1e-12)
    return unit(np.floor(x / peak * 127 + 0.5)).astype(np.float32)


def encode(tokens_: Array, fg: Array, ignored: Array, cap: int = TOKENS_PER_SUPPORT) -> Support:
    """Support state from tokens [N,472] and the coverages [N] of foreground and of ignored pixels.

    The squares favour pure cells over cells the outline crosses. They are taken before merging, so sums stay exact.
    """
    bg = np.maximum(1 - fg - ignored, 0)
    t, f, b = merge(tokens_, fg**2, bg**2, cap)
    return Support(quantise(t), f, b)


def log_density(query: Array, support: Array, weights: Array, tau: float = TAU) -> Array:
    """Step 1: query [Nq,C], support [Ns,C], weights [Ns,2], each column summing to 1 -> [Nq,2]."""
    s = query @ support.T
    top = s.max(axis=1, keepdims=True)
    return top + tau * np.log(np.maximum(np.exp((s - top) / tau) @ weights, 1e-30))


def score(query: Array, supports: list[Support]) -> Array:
    """Raw score s [Nq] of query tokens [Nq,472]; foreground where it exceeds `THRESHOLD`."""
    a = np.concatenate([s.tokens for s in supports])
    w = np.stack(
        [np.concatenate([s.foreground for s in supports]), np.concatenate([s.background for s in supports])], axis=1
    )
    w = w / np.maximum(w.sum(axis=0), 1e-12)
    density = log_density(query, a, w)
    s1 = density[:, 0] - density[:, 1]
    p = 1 / (1 + np.exp(-(s1 - SELF_MIDDLE) / SELF_WIDTH))
    own = [unit(p**2 @ query), unit((1 - p) ** 2 @ query)]
    fg, bg = (unit((1 - SELF_MIX) * unit(w[:, i] @ a) + SELF_MIX * own[i]) for i in (0, 1))
    return (1 - SELF_SHARE) * s1 + SELF_SHARE * (query @ fg - query @ bg)


def suppress(s: Array) -> Array:
    """Hysteresis (Canny 1986) on a score map [h,w]: 8-connected regions above THRESHOLD that nowhere reach SEED are
    lowered to SUPPRESSED. Weak regions are mostly false, and it lets an image without the class come out empty.
    """
    labels, count = label(s > THRESHOLD, np.ones((3, 3)))
    peaks = np.concatenate([[np.inf], maximum(s, labels, np.arange(1, count + 1))]) if count else np.array([np.inf])
    return np.where(peaks[labels] < SEED, np.float32(SUPPRESSED), s)


def to_unit_interval(s: Array) -> Array:
    """Score map as the application shows it: 0..1, foreground above 0.5. Linear, so that interpolation commutes."""
    return np.clip(0.5 + GAIN * (s - THRESHOLD), 0, 1)


def box_mean(x: Array, radius: int) -> Array:
    """Mean of x [H,W] over the (2r+1)^2 window, clipped at the borders."""

    def along(m: Array) -> Array:
        n = m.shape[0]
        total = np.concatenate([np.zeros((1, m.shape[1])), np.cumsum(m, axis=0, dtype=np.float64)])
        low = np.maximum(np.arange(n) - radius, 0)
        high = np.minimum(np.arange(n) + radius + 1, n)
        return (total[high] - total[low]) / (high - low)[:, None]

    return along(along(x).T).T


def guided_filter(guide: Array, p: Array, radius: int, eps: float) -> tuple[Array, Array]:
    """Coefficients (a, b) [H,W] of q = a * guide + b (He, Sun, Tang, "Guided Image Filtering", eq. 5-8), grey guide."""
    mean_i, mean_p = box_mean(guide, radius), box_mean(p, radius)
    covariance = box_mean(guide * p, radius) - mean_i * mean_p
    variance = box_mean(guide * guide, radius) - mean_i * mean_i
    a = covariance / (variance + eps)
    return box_mean(a, radius), box_mean(mean_p - a * mean_i, radius)
