"""`backbone.onnx` run by PyTorch, for pools made on a GPU: the same file, so the same features up to rounding."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor
from torch.nn import functional as F

from ..backbone import FEATURES, normalise, same_padding


class Convolution(NamedTuple):
    """What a node says of its convolution. `same`: padded as TensorFlow does, by the size of what comes in."""

    stride: int
    groups: int
    same: bool


def convolution(node: onnx.NodeProto) -> Convolution:
    options = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    same = options.get("auto_pad") == b"SAME_UPPER"
    return Convolution(int(options.get("strides", [1])[0]), int(options.get("group", 1)), same)


class DeviceBackbone:
    """RGB [B,H,W,3] uint8 -> the maps of `FEATURES`, [B,C,H/s,W/s] half.

    Raises ValueError for a graph with anything but convolutions, clips to 0..6 and sums.
    """

    def __init__(self, path: Path, device: torch.device) -> None:
        graph = onnx.load(path).graph
        # Depthwise sums of half-precision products would be off by more than the rounding of what is kept.
        self.weights = {
            each.name: torch.from_numpy(np.array(numpy_helper.to_array(each))).to(device, torch.float32)
            for each in graph.initializer
        }
        self.nodes = list(graph.node)
        self.input = graph.input[0].name
        unknown = {node.op_type for node in self.nodes} - {"Conv", "Clip", "Add"}
        if unknown:
            raise ValueError(f"{path} has operators that a GPU pool cannot be made with: {', '.join(sorted(unknown))}")
        self.convolutions = [convolution(node) for node in self.nodes]
        self.device = device
        used = {name: i for i, node in enumerate(self.nodes) for name in node.input}
        kept = {spec.name for spec in FEATURES}
        self.last_use = [[n for n in node.input if used[n] == i and n not in kept] for i, node in enumerate(self.nodes)]

    @torch.no_grad()
    def __call__(self, rgb: Tensor) -> list[Tensor]:
        image = normalise(rgb.to(self.device)).permute(0, 3, 1, 2)
        values = {self.input: image.contiguous(memory_format=torch.channels_last)}
        for node, how, done in zip(self.nodes, self.convolutions, self.last_use, strict=True):
            x = values[node.input[0]]
            if node.op_type == "Clip":
                found = x.clamp_(0, 6)
            elif node.op_type == "Add":
                found = x + values[node.input[1]]
            else:
                found = self._convolve(node, how, x)
            values[node.output[0]] = found
            for name in done:
                values.pop(name, None)
        return [values[spec.name].half() for spec in FEATURES]

    def _convolve(self, node: onnx.NodeProto, how: Convolution, x: Tensor) -> Tensor:
        weight, bias = (self.weights[name] for name in node.input[1:3])
        if how.same:
            kernel = weight.shape[-1]
            top, bottom = same_padding(x.shape[-2], kernel, how.stride)
            left, right = same_padding(x.shape[-1], kernel, how.stride)
            x = F.pad(x, (left, right, top, bottom))
        return F.conv2d(x, weight, bias, how.stride, 0, 1, how.groups)
