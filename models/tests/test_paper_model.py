"""Backbone and network together, and how episodes are counted."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from test_paper_export import random_model
from tiny_sets import SIDE, make_folder
from torch import Tensor, nn
from torch.nn import functional as F

from exemplar_models.episodes import Episode
from exemplar_models.evaluate import count_episodes
from exemplar_models.readers import FolderSet
from exemplar_models.resnet import Features, normalise


@torch.no_grad()
def test_each_episode_of_a_batch_is_answered_as_if_alone() -> None:
    model = random_model()
    torch.manual_seed(1)
    query = torch.randint(0, 256, (2, 3, 65, 65), dtype=torch.uint8)
    supports = torch.randint(0, 256, (2, 3, 3, 65, 65), dtype=torch.uint8)
    masks = torch.zeros(2, 3, 1, 65, 65, dtype=torch.uint8)
    masks[0, :, :, 10:40, 5:60], masks[1, :, :, 30:60, 20:40], masks[:, :, :, 30:34] = 1, 1, 255
    found = model(query, supports, masks)
    for b in range(2):
        state = model.network.encode(Features(*model.backbone(normalise(supports[b]))), (masks[b] == 1).float())
        logits = model.network.decode(model.backbone(normalise(query[b : b + 1])), state).logits
        expected = F.interpolate(logits, (65, 65), mode="bilinear", align_corners=True)
        torch.testing.assert_close(found[b : b + 1], expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(found[0], found[1], atol=0.05)


class Red(nn.Module):
    """Calls red what is red: probability 0.5 at 150, 0.89 at 255."""

    def forward(self, query: Tensor, supports: Tensor, masks: Tensor) -> Tensor:
        return (query[:, :1].float() - 150) / 50


@pytest.mark.parametrize(("size", "least"), [(SIDE, 1.0), (2 * SIDE, 0.96), (33, 0.88)])
def test_masks_are_compared_at_the_original_size(tmp_path: Path, size: int, least: float) -> None:
    # Class 6 is painted with full red, class 7 with little: its episode must come out empty.
    data_set = FolderSet(make_folder(tmp_path, {6: "red", 7: "green"}, per_class=3))
    episodes = [Episode(c, f"{c:02d}-00.png", (f"{c:02d}-01.png",)) for c in (6, 7, 6)]
    model = Red()
    counts = count_episodes(model, data_set, episodes, size, device=torch.device("cpu"), batch=2)  # type: ignore[arg-type]
    assert [(c.class_id, c.query) for c in counts] == [(e.class_id, e.query) for e in episodes]
    for c in counts:
        mask = data_set.mask(c.query)
        assert (c.target, c.valid) == (int((mask == c.class_id).sum()), int((mask != 255).sum()))
    assert counts[0].intersection / counts[0].union >= least
    assert counts[1].predicted == 0 and counts[0] == counts[2]
