"""Backbones: shapes, frozen for good, weights under every documented name or an error that says what lacks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from exemplar_models.resnet import RESNETS, ResNet, Stem, load_resnet, normalise, random_resnet, weights_hash

REDUCED = "resnet-reduced"


@pytest.mark.parametrize("stem", ["plain", "deep"])
@torch.no_grad()
def test_three_maps_at_stride_8(stem: Stem) -> None:
    net = random_resnet(REDUCED, 0, stem)
    for height, width in ((65, 65), (473, 121)):
        found = net(torch.randn(1, 3, height, width))
        assert [tuple(x.shape) for x in found] == [
            (1, c, -(-height // 8), -(-width // 8)) for c in RESNETS[REDUCED].channels
        ]


def test_published_sizes() -> None:
    # The totals of the classifiers as published, less their last layer.
    counts = {}
    for name in ("resnet50", "resnet101"):
        with torch.device("meta"):
            plain, deep = ResNet(RESNETS[name], "plain"), ResNet(RESNETS[name], "deep")
        counts[name] = [sum(p.numel() for p in net.parameters()) for net in (plain, deep)]
    assert counts["resnet50"][0] == 25_557_032 - (2048 * 1000 + 1000)
    assert counts["resnet101"][0] == 44_549_160 - (2048 * 1000 + 1000)
    assert RESNETS["resnet50"].channels == (512, 1024, 2048)
    assert counts["resnet50"][1] > counts["resnet50"][0]


def test_473_px_gives_60_cells() -> None:
    with torch.device("meta"):
        net = ResNet(RESNETS["resnet50"])
        found = net(torch.empty(1, 3, 473, 473))
    assert [tuple(x.shape) for x in found] == [(1, c, 60, 60) for c in (512, 1024, 2048)]


def test_dilation_keeps_weights_and_reach() -> None:
    with torch.device("meta"):
        net = ResNet(RESNETS["resnet50"])
    for layer, dilation in ((net.layer2, 1), (net.layer3, 2), (net.layer4, 4)):
        convolutions = [block.conv2 for block in layer]
        assert {c.dilation for c in convolutions} == {(dilation, dilation)}
        assert [c.stride for c in convolutions][1:] == [(1, 1)] * (len(convolutions) - 1)
    assert net.layer2[0].conv2.stride == (2, 2) and net.layer3[0].conv2.stride == (1, 1)


def test_batch_norms_stay_frozen_in_training_mode() -> None:
    net = random_resnet(REDUCED, 0)
    before = weights_hash(net)
    outer = torch.nn.Sequential(net).train()
    assert outer.training and not any(m.training for m in net.modules())
    outer(torch.randn(2, 3, 65, 65))
    assert weights_hash(net) == before
    assert not any(p.requires_grad for p in net.parameters())


def named(net: ResNet, how: str) -> dict[str, object]:
    state = {k: v for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
    if how == "torchvision":
        return {**state, "fc.weight": torch.zeros(10, 4), "fc.bias": torch.zeros(10)}
    if how == "wrapped":
        return {"epoch": 3, "state_dict": {f"module.backbone.{k}": v for k, v in state.items()}}
    numbers = {"conv1": 0, "bn1": 1, "conv2": 3, "bn2": 4, "conv3": 6, "bn3": 7}
    out: dict[str, object] = {"ppm.0.weight": torch.zeros(1)}
    for key, value in state.items():
        head, _, tail = key.partition(".")
        out[f"layer0.{numbers[head]}.{tail}" if head in numbers else key] = value
    return out


@pytest.mark.parametrize(
    ("stem", "how"), [("plain", "torchvision"), ("deep", "torchvision"), ("deep", "wrapped"), ("deep", "layer0")]
)
def test_weights_load_under_every_documented_name(tmp_path: Path, stem: Stem, how: str) -> None:
    net = random_resnet(REDUCED, 3, stem)
    torch.save(named(net, how), tmp_path / "weights.pth")
    found = load_resnet(REDUCED, tmp_path / "weights.pth")
    assert found.stem == stem and weights_hash(found) == weights_hash(net)
    assert weights_hash(found) != weights_hash(random_resnet(REDUCED, 4, stem))


def test_incomplete_weights_are_refused_by_name(tmp_path: Path) -> None:
    state = random_resnet(REDUCED, 0).state_dict()
    del state["layer3.0.bn2.running_mean"]
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    with pytest.raises(ValueError, match=r"lacks 1 tensors .*layer3\.0\.bn2\.running_mean"):
        load_resnet(REDUCED, path)
    state["layer3.0.bn2.running_mean"] = torch.zeros(3)
    torch.save(state, path)
    with pytest.raises(ValueError, match=r"running_mean \(3,\), not \(64,\)"):
        load_resnet(REDUCED, path)
    with pytest.raises(ValueError, match="no backbone vgg"):
        load_resnet("vgg", path)
    # A whole set of weights of another depth is no fit either.
    with pytest.raises(ValueError, match="lacks"):
        load_resnet("resnet50", path)


def test_normalisation_by_hand() -> None:
    grey = torch.full((3, 1, 1), 255, dtype=torch.uint8)
    assert normalise(grey).flatten().tolist() == pytest.approx(
        [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    )
