"""Exports a trained paper configuration as three ONNX files and their entries in OUT/manifest.json:

    python -m exemplar_models.export --checkpoint FILE --backbone-weights FILE --out DIR

Opset 17; size, number of supports K and of queries B are dynamic:

    ID-backbone.onnx  image [B,3,H,W], RGB 0..255 (normalised inside) -> conv3, conv4, conv5 [B,C,h,w], h = ceil(H/8)
    ID-encoder.onnx   conv3, conv4, conv5 [K,C,h,w] and mask [K,1,H,W] in 0..1 -> the complete state of K supports
    ID.onnx           conv3, conv4, conv5 [B,C,h,w] of the queries and the state -> logits [B,1,Hd,Wd], features F
                      [B,64,Hd,Wd], kernel k0 [B,64], priors [B,1,h,w]

What the encoder returns is all a query needs, with the support images gone; each support stands for itself, so states
concatenate along K. In this configuration it is dense (Conv5 of every cell), megabytes a support, and the manifest says
so (`"support": "dense"`). Only cells in the mask count: `support_conv5` and `support_mask` may come with those alone,
in any shape, filled up with a mask of 0; `support_low` and `support_high` are 0 outside it.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from .configs import Row
from .manifest import describe_file, put_model
from .network.paper import MSDNet, SupportState
from .paper_model import PaperModel, read_trained
from .resnet import STRIDE, Features, ResNet, normalise, weights_hash
from .training import run_command

OPSET = 17
# Example size of the traced run; nothing of it may remain in the graphs.
EXAMPLE = 65
MAPS = ("conv3", "conv4", "conv5")
STATE = ("prototype", "support_conv5", "support_mask", "support_low", "support_high")
OUTPUTS = ("logits", "features", "kernel", "priors")
Axes = Mapping[str, Mapping[int, str]]


class BackboneGraph(nn.Module):
    """The normalisation goes into the graph: a manifest gives one mean and scale for all three channels."""

    def __init__(self, backbone: ResNet) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.backbone(normalise(image)))


class EncoderGraph(nn.Module):
    def __init__(self, network: MSDNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, conv3: Tensor, conv4: Tensor, conv5: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        return tuple(x[0] for x in self.network.encode(Features(conv3, conv4, conv5), mask))


class DecoderGraph(nn.Module):
    def __init__(self, network: MSDNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, conv3: Tensor, conv4: Tensor, conv5: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        supports = SupportState(*(x[None] for x in state))
        return tuple(self.network.decode(Features(conv3, conv4, conv5), supports))


def trace(
    module: nn.Module, example: tuple[Tensor, ...], names: Sequence[str], outputs: Sequence[str], axes: Axes, path: Path
) -> None:
    """Writes one graph. A wrapper left in training mode would put the network inside back into it: eval() first."""
    module.eval()
    with warnings.catch_warnings():
        # The exporter by tracing is deprecated, not gone: its successor needs a package more and pins our sizes.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        torch.onnx.export(
            module,
            example,
            str(path),
            opset_version=OPSET,
            dynamo=False,
            input_names=list(names),
            output_names=list(outputs),
            dynamic_axes={name: dict(dims) for name, dims in axes.items()},
        )
    model = onnx.load(str(path))
    for node in model.graph.node:
        node.ClearField("doc_string")
    model.producer_name, model.producer_version = "exemplar-models", ""
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _maps(first: str) -> dict[str, dict[int, str]]:
    return {name: {0: first, 2: "h", 3: "w"} for name in MAPS}


def _state_axes() -> dict[str, dict[int, str]]:
    """Cells of Conv5 and of the mask are looked for, not laid out: a host may hand the decoder any number of them."""
    cells = {name: {0: "supports", 2: "hc", 3: "wc"} for name in STATE[1:3]}
    skips = {name: {0: "supports", 2: "hs", 3: "ws"} for name in STATE[3:]}
    return {STATE[0]: {0: "supports"}, **cells, **skips}


def export_graphs(model: PaperModel, folder: Path, name: str) -> dict[str, Path]:
    """Writes the three graphs into `folder` and returns their paths by "backbone", "encoder" and "decoder"."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {part: folder / f"{name}{suffix}.onnx" for part, suffix in SUFFIXES.items()}
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 3, EXAMPLE, EXAMPLE, generator=generator) * 255
    mask = (torch.rand(2, 1, EXAMPLE, EXAMPLE, generator=generator) > 0.5).float()
    backbone, encoder, decoder = (
        BackboneGraph(model.backbone),
        EncoderGraph(model.network),
        DecoderGraph(model.network),
    )
    image_axes = {"image": {0: "queries", 2: "height", 3: "width"}}
    with torch.no_grad():
        trace(backbone, (images,), ["image"], MAPS, {**image_axes, **_maps("queries")}, paths["backbone"])
        maps = backbone(images)
        mask_axes = {"mask": {0: "supports", 2: "height", 3: "width"}}
        encoder_axes = {**_maps("supports"), **mask_axes, **_state_axes()}
        trace(encoder, (*maps, mask), [*MAPS, "mask"], STATE, encoder_axes, paths["encoder"])
        state = encoder(*maps, mask)
        wide = {name: {0: "queries", 2: "hd", 3: "wd"} for name in ("logits", "features")}
        answer_axes = {**wide, "kernel": {0: "queries"}, "priors": {0: "queries", 2: "h", 3: "w"}}
        decoder_axes = {**_maps("queries"), **_state_axes(), **answer_axes}
        trace(decoder, (*maps, *state), [*MAPS, *STATE], OUTPUTS, decoder_axes, paths["decoder"])
    return paths


SUFFIXES = {"backbone": "-backbone", "encoder": "-encoder", "decoder": ""}


def _values(found: Sequence[onnx.ValueInfoProto]) -> list[dict[str, object]]:
    return [
        {
            "name": value.name,
            "dtype": "float32",
            "shape": [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim],
        }
        for value in found
    ]


def manifest_entries(
    paths: Mapping[str, Path], name: str, row: Row, model: PaperModel, seed: int, episodes: int
) -> list[dict[str, object]]:
    """The three entries, tied by their ids. Licence and origin of the backbone's weights are for the user to add."""
    graphs = {part: onnx.load(str(path)).graph for part, path in paths.items()}
    size = [row.recipe.size, row.recipe.size]
    trained = f"{row.data_set} fold {row.fold} by {row.name}: {episodes} episodes, seed {seed}"
    common = {
        "opset": OPSET,
        "licence": "as the training data and backbone weights allow",
        "source": ["exemplar_models.export"],
    }
    ids = {part: f"{name}{suffix}" for part, suffix in SUFFIXES.items()}
    maps = [
        {"name": m, "stride": STRIDE, "channels": c} for m, c in zip(MAPS, model.backbone.spec.channels, strict=True)
    ]
    image = {"name": "image", "dtype": "float32", "shape": ["queries", 3, "height", "width"]}
    return [
        {
            "id": ids["backbone"],
            "kind": "backbone",
            **describe_file(paths["backbone"]),
            "inputs": [{**image, "layout": "NCHW", "colour": "RGB"}],
            "outputs": maps,
            "normalisation": {"mean": 0.0, "scale": 1.0},
            "sizeMultiple": STRIDE,
            # Supports share one grid: the application brings every image to this size.
            "inputSize": size,
            "weightsSha256": weights_hash(model.backbone),
            **common,
            "trainingData": "ImageNet-1k (weights given by the user)",
        },
        {
            "id": ids["encoder"],
            "kind": "msdnet-encoder",
            **describe_file(paths["encoder"]),
            "inputs": _values(graphs["encoder"].input),
            "outputs": _values(graphs["encoder"].output),
            "backbone": ids["backbone"],
            **common,
            "trainingData": trained,
        },
        {
            "id": ids["decoder"],
            "kind": "msdnet",
            **describe_file(paths["decoder"]),
            "inputs": _values(graphs["decoder"].input),
            "outputs": _values(graphs["decoder"].output),
            "backbone": ids["backbone"],
            "encoder": ids["encoder"],
            # Maps of every cell: the state cannot be bounded in size, as the light model's tokens are.
            "support": "dense",
            "recipe": {
                "threshold": 0.5,
                "inputSize": size,
                "alignCorners": True,
                "network": asdict(row.network),
            },
            **common,
            "trainingData": trained,
        },
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--backbone-weights", type=Path)
    parser.add_argument("--random-backbone", type=int, metavar="SEED", help="no weights: only to try the command out")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--id", help="name of the files and entries (default: msdnet-ROW)")
    args = parser.parse_args(arguments)
    trained = read_trained(args.checkpoint, args.backbone_weights, args.random_backbone, torch.device("cpu"))
    name: str = args.id or f"msdnet-{trained.row.name}"
    paths = export_graphs(trained.model, args.out, name)
    entries = manifest_entries(paths, name, trained.row, trained.model, trained.seed, trained.episodes)
    for entry in entries:
        put_model(args.out / "manifest.json", entry)
        print(f"{entry['file']}: {entry['bytes']} bytes")


if __name__ == "__main__":
    run_command(main)
