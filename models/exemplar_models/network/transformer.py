"""Spatial Transformer Decoder (STD): one post-norm decoder layer that turns a prototype into a dynamic kernel.

After the decoder layer of DETR (Carion et al., arXiv 2005.12872): the prototype is the only query token, the query
image's features are keys and values. Attention is plain matrix products and a softmax, so that the layer exports to
ONNX with a dynamic size and its gradients can be exported too.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PE_TEMPERATURE = 10000.0
PE_EPSILON = 1e-6


def sine_positions(features: Tensor) -> Tensor:
    """DETR's sine encoding for a map [B,C,H,W] (C a multiple of 4) -> [1,C,H,W]: first half rows, second half columns.

    Positions are i/(n + 1e-6) * 2 pi for i = 1..n; channels 2j and 2j+1 of each half are sine and cosine of the
    position divided by 10000^(2j / (C/2)).
    """
    channels, height, width = features.shape[1], features.shape[2], features.shape[3]
    half = channels // 2
    exponent = torch.arange(0, half, 2, device=features.device, dtype=torch.float32) / half
    divisor = (PE_TEMPERATURE**exponent)[:, None]
    # Positions are counted on the map itself, which keeps height and width dynamic in an exported graph.
    ones = torch.ones_like(features[0, 0], dtype=torch.float32)
    rows = ones[:, 0].cumsum(0) / (height + PE_EPSILON) * 2 * math.pi / divisor
    columns = ones[0].cumsum(0) / (width + PE_EPSILON) * 2 * math.pi / divisor

    def waves(angles: Tensor) -> Tensor:
        return torch.stack([angles.sin(), angles.cos()], dim=1).reshape(half, -1)

    y = waves(rows)[:, :, None] * ones
    x = waves(columns)[:, None, :] * ones
    return torch.cat([y, x])[None].to(features.dtype)


class Attention(nn.Module):
    """Multi-head attention: query [B,N,C], key and value [B,M,C] -> [B,N,C]."""

    def __init__(self, channels: int, heads: int, dropout: float) -> None:
        super().__init__()
        if channels % heads:
            raise ValueError(f"{channels} channels do not divide into {heads} heads")
        self.heads = heads
        self.size = channels // heads
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.output = nn.Linear(channels, channels)
        self.dropout = nn.Dropout(dropout)
        for linear in (self.query, self.key, self.value, self.output):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1, self.heads, self.size).transpose(1, 2)

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        q, k, v = self._split(self.query(query)), self._split(self.key(key)), self._split(self.value(value))
        weights = (q @ k.transpose(-2, -1) / math.sqrt(self.size)).softmax(dim=-1)
        mixed = (self.dropout(weights) @ v).transpose(1, 2)
        return self.output(mixed.reshape(mixed.shape[0], -1, self.heads * self.size))


class Kernel(NamedTuple):
    """Dynamic kernel: `weight` [B,C] and, where the decoder learns one, `bias` [B]."""

    weight: Tensor
    bias: Tensor | None


class SpatialTransformerDecoder(nn.Module):
    """Prototype [B,C] and query features [B,C,H,W] -> dynamic kernel [B,C] (and bias [B] with `output_bias`).

    Self-attention over the one token is degenerate (its softmax is 1, what remains is a linear map) and kept only for
    the published parameter count; `self_attention=False` leaves it out with its norm.
    """

    def __init__(
        self,
        channels: int = 64,
        heads: int = 4,
        ffn: int = 16,
        dropout: float = 0.1,
        output_bias: bool = False,
        self_attention: bool = True,
    ) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(channels))
        nn.init.normal_(self.embedding)
        self.self_attention = Attention(channels, heads, dropout) if self_attention else None
        self.self_norm = nn.LayerNorm(channels) if self_attention else None
        self.attention = Attention(channels, heads, dropout)
        self.attention_norm = nn.LayerNorm(channels)
        self.expand = nn.Linear(channels, ffn)
        self.contract = nn.Linear(ffn, channels)
        self.ffn_norm = nn.LayerNorm(channels)
        self.final_norm = nn.LayerNorm(channels)
        self.bias = nn.Linear(channels, 1) if output_bias else None
        self.dropout = nn.Dropout(dropout)

    def forward(self, prototype: Tensor, features: Tensor) -> Kernel:
        token = prototype[:, None]
        if self.self_attention is not None and self.self_norm is not None:
            place = token + self.embedding
            token = self.self_norm(token + self.dropout(self.self_attention(place, place, token)))
        value = features.flatten(2).transpose(1, 2)
        key = (features + sine_positions(features)).flatten(2).transpose(1, 2)
        token = self.attention_norm(token + self.dropout(self.attention(token + self.embedding, key, value)))
        inner = self.contract(self.dropout(F.relu(self.expand(token))))
        token = self.final_norm(self.ffn_norm(token + self.dropout(inner)))
        weight = token[:, 0]
        return Kernel(weight, None if self.bias is None else self.bias(weight)[:, 0])
