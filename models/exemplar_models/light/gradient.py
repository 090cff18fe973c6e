"""The gradients of the light head as one plain inference graph: `python -m exemplar_models.light.gradient --time`.

The correction loop fine-tunes the head where only onnxruntime's inference build is at hand. The graph computes the
forward pass without dropout, `losses.segmentation_loss` and its gradient for every weight, which are inputs by name.
Whoever runs it owns the optimiser. The presence branch takes no part: it reads what was found and changes nothing of
it, so its weights are neither inputs nor have they gradients.

Inputs beside the weights: the query's s8, s16a and s16b, its `priors` (the decoder's output for these supports),
`pooled` and `present` of the supports, `target` in 0..1 and `valid` (0 where unknown) on the logits' grid.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto

from ..golden import park_miller
from . import network_graph
from .graph import Graph
from .head import LightMSDNet
from .losses import AUXILIARY_WEIGHT
from .priors import PRIOR_MAPS
from .support import RAW_CHANNELS, REGIONS

GRADIENT_ID = "msdnet-light-gradient"
POSITIVE_WEIGHT = 2.0
COARSER = 4
"""Cells of the logits along a side of a cell of the pyramid's."""
PREFIX = "gradient."
"""Before the name of a weight: the output with its gradient."""

LOGITS: list[str | int] = [1, 1, "height_double", "width_double"]
INPUTS: dict[str, list[str | int]] = {
    **network_graph.map_shapes("s8", "s16a", "s16b"),
    "priors": [1, PRIOR_MAPS, "height_half", "width_half"],
    "pooled": [1, "supports", REGIONS, RAW_CHANNELS],
    "present": [1, "supports", REGIONS],
    "target": LOGITS,
    "valid": LOGITS,
}
OUTPUTS: dict[str, list[str | int]] = {"loss": [1], "logits": LOGITS}


def weight_shapes() -> dict[str, list[int]]:
    """Shapes by name of the weights that have a gradient here, in the order of `LightHead.state_dict()`."""
    state = LightMSDNet().head.state_dict()
    return {name: list(value.shape) for name, value in state.items() if not name.startswith("presence.")}


def mask_loss(g: Graph, logits: str, target: str, valid: str, positive_weight: float) -> tuple[str, str]:
    """`losses.mask_loss` of rows [1,N] and its gradient for the logits."""

    def total(x: str) -> str:
        return g.total(x, [1])

    counts = g.op("Add", g.op("Mul", target, positive_weight - 1), 1.0)
    weight = g.op("Mul", valid, counts)
    mass = g.op("Max", total(weight), 1.0)
    each = g.op("Sub", g.op("Softplus", logits), g.op("Mul", logits, target))
    cross = g.op("Div", total(g.op("Mul", each, weight)), mass)
    chance = g.op("Sigmoid", logits)
    p, t = g.op("Mul", chance, valid), g.op("Mul", target, valid)
    there = g.op("Cast", g.op("Greater", total(t), 0.0), to=TensorProto.FLOAT)
    both = g.op("Add", g.op("Mul", total(g.op("Mul", p, t)), 2.0), 1.0)
    size = g.op("Add", g.op("Add", total(p), total(t)), 1.0)
    ratio = g.op("Div", both, size)
    dice = g.op("Mul", g.op("Sub", 1.0, ratio), there)
    # d ratio / d p = (2 t - ratio) / size, on its way through the sigmoid.
    slope = g.op("Mul", p, g.op("Sub", 1.0, chance))
    fall = g.op("Mul", g.op("Sub", ratio, g.op("Mul", t, 2.0)), g.op("Div", there, size))
    pull = g.op("Div", g.op("Mul", weight, g.op("Sub", chance, target)), mass)
    return g.op("Add", cross, dice), g.op("Add", pull, g.op("Mul", slope, fall))


def build_gradient(shapes: Mapping[str, Sequence[int]], positive_weight: float = POSITIVE_WEIGHT) -> onnx.ModelProto:
    """From `weight_shapes`. Outputs `loss` [1], `logits` and a gradient for each weight."""
    g = Graph()
    for name in shapes:
        g.track(name)
    found = network_graph.head(g, "priors")

    def row(x: str) -> str:
        return g.op("Reshape", x, [1, -1])

    known = g.op("Cast", g.op("Greater", g.average_pool("valid", COARSER), 0.99), to=TensorProto.FLOAT)
    main, main_pull = mask_loss(g, found.logits, row("target"), row("valid"), positive_weight)
    small = row(g.average_pool("target", COARSER))
    extra, extra_pull = mask_loss(g, row(found.auxiliary), small, row(known), positive_weight)
    loss = g.op("Add", main, g.op("Mul", extra, AUXILIARY_WEIGHT))
    g.op("Reshape", loss, [1], out="loss")
    g.op("Reshape", found.logits, g.op("Shape", "target"), out="logits")
    auxiliary_pull = g.op("Reshape", g.op("Mul", extra_pull, AUXILIARY_WEIGHT), g.op("Shape", found.auxiliary))
    gradients = g.gradients({found.logits: main_pull, found.auxiliary: auxiliary_pull})
    for name, shape in shapes.items():
        g.op("Reshape", gradients[name], shape, out=PREFIX + name)
    inputs = {**INPUTS, **{name: list(shape) for name, shape in shapes.items()}}
    return g.model(GRADIENT_ID, inputs, {**OUTPUTS, **{PREFIX + name: list(s) for name, s in shapes.items()}})


def synthetic_weights(shapes: Mapping[str, Sequence[int]]) -> dict[str, np.ndarray]:
    """0.3 times numbers of -0.5..0.5, from seed 101 for the first weight, 102 for the second, and so on.

    Gains of norms (vectors called `weight`) are 1 plus that in the transformer, 0.3 and a third of that elsewhere. To
    the bias of a group norm, 1 is added where the channel is even and subtracted where it is odd: at a ReLU's corner
    two right programs differ by a whole cell's gradient, and without it some of a million activations lie there. The
    weights that leave the pyramid lose their mean over even and over odd inputs, so that these ones do not drown what
    differs from cell to cell.
    """
    found = {}
    for index, (name, shape) in enumerate(shapes.items()):
        values = 0.3 * park_miller(math.prod(shape), 101 + index).reshape(shape)
        row_norm = name.startswith("transformer.")
        if len(shape) == 1 and name.endswith(".weight"):
            values = 1 + values if row_norm else 0.3 + values / 3
        elif len(shapes.get(name.removesuffix("bias") + "weight", ())) == 1 and not row_norm:
            values = values + 1 - 2 * (np.arange(len(values)) % 2)
        elif name == "pyramid.leave.weight":
            pairs = values.reshape(shape[0], -1, 2)
            values = (pairs - pairs.mean(1, keepdims=True)).reshape(shape)
        found[name] = values.astype(np.float32)
    return found


def synthetic_inputs(height: int, width: int, supports: int) -> dict[str, np.ndarray]:
    """Inputs beside the weights for a stride-8 grid of height x width cells: 2 times numbers of -0.5..0.5, from seed 11
    for s8 to 15 for pooled. Every second support (1, 3, ...) has no negatives. The target is 1 in the lower right
    quarter and 0.3 in the row above it; the first five rows are unknown.
    """
    sizes = {"height": height, "width": width, "supports": supports}
    sizes |= {f"{n}_half": v // 2 for n, v in sizes.items()} | {f"{n}_double": 2 * v for n, v in sizes.items()}
    shapes = {name: [sizes[n] if isinstance(n, str) else n for n in shape] for name, shape in INPUTS.items()}
    inputs = {
        name: (2 * park_miller(math.prod(shapes[name]), 11 + index)).reshape(shapes[name]).astype(np.float32)
        for index, name in enumerate(("s8", "s16a", "s16b", "priors", "pooled"))
    }
    inputs["present"] = np.ones(shapes["present"], np.float32)
    inputs["present"][:, 1::2, 2] = 0
    inputs["pooled"] *= inputs["present"][..., None]
    inputs["target"] = np.zeros(shapes["target"], np.float32)
    inputs["valid"] = np.ones(shapes["valid"], np.float32)
    inputs["target"][..., height:, width:] = 1
    inputs["target"][..., height - 1, width:] = 0.3
    inputs["valid"][..., :5, :] = 0
    return inputs


def milliseconds(height: int, width: int, supports: int, runs: int = 10) -> float:
    """Median processor time of one step on one thread, which a busy machine does not stretch as much."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    shapes = weight_shapes()
    session = ort.InferenceSession(build_gradient(shapes).SerializeToString(), options)
    feed = {**synthetic_inputs(height, width, supports), **synthetic_weights(shapes)}
    times = []
    for _ in range(runs + 1):
        start = time.process_time()
        session.run(None, feed)
        times.append(time.process_time() - start)
    return 1000 * float(np.median(times[1:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time", action="store_true", required=True, help="print milliseconds a step on one thread")
    parser.parse_args()
    for side in (320, 448):
        for supports in (1, 5):
            found = milliseconds(side // 8, side // 8, supports)
            print(f"{side} px, {supports} supports: {found:.1f} ms a step")


if __name__ == "__main__":
    main()
