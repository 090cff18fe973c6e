"""The feature pyramid: query features, prototype and prior at four scales, fused from fine to coarse (after PFENet,
arXiv 2008.01449)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .layers import Norm, conv_norm_relu, resize, separable_norm_relu


def pool_matrix(size: int, bins: int, like: Tensor) -> Tensor:
    """Average pooling of one axis as a matrix [bins,size]: bin i covers floor(i size/bins) to ceil((i+1) size/bins).

    The windows of adaptive pooling, which ONNX has not; a product of matrices exports with dynamic size and bins.
    """
    i = torch.arange(bins, device=like.device)[:, None]
    at = torch.arange(size, device=like.device)[None]
    start, end = i * size // bins, ((i + 1) * size + bins - 1) // bins
    return ((at >= start) & (at < end)).to(like.dtype) / (end - start).to(like.dtype)


def pool_to_bins(x: Tensor, height: int, width: int) -> Tensor:
    """Adaptive average pooling [B,C,H,W] -> [B,C,height,width]."""
    rows, columns = pool_matrix(x.shape[-2], height, x), pool_matrix(x.shape[-1], width, x)
    return rows @ x @ columns.transpose(0, 1)


class Pyramid(nn.Module):
    """[B,I,H,W] -> [B,C,H,W].

    `divisors` say how many cells of H and W a bin spans: (1, 2, 4, 8) makes 60, 30, 15 and 8 bins of 60 cells, as
    published, and keeps the proportions at any other size. `separable`: its 3x3 convolutions are separable ones.
    """

    def __init__(
        self,
        channels_in: int,
        channels: int = 64,
        divisors: Sequence[int] = (1, 2, 4, 8),
        norm: Norm = "batch",
        align_corners: bool = True,
        separable: bool = False,
    ) -> None:
        super().__init__()

        def refining() -> nn.Sequential:
            if separable:
                return separable_norm_relu(channels, channels, norm=norm)
            return conv_norm_relu(channels, channels, 3, norm=norm)

        self.divisors = tuple(divisors)
        self.align_corners = align_corners
        self.enter = nn.ModuleList(conv_norm_relu(channels_in, channels, norm=norm) for _ in divisors)
        self.descend = nn.ModuleList(conv_norm_relu(2 * channels, channels, norm=norm) for _ in divisors[1:])
        self.refine = nn.ModuleList(nn.Sequential(refining(), refining()) for _ in divisors)
        self.leave = nn.Conv2d(len(self.divisors) * channels, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2], x.shape[-1]
        outputs: list[Tensor] = []
        previous: Tensor | None = None
        for level, divisor in enumerate(self.divisors):
            bins = (height + divisor - 1) // divisor, (width + divisor - 1) // divisor
            y = self.enter[level](x if divisor == 1 else pool_to_bins(x, *bins))
            if previous is not None:
                above = resize(previous, bins, align_corners=self.align_corners)
                y = self.descend[level - 1](torch.cat([y, above], 1)) + y
            y = self.refine[level](y) + y
            previous = y
            outputs.append(y if divisor == 1 else resize(y, (height, width), align_corners=self.align_corners))
        return self.leave(torch.cat(outputs, 1))
