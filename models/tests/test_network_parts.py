"""Shared parts of the network against naive loops."""

from __future__ import annotations

import io
import math

import onnxruntime as ort
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from exemplar_models.network.layers import conv_norm_relu, conv_up, count_parameters, make_norm
from exemplar_models.network.pooling import masked_average_pool
from exemplar_models.network.transformer import Attention, SpatialTransformerDecoder, sine_positions


def test_masked_average_pool_against_a_loop() -> None:
    torch.manual_seed(0)
    x, m = torch.randn(2, 3, 4, 5, dtype=torch.float64), torch.rand(2, 1, 4, 5, dtype=torch.float64)
    found = masked_average_pool(x, m)
    for b in range(2):
        for c in range(3):
            total = sum(float(x[b, c, i, j] * m[b, 0, i, j]) for i in range(4) for j in range(5))
            weight = sum(float(m[b, 0, i, j]) for i in range(4) for j in range(5))
            assert float(found[b, c]) == pytest.approx(total / (weight + 5e-4), rel=1e-12)


def test_masked_average_pool_of_an_empty_mask_is_zero_and_half_precision_does_not_overflow() -> None:
    x = torch.full((1, 2, 60, 60), 100.0)
    assert masked_average_pool(x, torch.zeros(1, 1, 60, 60)).tolist() == [[0.0, 0.0]]
    half = masked_average_pool(x.half(), torch.ones(1, 1, 60, 60, dtype=torch.float16))
    assert float(half[0, 0]) == pytest.approx(100.0, rel=1e-5)


def naive_attention(layer: Attention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """One sample: query [N,C], key and value [M,C], loops over heads, query tokens and key tokens."""
    q, k, v = (
        x @ linear.weight.T + linear.bias
        for x, linear in ((query, layer.query), (key, layer.key), (value, layer.value))
    )
    d = layer.size
    mixed = torch.zeros_like(q)
    for h in range(layer.heads):
        part = slice(h * d, (h + 1) * d)
        for n in range(len(q)):
            scores = [math.exp(float(q[n, part] @ k[m, part]) / math.sqrt(d)) for m in range(len(k))]
            for m in range(len(k)):
                mixed[n, part] += scores[m] / sum(scores) * v[m, part]
    return mixed @ layer.output.weight.T + layer.output.bias


def naive_positions(channels: int, height: int, width: int) -> Tensor:
    half = channels // 2
    out = torch.zeros(channels, height, width, dtype=torch.float64)
    for y in range(height):
        for x in range(width):
            for axis, (i, n) in enumerate(((y, height), (x, width))):
                position = (i + 1) / (n + 1e-6) * 2 * math.pi
                for c in range(half):
                    angle = position / 10000 ** (2 * (c // 2) / half)
                    out[axis * half + c, y, x] = math.sin(angle) if c % 2 == 0 else math.cos(angle)
    return out


def test_sine_positions_against_a_loop() -> None:
    found = sine_positions(torch.zeros(1, 16, 3, 5))
    torch.testing.assert_close(found[0].double(), naive_positions(16, 3, 5), atol=1e-6, rtol=0)


@torch.no_grad()
def test_attention_of_std_against_a_loop() -> None:
    torch.manual_seed(1)
    std = SpatialTransformerDecoder(16, 4, 8, output_bias=True).double().eval()
    for parameter in std.parameters():
        parameter.copy_(0.3 * torch.randn_like(parameter))
    prototype, features = torch.randn(2, 16, dtype=torch.float64), torch.randn(2, 16, 3, 4, dtype=torch.float64)
    found = std(prototype, features)
    assert std.self_attention is not None and std.self_norm is not None and std.bias is not None
    for b in range(2):
        token = prototype[b][None]
        place = token + std.embedding
        token = std.self_norm(token + naive_attention(std.self_attention, place, place, token))
        value = features[b].flatten(1).T
        # float32 encoding, as in the network; the loop for it is tested above.
        key = value + sine_positions(features)[0].flatten(1).T
        token = std.attention_norm(token + naive_attention(std.attention, token + std.embedding, key, value))
        hidden = (token @ std.expand.weight.T + std.expand.bias).clamp(min=0)
        token = std.ffn_norm(token + hidden @ std.contract.weight.T + std.contract.bias)
        token = std.final_norm(token)[0]
        torch.testing.assert_close(found.weight[b], token, atol=1e-10, rtol=1e-10)
        assert found.bias is not None
        assert float(found.bias[b]) == pytest.approx(float(std.bias.weight[0] @ token + std.bias.bias[0]), abs=1e-10)


def test_std_parameter_counts() -> None:
    assert count_parameters(SpatialTransformerDecoder()) == 35_984
    assert count_parameters(SpatialTransformerDecoder(self_attention=False)) == 35_984 - 4 * (64 * 64 + 64) - 128
    assert count_parameters(SpatialTransformerDecoder(output_bias=True)) == 35_984 + 65


def test_std_is_deterministic_in_eval_and_drops_out_in_training() -> None:
    torch.manual_seed(2)
    std, p, x = SpatialTransformerDecoder(), torch.randn(1, 64), torch.randn(1, 64, 4, 4)
    assert not torch.equal(std(p, x).weight, std(p, x).weight)
    std.eval()
    assert torch.equal(std(p, x).weight, std(p, x).weight)


class _Exported(nn.Module):
    def __init__(self, std: SpatialTransformerDecoder) -> None:
        super().__init__()
        self.std = std

    def forward(self, prototype: Tensor, features: Tensor) -> Tensor:
        return self.std(prototype, features).weight


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_std_exports_with_dynamic_size() -> None:
    torch.manual_seed(3)
    std = SpatialTransformerDecoder().eval()
    file = io.BytesIO()
    torch.onnx.export(
        _Exported(std).eval(),
        (torch.randn(1, 64), torch.randn(1, 64, 5, 5)),
        file,
        opset_version=17,
        dynamo=False,
        input_names=["prototype", "features"],
        dynamic_axes={"prototype": {0: "b"}, "features": {0: "b", 2: "h", 3: "w"}},
    )
    session = ort.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    for batch, height, width in ((1, 5, 5), (2, 7, 4)):
        p, x = torch.randn(batch, 64), torch.randn(batch, 64, height, width)
        found = session.run(None, {"prototype": p.numpy(), "features": x.numpy()})[0]
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(found), std(p, x).weight, atol=1e-5, rtol=0)


@torch.no_grad()
def test_conv_up_against_a_loop() -> None:
    torch.manual_seed(4)
    up = conv_up(2, 3).double().eval()
    x = torch.randn(1, 2, 3, 4, dtype=torch.float64)
    weight = up[0].weight
    sums = torch.zeros(3, 6, 8, dtype=torch.float64)
    # Every input pixel adds its value times the kernel, centred on twice its place.
    for i in range(3):
        for j in range(4):
            for ky in range(3):
                for kx in range(3):
                    y, z = 2 * i + ky - 1, 2 * j + kx - 1
                    if 0 <= y < 6 and 0 <= z < 8:
                        sums[:, y, z] += sum(x[0, c, i, j] * weight[c, :, ky, kx] for c in range(2))
    torch.testing.assert_close(up(x)[0], F.relu(sums / math.sqrt(1 + up[1].eps)), atol=1e-12, rtol=1e-12)


def test_norms_have_equal_parameter_counts_and_refuse_odd_channels() -> None:
    assert count_parameters(conv_norm_relu(4, 64, 3)) == count_parameters(conv_norm_relu(4, 64, 3, norm="group"))
    with pytest.raises(ValueError, match="12 channels"):
        make_norm("group", 12)
