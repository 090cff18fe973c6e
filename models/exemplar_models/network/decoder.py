"""The multi-scale residual decoder: 3x3 convolutions at S, 2S and 4S that see the support beside the query."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .layers import Norm, conv_norm_relu, conv_up, separable_norm_relu


class ResidualBlock(nn.Module):
    """x + ReLU(norm(conv3x3(Cat(x, skip)))): both [B,C,H,W]. The convolution may be a separable one."""

    def __init__(self, channels: int, norm: Norm = "batch", *, separable: bool = False) -> None:
        super().__init__()
        self.convolution = (
            separable_norm_relu(2 * channels, channels, norm=norm)
            if separable
            else conv_norm_relu(2 * channels, channels, 3, norm=norm)
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return x + self.convolution(torch.cat([x, skip], 1))


class ResidualDecoder(nn.Module):
    """Features [B,C,S,S] and support maps `low` (skip at S) and `high` (raised to 2S and 4S) -> [B,C,4S,4S].

    `blocks`: residual blocks at S, 2S and 4S. Query and support stream have their own conv-ups.
    """

    def __init__(self, channels: int = 64, blocks: Sequence[int] = (2, 3, 3), norm: Norm = "batch") -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.ModuleList(ResidualBlock(channels, norm) for _ in range(count)) for count in blocks
        )
        self.raise_query = nn.ModuleList(conv_up(channels, channels, norm=norm) for _ in blocks[1:])
        self.raise_support = nn.ModuleList(conv_up(channels, channels, norm=norm) for _ in blocks[1:])

    def forward(self, x: Tensor, low: Tensor, high: Tensor) -> Tensor:
        skip = low
        for level, stage in enumerate(self.stages):
            if level > 0:
                x = self.raise_query[level - 1](x)
                skip = self.raise_support[level - 1](high if level == 1 else skip)
            for block in stage:
                x = block(x, skip.expand_as(x))
        return x
