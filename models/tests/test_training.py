"""Rates, averaged weights, progress and checkpoints."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch
from torch import nn

from exemplar_models.training import (
    Ema,
    Progress,
    learning_rate,
    load_checkpoint,
    pick_device,
    random_state,
    restore_random_state,
    save_checkpoint,
    seed_everything,
)


def test_learning_rates_by_hand() -> None:
    assert learning_rate(500, 1000, 1e-3) == 1e-3
    assert [learning_rate(i, 100, 1.0, "fixed", 4) for i in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert learning_rate(55, 110, 1.0, "cosine", 0, 0.2) == pytest.approx(0.6)
    assert learning_rate(110, 110, 1.0, "cosine", 10, 0.2) == pytest.approx(0.2)


def test_ema_by_hand() -> None:
    net = nn.Linear(1, 1, bias=False)
    nn.init.constant_(net.weight, 0.0)
    ema = Ema(net, 0.5)
    nn.init.constant_(net.weight, 1.0)
    ema.update(net)
    # The first decay is (1 + 1) / (10 + 1).
    assert float(ema.values["weight"]) == pytest.approx(9 / 11)
    copy = Ema(net)
    copy.load_state_dict(ema.state_dict())
    assert copy.steps == 1 and torch.equal(copy.values["weight"], ema.values["weight"])


def test_random_state_continues(tmp_path: Path) -> None:
    seed_everything(3)
    torch.rand(5)
    save_checkpoint(tmp_path / "c.pt", {"random": random_state(), "step": 2})
    expected = torch.rand(4)
    torch.rand(9)
    found = load_checkpoint(tmp_path / "c.pt")
    state = found["random"]
    assert isinstance(state, dict)
    restore_random_state(state)
    assert torch.equal(torch.rand(4), expected)
    assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]


def test_progress_says_the_end() -> None:
    out = io.StringIO()
    progress = Progress("train", 4, out=out)
    for step in range(1, 5):
        progress.tell(step, loss=0.5)
    assert out.getvalue().startswith("train 4/4 100.0% loss 0.5 ") and out.getvalue().count("\n") == 1


def test_a_missing_gpu_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device(None).type == "cpu"
    with pytest.raises(ValueError, match="--device cpu"):
        pick_device("cuda")
