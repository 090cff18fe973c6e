"""Writes the light MSDNet for the studio: `python -m exemplar_models.light.export --checkpoint FILE --out models/`.

FILE is the `weights.pt` of a training. Beside it stands a JSON file of the same name with what the manifest must say of
these weights: `recipe`, `trainingData`, `licence`, `source`, `measured` (see `Notes`); `--recipe` takes the recipe from
the file that `calibrate` wrote instead. Written are the graphs, their manifest entries and the golden files; without a
checkpoint only those that hold no trained weight, of encoder and gradients. The same weights and versions give the same
bytes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import NotRequired, TypedDict

import numpy as np
import onnx
from onnx import numpy_helper

from ..manifest import describe_file, put_model
from ..training import run_command
from . import network_graph
from .golden import write_golden, write_gradient_golden
from .gradient import GRADIENT_ID, INPUTS, OUTPUTS, POSITIVE_WEIGHT, PREFIX, build_gradient, weight_shapes
from .graph import OPSET, Graph
from .head import LightMSDNet
from .priors import PRIOR_MAPS
from .support import COARSE_CHANNELS, RAW_CHANNELS, REGIONS, TOKEN_CHANNELS
from .train import load_weights

MODELS = Path(__file__).resolve().parent.parent.parent
BACKBONE_ID = "efficientnet-lite2-backbone"
ENCODER_ID = "msdnet-light-encoder"
DECODER_ID = "msdnet-light"

Shapes = Mapping[str, list[str | int]]

QUERY_MAPS: Shapes = network_graph.map_shapes("s8", "s16a", "s16b", "s32")
COVERAGE: list[str | int] = [1, 1, "height", "width"]
ENCODER_INPUTS: Shapes = {**QUERY_MAPS, "foreground": COVERAGE, "negative": COVERAGE}
ENCODER_OUTPUTS: Shapes = {
    "tokens": [1, "tokens", TOKEN_CHANNELS],
    "foreground_weights": [1, "tokens"],
    "background_weights": [1, "tokens"],
    "pooled": [1, 1, REGIONS, RAW_CHANNELS],
    "present": [1, 1, REGIONS],
    "area": [1],
    "scene": [1, COARSE_CHANNELS],
}
DECODER_INPUTS: Shapes = {
    **QUERY_MAPS,
    "tokens": [1, "tokens", TOKEN_CHANNELS],
    "foreground_weights": [1, "tokens"],
    "background_weights": [1, "tokens"],
    "pooled": [1, "supports", REGIONS, RAW_CHANNELS],
    "present": [1, "supports", REGIONS],
}
DECODER_OUTPUTS: Shapes = {
    "logits": [1, 1, "height_double", "width_double"],
    "features": [1, 64, "height_double", "width_double"],
    "kernel": [1, 64],
    "bias": [1],
    "presence": [1],
    "priors": [1, PRIOR_MAPS, "height_half", "width_half"],
}


class Calibration(TypedDict):
    """Estimate of a proposal's IoU: sigmoid(bias + presence*logit + agreement*A + area*ln(share above threshold))."""

    bias: float
    presence: float
    agreement: float
    area: float


class PresenceThreshold(TypedDict):
    """For classes of so many supports."""

    supports: int
    value: float


class Recipe(TypedDict):
    """`threshold` on sigmoid(logits); below its presence threshold on sigmoid(presence) the class is not there.

    `presenceThresholds` by rising number of supports; hosts interpolate in its logarithm. With `sceneTemperature`
    supports count by how like their scenes are to the query's.
    """

    tokensPerSupport: int
    threshold: float
    presenceThresholds: list[PresenceThreshold]
    calibration: Calibration
    sceneTemperature: NotRequired[float]


@dataclass(frozen=True)
class Notes:
    """What the manifest says of trained weights. `measured`: scores by name, or what else was found."""

    recipe: Recipe
    training_data: str
    licence: str
    source: list[str]
    measured: dict[str, object]


def read_notes(path: Path, recipe_path: Path | None = None) -> Notes:
    """Raises ValueError where something is missing or a threshold is no probability."""
    found = json.loads(path.read_text())
    try:
        recipe = found["recipe"] if recipe_path is None else json.loads(recipe_path.read_text())
        calibration = recipe["calibration"]
        notes = Notes(
            Recipe(
                tokensPerSupport=int(recipe["tokensPerSupport"]),
                threshold=float(recipe["threshold"]),
                presenceThresholds=[
                    PresenceThreshold(supports=int(each["supports"]), value=float(each["value"]))
                    for each in recipe["presenceThresholds"]
                ],
                calibration=Calibration(
                    bias=float(calibration["bias"]),
                    presence=float(calibration["presence"]),
                    agreement=float(calibration["agreement"]),
                    area=float(calibration["area"]),
                ),
            ),
            found["trainingData"],
            found["licence"],
            found["source"],
            found["measured"],
        )
    except KeyError as missing:
        raise ValueError(f"{path} does not give {missing}") from missing
    if "sceneTemperature" in recipe:
        notes.recipe["sceneTemperature"] = float(recipe["sceneTemperature"])
    thresholds = notes.recipe["presenceThresholds"]
    if not all(0 <= value <= 1 for value in (notes.recipe["threshold"], *(each["value"] for each in thresholds))):
        raise ValueError(f"{path}: thresholds must lie between 0 and 1")
    counts = [each["supports"] for each in thresholds]
    if not counts or counts[0] < 1 or counts != sorted(set(counts)):
        raise ValueError(f"{path}: presenceThresholds must be in order of their supports, from 1 on")
    return notes


def build_encoder() -> onnx.ModelProto:
    """Support encoder; without weights, so that a stored support stays valid whatever the head learns."""
    graph = Graph()
    network_graph.encoder(graph)
    return graph.model(ENCODER_ID, ENCODER_INPUTS, ENCODER_OUTPUTS)


def head_weights(net: LightMSDNet) -> dict[str, np.ndarray]:
    """Weights of the head by name, float32. Raises ValueError for a head with parts switched off."""
    config = net.head.config
    if not (config.cmgm and config.transformer and config.decoder and config.background_prior):
        raise ValueError("only the full head can be exported")
    return {name: np.ascontiguousarray(value.float().numpy()) for name, value in net.head.state_dict().items()}


def build_decoder(net: LightMSDNet) -> onnx.ModelProto:
    """Prior maps and head against one query."""
    graph = Graph()
    for name, values in head_weights(net).items():
        graph.array(name, values)
    network_graph.decoder(graph)
    return graph.model(DECODER_ID, DECODER_INPUTS, DECODER_OUTPUTS)


def weight_places(file: bytes, weights: Mapping[str, np.ndarray]) -> list[dict[str, object]]:
    """Name, shape and offset of each weight in the bytes of the decoder: float32, little endian, row by row.

    Whoever adapts the weights puts the new ones in the same place and has a valid file. Raises ValueError where a
    weight does not stand in the file as it is.
    """
    places: list[dict[str, object]] = []
    for name, values in weights.items():
        # Raw bytes are the last field of a tensor; its name before them makes the find unique.
        tensor = numpy_helper.from_array(values, name)
        at = file.find(tensor.SerializeToString(deterministic=True))
        if at < 0:
            raise ValueError(f"{name} is not in the file as raw bytes")
        offset = at + tensor.ByteSize() - len(tensor.raw_data)
        places.append({"name": name, "shape": list(values.shape), "offset": offset})
    return places


def _described(shapes: Shapes) -> list[dict[str, object]]:
    return [{"name": name, "dtype": "float32", "shape": shape} for name, shape in shapes.items()]


def encoder_entry(path: Path) -> dict[str, object]:
    return {
        "id": ENCODER_ID,
        "kind": "msdnet-encoder",
        **describe_file(path),
        "opset": OPSET,
        "inputs": _described(ENCODER_INPUTS),
        "outputs": _described(ENCODER_OUTPUTS),
        "backbone": BACKBONE_ID,
        "licence": "Apache-2.0",
        "source": ["exemplar_models.light"],
        "trainingData": "none (no weights)",
    }


def decoder_entry(path: Path, notes: Notes, weights: Mapping[str, np.ndarray]) -> dict[str, object]:
    return {
        "id": DECODER_ID,
        "kind": "msdnet",
        **describe_file(path),
        "opset": OPSET,
        "inputs": _described(DECODER_INPUTS),
        "outputs": _described(DECODER_OUTPUTS),
        "backbone": BACKBONE_ID,
        "encoder": ENCODER_ID,
        "support": "tokens",
        "recipe": notes.recipe,
        "weights": weight_places(path.read_bytes(), weights),
        "licence": notes.licence,
        "source": notes.source,
        "trainingData": notes.training_data,
        "measured": notes.measured,
        "golden": "golden/msdnet-light.json",
    }


def gradient_entry(path: Path) -> dict[str, object]:
    """Names and shapes of the weights stand once: the inputs have these names, their gradients `gradient.` before."""
    return {
        "id": GRADIENT_ID,
        "kind": "msdnet-gradient",
        **describe_file(path),
        "opset": OPSET,
        "inputs": _described(INPUTS),
        "outputs": _described(OUTPUTS),
        "weights": [{"name": name, "shape": shape} for name, shape in weight_shapes().items()],
        "gradientPrefix": PREFIX,
        "positiveWeight": POSITIVE_WEIGHT,
        "head": DECODER_ID,
        "licence": "Apache-2.0",
        "source": ["exemplar_models.light"],
        "trainingData": "none (no weights)",
        "golden": "golden/msdnet-light-gradient.json",
    }


def export_fixed(out: Path) -> list[Path]:
    """Writes the graphs without trained weights into `out` and returns the paths."""
    encoder, gradient = out / f"{ENCODER_ID}.onnx", out / f"{GRADIENT_ID}.onnx"
    encoder.write_bytes(build_encoder().SerializeToString(deterministic=True))
    put_model(out / "manifest.json", encoder_entry(encoder))
    gradient.write_bytes(build_gradient(weight_shapes()).SerializeToString(deterministic=True))
    put_model(out / "manifest.json", gradient_entry(gradient))
    return [encoder, gradient, write_gradient_golden(out / "golden")]


def export(net: LightMSDNet, notes: Notes, out: Path) -> list[Path]:
    """Writes the decoder with its golden values into `out` and returns the paths."""
    decoder = out / f"{DECODER_ID}.onnx"
    decoder.write_bytes(build_decoder(net).SerializeToString(deterministic=True))
    put_model(out / "manifest.json", decoder_entry(decoder, notes, head_weights(net)))
    return [decoder, write_golden(net, notes.recipe["tokensPerSupport"], out / "golden")]


def copy_models(out: Path) -> None:
    """Backbone and matcher with manifest and golden files: what `exemplar evaluate --models OUT` needs besides.

    Raises ValueError for the models folder itself.
    """
    if out.resolve() == MODELS.resolve():
        raise ValueError("--complete is for another folder than models/")
    (out / "golden").mkdir(parents=True, exist_ok=True)
    for path in (MODELS / "backbone.onnx", MODELS / "matcher.onnx", MODELS / "manifest.json"):
        copyfile(path, out / path.name)
    for path in (MODELS / "golden").glob("*.json"):
        copyfile(path, out / "golden" / path.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, help="weights.pt of a training")
    parser.add_argument("--notes", type=Path, help="default: the checkpoint's path with the suffix .json")
    parser.add_argument("--recipe", type=Path, help="the recipe's own file; default: what the notes say")
    parser.add_argument("--out", type=Path, default=MODELS, help="folder to write to (default: models/)")
    parser.add_argument("--complete", action="store_true", help="copy the other models into the folder first")
    arguments = parser.parse_args()
    checkpoint: Path | None = arguments.checkpoint
    if arguments.complete:
        copy_models(arguments.out)
    written = export_fixed(arguments.out)
    if checkpoint is not None:
        notes = read_notes(arguments.notes or checkpoint.with_suffix(".json"), arguments.recipe)
        written += export(load_weights(checkpoint), notes, arguments.out)
    for path in written:
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    run_command(main)
