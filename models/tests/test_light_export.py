"""The exported graphs of the light model against PyTorch, and what the manifest and the golden file say of them."""

from __future__ import annotations

import json
from pathlib import Path

import light_cases as cases
import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from exemplar_models.golden import synthetic_features
from exemplar_models.light import export, golden
from exemplar_models.light.head import HeadConfig, LightMSDNet
from exemplar_models.light.priors import prior_maps
from exemplar_models.light.support import Features, encode_support, join, stored, tokens
from exemplar_models.manifest import describe_file

MODELS = Path(__file__).resolve().parent.parent
NOTES = export.Notes(
    export.Recipe(
        tokensPerSupport=540,
        threshold=0.5,
        presenceThresholds=[export.PresenceThreshold(supports=1, value=0.2)],
        calibration=export.Calibration(bias=0.1, presence=0.2, agreement=0.3, area=-0.1),
    ),
    "none",
    "Apache-2.0",
    ["exemplar_models.light"],
    {},
)


@pytest.fixture(scope="module")
def net() -> LightMSDNet:
    return cases.random_network()


@pytest.fixture(scope="module")
def decoder(net: LightMSDNet) -> ort.InferenceSession:
    return cases.session(export.build_decoder(net))


@pytest.fixture(scope="module")
def encoder() -> ort.InferenceSession:
    return cases.session(export.build_encoder())


def check_decoder(
    net: LightMSDNet, decoder: ort.InferenceSession, size: tuple[int, int], count: int, negatives: bool
) -> None:
    height, width = size[0] // 8, size[1] // 8
    query, support = cases.random_features(height, width), cases.joined(height, width, count, negatives)
    found = dict(zip(export.DECODER_OUTPUTS, decoder.run(None, cases.feed(query, support)), strict=True))
    with torch.no_grad():
        expected = net(query, support)
        maps = prior_maps(tokens(query), support).maps
    assert found["logits"].shape == (1, 1, 2 * height, 2 * width)
    assert found["priors"].shape == (1, 20, height // 2, width // 2)
    np.testing.assert_allclose(found["priors"].reshape(maps.shape), maps.numpy(), atol=1e-4)
    for name in ("logits", "features", "kernel", "bias", "presence"):
        value = getattr(expected, name).numpy()
        assert found[name].shape == value.shape
        np.testing.assert_allclose(found[name], value, atol=1e-4, err_msg=name)
    by_hand = np.einsum("bc,bchw->bhw", found["kernel"], found["features"])[:, None] / 8 + found["bias"]
    np.testing.assert_allclose(found["logits"], by_hand, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "count", "negatives"),
    [
        ((320, 320), 1, False),
        ((320, 320), 5, True),
        ((448, 448), 1, True),
        ((448, 448), 3, False),
        ((384, 512), 3, True),
        ((640, 192), 5, False),
    ],
)
def test_decoder_equals_pytorch(
    net: LightMSDNet, decoder: ort.InferenceSession, size: tuple[int, int], count: int, negatives: bool
) -> None:
    torch.manual_seed(1)
    check_decoder(net, decoder, size, count, negatives)


@pytest.mark.parametrize(("size", "count", "negatives"), [((448, 448), 1, False), ((320, 384), 5, True)])
def test_shipped_decoder_equals_pytorch(size: tuple[int, int], count: int, negatives: bool) -> None:
    data, net = cases.shipped()
    torch.manual_seed(2)
    check_decoder(net, cases.session(onnx.load_model_from_string(data)), size, count, negatives)


@pytest.mark.parametrize(("height", "width"), [(40, 40), (56, 56), (48, 64), (80, 24)])
@pytest.mark.parametrize("filled", [True, False])
def test_encoder_equals_pytorch(encoder: ort.InferenceSession, height: int, width: int, filled: bool) -> None:
    torch.manual_seed(3)
    features = cases.random_features(height, width)
    foreground, negative = torch.zeros(2, 1, 1, height, width)
    if filled:
        foreground = cases.random_coverage(height, width)
        negative = 0.5 * cases.random_coverage(height, width) * (foreground == 0)
    inputs = {**features._asdict(), "foreground": foreground, "negative": negative}
    found = encoder.run(None, {name: value.numpy() for name, value in inputs.items()})
    state = encode_support(features, foreground, negative)
    for name, value, expected in zip(list(export.ENCODER_OUTPUTS)[:5], found[:5], state, strict=True):
        assert value.shape == expected.shape, name
        np.testing.assert_allclose(value, expected.numpy(), atol=1e-5, err_msg=name)
    assert found[5] == pytest.approx(float(foreground.mean()), abs=1e-6)
    vectors = features.s32[0].flatten(1).T
    np.testing.assert_allclose(found[6], (vectors / vectors.norm(dim=1, keepdim=True)).mean(0)[None], atol=1e-6)


def test_export_is_reproducible_and_tells_nothing_of_the_machine(net: LightMSDNet, tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        written.append(export.export(net, NOTES, tmp_path / name))
    text = (tmp_path / "a" / "manifest.json").read_text()
    assert text == (tmp_path / "b" / "manifest.json").read_text()
    for path in export.export_fixed(tmp_path / "a"):
        # Golden values are compared with a tolerance elsewhere: their last digit depends on the machine.
        if path.suffix == ".onnx":
            written[0].append(path)
            written[1].append(MODELS / path.name)
    for first, second in zip(*written, strict=True):
        data = first.read_bytes()
        assert data == second.read_bytes()
        assert str(Path(__file__).parent).encode() not in data
        assert str(tmp_path).encode() not in data
    text = (tmp_path / "a" / "manifest.json").read_text()
    entries = {entry["id"]: entry for entry in json.loads(text)["models"]}
    entry = entries[export.DECODER_ID]
    assert entry["encoder"] in entries
    assert entry["recipe"]["calibration"]["area"] == -0.1
    graphs = [path for path in written[0] if path.suffix == ".onnx"]
    assert len(graphs) == 3
    for path in graphs:
        model = onnx.load(path)
        assert (model.ir_version, model.opset_import[0].version) == (8, 17)
        assert {node.domain for node in model.graph.node} == {""}
        assert any(describe_file(path).items() <= e.items() for e in entries.values())
    data = (tmp_path / "a" / "msdnet-light.onnx").read_bytes()
    weights = net.head.state_dict()
    assert {weight["name"] for weight in entry["weights"]} == set(weights)
    for weight in entry["weights"]:
        values = weights[weight["name"]].numpy()
        assert weight["shape"] == list(values.shape)
        np.testing.assert_array_equal(np.frombuffer(data, "<f4", values.size, weight["offset"]), values.ravel())


def test_weights_can_be_replaced_in_the_file(net: LightMSDNet) -> None:
    data = bytearray(export.build_decoder(net).SerializeToString(deterministic=True))
    other = cases.random_network(7)
    for place in export.weight_places(bytes(data), export.head_weights(net)):
        values = other.head.state_dict()[str(place["name"])].numpy().tobytes()
        at = int(str(place["offset"]))
        data[at : at + len(values)] = values
    assert bytes(data) == export.build_decoder(other).SerializeToString(deterministic=True)


def test_only_the_whole_head_is_exported() -> None:
    with pytest.raises(ValueError, match="full head"):
        export.build_decoder(LightMSDNet(HeadConfig(cmgm=False)))


def test_notes_must_be_complete(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    recipe = dict(NOTES.recipe)
    whole = {"recipe": recipe, "trainingData": "none", "licence": "Apache-2.0", "source": [], "measured": {}}
    path.write_text(json.dumps(whole))
    assert export.read_notes(path).recipe == NOTES.recipe
    path.write_text(json.dumps({**whole, "recipe": {**recipe, "threshold": 1.5}}))
    with pytest.raises(ValueError, match="threshold"):
        export.read_notes(path)
    path.write_text(json.dumps({**whole, "recipe": None}))
    other = tmp_path / "recipe.json"
    other.write_text(json.dumps({**recipe, "sceneTemperature": 0.1}))
    assert export.read_notes(path, other).recipe == {**NOTES.recipe, "sceneTemperature": 0.1}
    path.write_text(json.dumps(whole))
    del whole["licence"]
    path.write_text(json.dumps(whole))
    with pytest.raises(ValueError, match="licence"):
        export.read_notes(path)


def check_golden(
    record: dict[str, object], encoder: ort.InferenceSession, decoder: ort.InferenceSession, cap: int
) -> None:
    """The golden values come from PyTorch; here the same way is gone with the exported graphs."""

    def maps(seed: int, box: golden.Box) -> Features:
        found = synthetic_features(golden.HEIGHT, golden.WIDTH, seed, box)
        return Features(*(torch.from_numpy(found[name])[None] for name in Features._fields))

    supports = []
    for index, box in enumerate(golden.BOXES):
        foreground = golden.box_coverage(box)
        erased = golden.box_coverage(golden.ERASED) if index == 1 else np.zeros_like(foreground)
        inputs = {name: value.numpy() for name, value in maps(golden.SEEDS[0][index], box)._asdict().items()}
        inputs |= {"foreground": foreground[None, None], "negative": erased[None, None]}
        state = [torch.from_numpy(value) for value in encoder.run(None, inputs)[:5]]
        supports.append(stored(golden.Support(*state), cap))
    query = maps(golden.SEEDS[1], golden.QUERY_BOX)
    answers = record["answers"]
    assert isinstance(answers, dict)
    for name, support in (
        ("one", supports[0]),
        ("two", join(supports)),
        ("weighted", golden.weighted(supports, golden.SHARES)),
    ):
        found = dict(zip(export.DECODER_OUTPUTS, decoder.run(None, cases.feed(query, support)), strict=True))
        parts = {
            "logits": found["logits"][0, 0, ::5, ::5],
            "features": found["features"][0, ::8, ::12, ::12],
            "kernel": found["kernel"],
            "bias": found["bias"],
            "presence": found["presence"],
            "priors": found["priors"].reshape(20, -1)[:, ::50],
        }
        for part, values in parts.items():
            expected = np.asarray(answers[name][part])
            np.testing.assert_allclose(values.ravel(), expected, atol=1e-3 * np.abs(expected).max(), err_msg=part)


def test_golden_values(net: LightMSDNet, encoder: ort.InferenceSession, decoder: ort.InferenceSession) -> None:
    record = golden.golden_record(net, cases.CAP)
    check_golden(record, encoder, decoder, cases.CAP)
    answers = record["answers"]
    assert isinstance(answers, dict)
    assert answers["one"]["logits"] != answers["two"]["logits"] != answers["weighted"]["logits"]


def test_shipped_golden_values(encoder: ort.InferenceSession) -> None:
    data, _ = cases.shipped()
    record = json.loads((MODELS / "golden" / "msdnet-light.json").read_text())
    check_golden(record, encoder, cases.session(onnx.load_model_from_string(data)), record["tokensPerSupport"])
