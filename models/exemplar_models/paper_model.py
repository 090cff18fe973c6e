"""The paper configuration as a whole: frozen backbone and network, one step forward, checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from .configs import Row, row_from_dict
from .network.layers import resize
from .network.paper import MSDNet
from .resnet import RESNETS, Features, ResNet, load_resnet, normalise, random_resnet, weights_hash
from .training import load_checkpoint


class PaperModel(nn.Module):
    """Queries [B,3,S,S] and supports [B,K,3,S,S] with masks [B,K,1,S,S] (all uint8) -> logits [B,1,S,S] float32."""

    def __init__(self, backbone: ResNet, network: MSDNet) -> None:
        super().__init__()
        self.backbone, self.network = backbone, network

    def forward(self, query: Tensor, supports: Tensor, masks: Tensor) -> Tensor:
        batch, size = query.shape[0], (query.shape[-2], query.shape[-1])
        with torch.no_grad():
            found = self.backbone(normalise(torch.cat([query, supports.flatten(0, 1)])))
        mine, theirs = Features(*(x[:batch] for x in found)), Features(*(x[batch:] for x in found))
        out = self.network(mine, theirs, foreground(masks))
        return resize(out.logits.float(), size, align_corners=True)


def foreground(masks: Tensor) -> Tensor:
    """Masks of 0, 1 and 255 -> 1 where foreground, float32: ignored pixels are no part of the object."""
    return (masks == 1).float()


def open_backbone(name: str, weights: Path | None, random_seed: int | None) -> ResNet:
    """From a file, or random where that is asked for. Raises ValueError if neither is given, or both."""
    if (weights is None) == (random_seed is None):
        raise ValueError("give --backbone-weights FILE (or, to try the commands out, --random-backbone SEED)")
    if weights is not None:
        return load_resnet(name, weights)
    return random_resnet(name, random_seed or 0)


def build(row: Row, backbone: ResNet) -> PaperModel:
    return PaperModel(backbone, MSDNet(RESNETS[row.backbone].channels, row.network))


@dataclass(frozen=True)
class Trained:
    """A network read back from a checkpoint, in eval mode, with what it was trained as."""

    model: PaperModel
    row: Row
    seed: int
    episodes: int


def _integer(state: Mapping[str, object], key: str) -> int:
    value = state[key]
    if not isinstance(value, int):
        raise ValueError(f"the checkpoint's {key} is not a number")
    return value


def read_trained(path: Path, weights: Path | None, random_seed: int | None, device: torch.device) -> Trained:
    """Reads a checkpoint of `train`. The backbone is not in it and must be the one it was trained on.

    Raises ValueError for another backbone or a file that is no such checkpoint.
    """
    state = load_checkpoint(path)
    row, network = state.get("row"), state.get("network")
    if not isinstance(row, Mapping) or not isinstance(network, Mapping):
        raise ValueError(f"{path} is not a checkpoint of exemplar_models.train")
    found = row_from_dict(row)
    backbone = open_backbone(found.backbone, weights, random_seed)
    check_backbone(state, backbone, path)
    model = build(found, backbone)
    model.network.load_state_dict(dict(network))
    return Trained(model.to(device).eval(), found, _integer(state, "seed"), _integer(state, "episodes"))


def check_backbone(state: Mapping[str, object], backbone: ResNet, path: Path) -> None:
    """Raises ValueError unless the checkpoint was trained on exactly these backbone weights."""
    if state.get("backbone_sha256") != weights_hash(backbone):
        raise ValueError(f"{path} was trained on other backbone weights than the ones given")
