"""Golden values of the light model: synthetic supports and a query through encoder, merging, 8 bits and decoder.

Another language makes the same maps by `golden.synthetic_maps` (all four of them) and compares with what stands in the
file, so that no step between backbone and logits can differ unseen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .. import training_free as tf
from ..golden import Box, synthetic_features
from .gradient import INPUTS, synthetic_inputs, synthetic_weights, weight_shapes
from .head import LightMSDNet, Output
from .losses import segmentation_loss
from .priors import STATISTICS, Priors, prior_maps
from .support import Features, Support, encode_support, join, stored, tokens

# Cells of the stride-16 grid: 672 of them, so that merging to 540 is part of the golden values.
HEIGHT, WIDTH = 24, 28
BOXES: tuple[Box, Box] = ((4, 6, 14, 18), (10, 2, 22, 10))
ERASED: Box = (2, 14, 8, 20)
"""Erased region of the second support."""
QUERY_BOX: Box = (6, 4, 16, 12)
SEEDS = ((11, 21), 31)
SHARES = (0.7, 0.3)


def box_coverage(box: Box) -> np.ndarray:
    """Coverage [2h,2w] of the stride-8 cells by a box of stride-16 cells, half a stride-8 cell longer on the left."""
    left, top, right, bottom = box
    mask = np.zeros((4 * HEIGHT, 4 * WIDTH))
    mask[4 * top : 4 * bottom, 4 * left - 1 : 4 * right] = 1
    return tf.coverage(mask, 2 * HEIGHT, 2 * WIDTH)


def features_of(seed: int, box: Box) -> Features:
    maps = synthetic_features(HEIGHT, WIDTH, seed, box)
    return Features(*(torch.from_numpy(maps[name])[None] for name in Features._fields))


def golden_support(index: int) -> Support:
    """Dense state of support 0 or 1."""
    foreground = box_coverage(BOXES[index])
    erased = box_coverage(ERASED) if index == 1 else np.zeros_like(foreground)
    maps = features_of(SEEDS[0][index], BOXES[index])
    return encode_support(maps, *(torch.from_numpy(c)[None, None] for c in (foreground, erased)))


def weighted(supports: list[Support], shares: tuple[float, ...]) -> Support:
    """Joined, every support's foreground and background weights brought to a sum of its share first."""

    def brought(weights: Tensor, share: float) -> Tensor:
        return weights * (share / weights.sum(1, keepdim=True).clamp_min(1e-12))

    return join(
        [
            s._replace(foreground=brought(s.foreground, share), background=brought(s.background, share))
            for s, share in zip(supports, shares, strict=True)
        ]
    )


def _rounded(x: Tensor) -> list[float]:
    return [float(f"{v:.7g}") for v in x.double().flatten().tolist()]


def _answer(out: Output, maps: Tensor) -> dict[str, object]:
    """Every fifth logit of every fifth row, every eighth channel of the features at every twelfth, all of the rest."""
    return {
        "scale": float(f"{float(out.logits.abs().max()):.7g}"),
        "logits": _rounded(out.logits[0, 0, ::5, ::5]),
        "features": _rounded(out.features[0, ::8, ::12, ::12]),
        "kernel": _rounded(out.kernel),
        "bias": _rounded(out.bias),
        "presence": _rounded(out.presence),
        "priors": _rounded(maps[0, :, ::50]),
    }


def golden_record(net: LightMSDNet, cap: int) -> dict[str, object]:
    """All that the golden file says of `net`, which must be in evaluation mode."""
    dense = [golden_support(index) for index in (0, 1)]
    bounded = [stored(support, cap) for support in dense]
    query = features_of(SEEDS[1], QUERY_BOX)
    runs = {
        "one": bounded[0],
        "two": join(bounded),
        "weighted": weighted(bounded, SHARES),
    }
    answers = {}
    with torch.no_grad():
        for name, support in runs.items():
            answers[name] = _answer(net(query, support), prior_maps(tokens(query), support).maps)
    return {
        "schemaVersion": 1,
        "note": "maps by synthetic_features of exemplar_models/golden.py, the rest by exemplar_models/light/golden.py; "
        "boxes are left, top, right, bottom in stride-16 cells; logits are [::5][::5], features [::8][::12][::12], "
        "priors [:][::50 of the cells]; compare |difference| <= 1e-3 * the largest magnitude of each list",
        "height": HEIGHT,
        "width": WIDTH,
        "supportBoxes": BOXES,
        "erasedBox": ERASED,
        "queryBox": QUERY_BOX,
        "supportSeeds": SEEDS[0],
        "querySeed": SEEDS[1],
        "shares": SHARES,
        "tokensPerSupport": cap,
        "supports": [
            {
                "tokens": s.tokens.shape[1],
                "firstToken": _rounded(d.tokens[0, 0, ::16]),
                "foreground": float(s.foreground.sum()),
                "background": float(s.background.sum()),
                "pooled": _rounded(d.pooled[0, 0, :, ::16]),
                "present": _rounded(d.present),
            }
            for d, s in zip(dense, bounded, strict=True)
        ],
        "answers": answers,
    }


def write_golden(net: LightMSDNet, cap: int, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "msdnet-light.json"
    path.write_text(json.dumps(golden_record(net, cap), separators=(",", ":")) + "\n")
    return path


GRADIENT_CASES = ((40, 40, 1), (40, 56, 5), (56, 48, 3))
"""Height and width of the stride-8 grid, number of supports."""


class Slope(NamedTuple):
    """`loss`, `logits` [1,1,2H,2W] and `gradients` by name of weight, as PyTorch finds them."""

    loss: float
    logits: np.ndarray
    gradients: dict[str, np.ndarray]


def autograd(weights: Mapping[str, np.ndarray], inputs: Mapping[str, np.ndarray]) -> Slope:
    """What the gradient graph computes of the same inputs, in double precision but for the loss."""
    given = {name: torch.from_numpy(inputs[name]).double() for name in INPUTS}
    head = LightMSDNet().head.eval().double()
    head.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()}, strict=False)
    nothing = torch.zeros(1, 0).double()
    features = Features(given["s8"], given["s16a"], given["s16b"], nothing)
    support = Support(nothing, nothing, nothing, given["pooled"], given["present"])
    out = head(features, Priors(given["priors"].flatten(2), torch.zeros(1, STATISTICS).double()), support)
    loss = segmentation_loss(out.logits, out.auxiliary, given["target"], given["valid"])
    loss.backward()
    slopes = {name: weight.grad.numpy() for name, weight in head.named_parameters() if weight.grad is not None}
    return Slope(loss.item(), out.logits.detach().numpy(), slopes)


def _chosen(values: np.ndarray) -> list[int]:
    n = values.size
    return sorted({0, n // 5, n // 3, n // 2, n - 1})


def gradient_record() -> dict[str, object]:
    shapes = weight_shapes()
    weights = synthetic_weights(shapes)
    cases = []
    for height, width, supports in GRADIENT_CASES:
        slope = autograd(weights, synthetic_inputs(height, width, supports))
        cases.append(
            {
                "height": height,
                "width": width,
                "supports": supports,
                "loss": float(f"{slope.loss:.7g}"),
                "logits": [float(f"{v:.7g}") for v in slope.logits[0, 0, ::16, ::16].ravel()],
                "gradients": [
                    {
                        "name": name,
                        "scale": float(f"{np.abs(slope.gradients[name]).max():.7g}"),
                        "places": _chosen(slope.gradients[name]),
                        "values": [
                            float(f"{slope.gradients[name].flat[at]:.7g}") for at in _chosen(slope.gradients[name])
                        ],
                    }
                    for name in shapes
                ],
            }
        )
    return {
        "schemaVersion": 1,
        "note": "weights and inputs by synthetic_weights and synthetic_inputs of exemplar_models/light/gradient.py; "
        "logits are [::16][::16], values those at `places` of the flattened gradient; compare |difference| <= 1e-4 * "
        "scale + 1e-7: a key's bias has gradient 0, as softmax stays the same when all keys move, and shows rounding",
        "cases": cases,
    }


def write_gradient_golden(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "msdnet-light-gradient.json"
    path.write_text(json.dumps(gradient_record(), separators=(",", ":")) + "\n")
    return path
