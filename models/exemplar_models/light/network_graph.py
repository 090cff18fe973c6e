"""The light model as ONNX graphs: support encoder, prior maps and head, each after its PyTorch definition line by line.

The weights of the head stand under their names of `LightHead.state_dict()`, untouched, so that a file can be read, and
another set of weights put in its place, without knowing the graph. Batch size is 1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from onnx import TensorProto

from ..network.pooling import MAP_EPSILON
from ..network.transformer import PE_EPSILON, PE_TEMPERATURE
from . import priors as prior
from .graph import Graph
from .head import CHANNELS, DIVISORS, GROUPS
from .support import COARSE_CHANNELS, FINE_CHANNELS, NEGATIVE_WEIGHT, RAW_CHANNELS, REGIONS

MAPS = {"s8": (48, ""), "s16a": (88, "_half"), "s16b": (FINE_CHANNELS, "_half"), "s32": (COARSE_CHANNELS, "_quarter")}
"""Channels of each feature map, and what its share of the stride-8 grid is called in a graph."""
HEADS = 4


def map_shapes(*names: str) -> dict[str, list[str | int]]:
    """Input declarations of feature maps."""
    return {n: [1, MAPS[n][0], f"height{MAPS[n][1]}", f"width{MAPS[n][1]}"] for n in names}


def unit_rows(g: Graph, grid: str, channels: int) -> str:
    """[1,C,h,w] -> unit rows [hw,C]."""
    rows = g.op("Transpose", g.op("Reshape", grid, [channels, -1]), perm=[1, 0])
    return g.unit(rows, 1, 1e-8)


def token_halves(g: Graph) -> tuple[str, str]:
    """Unit vectors [N,120] and [N,352] of the stride-16 cells (`support.tokens` before it joins and scales them)."""
    return unit_rows(g, "s16b", FINE_CHANNELS), unit_rows(g, g.enlarge("s32", 2), COARSE_CHANNELS)


def joined(g: Graph, fine: str, coarse: str) -> str:
    return g.op("Mul", g.op("Concat", fine, coarse, axis=1), 0.5**0.5)


# --- support encoder ---


def encoder(g: Graph) -> None:
    """`support.encode_support` of the inputs `foreground` and `negative` [1,1,H,W], with share of the image and scene.

    The scene is the mean of the unit s32 vectors.
    """
    g.op("Unsqueeze", joined(g, *token_halves(g)), [0], out="tokens")
    share = g.op("Reshape", g.average_pool("foreground", 2), [1, -1])
    erased = g.op("Reshape", g.average_pool("negative", 2), [1, -1])
    g.op("Mul", share, share, out="foreground_weights")
    rest = g.op("Sub", 1.0, share)
    extra = g.op("Add", g.op("Mul", erased, NEGATIVE_WEIGHT - 1), 1.0)
    g.op("Mul", g.op("Mul", rest, rest), extra, out="background_weights")
    background = g.op("Max", g.op("Sub", g.op("Sub", 1.0, "foreground"), "negative"), 0.0)
    regions = g.op("Concat", "foreground", background, "negative", axis=1)
    coarse = g.average_pool(regions, 2)

    def pooled(name: str, masks: str) -> str:
        """Masked means [3,C]."""
        flat = g.op("Reshape", masks, [REGIONS, -1])
        sums = g.op("Gemm", flat, g.op("Reshape", name, [MAPS[name][0], -1]), transB=1)
        return g.op("Div", sums, g.op("Add", g.total(flat, [1]), MAP_EPSILON))

    parts = pooled("s8", regions), pooled("s16a", coarse), pooled("s16b", coarse)
    g.op("Unsqueeze", g.op("Concat", *parts, axis=1), [0, 1], out="pooled")
    sizes = g.op("Reshape", g.total(regions, [2, 3]), [1, 1, REGIONS])
    g.op("Cast", g.op("Greater", sizes, 1e-3), to=TensorProto.FLOAT, out="present")
    g.op("Reshape", g.mean("foreground", [2, 3]), [1], out="area")
    g.op("ReduceMean", unit_rows(g, "s32", COARSE_CHANNELS), axes=[0], keepdims=1, out="scene")


# --- prior maps ---


def min_max(g: Graph, x: str) -> str:
    low = g.op("ReduceMin", x, axes=[0], keepdims=1)
    span = g.op("Sub", g.op("ReduceMax", x, axes=[0], keepdims=1), low)
    return g.op("Div", g.op("Sub", x, low), g.op("Max", span, 1e-6))


def top_mean(g: Graph, x: str) -> str:
    near = g.op("Exp", g.op("Div", g.op("Sub", x, g.op("ReduceMax", x, axes=[0], keepdims=1)), 0.05))
    return g.op("Div", g.total(g.op("Mul", near, x), [0]), g.total(near, [0]))


def columns(g: Graph, x: str) -> tuple[str, str]:
    """Foreground and background [N,1] of [N,2]."""
    first, second = g.split(x, [1, 1], 1)
    return first, second


def priors(g: Graph) -> tuple[str, str]:
    """`priors.prior_maps` of the inputs `tokens`, `foreground_weights` and `background_weights`: [N,20] and [1,17]."""
    fine_query, coarse_query = token_halves(g)
    support = g.op("Squeeze", "tokens", [0])
    fine_support, coarse_support = g.split(support, [FINE_CHANNELS, COARSE_CHANNELS], 1)

    def cosines_with(query: str, half: str) -> str:
        """Query halves are unit here, the supports' have length 1/sqrt(2)."""
        return g.op("MatMul", query, g.op("Mul", g.op("Transpose", half, perm=[1, 0]), 2**0.5))

    fine, coarse = cosines_with(fine_query, fine_support), cosines_with(coarse_query, coarse_support)
    both = g.op("Mul", g.op("Add", fine, coarse), 0.5)
    weights = g.op("Transpose", g.op("Concat", "foreground_weights", "background_weights", axis=0), perm=[1, 0])
    shares = g.op("Div", weights, g.op("Max", g.total(weights, [0]), 1e-12))
    maps: list[str] = []
    statistics: list[str] = []

    def largest(x: str) -> str:
        return g.op("ReduceMax", x, axes=[0], keepdims=1)

    def scaled(x: str) -> str:
        return g.op("Mul", g.op("Sub", x, 0.6), 3.0)

    def density(near: str, top: str, tau: float) -> tuple[str, str]:
        logarithm = g.op("Log", g.op("Max", g.op("MatMul", near, shares), 1e-30))
        fg, bg = columns(g, g.op("Add", top, g.op("Mul", logarithm, tau)))
        return fg, g.op("Sub", fg, bg)

    near = top = difference = ""
    for cosines in (fine, coarse, both):
        top = g.op("ReduceMax", cosines, axes=[1], keepdims=1)
        near = g.op("Exp", g.op("Mul", g.op("Sub", cosines, top), 1 / prior.TAU))
        fg, difference = density(near, top, prior.TAU)
        maps += [scaled(fg), g.op("Mul", difference, 5.0), min_max(g, difference)]
        found, _ = columns(g, g.op("MatMul", largest(cosines), shares))
        statistics += [largest(fg), largest(difference), top_mean(g, difference), found]
    fg_sharp, difference_sharp = density(g.op("Mul", near, near), top, prior.TAU / 2)
    counted = g.op("MatMul", near, weights)
    label = g.op("Div", columns(g, counted)[0], g.op("Max", g.total(counted, [1]), 1e-30))
    maps += [scaled(fg_sharp), g.op("Mul", difference_sharp, 5.0), min_max(g, difference_sharp), label]
    query = joined(g, fine_query, coarse_query)
    prototypes = g.unit(g.op("Gemm", shares, support, transA=1), 1, 1e-8)

    def against(pair: str) -> tuple[str, str]:
        fg, bg = columns(g, g.op("Gemm", query, pair, transB=1))
        return fg, g.op("Sub", fg, bg)

    prototype_fg, prototype_difference = against(prototypes)
    p = g.op("Sigmoid", g.op("Div", g.op("Sub", difference, prior.SELF_MIDDLE), prior.SELF_WIDTH))
    sides = g.op("Concat", p, g.op("Sub", 1.0, p), axis=1)
    own = g.unit(g.op("Gemm", g.op("Mul", sides, sides), query, transA=1), 1, 1e-8)
    blend = g.op("Mul", own, prior.SELF_MIX), g.op("Mul", prototypes, 1 - prior.SELF_MIX)
    _, own_difference = against(g.unit(g.op("Add", *blend), 1, 1e-8))
    mixed = g.op("Add", g.op("Mul", difference, 0.7), g.op("Mul", own_difference, 0.3))
    maps += [
        scaled(prototype_fg),
        g.op("Mul", prototype_difference, 5.0),
        min_max(g, prototype_difference),
        g.op("Mul", own_difference, 5.0),
        g.op("Mul", mixed, 5.0),
        min_max(g, mixed),
        p,
    ]
    statistics += [
        largest(difference_sharp),
        largest(own_difference),
        largest(mixed),
        top_mean(g, mixed),
        largest(label),
    ]
    return g.op("Concat", *maps, axis=1), g.op("Concat", *statistics, axis=1)


# --- head ---


class HeadValues(NamedTuple):
    """Names of: `logits` [1,4HW] and `features` [1,64,2H,2W], `kernel` [1,64], `bias` [1,1], pyramid `x`
    [1,64,H/2,W/2], `auxiliary` [1,1,H/2,W/2]."""

    logits: str
    features: str
    kernel: str
    bias: str
    x: str
    auxiliary: str


def norm_relu(g: Graph, x: str, name: str) -> str:
    return g.relu(g.group_norm(x, f"{name}.weight", f"{name}.bias"))


def conv_norm_relu(g: Graph, x: str, name: str) -> str:
    """`layers.conv_norm_relu` with a 1x1 kernel."""
    return norm_relu(g, g.conv(x, f"{name}.0.weight"), f"{name}.1")


def conv3_norm_relu(g: Graph, x: str, name: str) -> str:
    return norm_relu(g, g.conv3(x, f"{name}.0.weight"), f"{name}.1")


def separable_norm_relu(g: Graph, x: str, name: str, channels: int) -> str:
    """`layers.separable_norm_relu` of a map with so many channels."""
    return norm_relu(g, g.conv(g.depthwise3(x, f"{name}.0.weight", channels), f"{name}.1.weight"), f"{name}.2")


def raising(g: Graph, x: str, name: str) -> str:
    return norm_relu(g, g.conv_up(x, f"{name}.0.weight", CHANNELS), f"{name}.1")


def head(g: Graph, prior_grid: str) -> HeadValues:
    """`LightHead.forward` without dropout and presence, from the maps s8, s16a and s16b, `prior_grid` [1,20,H/2,W/2],
    `pooled` and `present`. H and W are multiples of 8, so that every resizing is by a whole factor.
    """
    coarse = g.conv(g.op("Concat", "s16a", "s16b", axis=1), "merge_coarse.weight")
    merged = g.add(g.conv("s8", "merge_fine.weight", "merge_fine.bias"), g.enlarge(coarse, 2))
    raw = g.op("Reshape", "pooled", [-1, RAW_CHANNELS])
    merge = g.concat(["merge_fine.weight", "merge_coarse.weight"], [48, RAW_CHANNELS - 48], 1)
    merge = g.reshape(merge, [CHANNELS, RAW_CHANNELS])
    regions = g.reshape(g.linear(raw, merge, "merge_fine.bias"), [-1, REGIONS, CHANNELS])
    present = g.op("Reshape", "present", [-1, REGIONS, 1])
    means = g.weighted_sum(regions, g.op("Div", present, g.op("Max", g.total(present, [0]), 1e-6)))
    foreground_background = g.part(means, 0, 0, 2, REGIONS, 2)
    pair = g.reshape(foreground_background, [1, 2 * CHANNELS])
    gate = g.times(g.sigmoid(g.linear(pair, "gate.weight", "gate.bias")), 2.0)
    rich = g.gated(norm_relu(g, merged, "feature_norm"), g.reshape(gate, [1, CHANNELS, 1, 1]))
    cosines = group_cosines(g, merged, regions, foreground_background, present)
    grid = conv3_norm_relu(g, conv_norm_relu(g, prior_grid, "prior.0"), "prior.1")
    halves = [g.average_pool(each, 2) for each in (rich, cosines)]
    x = g.concat([*halves, grid], [CHANNELS, 4 * GROUPS, CHANNELS], 1)
    x = pyramid(g, conv_norm_relu(g, x, "enter"))
    auxiliary = g.conv(x, "auxiliary.weight", "auxiliary.bias")
    skip = conv_norm_relu(g, rich, "skip")
    decoded = raising(g, x, "raise_to_8")
    for block in range(2):
        beside = g.concat([decoded, skip], [CHANNELS, CHANNELS], 1)
        decoded = g.add(decoded, separable_norm_relu(g, beside, f"blocks.{block}.convolution", 2 * CHANNELS))
    decoded = raising(g, decoded, "raise_to_4")
    decoded = g.add(decoded, separable_norm_relu(g, decoded, "refine", CHANNELS))
    kernel, bias = transformer(g, g.linear(pair, "prototype.weight", "prototype.bias"), x)
    product = g.matmul(kernel, g.reshape(decoded, [CHANNELS, -1]), 2)
    logits = g.shift(g.times(product, CHANNELS**-0.5), bias)
    return HeadValues(logits, decoded, kernel, bias, x, auxiliary)


def group_cosines(g: Graph, merged: str, regions: str, means: str, present: str) -> str:
    """`LightHead.cosines`: `regions` [K,3,64], `means` [2,64], `present` [K,3,1] -> [1,32,H,W]."""
    cells = g.unit(g.reshape(merged, [GROUPS, CHANNELS // GROUPS, -1]), 1, 1e-6)

    def with_vectors(vectors: str) -> str:
        """-> [M,8,HW]."""
        parts = g.unit(g.reshape(vectors, [-1, GROUPS, CHANNELS // GROUPS]), 2, 1e-6)
        return g.transpose(g.matmul(g.transpose(parts, [1, 0, 2]), cells, 3), [1, 0, 2])

    def best(start: int, end: int) -> str:
        """Largest over the supports' regions start to end that exist -> [8,HW]."""
        absent = g.op("Mul", g.op("Sub", 1.0, g.op("Slice", present, [start], [end], [1])), -2.0)
        found = with_vectors(g.part(regions, 1, start, end, REGIONS, 3))
        return g.largest(g.plus(found, g.op("Reshape", absent, [-1, 1, 1])))

    both = g.reshape(with_vectors(means), g.op("Concat", [2 * GROUPS], [-1], axis=0))
    stacked = g.concat([both, best(0, 1), best(1, REGIONS)], [2 * GROUPS, GROUPS, GROUPS], 0)
    size = g.op("Slice", g.op("Shape", merged), [2], [4], [0])
    return g.reshape(stacked, g.op("Concat", [1, 4 * GROUPS], size, axis=0))


def pyramid(g: Graph, x: str) -> str:
    outputs: list[str] = []
    previous = ""
    for level, divisor in enumerate(DIVISORS):
        y = conv_norm_relu(g, x if divisor == 1 else g.average_pool(x, divisor), f"pyramid.enter.{level}")
        if level > 0:
            above = g.average_pool(previous, 2)
            beside = g.concat([y, above], [CHANNELS, CHANNELS], 1)
            y = g.add(conv_norm_relu(g, beside, f"pyramid.descend.{level - 1}"), y)
        inner = separable_norm_relu(g, y, f"pyramid.refine.{level}.0", CHANNELS)
        previous = y = g.add(separable_norm_relu(g, inner, f"pyramid.refine.{level}.1", CHANNELS), y)
        outputs.append(y if divisor == 1 else g.enlarge(y, divisor))
    return g.conv(g.concat(outputs, [CHANNELS] * len(DIVISORS), 1), "pyramid.leave.weight")


def positions(g: Graph, like: str) -> str:
    """`transformer.sine_positions` of a map [1,64,h,w]."""
    half = CHANNELS // 2
    exponent = np.arange(0, half, 2, dtype=np.float32) / np.float32(half)
    divisor = g.array("positions.divisor", (np.float32(PE_TEMPERATURE) ** exponent)[:, None])

    def waves(axis: int) -> str:
        """[32,n]."""
        length = g.length(like, axis)
        place = g.op("Add", g.count(length), 1.0)
        whole = g.op("Add", g.op("Cast", length, to=TensorProto.FLOAT), PE_EPSILON)
        angles = g.op("Div", g.op("Mul", g.op("Div", place, whole), 2 * math.pi), divisor)
        turns = [g.op("Unsqueeze", g.op(kind, angles), [1]) for kind in ("Sin", "Cos")]
        return g.op("Reshape", g.op("Concat", *turns, axis=1), [half, -1])

    size = g.op("Concat", [half], g.op("Slice", g.op("Shape", like), [2], [4], [0]), axis=0)
    y = g.op("Expand", g.op("Unsqueeze", waves(2), [2]), size)
    x = g.op("Expand", g.op("Unsqueeze", waves(3), [1]), size)
    return g.op("Unsqueeze", g.op("Concat", y, x, axis=0), [0])


def transformer(g: Graph, prototype: str, grid: str) -> tuple[str, str]:
    """`SpatialTransformerDecoder`: prototype [1,64], grid [1,64,h,w] -> kernel [1,64] and bias [1,1]."""
    size = CHANNELS // HEADS
    name = "transformer.attention"

    def projected(x: str, part: str) -> str:
        """Linear over the channels of every cell -> [4,16,hw]."""
        weight = g.reshape(f"{name}.{part}.weight", [CHANNELS, CHANNELS, 1, 1])
        return g.reshape(g.conv(x, weight, f"{name}.{part}.bias"), [HEADS, size, -1])

    def normed(x: str, norm: str) -> str:
        return g.layer_norm(x, f"transformer.{norm}.weight", f"transformer.{norm}.bias")

    def linear(x: str, part: str) -> str:
        return g.linear(x, f"transformer.{part}.weight", f"transformer.{part}.bias")

    place = g.add(prototype, g.reshape("transformer.embedding", [1, CHANNELS]))
    query = g.reshape(linear(place, "attention.query"), [HEADS, 1, size])
    key, value = projected(g.plus(grid, positions(g, grid)), "key"), projected(grid, "value")
    weights = g.softmax(g.times(g.matmul(query, key, 3), size**-0.5))
    mixed = g.reshape(g.matmul(value, g.transpose(weights, [0, 2, 1]), 3), [1, CHANNELS])
    token = normed(g.add(prototype, linear(mixed, "attention.output")), "attention_norm")
    inner = linear(g.relu(linear(token, "expand")), "contract")
    kernel = normed(normed(g.add(token, inner), "ffn_norm"), "final_norm")
    return kernel, linear(kernel, "bias")


def presence(g: Graph, found: HeadValues, statistics: str) -> str:
    """`LightHead.judge` -> [1,1]."""
    p = g.op("Sigmoid", found.auxiliary)
    mass = g.op("Reshape", g.op("Max", g.total(p, [2, 3]), 1e-3), [1, 1])
    inside = g.op("Reshape", g.total(g.op("Mul", found.x, p), [2, 3]), [1, CHANNELS])
    scalars = [
        g.op("Div", g.op("ReduceMax", found.logits, axes=[1], keepdims=1), 4.0),
        g.op("Div", g.op("Reshape", g.op("ReduceMax", found.auxiliary, axes=[2, 3]), [1, 1]), 4.0),
        g.op("Reshape", g.mean(p, [2, 3]), [1, 1]),
        g.op("Div", g.op("Reshape", g.total(g.op("Mul", p, p), [2, 3]), [1, 1]), mass),
    ]
    inputs = g.op("Concat", statistics, g.op("Div", inside, mass), *scalars, axis=1)
    hidden = g.op("Relu", g.op("Gemm", inputs, "presence.0.weight", "presence.0.bias", transB=1))
    return g.op("Gemm", hidden, "presence.2.weight", "presence.2.bias", transB=1)


def decoder(g: Graph) -> None:
    """The query's graph: `LightMSDNet.forward` in evaluation mode."""
    maps, statistics = priors(g)
    size = g.op("Slice", g.op("Shape", "s16b"), [2], [4], [0])
    grid_size = g.op("Concat", [1, prior.PRIOR_MAPS], size, axis=0)
    g.op("Reshape", g.op("Transpose", maps, perm=[1, 0]), grid_size, out="priors")
    found = head(g, "priors")
    fine = g.op("Mul", g.op("Slice", g.op("Shape", "s8"), [2], [4], [0]), [2, 2])
    g.op("Reshape", found.logits, g.op("Concat", [1, 1], fine, axis=0), out="logits")
    g.op("Identity", found.features, out="features")
    g.op("Identity", found.kernel, out="kernel")
    g.op("Reshape", found.bias, [1], out="bias")
    g.op("Reshape", presence(g, found, statistics), [1], out="presence")
