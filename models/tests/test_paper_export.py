"""The exported paper configuration against PyTorch, over sizes, shots and queries, and its manifest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import Tensor

from exemplar_models import export
from exemplar_models.configs import ROWS, row_to_dict
from exemplar_models.network.paper import MSDNet, PaperConfig, PaperOutput
from exemplar_models.paper_model import PaperModel
from exemplar_models.resnet import RESNETS, Features, normalise, random_resnet, weights_hash
from exemplar_models.training import random_state, save_checkpoint

REDUCED = "resnet-reduced"
TOLERANCE = 1e-4


def random_model(config: PaperConfig | None = None) -> PaperModel:
    """Weights as after some training: batch norms with statistics, and logits of a usual size."""
    torch.manual_seed(0)
    network = MSDNet(RESNETS[REDUCED].channels, config)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    return PaperModel(random_resnet(REDUCED, 1), network).eval()


class Sessions:
    def __init__(self, paths: dict[str, Path]) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.parts = {
            part: ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            for part, path in paths.items()
        }

    def run(self, part: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        session = self.parts[part]
        wanted = {i.name for i in session.get_inputs()}
        found = session.run(None, {k: v for k, v in inputs.items() if k in wanted})
        return dict(zip([o.name for o in session.get_outputs()], found, strict=True))


@pytest.fixture(scope="module")
def model() -> PaperModel:
    return random_model()


@pytest.fixture(scope="module")
def sessions(model: PaperModel, tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    return Sessions(export.export_graphs(model, tmp_path_factory.mktemp("export"), "tiny"))


@torch.no_grad()
def expected(model: PaperModel, query: Tensor, supports: Tensor, masks: Tensor) -> PaperOutput:
    maps = model.backbone(normalise(supports))
    return model.network.decode(model.backbone(normalise(query)), model.network.encode(Features(*maps), masks))


def answer(sessions: Sessions, query: Tensor, supports: Tensor, masks: Tensor) -> dict[str, np.ndarray]:
    # Every support is encoded alone, as the application does, and the states are put together afterwards.
    states = []
    for image, mask in zip(supports.split(1), masks.split(1), strict=True):
        maps = sessions.run("backbone", {"image": image.numpy()})
        states.append(sessions.run("encoder", {**maps, "mask": mask.numpy()}))
    state = {name: np.concatenate([s[name] for s in states]) for name in export.STATE}
    return sessions.run("decoder", {**sessions.run("backbone", {"image": query.numpy()}), **state})


def episode(queries: int, shots: int, size: tuple[int, int], support: tuple[int, int]) -> tuple[Tensor, ...]:
    torch.manual_seed(shots)
    image = torch.randint(0, 256, (queries, 3, *size)).float()
    supports = torch.randint(0, 256, (shots, 3, *support)).float()
    masks = torch.zeros(shots, 1, *support)
    masks[:, :, 10:40, 12:50] = 1
    return image, supports, masks


def assert_parity(found: dict[str, np.ndarray], out: PaperOutput) -> None:
    for name, value in zip(export.OUTPUTS, out, strict=True):
        assert found[name].shape == tuple(value.shape)
        assert np.abs(found[name] - value.numpy()).max() < TOLERANCE, name


@pytest.mark.parametrize("shots", [1, 3, 5])
@pytest.mark.parametrize(
    ("queries", "size", "support"),
    [(1, (65, 65), (65, 65)), (1, (97, 81), (97, 81)), (2, (113, 64), (72, 96))],
)
def test_onnx_equals_pytorch(
    model: PaperModel,
    sessions: Sessions,
    shots: int,
    queries: int,
    size: tuple[int, int],
    support: tuple[int, int],
) -> None:
    inputs = episode(queries, shots, size, support)
    out = expected(model, *inputs)
    assert_parity(answer(sessions, *inputs), out)
    assert float(out.logits.std()) > 0.1 and float(out.prior.std()) > 0.01


def test_the_state_is_all_that_is_needed_and_an_empty_mask_is_answered(model: PaperModel, sessions: Sessions) -> None:
    query, supports, masks = episode(1, 2, (65, 65), (65, 65))
    masks[1] = 0
    assert_parity(answer(sessions, query, supports, masks), expected(model, query, supports, masks))


def test_cells_outside_the_masks_need_not_be_kept(model: PaperModel, sessions: Sessions) -> None:
    """As the application stores them: outlined cells in a row, filled up to the larger support, skips 0 outside."""
    query, supports, masks = episode(1, 2, (65, 65), (65, 65))
    masks[1, :, 24:] = 0
    packed = []
    for image, mask in zip(supports.split(1), masks.split(1), strict=True):
        maps = sessions.run("backbone", {"image": image.numpy()})
        state = sessions.run("encoder", {**maps, "mask": mask.numpy()})
        inside = state["support_mask"][0, 0] > 0
        assert 0 < inside.sum() < inside.size
        assert not state["support_low"][0][:, ~inside].any() and not state["support_high"][0][:, ~inside].any()
        for name in ("support_conv5", "support_mask"):
            state[name] = state[name][:, :, inside][:, :, None]
        packed.append(state)
    most = max(state["support_mask"].shape[-1] for state in packed)
    assert min(state["support_mask"].shape[-1] for state in packed) < most
    for state in packed:
        for name in ("support_conv5", "support_mask"):
            state[name] = np.pad(state[name], ((0, 0), (0, 0), (0, 0), (0, most - state[name].shape[-1])))
    whole = {name: np.concatenate([state[name] for state in packed]) for name in export.STATE}
    found = sessions.run("decoder", {**sessions.run("backbone", {"image": query.numpy()}), **whole})
    assert_parity(found, expected(model, query, supports, masks))


@pytest.mark.parametrize(
    "config",
    [
        PaperConfig(cmgm=False, std=False, decoder=False),
        PaperConfig(decoder=False),
        PaperConfig(pyramid=False, blocks=(1, 1, 1), skips="painted", skip_shots="first"),
    ],
)
def test_ablations_export_too(config: PaperConfig, tmp_path: Path) -> None:
    model = random_model(config)
    sessions = Sessions(export.export_graphs(model, tmp_path, "tiny"))
    inputs = episode(1, 3, (89, 72), (89, 72))
    assert_parity(answer(sessions, *inputs), expected(model, *inputs))


def test_command_writes_a_manifest_that_fits_the_files(model: PaperModel, tmp_path: Path) -> None:
    row = replace(ROWS["coco-f3-r50-5shot"], backbone=REDUCED)
    checkpoint = tmp_path / "checkpoint.pt"
    save_checkpoint(
        checkpoint,
        {
            "row": row_to_dict(row),
            "seed": 7,
            "episodes": 42,
            "network": model.network.state_dict(),
            "random": random_state(),
            "backbone_sha256": weights_hash(model.backbone),
        },
    )
    out = tmp_path / "out"
    arguments = ["--checkpoint", str(checkpoint), "--random-backbone", "1", "--out", str(out), "--id", "mine"]
    export.main(arguments)
    first = {p.name: p.read_bytes() for p in out.iterdir()}
    export.main(arguments)
    # The same checkpoint gives the same bytes, and nothing of the machine gets into them.
    assert {p.name: p.read_bytes() for p in out.iterdir()} == first
    assert not any(str(Path(export.__file__).parent).encode() in data for data in first.values())
    entries = {e["id"]: e for e in json.loads(first["manifest.json"])["models"]}
    assert set(entries) == {"mine-backbone", "mine-encoder", "mine"}
    for entry in entries.values():
        assert entry["sha256"] == hashlib.sha256(first[entry["file"]]).hexdigest() and entry["opset"] == 17
        graph = onnx.load_from_string(first[entry["file"]])
        assert [o.version for o in graph.opset_import if not o.domain] == [17]
        assert [o["name"] for o in entry["outputs"]] == [o.name for o in graph.graph.output]
        assert [i["name"] for i in entry["inputs"]] == [i.name for i in graph.graph.input]
    whole = entries["mine"]
    assert (whole["support"], whole["backbone"], whole["encoder"]) == ("dense", "mine-backbone", "mine-encoder")
    assert whole["recipe"]["inputSize"] == entries["mine-backbone"]["inputSize"] == [473, 473]
    assert "42 episodes, seed 7" in whole["trainingData"]
    with pytest.raises(ValueError, match="other backbone weights"):
        export.main([*arguments[:2], "--random-backbone", "2", "--out", str(out)])


def test_the_first_example_leaves_no_size_behind(sessions: Sessions) -> None:
    for part in sessions.parts.values():
        for value in (*part.get_inputs(), *part.get_outputs()):
            fixed = [d for d in value.shape if isinstance(d, int)]
            assert set(fixed) <= {1, 3, 64, *RESNETS[REDUCED].channels}, (value.name, value.shape)
