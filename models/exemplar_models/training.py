"""What every training needs: seeds, rates, averaged weights, progress, and checkpoints that continue bit for bit."""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, SupportsFloat, TextIO

import numpy as np
import torch
from torch import Tensor, nn

Schedule = Literal["fixed", "cosine"]


def seed_everything(seed: int) -> None:
    """Seeds Python, NumPy and PyTorch (all devices)."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def random_state() -> dict[str, object]:
    """State of PyTorch's generators, which dropout draws from. Episodes are drawn from their number instead."""
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": devices}


def restore_random_state(state: Mapping[str, object]) -> None:
    cpu, devices = state["cpu"], state["cuda"]
    if isinstance(cpu, Tensor):
        torch.set_rng_state(cpu)
    if isinstance(devices, list) and torch.cuda.is_available() and len(devices) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(devices)


def learning_rate(
    step: int, total: int, base: float, schedule: Schedule = "fixed", warmup: int = 0, last: float = 0.0
) -> float:
    """Rate of step 0..total-1: rises linearly over the warm-up steps, then fixed or half a cosine down to `last`."""
    if step < warmup:
        return base * (step + 1) / warmup
    if schedule == "fixed":
        return base
    done = (step - warmup) / max(total - warmup, 1)
    return last + (base - last) * 0.5 * (1 + math.cos(math.pi * min(done, 1)))


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


class Ema:
    """Exponential moving average of a module's parameters; buffers are copied, integer ones included.

    The decay rises as (1 + n) / (10 + n), so that the first steps are not averaged with the random start.
    """

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        self.decay, self.steps = decay, 0
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}
        self._averaged = {name for name, _ in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, value in module.state_dict().items():
            if name in self._averaged:
                self.values[name].lerp_(value, 1 - decay)
            else:
                self.values[name].copy_(value)

    def state_dict(self) -> dict[str, object]:
        return {"steps": self.steps, "values": self.values}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        steps, values = state["steps"], state["values"]
        if not isinstance(steps, int) or not isinstance(values, dict):
            raise ValueError("not the state of averaged weights")
        self.steps, self.values = steps, {name: value.clone() for name, value in values.items()}


def save_checkpoint(path: Path, state: Mapping[str, object]) -> None:
    """Writes beside and renames, so that an interrupted run leaves the previous checkpoint whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    torch.save(dict(state), part)
    part.replace(path)


def load_checkpoint(path: Path, device: str | torch.device = "cpu") -> dict[str, object]:
    """Reads tensors and plain values only: a checkpoint from elsewhere runs no code."""
    found = torch.load(path, map_location=device, weights_only=True)
    if not isinstance(found, dict):
        raise ValueError(f"{path} is not a checkpoint")
    return found


def pick_device(wanted: str | None) -> torch.device:
    """The device asked for, or the GPU where there is one. Raises ValueError for one that is not there."""
    if wanted is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(wanted)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("no CUDA device is available; use --device cpu")
    return device


def lower_precision(device: torch.device) -> torch.dtype:
    """What mixed precision computes in: bfloat16 on CPUs and newer GPUs, float16 (with scaled gradients) on older."""
    if device.type == "cuda" and not torch.cuda.is_bf16_supported():
        return torch.float16
    return torch.bfloat16


def whole_duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


class Progress:
    """Lines such as `train 1200/20000 6.0% loss 0.412 lr 0.001 0:03:10, 0:49:40 left`, at most one every `every` s."""

    def __init__(self, what: str, total: int, start: int = 0, every: float = 10.0, out: TextIO | None = None) -> None:
        self.what, self.total, self.start, self.every = what, total, start, every
        self._out = out if out is not None else sys.stderr
        self._began = self._said = time.monotonic()

    def tell(self, done: int, **figures: SupportsFloat) -> None:
        now = time.monotonic()
        if now - self._said < self.every and done < self.total:
            return
        self._said = now
        spent = now - self._began
        left = spent / max(done - self.start, 1) * (self.total - done)
        shown = " ".join(f"{name} {float(value):.4g}" for name, value in figures.items())
        share = 100 * done / max(self.total, 1)
        times = f"{whole_duration(spent)}, {whole_duration(left)} left"
        print(f"{self.what} {done}/{self.total} {share:.1f}% {shown} {times}", file=self._out, flush=True)


def run_command(main: Callable[[], None]) -> None:
    """Runs a command; what a person can mend (a wrong option, a missing file) is one line and exit status 2."""
    try:
        main()
    except (ValueError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from error
