"""Writes ONNX graphs operator by operator, and their gradients by reverse-mode differentiation.

onnxruntime's inference build computes no gradients, and PyTorch exports none. A differentiable operation here leaves a
step on a tape: its output, its inputs, and how a gradient of the output becomes gradients of the inputs, as further
nodes of the same graph. Only standard operators of opset 17 are used, batch size is 1 throughout, sizes stay dynamic.

Values are named strings. Shapes below are what an operation expects; nothing checks them before ONNX does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ..network.layers import NORM_GROUPS

OPSET = 17
# What opset 17 was released with: older runtimes refuse newer ones.
IR_VERSION = 8
GROUP_NORM_EPSILON = 1e-5
LAYER_NORM_EPSILON = 1e-5

Value = str | float | Sequence[int]
Pull = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Step:
    """`pull` turns the name of the gradient of `out` into those of `inputs`, in their order."""

    out: str
    inputs: tuple[str, ...]
    pull: Pull


class Graph:
    """Nodes, constants and tape. A value is tracked when a weight given to `track` has part in it."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self.steps: list[Step] = []
        self.tracked: set[str] = set()
        self._shared: dict[tuple[object, ...], str] = {}

    # --- plain operators ---

    def constant(self, value: float | Sequence[int]) -> str:
        """A float32 scalar or an int64 list, each kept once."""
        array = np.float32(value) if isinstance(value, (int, float)) else np.asarray(list(value), np.int64)
        name = f"constant_{'_'.join(f'{v:.9g}' for v in np.ravel(array))}{'' if array.ndim == 0 else '_i'}"
        self.constants[name] = numpy_helper.from_array(np.asarray(array), name)
        return name

    def array(self, name: str, values: np.ndarray) -> str:
        """A constant under its own name."""
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def op(self, kind: str, *inputs: Value, out: str | None = None, **attributes: object) -> str:
        """Appends a node of one output. The same node is not written twice, unless it is named."""
        names = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        key = (kind, *names, repr(sorted(attributes.items())))
        if out is None and key in self._shared:
            return self._shared[key]
        name = out or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [name], name=name, **attributes))
        self._shared.setdefault(key, name)
        return name

    def split(self, x: str, sizes: Sequence[int], axis: int) -> list[str]:
        """Parts of `x` along `axis`."""
        names = [f"split_{len(self.nodes)}_{i}" for i in range(len(sizes))]
        node = helper.make_node("Split", [x, self.constant(sizes)], names, name=names[0], axis=axis)
        self.nodes.append(node)
        return names

    def length(self, x: str, axis: int) -> str:
        """Number of entries of `x` along `axis`, as int64 [1]."""
        return self.op("Slice", self.op("Shape", x), [axis], [axis + 1], [0])

    def count(self, n: str) -> str:
        """0, 1, ..., n-1 as float32 [n], from int64 [1]."""
        number = self.op("Cast", self.op("Squeeze", n, [0]), to=TensorProto.FLOAT)
        return self.op("Range", 0.0, number, 1.0)

    def total(self, x: str, axes: Sequence[int]) -> str:
        """Sum over `axes`, which stay with length 1."""
        return self.op("ReduceSum", x, list(axes), keepdims=1)

    def mean(self, x: str, axes: Sequence[int]) -> str:
        return self.op("ReduceMean", x, axes=list(axes), keepdims=1)

    def model(
        self, name: str, inputs: Mapping[str, Sequence[str | int]], outputs: Mapping[str, Sequence[str | int]]
    ) -> onnx.ModelProto:
        """The checked model of what `outputs` need, all float32. `inputs` and `outputs` give the shapes."""
        needed, kept = set(outputs), []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                kept.append(node)
                needed.update(node.input)

        def declare(shapes: Mapping[str, Sequence[str | int]]) -> list[onnx.ValueInfoProto]:
            return [helper.make_tensor_value_info(n, TensorProto.FLOAT, list(s)) for n, s in shapes.items()]

        constants = [tensor for key, tensor in self.constants.items() if key in needed]
        graph = helper.make_graph(kept[::-1], name, declare(inputs), declare(outputs), constants)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], producer_name="exemplar-models")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model

    # --- the tape ---

    def track(self, name: str) -> str:
        """Asks for the gradient of a weight."""
        self.tracked.add(name)
        return name

    def _record(self, out: str, inputs: Sequence[str], pull: Pull) -> str:
        # A value that is there already has its step.
        if out not in self.tracked and self.tracked.intersection(inputs):
            self.tracked.add(out)
            self.steps.append(Step(out, tuple(inputs), pull))
        return out

    def gradients(self, seeds: Mapping[str, str]) -> dict[str, str]:
        """Gradients of everything tracked, from those of the outputs (`seeds`: value -> gradient)."""
        parts: dict[str, list[str]] = {value: [gradient] for value, gradient in seeds.items()}
        found: dict[str, str] = {}

        def gather(value: str) -> str:
            first, *others = parts[value]
            for other in others:
                first = self.op("Add", first, other)
            found[value] = first
            return first

        for step in reversed(self.steps):
            if step.out not in parts:
                continue
            for value, gradient in zip(step.inputs, step.pull(gather(step.out)), strict=True):
                if value in self.tracked:
                    parts.setdefault(value, []).append(gradient)
        for value in parts:
            if value not in found:
                gather(value)
        return found

    # --- differentiable operations ---

    def add(self, a: str, b: str) -> str:
        """a + b of the same shape."""
        return self._record(self.op("Add", a, b), [a, b], lambda d: [d, d])

    def plus(self, x: str, fixed: Value) -> str:
        """x + something without gradient that broadcasts to x."""
        return self._record(self.op("Add", x, fixed), [x], lambda d: [d])

    def times(self, x: str, fixed: Value) -> str:
        """x * something without gradient that broadcasts to x."""
        return self._record(self.op("Mul", x, fixed), [x], lambda d: [self.op("Mul", d, fixed)])

    def gated(self, x: str, gate: str) -> str:
        """[1,C,H,W] * [1,C,1,1]."""
        return self._record(
            self.op("Mul", x, gate),
            [x, gate],
            lambda d: [self.op("Mul", d, gate), self.total(self.op("Mul", d, x), [2, 3])],
        )

    def shift(self, x: str, bias: str) -> str:
        """[1,N] + [1,1]."""
        return self._record(self.op("Add", x, bias), [x, bias], lambda d: [d, self.total(d, [0, 1])])

    def reshape(self, x: str, shape: Value) -> str:
        """As ONNX: -1 is what remains, 0 keeps the axis."""
        return self._record(self.op("Reshape", x, shape), [x], lambda d: [self.op("Reshape", d, self.op("Shape", x))])

    def transpose(self, x: str, order: Sequence[int]) -> str:
        back = [list(order).index(axis) for axis in range(len(order))]
        return self._record(
            self.op("Transpose", x, perm=list(order)), [x], lambda d: [self.op("Transpose", d, perm=back)]
        )

    def concat(self, parts: Sequence[str], sizes: Sequence[int], axis: int) -> str:
        """Parts side by side; `sizes` are their lengths along `axis`."""
        return self._record(self.op("Concat", *parts, axis=axis), parts, lambda d: self.split(d, sizes, axis))

    def part(self, x: str, axis: int, start: int, end: int, size: int, rank: int) -> str:
        """x[start:end] along `axis`, whose length is `size`."""
        before, after = [0] * rank, [0] * rank
        before[axis], after[axis] = start, size - end
        out = self.op("Slice", x, [start], [end], [axis])
        return self._record(out, [x], lambda d: [self.op("Pad", d, before + after)])

    def relu(self, x: str) -> str:
        out = self.op("Relu", x)

        def pull(d: str) -> list[str]:
            # Faster than Where, which goes cell by cell.
            return [self.op("Mul", d, self.op("Cast", self.op("Greater", out, 0.0), to=TensorProto.FLOAT))]

        return self._record(out, [x], pull)

    def sigmoid(self, x: str) -> str:
        out = self.op("Sigmoid", x)
        return self._record(out, [x], lambda d: [self.op("Mul", d, self.op("Mul", out, self.op("Sub", 1.0, out)))])

    def softmax(self, x: str) -> str:
        """Over the last axis."""
        out = self.op("Softmax", x, axis=-1)

        def pull(d: str) -> list[str]:
            weighted = self.op("Mul", d, out)
            return [self.op("Sub", weighted, self.op("Mul", out, self.total(weighted, [-1])))]

        return self._record(out, [x], pull)

    def largest(self, x: str) -> str:
        """Maximum along the first axis, which goes. As in PyTorch, equal ones share the gradient."""
        out = self.op("ReduceMax", x, axes=[0], keepdims=0)

        def pull(d: str) -> list[str]:
            at = self.op("Cast", self.op("Equal", x, out), to=TensorProto.FLOAT)
            return [self.op("Mul", at, self.op("Div", d, self.op("ReduceSum", at, [0], keepdims=0)))]

        return self._record(out, [x], pull)

    def unit(self, x: str, axis: int, smallest: float) -> str:
        """Scaled to length 1 along `axis`; lengths below `smallest` count as that."""
        length = self.op("ReduceL2", x, axes=[axis], keepdims=1)
        divisor = self.op("Max", length, smallest)
        out = self.op("Div", x, divisor)

        def pull(d: str) -> list[str]:
            radial = self.op("Mul", out, self.total(self.op("Mul", d, out), [axis]))
            grows = self.op("Cast", self.op("Greater", length, smallest), to=TensorProto.FLOAT)
            return [self.op("Div", self.op("Sub", d, self.op("Mul", radial, grows)), divisor)]

        return self._record(out, [x], pull)

    def matmul(self, a: str, b: str, rank: int) -> str:
        """[...,M,L] @ [...,L,N], both of `rank` with the same leading axes."""
        swap = [*range(rank - 2), rank - 1, rank - 2]

        def pull(d: str) -> list[str]:
            return [
                self.op("MatMul", d, self.op("Transpose", b, perm=swap)),
                self.op("MatMul", self.op("Transpose", a, perm=swap), d),
            ]

        return self._record(self.op("MatMul", a, b), [a, b], pull)

    def linear(self, x: str, weight: str, bias: str) -> str:
        """[R,I] -> [R,O] with weight [O,I] and bias [O]."""

        def pull(d: str) -> list[str]:
            return [
                self.op("Gemm", d, weight),
                self.op("Gemm", d, x, transA=1),
                self.op("ReduceSum", d, [0], keepdims=0),
            ]

        return self._record(self.op("Gemm", x, weight, bias, transB=1), [x, weight, bias], pull)

    def weighted_sum(self, x: str, weights: str) -> str:
        """Sum of x [K,...] times fixed weights (which broadcast) over the first axis, which goes."""
        out = self.op("ReduceSum", self.op("Mul", x, weights), [0], keepdims=0)
        return self._record(out, [x], lambda d: [self.op("Mul", self.op("Unsqueeze", d, [0]), weights)])

    def layer_norm(self, x: str, gain: str, bias: str) -> str:
        """[1,C] normalised over C; gain and bias [C]."""
        centred = self.op("Sub", x, self.mean(x, [-1]))
        variance = self.op("Add", self.mean(self.op("Mul", centred, centred), [-1]), LAYER_NORM_EPSILON)
        inverse = self.op("Reciprocal", self.op("Sqrt", variance))
        normal = self.op("Mul", centred, inverse)
        out = self.op("Add", self.op("Mul", normal, gain), bias)

        def pull(d: str) -> list[str]:
            inner = self.op("Mul", d, gain)
            along = self.op("Mul", normal, self.mean(self.op("Mul", inner, normal), [-1]))
            rest = self.op("Sub", self.op("Sub", inner, self.mean(inner, [-1])), along)
            flat = [self.op("ReduceSum", g, [0], keepdims=0) for g in (self.op("Mul", d, normal), d)]
            return [self.op("Mul", rest, inverse), *flat]

        return self._record(out, [x, gain, bias], pull)

    def group_norm(self, x: str, gain: str, bias: str) -> str:
        """[1,C,H,W] normalised over each of 8 groups of channels; gain and bias [C].

        With x = mean + centred and s = 1/sqrt(variance + eps), all of it is one scale and one shift a channel, there
        and back: y = centred * (s gain) + bias, and for a gradient d of y with the sums S = sum d and T = sum d centred
        of each channel, dx = d (s gain) - s^3/n [sum_group gain T] centred - s/n [sum_group gain S].
        """
        groups = self.op("Reshape", x, [1, NORM_GROUPS, -1])
        middle = self.op("Sub", groups, self.mean(groups, [2]))
        variance = self.op("Add", self.mean(self.op("Mul", middle, middle), [2]), GROUP_NORM_EPSILON)
        inverse = self.op("Reciprocal", self.op("Sqrt", variance))
        centred = self.op("Reshape", middle, self.op("Shape", x))

        def by_group(values: str) -> str:
            """[C] -> [1,8,C/8]."""
            return self.op("Reshape", values, [1, NORM_GROUPS, -1])

        def by_channel(values: str) -> str:
            """[1,8,C/8] -> [1,C,1,1]."""
            return self.op("Reshape", values, [1, -1, 1, 1])

        scale = by_channel(self.op("Mul", by_group(gain), inverse))
        out = self.op("Add", self.op("Mul", centred, scale), by_channel(bias))

        def pull(d: str) -> list[str]:
            plain = by_group(self.total(d, [2, 3]))
            along = by_group(self.total(self.op("Mul", d, centred), [2, 3]))
            entries = self.op("Cast", self.op("Slice", self.op("Shape", groups), [2], [3], [0]), to=TensorProto.FLOAT)
            share = self.op("Div", inverse, entries)
            cube = self.op("Mul", share, self.op("Mul", inverse, inverse))
            shape = self.op("Shape", by_group(gain))

            def spread(factor: str, sums: str) -> str:
                group = self.op("Mul", factor, self.total(self.op("Mul", by_group(gain), sums), [2]))
                return by_channel(self.op("Expand", group, shape))

            kept = self.op("Sub", self.op("Mul", d, scale), self.op("Mul", centred, spread(cube, along)))
            return [
                self.op("Sub", kept, spread(share, plain)),
                self.op("Reshape", self.op("Mul", along, inverse), [-1]),
                self.op("Reshape", plain, [-1]),
            ]

        return self._record(out, [x, gain, bias], pull)

    def conv(self, x: str, weight: str, bias: str | None = None) -> str:
        """1x1 convolution [1,I,H,W] -> [1,O,H,W], weight [O,I,1,1]."""
        inputs = [x, weight] if bias is None else [x, weight, bias]

        def pull(d: str) -> list[str]:
            rows, columns = self.op("Reshape", d, self._rows(d)), self.op("Reshape", x, self._rows(x))
            product = self.op("Gemm", rows, columns, transB=1)
            gradients = [
                self.op("Conv", d, self.op("Transpose", weight, perm=[1, 0, 2, 3])),
                self.op("Unsqueeze", product, [2, 3]),
            ]
            return gradients if bias is None else [*gradients, self.op("ReduceSum", d, [0, 2, 3], keepdims=0)]

        return self._record(self.op("Conv", *inputs), inputs, pull)

    def _rows(self, x: str) -> str:
        """Shape [C,H W] of a map [1,C,H,W]."""
        return self.op("Concat", self.length(x, 1), [-1], axis=0)

    def conv3(self, x: str, weight: str) -> str:
        """3x3 convolution [1,I,H,W] -> [1,O,H,W] with zero padding, weight [O,I,3,3]."""

        def pull(d: str) -> list[str]:
            rows = self.op("Reshape", d, self._rows(d))
            flat = self._rows(x)
            products = [self.op("Gemm", rows, self.op("Reshape", n, flat), transB=1) for n in self._neighbours(x)]
            windows = self.op("Concat", *(self.op("Unsqueeze", p, [2]) for p in products), axis=2)
            return [
                self.op("Conv", d, self._mirrored(self.op("Transpose", weight, perm=[1, 0, 2, 3])), pads=[1, 1, 1, 1]),
                self.op("Reshape", windows, self.op("Shape", weight)),
            ]

        return self._record(self.op("Conv", x, weight, pads=[1, 1, 1, 1]), [x, weight], pull)

    def _mirrored(self, weight: str) -> str:
        """Kernel turned by 180 degrees."""
        first = np.iinfo(np.int64).min
        return self.op("Slice", weight, [-1, -1], [first, first], [2, 3], [-1, -1])

    def _neighbours(self, x: str) -> list[str]:
        """The map [1,I,H,W] as each of the nine cells of a kernel sees it, row by row."""
        padded = self.op("Pad", x, [0, 0, 1, 1, 0, 0, 1, 1])
        size = self.op("Slice", self.op("Shape", x), [2], [4], [0])
        starts = [[row, column] for row in range(3) for column in range(3)]
        return [self.op("Slice", padded, start, self.op("Add", size, start), [2, 3]) for start in starts]

    def depthwise3(self, x: str, weight: str, channels: int) -> str:
        """3x3 convolution of each channel by itself with zero padding, weight [C,1,3,3]."""
        padding = [1, 1, 1, 1]

        def pull(d: str) -> list[str]:
            products = [self.total(self.op("Mul", d, n), [2, 3]) for n in self._neighbours(x)]
            return [
                self.op("Conv", d, self._mirrored(weight), pads=padding, group=channels),
                self.op("Reshape", self.op("Concat", *products, axis=2), self.op("Shape", weight)),
            ]

        return self._record(self.op("Conv", x, weight, pads=padding, group=channels), [x, weight], pull)

    def conv_up(self, x: str, weight: str, channels: int) -> str:
        """2x2 transposed convolution of stride 2: [1,I,H,W] -> [1,O,2H,2W], weight [I,O,2,2], O = `channels`."""

        def pull(d: str) -> list[str]:
            rows = self.op("Reshape", x, self._rows(x))
            last = np.iinfo(np.int64).max
            products = []
            for start in ([0, 0], [0, 1], [1, 0], [1, 1]):
                cells = self.op("Slice", d, start, [last, last], [2, 3], [2, 2])
                product = self.op("Gemm", rows, self.op("Reshape", cells, [channels, -1]), transB=1)
                products.append(self.op("Unsqueeze", product, [2]))
            kernel = self.op("Concat", *products, axis=2)
            return [self.op("Conv", d, weight, strides=[2, 2]), self.op("Reshape", kernel, self.op("Shape", weight))]

        return self._record(self.op("ConvTranspose", x, weight, strides=[2, 2]), [x, weight], pull)

    def average_pool(self, x: str, factor: int) -> str:
        """Means of factor x factor cells; sizes must divide."""
        window = [factor, factor]

        def pull(d: str) -> list[str]:
            spread = self.op("Mul", d, 1 / factor**2)
            return [
                self.op(
                    "Resize", spread, "", self.scales(factor), mode="nearest",
                    coordinate_transformation_mode="asymmetric", nearest_mode="floor",
                )
            ]  # fmt: skip

        return self._record(self.op("AveragePool", x, kernel_shape=window, strides=window), [x], pull)

    def scales(self, factor: int) -> str:
        return self.array(f"scales_{factor}", np.asarray([1, 1, factor, factor], np.float32))

    def enlarge(self, x: str, factor: int) -> str:
        """Bilinear, half-pixel centres, borders held. Both axes are a product with a matrix, and so is the way back."""
        out = self.op("Resize", x, "", self.scales(factor), mode="linear", coordinate_transformation_mode="half_pixel")

        def pull(d: str) -> list[str]:
            rows, columns = self._enlarging(self.length(x, 2), factor), self._enlarging(self.length(x, 3), factor)
            narrow = self.op("MatMul", d, columns)
            return [self.op("MatMul", self.op("Transpose", rows, perm=[1, 0]), narrow)]

        return self._record(out, [x], pull)

    def _enlarging(self, size: str, factor: int) -> str:
        """Matrix [factor n,n] of linear interpolation along one axis: 1 - |position - cell|, where positive."""
        target = self.count(self.op("Mul", size, [factor]))
        position = self.op("Sub", self.op("Mul", self.op("Add", target, 0.5), 1 / factor), 0.5)
        last = self.op("Sub", self.op("Cast", self.op("Squeeze", size, [0]), to=TensorProto.FLOAT), 1.0)
        held = self.op("Unsqueeze", self.op("Clip", position, 0.0, last), [1])
        return self.op("Relu", self.op("Sub", 1.0, self.op("Abs", self.op("Sub", held, self.count(size)))))
