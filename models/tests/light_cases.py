"""Random networks, maps and supports for the tests of the light model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import Tensor

from exemplar_models.light.export import DECODER_ID
from exemplar_models.light.head import LightMSDNet
from exemplar_models.light.support import Features, Support, bound, encode_support, join

CAP = 540
MODELS = Path(__file__).resolve().parent.parent


def random_network(seed: int = 0) -> LightMSDNet:
    """Every weight differs from its start, so that none can be forgotten unseen (gates start as zeros)."""
    torch.manual_seed(seed)
    net = LightMSDNet().eval()
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return net


def random_features(height: int, width: int, batch: int = 1) -> Features:
    """Maps for a stride-8 grid of height x width cells, smooth enough that neighbours resemble each other."""

    def grid(channels: int, divisor: int) -> Tensor:
        values = torch.randn(batch, channels, height // divisor, width // divisor)
        return values + values.mean((2, 3), keepdim=True) * 4

    return Features(grid(48, 1), grid(88, 2), grid(120, 2), grid(352, 4))


def random_coverage(height: int, width: int) -> Tensor:
    """A rectangle with a soft border."""
    coverage = torch.zeros(1, 1, height, width)
    top, left = int(torch.randint(0, height // 2, ())), int(torch.randint(0, width // 2, ()))
    coverage[..., top : top + height // 3, left : left + width // 3] = 1
    coverage[..., top, left : left + width // 3] = 0.4
    return coverage


def random_supports(height: int, width: int, count: int, negatives: bool) -> list[Support]:
    """Bounded states; with `negatives` every second one has an erased region."""
    states = []
    for index in range(count):
        foreground, erased = random_coverage(height, width), torch.zeros(1, 1, height, width)
        if negatives and index % 2 == 0:
            erased[..., -(height // 4) :, -(width // 4) :] = 0.7
            foreground = foreground * (erased == 0)
        states.append(bound(encode_support(random_features(height, width), foreground, erased), CAP))
    return states


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def feed(features: Features, support: Support) -> dict[str, np.ndarray]:
    """Inputs of the decoder."""
    names = {"foreground": "foreground_weights", "background": "background_weights"}
    inputs = {**features._asdict(), **{names.get(name, name): value for name, value in support._asdict().items()}}
    return {name: value.numpy() for name, value in inputs.items()}


def joined(height: int, width: int, count: int, negatives: bool) -> Support:
    return join(random_supports(height, width, count, negatives))


def shipped() -> tuple[bytes, LightMSDNet]:
    """The decoder in the repository and the network with its weights, read where the manifest says they stand."""
    entries = json.loads((MODELS / "manifest.json").read_text())["models"]
    entry = next((e for e in entries if e["id"] == DECODER_ID), None)
    if entry is None:
        pytest.skip("the light model has not been exported into models/")
    data = (MODELS / entry["file"]).read_bytes()
    state = {}
    for weight in entry["weights"]:
        count = int(np.prod(weight["shape"]))
        values = np.frombuffer(data, "<f4", count, weight["offset"]).reshape(weight["shape"])
        state[f"head.{weight['name']}"] = torch.from_numpy(values.copy())
    net = LightMSDNet()
    net.load_state_dict(state)
    return data, net.eval()
