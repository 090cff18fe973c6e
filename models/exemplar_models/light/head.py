"""The light head: prior maps, query-aligned features and the supports' prototypes to logits, kernel and presence.

MSDNet (arXiv 2409.11316) with the changes that the model card argues: priors of both regions at three levels, skips
from the query instead of the support, group norm, a kernel bias, negatives as a third region, a presence output. It has
no running statistics, sizes and the number of supports are dynamic, and only `Support` links it to the support image.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..network.decoder import ResidualBlock
from ..network.layers import conv_norm_relu, make_norm, resize, separable_norm_relu
from ..network.pyramid import Pyramid
from ..network.transformer import SpatialTransformerDecoder
from .priors import PRIOR_MAPS, STATISTICS, Priors, prior_maps
from .support import Features, Support, tokens

CHANNELS = 64
GROUPS = 8
DIVISORS = (1, 2, 4)
"""Of the pyramid, on the stride-16 grid."""


@dataclass(frozen=True)
class HeadConfig:
    """What the ablations switch off."""

    cmgm: bool = True
    transformer: bool = True
    decoder: bool = True
    background_prior: bool = True
    dropout: float = 0.5

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


class Output(NamedTuple):
    """`logits` [B,1,2H,2W], decoder `features` [B,64,2H,2W], `kernel` [B,64] and `bias` [B] with
    logits = <kernel, features> / 8 + bias, `presence` [B] (logit that the class is there at all), `auxiliary`
    [B,1,H/2,W/2] (logits of the pyramid; only training looks at them). H, W: stride-8 grid.
    """

    logits: Tensor
    features: Tensor
    kernel: Tensor
    bias: Tensor
    presence: Tensor
    auxiliary: Tensor


def raising() -> nn.Sequential:
    """[B,64,H,W] -> [B,64,2H,2W]."""
    return nn.Sequential(
        nn.ConvTranspose2d(CHANNELS, CHANNELS, 2, 2, bias=False), make_norm("group", CHANNELS), nn.ReLU(inplace=True)
    )


class LightHead(nn.Module):
    """Query features and prior maps against supports -> `Output`."""

    def __init__(self, config: HeadConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or HeadConfig()
        # Linear, so that merging pooled raw features and pooling merged features are the same.
        self.merge_fine = nn.Conv2d(48, CHANNELS, 1)
        self.merge_coarse = nn.Conv2d(88 + 120, CHANNELS, 1, bias=False)
        self.feature_norm = make_norm("group", CHANNELS)
        self.gate = nn.Linear(2 * CHANNELS, CHANNELS)
        self.drop = nn.Dropout2d(config.dropout)
        if config.cmgm:
            self.prior = nn.Sequential(
                conv_norm_relu(PRIOR_MAPS, CHANNELS, norm="group"), conv_norm_relu(CHANNELS, CHANNELS, 3, norm="group")
            )
        inputs = CHANNELS * (2 if config.cmgm else 1) + 4 * GROUPS
        self.enter = conv_norm_relu(inputs, 2 * CHANNELS, norm="group")
        # On the stride-16 grid and with separable convolutions: with four times the cells or full convolutions the head
        # learns the training's classes better and others worse.
        self.pyramid = Pyramid(2 * CHANNELS, CHANNELS, DIVISORS, "group", align_corners=False, separable=True)
        self.auxiliary = nn.Conv2d(CHANNELS, 1, 1)
        if config.decoder:
            self.skip = conv_norm_relu(CHANNELS, CHANNELS, norm="group")
            self.raise_to_8 = raising()
            self.blocks = nn.ModuleList(ResidualBlock(CHANNELS, "group", separable=True) for _ in range(2))
            self.raise_to_4 = raising()
            self.refine = separable_norm_relu(CHANNELS, CHANNELS, norm="group")
        if config.transformer:
            self.transformer = SpatialTransformerDecoder(
                CHANNELS, heads=4, ffn=4 * CHANNELS, dropout=0.0, output_bias=True, self_attention=False
            )
            self.prototype = nn.Linear(2 * CHANNELS, CHANNELS)
        else:
            self.kernel = nn.Parameter(torch.randn(CHANNELS))
            self.bias = nn.Parameter(torch.zeros(1))
        self.presence = nn.Sequential(nn.Linear(STATISTICS + CHANNELS + 4, 64), nn.ReLU(), nn.Linear(64, 1))
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)

    def merged_query(self, features: Features) -> Tensor:
        """[B,64,H,W] on the stride-8 grid, linear in the features."""
        coarse = self.merge_coarse(torch.cat([features.s16a, features.s16b], dim=1))
        fine = self.merge_fine(features.s8)
        return fine + resize(coarse, (fine.shape[2], fine.shape[3]))

    def merged_pooled(self, pooled: Tensor) -> Tensor:
        """Pooled raw features [B,K,3,256] -> [B,K,3,64], by the same weights as the query's."""
        fine = F.linear(pooled[..., :48], self.merge_fine.weight[:, :, 0, 0], self.merge_fine.bias)
        return fine + F.linear(pooled[..., 48:], self.merge_coarse.weight[:, :, 0, 0])

    def forward(self, features: Features, priors: Priors, support: Support) -> Output:
        merged = self.merged_query(features)
        regions = self.merged_pooled(support.pooled)
        present = support.present[..., None]
        # Mean prototype of each region over the supports that have it; no negatives at all gives zeros.
        means = (regions * present).sum(1) / present.sum(1).clamp_min(1e-6)
        pair = torch.cat([means[:, 0], means[:, 1]], dim=-1)
        gate = 2 * torch.sigmoid(self.gate(pair))
        rich = self.drop(F.relu(self.feature_norm(merged)) * gate[:, :, None, None])
        inputs = [F.avg_pool2d(each, 2) for each in (rich, self.cosines(merged, regions, means, support.present))]
        if self.config.cmgm:
            grid = priors.maps.reshape(*priors.maps.shape[:2], features.s16b.shape[2], features.s16b.shape[3])
            inputs.append(self.prior(grid))
        x = self.pyramid(self.enter(torch.cat(inputs, dim=1)))
        auxiliary = self.auxiliary(x)
        if self.config.decoder:
            skip, decoded = self.skip(rich), self.raise_to_8(x)
            for block in self.blocks:
                decoded = block(decoded, skip)
            decoded = self.raise_to_4(decoded)
            decoded = decoded + self.refine(decoded)
        else:
            decoded = resize(x, (2 * merged.shape[2], 2 * merged.shape[3]))
        if self.config.transformer:
            found = self.transformer(self.prototype(pair), x)
            kernel, bias = found.weight, found.bias
            assert bias is not None
        else:
            kernel, bias = self.kernel.expand(x.shape[0], -1), self.bias.expand(x.shape[0])
        logits = torch.einsum("bc,bchw->bhw", kernel, decoded) / CHANNELS**0.5 + bias[:, None, None]
        return Output(
            logits[:, None], decoded, kernel, bias, self.judge(logits, x, auxiliary, priors.statistics), auxiliary
        )

    def cosines(self, merged: Tensor, regions: Tensor, means: Tensor, present: Tensor) -> Tensor:
        """Group cosines [B,32,H,W] of the query: with the mean foreground, with the mean background, with the best
        single support's foreground (per-pixel choice of part), with the best background or negative.
        """
        batch, _, height, width = merged.shape
        cells = merged.reshape(batch, GROUPS, -1, height * width)
        cells = cells / (cells * cells).sum(2, keepdim=True).clamp_min(1e-12).sqrt()

        def with_vectors(vectors: Tensor) -> Tensor:
            """[B,M,64] -> [B,M,8,HW]."""
            parts = vectors.reshape(batch, -1, GROUPS, CHANNELS // GROUPS)
            parts = parts / (parts * parts).sum(-1, keepdim=True).clamp_min(1e-12).sqrt()
            return torch.einsum("bmgc,bgcn->bmgn", parts, cells)

        both = with_vectors(means[:, :2])
        absent = (1 - present) * -2
        own = with_vectors(regions[:, :, 0]) + absent[:, :, 0, None, None]
        others = with_vectors(regions[:, :, 1:].flatten(1, 2)) + absent[:, :, 1:].flatten(1, 2)[..., None, None]
        stacked = torch.cat([both.flatten(1, 2), own.amax(1), others.amax(1)], dim=1)
        return stacked.reshape(batch, 4 * GROUPS, height, width)

    def judge(self, logits: Tensor, x: Tensor, auxiliary: Tensor, statistics: Tensor) -> Tensor:
        """Logit [B] that the class is in the image. Reads what was found and changes nothing of it."""
        flat, coarse = logits.detach().flatten(1), auxiliary.detach().flatten(1)
        p = torch.sigmoid(coarse)
        inside = (x.detach().flatten(2) * p[:, None]).sum(-1) / p.sum(-1, keepdim=True).clamp_min(1e-3)
        found = torch.stack(
            [flat.amax(-1) / 4, coarse.amax(-1) / 4, p.mean(-1), (p * p).sum(-1) / p.sum(-1).clamp_min(1e-3)], dim=-1
        )
        return self.presence(torch.cat([statistics, inside, found], dim=-1))[:, 0]


class LightMSDNet(nn.Module):
    """Query features and supports -> `Output`, with the frozen prior maps in between."""

    def __init__(self, config: HeadConfig | None = None) -> None:
        super().__init__()
        self.head = LightHead(config)

    def forward(self, features: Features, support: Support) -> Output:
        # In bfloat16 a cosine is off by up to 0.004, a tenth of the priors' temperature: they are always exact.
        with torch.no_grad(), torch.autocast(features.s8.device.type, enabled=False):
            priors = prior_maps(tokens(features), support, self.head.config.background_prior)
        return self.head(features, priors, support)
