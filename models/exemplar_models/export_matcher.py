"""Writes `matcher.onnx` and its manifest entry: `python -m exemplar_models.export_matcher`.

The graph is `training_free.score` from normalised weights on: the whole of matching and self-support runs natively, the
application only builds tokens. Sizes are dynamic; there are no weights in the file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import training_free as tf
from .golden import write_predictor_golden
from .manifest import describe_file, put_model

OPSET = 17
MODEL_ID = "density-matcher"
CHANNELS = 472
MODELS = Path(__file__).resolve().parent.parent


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, value: float | list[int]) -> str:
        array = np.asarray(value, np.int64 if isinstance(value, list) else np.float32)
        name = f"constant_{'_'.join(map(str, np.ravel(value)))}"
        self.constants[name] = numpy_helper.from_array(array, name)
        return name

    def op(self, kind: str, *inputs: str | float, out: str | None = None, **attributes: object) -> str:
        names = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        out = out or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [out], name=out, **attributes))
        return out

    def unit(self, x: str) -> str:
        length = self.op("ReduceL2", x, axes=[1], keepdims=1)
        return self.op("Div", x, self.op("Max", length, 1e-8))

    def mixed(self, own: str, support: str) -> str:
        parts = self.op("Mul", self.unit(own), tf.SELF_MIX), self.op("Mul", self.unit(support), 1 - tf.SELF_MIX)
        return self.unit(self.op("Add", *parts))

    def difference(self, x: str) -> str:
        """Column 0 minus column 1 of [N,2], as [N,1]."""
        first, second = self.op("Split", x, self.constant([1, 1]), axis=1), f"second_{len(self.nodes)}"
        self.nodes[-1].output.append(second)
        return self.op("Sub", first, second)


def build_onnx() -> onnx.ModelProto:
    g = _Graph()
    similarity = g.op("MatMul", "query", g.op("Transpose", "support", perm=[1, 0]))
    top = g.op("ReduceMax", similarity, axes=[1], keepdims=1)
    near = g.op("Exp", g.op("Div", g.op("Sub", similarity, top), tf.TAU))
    density = g.op("Log", g.op("Max", g.op("MatMul", near, "weights"), 1e-30))
    # The common `top` cancels in the difference.
    s1 = g.op("Mul", g.difference(density), tf.TAU)
    p = g.op("Sigmoid", g.op("Div", g.op("Sub", s1, tf.SELF_MIDDLE), tf.SELF_WIDTH))
    shares = g.op("Concat", p, g.op("Sub", 1.0, p), axis=1)
    own = g.op("MatMul", g.op("Transpose", g.op("Mul", shares, shares), perm=[1, 0]), "query")
    support = g.op("MatMul", g.op("Transpose", "weights", perm=[1, 0]), "support")
    prototypes = g.mixed(own, support)
    s2 = g.difference(g.op("MatMul", "query", g.op("Transpose", prototypes, perm=[1, 0])))
    s = g.op("Add", g.op("Mul", s1, 1 - tf.SELF_SHARE), g.op("Mul", s2, tf.SELF_SHARE))
    g.op("Squeeze", s, g.constant([1]), out="score")
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        g.nodes,
        MODEL_ID,
        [
            value("query", TensorProto.FLOAT, ["queries", CHANNELS]),
            value("support", TensorProto.FLOAT, ["supports", CHANNELS]),
            value("weights", TensorProto.FLOAT, ["supports", 2]),
        ],
        [value("score", TensorProto.FLOAT, ["queries"])],
        list(g.constants.values()),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="exemplar-models")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def manifest_entry(path: Path) -> dict[str, object]:
    return {
        "id": MODEL_ID,
        "kind": "matcher",
        **describe_file(path),
        "opset": OPSET,
        "inputs": [
            {"name": "query", "dtype": "float32", "shape": ["queries", CHANNELS]},
            {"name": "support", "dtype": "float32", "shape": ["supports", CHANNELS]},
            {"name": "weights", "dtype": "float32", "shape": ["supports", 2]},
        ],
        "outputs": [{"name": "score", "dtype": "float32", "shape": ["queries"]}],
        "backbone": "efficientnet-lite2-backbone",
        "recipe": {
            "tau": tf.TAU,
            "selfMiddle": tf.SELF_MIDDLE,
            "selfWidth": tf.SELF_WIDTH,
            "selfMix": tf.SELF_MIX,
            "selfShare": tf.SELF_SHARE,
            "threshold": tf.THRESHOLD,
            "seed": tf.SEED,
            "suppressed": round(tf.SUPPRESSED, 6),
            "gain": tf.GAIN,
            "tokensPerSupport": tf.TOKENS_PER_SUPPORT,
        },
        "licence": "Apache-2.0",
        "source": ["exemplar_models.training_free"],
        "trainingData": "none (no weights)",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=MODELS, help="folder to write to (default: models/)")
    out: Path = parser.parse_args().out
    path = out / "matcher.onnx"
    path.write_bytes(build_onnx().SerializeToString(deterministic=True))
    put_model(out / "manifest.json", manifest_entry(path))
    write_predictor_golden(out / "golden")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
