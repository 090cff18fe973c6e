"""The backbone: sizes, padding, agreement of the exported file with PyTorch, and the golden features."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from exemplar_models.backbone import FEATURES, Backbone, SameConv2d, same_padding
from exemplar_models.export_backbone import build_onnx
from exemplar_models.golden import GOLDEN_SIZES, golden_image, golden_input, golden_name, golden_record

MODELS = Path(__file__).resolve().parent.parent
SIZES = [(64, 64), (260, 260), (261, 259), (320, 448), (250, 131), (448, 448)]


@pytest.fixture(scope="module")
def net() -> Backbone:
    return Backbone()


@pytest.fixture(scope="module")
def session() -> ort.InferenceSession:
    return ort.InferenceSession(MODELS / "backbone.onnx", providers=["CPUExecutionProvider"])


def naive_same_convolution(x: np.ndarray, w: np.ndarray, stride: int) -> np.ndarray:
    """TensorFlow's definition with loops: x [H,W], w [k,k]; out-of-image pixels are 0."""
    height, width = x.shape
    k = w.shape[0]
    rows, columns = math.ceil(height / stride), math.ceil(width / stride)
    top = max((rows - 1) * stride + k - height, 0) // 2
    left = max((columns - 1) * stride + k - width, 0) // 2
    out = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            for i in range(k):
                for j in range(k):
                    y, xx = r * stride + i - top, c * stride + j - left
                    if 0 <= y < height and 0 <= xx < width:
                        out[r, c] += w[i, j] * x[y, xx]
    return out


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(8, 8), (9, 8), (7, 13), (65, 6)])
def test_padding_equals_the_naive_reference(kernel: int, stride: int, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(kernel * 100 + stride)
    x, w = rng.standard_normal(size), rng.standard_normal((kernel, kernel))
    conv = torch.nn.Conv2d(1, 1, kernel, stride, bias=False).double()
    conv.weight.data = torch.from_numpy(w)[None, None]
    out = SameConv2d(conv)(torch.from_numpy(x)[None, None])[0, 0].detach().numpy()
    np.testing.assert_allclose(out, naive_same_convolution(x, w, stride), atol=1e-12)


def test_padding_by_hand() -> None:
    assert same_padding(260, 3, 2) == (0, 1)
    assert same_padding(65, 3, 2) == (1, 1)
    assert same_padding(130, 5, 2) == (1, 2)
    assert same_padding(65, 5, 2) == (2, 2)
    assert same_padding(10, 1, 1) == (0, 0)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_onnx_equals_pytorch(net: Backbone, session: ort.InferenceSession, height: int, width: int) -> None:
    x = golden_input(height, width)
    expected = net(x)
    found = session.run(None, {"image": x.numpy()})
    assert [o.name for o in session.get_outputs()] == [s.name for s in FEATURES]
    for spec, e, f in zip(FEATURES, expected, found, strict=True):
        assert f.shape == (1, spec.channels, math.ceil(height / spec.stride), math.ceil(width / spec.stride))
        assert tuple(e.shape) == f.shape
        assert np.abs(e.numpy() - f).max() <= 1e-4 * e.abs().max().item()
        assert f.min() < 0  # linear bottlenecks: a rectified map would be the wrong tap


def test_batch_is_dynamic(session: ort.InferenceSession) -> None:
    one = golden_input(128, 192).numpy()
    two = np.concatenate([one, -one])
    for a, b in zip(session.run(None, {"image": one}), session.run(None, {"image": two}), strict=True):
        np.testing.assert_allclose(a[0], b[0], atol=1e-3)


def test_shift_by_the_coarsest_stride_moves_features(net: Backbone) -> None:
    """With padding baked in for 260 px this fails: the maps of a larger image would be shifted by a pixel."""
    image = golden_input(448, 448)
    full, crop = net(image), net(image[..., :384, :384])
    for spec, a, b in zip(FEATURES[:2], full[:2], crop[:2], strict=True):
        n = 64 // spec.stride
        assert np.allclose(a[..., :n, :n], b[..., :n, :n], atol=1e-3), spec.name


def test_golden_image_by_hand() -> None:
    image = golden_image(64, 64)
    assert image[0, 0, 0] == 0
    assert image[2, 9, 17] == (2 * 37 + 1 * 59 + 2 * 83 + ((17 * 9) & 63)) & 255


@pytest.mark.parametrize(("height", "width"), GOLDEN_SIZES)
def test_golden_features(net: Backbone, session: ort.InferenceSession, height: int, width: int) -> None:
    stored = json.loads((MODELS / "golden" / golden_name(height, width)).read_text())
    found = golden_record(net, height, width)
    maps = session.run(None, {"image": golden_input(height, width).numpy()})
    for a, b, m in zip(stored["outputs"], found["outputs"], maps, strict=True):
        tolerance = 1e-4 * a["scale"]
        assert list(m.shape) == a["shape"]
        np.testing.assert_allclose(a["values"], b["values"], atol=tolerance)
        np.testing.assert_allclose(a["channelMeans"], b["channelMeans"], atol=tolerance)
        values = m[0][np.ix_(a["channels"], a["rows"], a["columns"])].ravel()
        np.testing.assert_allclose(a["values"], values, atol=tolerance)


def test_manifest_names_the_file_as_it_is() -> None:
    for model in json.loads((MODELS / "manifest.json").read_text())["models"]:
        data = (MODELS / model["file"]).read_bytes()
        assert len(data) == model["bytes"]
        assert hashlib.sha256(data).hexdigest() == model["sha256"]


def test_export_is_reproducible(net: Backbone) -> None:
    data = build_onnx(net).SerializeToString(deterministic=True)
    assert data == (MODELS / "backbone.onnx").read_bytes()
    assert b"doc_string" not in data
