"""Convolution + norm + ReLU and resizing, shared by both configurations. Convolutions before a norm have no bias."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

Norm = Literal["batch", "group"]
NORM_GROUPS = 8


def make_norm(norm: Norm, channels: int) -> nn.Module:
    """Batch norm, or group norm of 8 groups, which has as many parameters and keeps no statistics of small batches.

    Raises ValueError where `channels` do not divide into the groups.
    """
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if channels % NORM_GROUPS:
        raise ValueError(f"{channels} channels do not divide into {NORM_GROUPS} groups")
    return nn.GroupNorm(NORM_GROUPS, channels)


def conv_norm_relu(
    channels_in: int,
    channels_out: int,
    kernel: int = 1,
    *,
    norm: Norm = "batch",
    stride: int = 1,
    groups: int = 1,
    dropout: float = 0.0,
) -> nn.Sequential:
    """[B,I,H,W] -> [B,O,ceil(H/s),ceil(W/s)]: convolution (odd kernel, zero padding), norm, ReLU, perhaps Dropout2d."""
    layers: list[nn.Module] = [
        nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, groups=groups, bias=False),
        make_norm(norm, channels_out),
        nn.ReLU(inplace=True),
    ]
    if dropout > 0:
        layers.append(nn.Dropout2d(dropout))
    return nn.Sequential(*layers)


def separable_norm_relu(channels_in: int, channels_out: int, *, norm: Norm = "batch") -> nn.Sequential:
    """[B,I,H,W] -> [B,O,H,W]: 3x3 convolution of each channel alone, 1x1 convolution, norm, ReLU.

    A ninth of the weights of a full 3x3 convolution (Howard et al., arXiv 1704.04861).
    """
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_in, 3, padding=1, groups=channels_in, bias=False),
        nn.Conv2d(channels_in, channels_out, 1, bias=False),
        make_norm(norm, channels_out),
        nn.ReLU(inplace=True),
    )


def conv_up(channels_in: int, channels_out: int, *, norm: Norm = "batch") -> nn.Sequential:
    """[B,I,H,W] -> [B,O,2H,2W]: transposed 3x3 convolution of stride 2, norm, ReLU (the paper's conv-up)."""
    return nn.Sequential(
        nn.ConvTranspose2d(channels_in, channels_out, 3, 2, padding=1, output_padding=1, bias=False),
        make_norm(norm, channels_out),
        nn.ReLU(inplace=True),
    )


def resize(x: Tensor, size: tuple[int, int], *, align_corners: bool = False) -> Tensor:
    """Bilinear [B,C,H,W] -> [B,C,*size]. Corners on pixel centres fit inputs of 8n+1 px, edges multiples of 8."""
    return F.interpolate(x, size=size, mode="bilinear", align_corners=align_corners)


def count_parameters(module: nn.Module, *, trainable: bool = True) -> int:
    """Number of parameters, frozen ones only where `trainable` is false. Buffers (norm statistics) never count."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad or not trainable)
