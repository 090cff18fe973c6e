"""MSDNet's paper configuration (arXiv 2409.11316), every part switchable for the published ablations.

Where the paper leaves something open, what its parameter counts and figures imply was taken:
pyramid *and* decoder, separate merges of support and query, one post-norm decoder layer. Ours are:
- skips carry the support's features times its mask, Conv5 at S and the merged ones above, averaged over the supports;
  `skips="painted"` paints the prototype on the mask instead, `skip_shots="first"` takes the first support alone;
- resizing aligns corners: at 8n+1 px a cell of stride 8 lies exactly on every eighth pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from ..resnet import Features
from .decoder import ResidualDecoder
from .layers import conv_norm_relu, resize
from .pooling import masked_average_pool
from .prior import prior_map
from .pyramid import Pyramid
from .transformer import SpatialTransformerDecoder

CHANNELS = 64


@dataclass(frozen=True)
class PaperConfig:
    """What of the network is there. The default is the published model; without `decoder` it is its HEAD variant."""

    cmgm: bool = True
    std: bool = True
    decoder: bool = True
    pyramid: bool = True
    blocks: tuple[int, int, int] = (2, 3, 3)
    skips: Literal["merged", "painted"] = "merged"
    skip_shots: Literal["mean", "first"] = "mean"
    dropout: float = 0.5
    std_dropout: float = 0.1


class SupportState(NamedTuple):
    """All a query needs of K supports, dense. B may be 1: every query of a batch then shares them.

    prototype [B,K,64]; conv5 [B,K,C5,h,w] for the prior; mask [B,K,1,h,w]; low and high [B,K,64,h,w], the skips.
    """

    prototype: Tensor
    conv5: Tensor
    mask: Tensor
    low: Tensor
    high: Tensor


class PaperOutput(NamedTuple):
    """logits [B,1,Hd,Wd] = <kernel, features>; features [B,64,Hd,Wd]; kernel [B,64]; prior [B,1,h,w], 0 without CMGM.

    Hd, Wd are h, w without the decoder, four times them with it.
    """

    logits: Tensor
    features: Tensor
    kernel: Tensor
    prior: Tensor


class MSDNet(nn.Module):
    """The learnt part of the network, on backbone maps of `channels` (Conv3, Conv4, Conv5).

    The reduction of Conv5 is there in every variant, as in the published counts; only the decoder uses it.
    """

    def __init__(self, channels: tuple[int, int, int], config: PaperConfig | None = None) -> None:
        super().__init__()
        config = PaperConfig() if config is None else config
        self.config = config
        middle = channels[0] + channels[1]
        self.merge_query = conv_norm_relu(middle, CHANNELS, dropout=config.dropout)
        self.merge_support = conv_norm_relu(middle, CHANNELS, dropout=config.dropout)
        self.reduce_conv5 = conv_norm_relu(channels[2], CHANNELS)
        joined = 2 * CHANNELS + int(config.cmgm)
        self.join = Pyramid(joined, CHANNELS) if config.pyramid else conv_norm_relu(joined, CHANNELS)
        self.std = SpatialTransformerDecoder(CHANNELS, dropout=config.std_dropout) if config.std else None
        self.decoder = ResidualDecoder(CHANNELS, config.blocks) if config.decoder else None

    def encode(self, support: Features, mask: Tensor) -> SupportState:
        """Supports one by one: maps [N,C,h,w] and masks [N,1,H,W] in 0..1 (255 already 0) -> the state [1,N,...]."""
        size = support.conv3.shape[-2], support.conv3.shape[-1]
        mask = resize(mask.float(), size, align_corners=True)
        merged = self.merge_support(torch.cat([support.conv3, support.conv4], 1))
        prototype = masked_average_pool(merged, mask)
        low = self.reduce_conv5(support.conv5) * mask
        high = (prototype[:, :, None, None] if self.config.skips == "painted" else merged) * mask
        return SupportState(*(x[None] for x in (prototype, support.conv5, mask, low, high)))

    def decode(self, query: Features, state: SupportState) -> PaperOutput:
        """Query maps [B,C,h,w] and the state of their supports -> `PaperOutput`."""
        x = self.merge_query(torch.cat([query.conv3, query.conv4], 1))
        batch, height, width = x.shape[0], x.shape[2], x.shape[3]
        prototype = state.prototype.mean(1).expand(batch, -1).to(x.dtype)
        parts = [x, prototype[:, :, None, None].expand(-1, -1, height, width)]
        if self.config.cmgm:
            prior = prior_map(query.conv5, state.conv5, state.mask)
            parts.append(prior.to(x.dtype))
        else:
            prior = torch.zeros_like(x[:, :1])
        features = self.join(torch.cat(parts, 1))
        if self.decoder is not None:
            features = self.decoder(features, self._skip(state.low, x), self._skip(state.high, x))
        kernel = prototype if self.std is None else self.std(prototype, x).weight
        logits = (features * kernel[:, :, None, None]).sum(1, keepdim=True)
        return PaperOutput(logits, features, kernel, prior)

    def _skip(self, maps: Tensor, like: Tensor) -> Tensor:
        one = maps[:, 0] if self.config.skip_shots == "first" else maps.mean(1)
        return resize(one.to(like.dtype), (like.shape[2], like.shape[3]), align_corners=True)

    def forward(self, query: Features, support: Features, mask: Tensor) -> PaperOutput:
        """Query maps [B,C,h,w], support maps [B*K,C,h,w] and masks [B,K,1,H,W] -> `PaperOutput`."""
        batch, shots = mask.shape[:2]
        state = self.encode(support, mask.flatten(0, 1))
        return self.decode(query, SupportState(*(x[0].unflatten(0, (batch, shots)) for x in state)))
