"""Frozen, dilated ResNet backbones (He et al., arXiv 1512.03385): three maps at stride 8, written from the paper.

The last two stages are dilated (2 and 4) instead of strided, in every block, so that Conv3, Conv4 and Conv5 all have
ceil(S/8) cells: 60 x 60 of a 473 px image. Two stems are in use: the paper's 7x7 convolution ("plain", the weights
torchvision publishes) and three 3x3 convolutions ("deep", the weights the few-shot literature starts from).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Stem = Literal["plain", "deep"]
EXPANSION = 4
# RGB in 0..1, as both sources of weights were trained.
INPUT_MEAN = (0.485, 0.456, 0.406)
INPUT_DEVIATION = (0.229, 0.224, 0.225)
STRIDE = 8


@dataclass(frozen=True)
class ResNetSpec:
    """Blocks a stage, and channels of the first stage before expansion."""

    blocks: tuple[int, int, int, int]
    width: int = 64

    @property
    def channels(self) -> tuple[int, int, int]:
        """Of Conv3, Conv4 and Conv5."""
        w = EXPANSION * self.width
        return 2 * w, 4 * w, 8 * w


RESNETS: Mapping[str, ResNetSpec] = {
    "resnet50": ResNetSpec((3, 4, 6, 3)),
    "resnet101": ResNetSpec((3, 4, 23, 3)),
    # For tests: random, 128 to 512 channels.
    "resnet-reduced": ResNetSpec((1, 1, 1, 1), 16),
}


class Features(NamedTuple):
    """Conv3, Conv4 and Conv5, each [B,C,ceil(H/8),ceil(W/8)]."""

    conv3: Tensor
    conv4: Tensor
    conv5: Tensor


class Bottleneck(nn.Module):
    """x + 1x1, 3x3 (strided or dilated), 1x1 convolution, each with batch norm: [B,I,H,W] -> [B,4W,H/s,W/s]."""

    def __init__(self, channels_in: int, width: int, stride: int, dilation: int) -> None:
        super().__init__()
        out = EXPANSION * width
        self.conv1 = nn.Conv2d(channels_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = (
            nn.Sequential(nn.Conv2d(channels_in, out, 1, stride, bias=False), nn.BatchNorm2d(out))
            if stride != 1 or channels_in != out
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """Normalised image [B,3,H,W] -> `Features`. Parameters take no gradient and batch norms stay in eval mode for good:
    in training mode they would drift with every batch."""

    def __init__(self, spec: ResNetSpec, stem: Stem = "deep") -> None:
        super().__init__()
        self.spec, self.stem = spec, stem
        w = spec.width
        first = w if stem == "plain" else 2 * w
        if stem == "plain":
            self.conv1 = nn.Conv2d(3, w, 7, 2, 3, bias=False)
            self.bn1 = nn.BatchNorm2d(w)
        else:
            self.conv1 = nn.Conv2d(3, w, 3, 2, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(w)
            self.conv2 = nn.Conv2d(w, w, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(w)
            self.conv3 = nn.Conv2d(w, first, 3, 1, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(first)
        self._channels = first
        self.layer1 = self._stage(w, spec.blocks[0], 1, 1)
        self.layer2 = self._stage(2 * w, spec.blocks[1], 2, 1)
        self.layer3 = self._stage(4 * w, spec.blocks[2], 1, 2)
        self.layer4 = self._stage(8 * w, spec.blocks[3], 1, 4)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        self.requires_grad_(False)
        self.eval()

    def _stage(self, width: int, blocks: int, stride: int, dilation: int) -> nn.Sequential:
        layers = [Bottleneck(self._channels, width, stride, dilation)]
        self._channels = EXPANSION * width
        layers += [Bottleneck(self._channels, width, 1, dilation) for _ in range(blocks - 1)]
        return nn.Sequential(*layers)

    def train(self, mode: bool = True) -> Self:
        """Stays frozen whatever is asked: see the class."""
        return super().train(False)

    def forward(self, x: Tensor) -> Features:
        x = F.relu(self.bn1(self.conv1(x)))
        if self.stem == "deep":
            x = F.relu(self.bn2(self.conv2(x)))
            x = F.relu(self.bn3(self.conv3(x)))
        x = self.layer1(F.max_pool2d(x, 3, 2, 1))
        conv3 = self.layer2(x)
        conv4 = self.layer3(conv3)
        return Features(conv3, conv4, self.layer4(conv4))


def normalise(rgb: Tensor) -> Tensor:
    """8-bit RGB [...,3,H,W] (any dtype, 0..255) -> float32 network input."""
    mean = torch.tensor(INPUT_MEAN, device=rgb.device)[:, None, None]
    deviation = torch.tensor(INPUT_DEVIATION, device=rgb.device)[:, None, None]
    return (rgb.to(torch.float32) / 255 - mean) / deviation


# Names a training wrapper may put in front.
PREFIXES = re.compile(r"^(?:(?:module|backbone|encoder|model|net)\.)+")
# Where whole segmentation networks keep the deep stem: a `layer0` of convolution, norm, ReLU in turn.
LAYER_0 = {"0": "conv1", "1": "bn1", "3": "conv2", "4": "bn2", "6": "conv3", "7": "bn3"}


def plain_names(state: Mapping[str, object]) -> dict[str, Tensor]:
    """Tensors under torchvision's names (`conv1`, `bn1`, `layer1.0.conv1`, `layer1.0.downsample.0`, ...).

    Takes the dictionary itself or one under `state_dict`; strips the prefixes `module.`, `backbone.`, `encoder.`,
    `model.`, `net.`; turns `layer0.N` into the deep stem's names; drops what is no part of the backbone.
    """
    inner = state.get("state_dict")
    found = inner if isinstance(inner, Mapping) else state
    out: dict[str, Tensor] = {}
    for name, value in found.items():
        plain = PREFIXES.sub("", name)
        head, _, rest = plain.partition(".")
        number, _, tail = rest.partition(".")
        if head == "layer0" and number in LAYER_0:
            plain = f"{LAYER_0[number]}.{tail}"
        if isinstance(value, Tensor):
            out[plain] = value
    return out


def load_resnet(name: str, weights: Path) -> ResNet:
    """The backbone `name` with the weights of a file; which stem it has is read from the file (`conv2.weight`).

    Raises ValueError listing the tensors that are missing or of the wrong shape: nothing stays random.
    """
    if name not in RESNETS:
        raise ValueError(f"no backbone {name}; there are {', '.join(RESNETS)}")
    found = torch.load(weights, map_location="cpu", weights_only=True)
    if not isinstance(found, Mapping):
        raise ValueError(f"{weights} holds no dictionary of tensors")
    state = plain_names(found)
    net = ResNet(RESNETS[name], "deep" if "conv2.weight" in state else "plain")
    wanted = {key: value for key, value in net.state_dict().items() if not key.endswith("num_batches_tracked")}
    missing = [key for key in wanted if key not in state]
    if missing:
        shown = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
        raise ValueError(f"{weights} lacks {len(missing)} tensors of {name} ({net.stem} stem): {shown}")
    wrong = [
        f"{k} {tuple(state[k].shape)}, not {tuple(v.shape)}" for k, v in wanted.items() if state[k].shape != v.shape
    ]
    if wrong:
        raise ValueError(f"{weights} does not fit {name} ({net.stem} stem): {'; '.join(wrong[:8])}")
    net.load_state_dict({key: state[key] for key in wanted}, strict=False)
    return net


def random_resnet(name: str, seed: int, stem: Stem = "deep") -> ResNet:
    """The backbone `name` with random weights: for tests, nothing else."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ResNet(RESNETS[name], stem)


def weights_hash(net: nn.Module) -> str:
    """SHA-256 over all tensors in order of name: tells whether features fit a head."""
    digest = hashlib.sha256()
    for name, value in sorted(net.state_dict().items()):
        if not name.endswith("num_batches_tracked"):
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
