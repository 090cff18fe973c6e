"""Trains the light MSDNet: `python -m exemplar_models.light.train RECIPE --data DIR --out DIR`.

Stages of one schedule each, at one picture size each; one is enough so far. Only the head learns; features come from a
pool that is made once. Checkpoints continue where they stopped (`--resume`).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from ..readers import FolderSet
from ..training import (
    Ema,
    Progress,
    learning_rate,
    load_checkpoint,
    pick_device,
    random_state,
    restore_random_state,
    run_command,
    save_checkpoint,
    seed_everything,
    set_learning_rate,
)
from .head import HeadConfig, LightMSDNet
from .losses import segmentation_loss
from .pool import Pool, PoolConfig, build_pool
from .sampling import Batch, Mix, Sampler

PRESENCE_WEIGHT = 0.25
LOG_EVERY = 25


@dataclass(frozen=True)
class Stage:
    """Episodes at one picture size (px)."""

    size: int
    episodes: int
    rate: float
    last_rate: float = 1e-5
    warmup: int = 60


@dataclass(frozen=True)
class Recipe:
    """A named training: classes nobody may see, stages, and what makes it an ablation."""

    name: str
    held_out: tuple[str, ...] = ()
    exclude_sets: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = (Stage(448, 12000, 1e-3),)
    head: HeadConfig = field(default_factory=HeadConfig)
    mix: Mix = field(default_factory=Mix)
    batch: int = 8
    decay: float = 5e-2
    ema: float = 0.998
    clip: float = 1.0


def fold_names(data: Path, fold: int) -> tuple[str, ...]:
    """COCO-20i's test classes of a fold, by name: contiguous ids with (id - 1) mod 4 = fold."""
    classes = FolderSet(data / "coco_small").classes
    return tuple(name for i, name in sorted(classes.items()) if i > 0 and (i - 1) % 4 == fold)


def ccp_names(data: Path) -> tuple[str, ...]:
    """Every class of ccp and COCO's words for the same things: a strict training shows none of them."""
    own = tuple(name for i, name in sorted(FolderSet(data / "ccp").classes.items()) if i > 0)
    return (*own, "handbag", "backpack", "suitcase")


def recipes(data: Path) -> dict[str, Recipe]:
    """Every training of the light model by name."""
    strict = Recipe("strict-fold3", fold_names(data, 3))
    development = replace(strict, name="development", held_out=fold_names(data, 3) + fold_names(data, 1))

    def short_at(size: int) -> Recipe:
        return replace(development, name=f"ablation-{size}", stages=(Stage(size, 2400, 1e-3),))

    short = short_at(320)
    found = [
        strict,
        replace(strict, name="strict-fold2", held_out=fold_names(data, 2)),
        replace(strict, name="shipped", held_out=()),
        replace(strict, name="strict-no-ccp", held_out=ccp_names(data), exclude_sets=("ccp",)),
        development,
        replace(short, name="ablation-all"),
        short_at(448),
        short_at(576),
        replace(short, name="ablation-no-cmgm", head=HeadConfig(cmgm=False)),
        replace(short, name="ablation-no-std", head=HeadConfig(transformer=False)),
        replace(short, name="ablation-no-decoder", head=HeadConfig(decoder=False)),
        replace(short, name="ablation-no-background-prior", head=HeadConfig(background_prior=False)),
        replace(short, name="ablation-no-composites", mix=Mix(instances=0, drawn=0, regions=0)),
    ]
    return {recipe.name: recipe for recipe in found}


def pool_config(recipe: Recipe, size: int) -> PoolConfig:
    """What the recipe may see, at one picture size."""
    return PoolConfig(size=size, held_out=recipe.held_out, exclude_sets=recipe.exclude_sets)


def step_loss(
    net: LightMSDNet, batch: Batch, amp: bool, device: torch.device
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    with torch.autocast(device.type, torch.bfloat16, enabled=amp):
        out = net(batch.features, batch.support)
    masks = segmentation_loss(out.logits, out.auxiliary.float(), batch.target, batch.valid)
    presence = torch.nn.functional.binary_cross_entropy_with_logits(out.presence.float(), batch.present)
    right = ((out.presence > 0) == (batch.present > 0)).float().mean()
    loss = masks + PRESENCE_WEIGHT * presence
    return loss, {"mask": masks.detach(), "presence": presence.detach(), "right": right}


@dataclass
class Training:
    """What changes from step to step, and where it is kept. `place`: the stage and the step to go on with."""

    recipe: Recipe
    seed: int
    out: Path
    device: torch.device
    amp: bool
    net: LightMSDNet
    ema: Ema
    optimiser: torch.optim.Optimizer
    place: tuple[int, int] = (0, 0)
    seconds: float = 0.0

    @classmethod
    def begin(cls, recipe: Recipe, seed: int, out: Path, device: torch.device, amp: bool) -> Training:
        """Fresh weights from the seed; `start_log` or `restore` comes next."""
        seed_everything(seed)
        net = LightMSDNet(recipe.head).to(device)
        optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.stages[0].rate, weight_decay=recipe.decay)
        out.mkdir(parents=True, exist_ok=True)
        return cls(recipe, seed, out, device, amp, net, Ema(net, recipe.ema), optimiser)

    @property
    def log_path(self) -> Path:
        return self.out / "log.csv"

    @property
    def state_path(self) -> Path:
        return self.out / "state.pt"

    def start_log(self) -> None:
        with self.log_path.open("w", newline="") as file:
            csv.writer(file).writerow(["stage", "step", "episodes", "rate", "mask", "presence", "right", "seconds"])

    def restore(self) -> None:
        """Goes on where `keep` was last called. Raises ValueError for a damaged checkpoint."""
        state = load_checkpoint(self.state_path, self.device)
        self.net.load_state_dict(_mapping(state["net"]))
        self.ema.load_state_dict(_mapping(state["ema"]))
        self.optimiser.load_state_dict(dict(_mapping(state["optimiser"])))
        restore_random_state(_mapping(state["random"]))
        self.place = (int(str(state["stage"])), int(str(state["step"])))
        self.seconds = float(str(state["seconds"]))
        _keep_rows(self.log_path, int(str(state["rows"])))

    def keep(self, number: int, step: int, seconds: float) -> None:
        """Writes everything that `restore` needs to go on with step `step` of stage `number`."""
        with self.log_path.open() as file:
            rows = sum(1 for _ in file)
        save_checkpoint(
            self.state_path,
            {
                "net": self.net.state_dict(),
                "ema": self.ema.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "random": random_state(),
                "stage": number,
                "step": step,
                "rows": rows,
                "seconds": seconds,
            },
        )

    def stage(self, number: int, pool: Pool) -> None:
        """All steps of a stage that are left, with their log and checkpoints."""
        recipe, stage = self.recipe, self.recipe.stages[number]
        steps = stage.episodes // recipe.batch
        first = self.place[1] if number == self.place[0] else 0
        before = sum(earlier.episodes // recipe.batch for earlier in recipe.stages[:number])
        offset = self.seconds - time.monotonic()
        sampler = Sampler(pool, recipe.mix, self.seed * 1000 + number)
        progress = Progress(f"{recipe.name} {stage.size} px", steps, first, every=20)
        sums: dict[str, torch.Tensor | float] = {}
        self.net.train()
        for step in range(first, steps):
            rate = learning_rate(step, steps, stage.rate, "cosine", stage.warmup, stage.last_rate)
            set_learning_rate(self.optimiser, rate)
            batch = sampler.batch(step, recipe.batch)
            loss, figures = step_loss(self.net, batch, self.amp, self.device)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), recipe.clip)
            self.optimiser.step()
            self.ema.update(self.net)
            for name, value in figures.items():
                sums[name] = sums.get(name, 0.0) + value / LOG_EVERY
            progress.tell(step + 1, rate=rate, **figures)
            # Read now and then only: each reading makes the GPU wait.
            if (step + 1) % LOG_EVERY == 0:
                means = [f"{sums[name]:.4f}" for name in figures]
                episodes = (before + step + 1) * recipe.batch
                row = [number, step + 1, episodes, f"{rate:.3g}", *means, round(time.monotonic() + offset)]
                with self.log_path.open("a", newline="") as file:
                    csv.writer(file).writerow(row)
                sums = {}
            if (step + 1) % (8 * LOG_EVERY) == 0:
                self.keep(number, step + 1, time.monotonic() + offset)
        self.seconds = time.monotonic() + offset

    def finish(self) -> Path:
        """Writes the averaged weights and drops the checkpoint. -> Their path."""
        weights = self.out / "weights.pt"
        about = {"head": self.recipe.head.to_dict(), "recipe": self.recipe.name, "seed": self.seed}
        save_checkpoint(weights, {"weights": {k: v.cpu() for k, v in self.ema.values.items()}, **about})
        (self.out / "recipe.json").write_text(json.dumps(asdict(self.recipe), indent=2) + "\n")
        self.state_path.unlink(missing_ok=True)
        return weights


def train(
    recipe: Recipe,
    data: Path,
    pools: Path,
    out: Path,
    seed: int,
    *,
    device: torch.device,
    amp: bool,
    resume: bool,
    workers: int = 2,
) -> Path:
    """Runs all stages and returns the path of the averaged weights."""
    training = Training.begin(recipe, seed, out, device, amp)
    if resume and training.state_path.exists():
        training.restore()
    else:
        training.start_log()
    for number, stage in enumerate(recipe.stages):
        if number >= training.place[0]:
            training.stage(
                number,
                build_pool(
                    pool_config(recipe, stage.size), data, pools / pool_name(recipe, stage.size), workers, device
                ),
            )
    return training.finish()


def pool_name(recipe: Recipe, size: int) -> str:
    """Recipes that may see the same pictures share a pool."""
    unseen = ",".join(recipe.held_out) + "|" + ",".join(recipe.exclude_sets)
    return f"{hashlib.sha256(unseen.encode()).hexdigest()[:8]}-{size}"


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError("the checkpoint is damaged; start without --resume")
    return value


def _keep_rows(path: Path, rows: int) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:rows]))


def load_weights(path: Path) -> LightMSDNet:
    """The trained model in eval mode. Raises ValueError for a file that is no such checkpoint."""
    found = load_checkpoint(path)
    if "weights" not in found or "head" not in found:
        raise ValueError(f"{path} holds no trained light model")
    head = _mapping(found["head"])
    net = LightMSDNet(HeadConfig(**head))  # type: ignore[arg-type]
    net.load_state_dict(_mapping(found["weights"]))
    return net.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="strict-fold3, strict-fold2, shipped, strict-no-ccp, development, ablation-...")
    parser.add_argument("--data", type=Path, required=True, help="folder with coco_small and ccp")
    parser.add_argument("--out", type=Path, required=True, help="folder for weights and log")
    parser.add_argument("--pools", type=Path, help="folder for pools (default: OUT/../pools); they can be deleted")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that make pictures")
    parser.add_argument("--device", help="cpu or cuda (default: cuda where there is one)")
    parser.add_argument("--full-precision", action="store_true", help="no bfloat16")
    parser.add_argument("--scale-episodes", type=float, default=1.0, help="multiplies the episodes of every stage")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    known = recipes(args.data)
    if args.recipe not in known:
        raise ValueError(f"there is no recipe {args.recipe}; choose one of: {', '.join(known)}")
    recipe = known[args.recipe]
    stages = tuple(replace(s, episodes=round(s.episodes * args.scale_episodes)) for s in recipe.stages)
    torch.set_num_threads(args.threads)
    weights = train(
        replace(recipe, stages=stages),
        args.data,
        args.pools or args.out.parent / "pools",
        args.out,
        args.seed,
        device=pick_device(args.device),
        amp=not args.full_precision,
        resume=args.resume,
        workers=args.workers,
    )
    print(f"{weights}")


if __name__ == "__main__":
    run_command(main)
