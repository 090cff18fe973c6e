"""Trains one row of the paper: `python -m exemplar_models.train ROW --data DIR --backbone-weights FILE --out DIR`.

`python -m exemplar_models.configs` lists the rows. The row's recipe is the published one; options change parts of it.
Writes into OUT: `checkpoint.pt` (after every epoch, and every `--save-every` steps), `log.jsonl`, and at the end
`result.json`, the held-out classes scored at the original resolution. `--resume` goes on from `checkpoint.pt`, on a CPU
bit for bit as if it had never stopped.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from .configs import Row, find_row, row_from_dict, row_to_dict
from .episodes import DrawnEpisodes, EpisodeSampler
from .evaluate import add_common_arguments, count_episodes, describe, result_record, test_episodes
from .losses import dice_loss
from .metrics import ScoreTable, score_table
from .paper_data import EpisodeSamples, Opened, load_batches, open_data
from .paper_model import PaperModel, build, check_backbone, open_backbone
from .resnet import RESNETS, ResNet, weights_hash
from .training import (
    Progress,
    learning_rate,
    load_checkpoint,
    lower_precision,
    pick_device,
    random_state,
    restore_random_state,
    run_command,
    save_checkpoint,
    seed_everything,
    set_learning_rate,
)

CHECKPOINT = "checkpoint.pt"
BEST = "best.pt"
LOG = "log.jsonl"
RESULT = "result.json"
# `last` scores the end of training once. `test` is what was published: after every epoch, keep the best on the held-out
# classes themselves; its figure is optimistic.
Selection = Literal["last", "test"]


@dataclass(frozen=True)
class Plan:
    """What one call of `train` does beside the row's recipe."""

    row: Row
    out: Path
    seed: int
    device: torch.device
    amp: bool
    workers: int
    save_every: int
    resume: bool
    stop_after: int | None

    @property
    def steps(self) -> int:
        return -(-self.row.recipe.episodes // self.row.recipe.batch)

    @property
    def steps_per_epoch(self) -> int:
        return max(1, -(-self.steps // self.row.recipe.epochs))


class Run:
    """A training in progress: model, optimiser, gradient scaler and the step reached."""

    def __init__(self, plan: Plan, backbone: ResNet) -> None:
        self.plan = plan
        recipe = plan.row.recipe
        seed_everything(plan.seed)
        self.model: PaperModel = build(plan.row, backbone).to(plan.device)
        self.backbone_sha256 = weights_hash(backbone)
        parameters = list(self.model.network.parameters())
        self.optimiser = torch.optim.Adam(parameters, lr=recipe.rate, weight_decay=recipe.weight_decay)
        scaled = plan.amp and lower_precision(plan.device) == torch.float16
        self.scaler = torch.amp.GradScaler(plan.device.type, enabled=scaled)
        self.step = 0
        self.best = -1.0

    def state(self) -> dict[str, object]:
        return {
            "row": row_to_dict(self.plan.row),
            "seed": self.plan.seed,
            "step": self.step,
            "episodes": min(self.step * self.plan.row.recipe.batch, self.plan.row.recipe.episodes),
            "best": self.best,
            "network": self.model.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "random": random_state(),
            "backbone_sha256": self.backbone_sha256,
        }

    def load(self, path: Path) -> None:
        """Goes on from a checkpoint. Raises ValueError where it belongs to another training."""
        state = load_checkpoint(path, "cpu")
        row, step, best = state.get("row"), state.get("step"), state.get("best")
        parts = [state.get(key) for key in ("network", "optimiser", "scaler", "random")]
        if not isinstance(row, Mapping) or not isinstance(step, int) or not isinstance(best, float):
            raise ValueError(f"{path} is not a checkpoint of exemplar_models.train")
        if row_from_dict(row) != self.plan.row or state.get("seed") != self.plan.seed:
            raise ValueError(f"{path} is of another row, recipe or seed; resume with the options it was started with")
        check_backbone(state, self.model.backbone, path)
        network, optimiser, scaler, generators = (dict(p) if isinstance(p, Mapping) else {} for p in parts)
        self.model.network.load_state_dict(network)
        self.optimiser.load_state_dict(optimiser)
        self.scaler.load_state_dict(scaler)
        restore_random_state(generators)
        self.step, self.best = step, best

    def learn(self, sampler: EpisodeSampler, opened: Opened, until: int) -> None:
        """Steps up to number `until`, with the episodes those steps always have."""
        plan, recipe = self.plan, self.plan.row.recipe
        first, last = self.step * recipe.batch, min(until * recipe.batch, recipe.episodes)
        episodes = DrawnEpisodes(sampler, first, last)
        progress = Progress("train", plan.steps, self.step)
        self.model.train()
        with (plan.out / LOG).open("a") as log:
            for found in load_batches(
                EpisodeSamples(opened.data_set, episodes, recipe.size), recipe.batch, plan.workers
            ):
                rate = learning_rate(self.step, plan.steps, recipe.rate, recipe.schedule)
                set_learning_rate(self.optimiser, rate)
                target = found.target.to(plan.device)
                with torch.autocast(plan.device.type, lower_precision(plan.device), enabled=plan.amp):
                    logits = self.model(
                        found.query.to(plan.device), found.supports.to(plan.device), found.masks.to(plan.device)
                    )
                loss = dice_loss(logits, target, recipe.dice)
                self.optimiser.zero_grad(set_to_none=True)
                self.scaler.scale(loss).backward()
                self.scaler.step(self.optimiser)
                self.scaler.update()
                self.step += 1
                value = float(loss.detach())
                log.write(json.dumps({"step": self.step, "loss": round(value, 6), "rate": rate}) + "\n")
                progress.tell(self.step, loss=value, lr=rate)


def trim_log(path: Path, step: int) -> None:
    """Drops lines of steps after the checkpoint: they will be written again."""
    if path.exists():
        lines = [line for line in path.read_text().splitlines() if json.loads(line)["step"] <= step]
        path.write_text("".join(line + "\n" for line in lines))


def train(plan: Plan, backbone: ResNet, training: Opened, test: Opened | None, test_count: int) -> Run:
    """Trains the row to its end (or `stop_after` steps). With `test`, keeps the best epoch on it in `best.pt`."""
    plan.out.mkdir(parents=True, exist_ok=True)
    checkpoint = plan.out / CHECKPOINT
    if checkpoint.exists() and not plan.resume:
        raise ValueError(f"{checkpoint} exists: go on with --resume, or choose another --out")
    run = Run(plan, backbone)
    if plan.resume and checkpoint.exists():
        run.load(checkpoint)
        print(f"resumed at step {run.step} of {plan.steps}")
    trim_log(plan.out / LOG, run.step)
    recipe = plan.row.recipe
    sampler = EpisodeSampler(
        training.data_set,
        training.classes,
        plan.seed,
        (plan.row.shots,),
        min_pixels=recipe.min_pixels,
        names=training.names,
    )
    end = plan.steps if plan.stop_after is None else min(plan.steps, plan.stop_after)
    while run.step < end:
        in_epoch = run.step % plan.steps_per_epoch
        stops = [end, run.step - in_epoch + plan.steps_per_epoch]
        if plan.save_every:
            stops.append(run.step - run.step % plan.save_every + plan.save_every)
        run.learn(sampler, training, min(stops))
        if test is not None and (run.step % plan.steps_per_epoch == 0 or run.step == plan.steps):
            table = score(plan, run, test, test_count)
            print(f"epoch {run.step // plan.steps_per_epoch}: mIoU {table.mean.value:.2f} on the held-out classes")
            if table.mean.value > run.best:
                run.best = table.mean.value
                save_checkpoint(plan.out / BEST, run.state())
        save_checkpoint(checkpoint, run.state())
    return run


def score(plan: Plan, run: Run, test: Opened, count: int) -> ScoreTable:
    episodes = test_episodes(plan.row, test, count)
    size = plan.row.recipe.size
    counts = count_episodes(
        run.model, test.data_set, episodes, size, device=plan.device, amp=plan.amp, workers=plan.workers
    )
    return score_table(counts, plan.seed)


def changed_row(row: Row, args: argparse.Namespace) -> Row:
    """The row with the recipe options given on the command line."""
    options = ("episodes", "epochs", "batch", "size", "rate", "schedule", "dice", "min_pixels")
    given = {name: getattr(args, name) for name in options if getattr(args, name) is not None}
    if args.strict:
        given["strict"] = True
    row = replace(row, recipe=replace(row.recipe, **given))
    return row if args.backbone is None else replace(row, backbone=args.backbone)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("row", help="a published row, e.g. pascal-f0-r50-1shot")
    add_common_arguments(parser)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from OUT/checkpoint.pt if it is there")
    parser.add_argument("--save-every", type=int, default=0, metavar="STEPS", help="besides after every epoch")
    parser.add_argument("--stop-after", type=int, metavar="STEPS", help="stop there and keep the checkpoint")
    parser.add_argument("--no-test", action="store_true", help="do not score the held-out classes at the end")
    parser.add_argument(
        "--select", choices=["last", "test"], default="last", help="test: the published, optimistic way (see above)"
    )
    recipe = parser.add_argument_group("recipe (default: the row's)")
    recipe.add_argument("--episodes", type=int)
    recipe.add_argument("--epochs", type=int)
    recipe.add_argument("--batch", type=int)
    recipe.add_argument("--size", type=int, help="side of the input in px, best 8n+1")
    recipe.add_argument("--rate", type=float)
    recipe.add_argument("--schedule", choices=["fixed", "cosine"])
    recipe.add_argument("--dice", choices=["linear", "squared"])
    recipe.add_argument("--min-pixels", type=int, help="smallest object drawn, in px of the original image")
    recipe.add_argument("--strict", action="store_true", help="no training image shows a held-out class")
    recipe.add_argument("--backbone", choices=sorted(RESNETS))
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse(arguments)
    row = changed_row(find_row(args.row), args)
    plan = Plan(
        row=row,
        out=args.out,
        seed=args.seed,
        device=pick_device(args.device),
        amp=args.amp,
        workers=args.workers,
        save_every=args.save_every,
        resume=args.resume,
        stop_after=args.stop_after,
    )
    backbone = open_backbone(row.backbone, args.backbone_weights, args.random_backbone)
    cache = args.cache or args.out
    training = open_data(row, args.data, "train", cache, args.coco_ids)
    test = None if args.no_test else open_data(row, args.data, "test", cache, args.coco_ids)
    selection: Selection = args.select
    if selection == "test" and test is None:
        raise ValueError("--select test needs the test part; leave out --no-test")
    run = train(plan, backbone, training, test if selection == "test" else None, args.test_episodes)
    if test is None or run.step < plan.steps:
        return
    if selection == "test":
        run.load(args.out / BEST)
    table = score(plan, run, test, args.test_episodes)
    print(describe(row, table, "test", test.data_set))
    record = result_record(row, table, "test", args.test_episodes, seed=plan.seed, selection=selection)
    (args.out / RESULT).write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    run_command(main)
