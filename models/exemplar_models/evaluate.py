"""Scores a trained paper configuration: `python -m exemplar_models.evaluate --checkpoint FILE --data DIR ...`.

Masks are compared at each query's original size, 255 left out. Without `--list`, episodes are drawn from a fixed seed:
the row's held-out classes on its validation images (`--part test`), or its training classes on its training images.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from .configs import Row, row_to_dict
from .episodes import Episode, EpisodeList, EpisodeSampler, draw_list, read_episodes, write_episodes
from .metrics import EpisodeCounts, ScoreTable, compare, empty_share, score_table
from .network.layers import resize
from .paper_data import CocoIds, EpisodeSamples, Opened, Part, load_batches, open_data, open_reader
from .paper_model import PaperModel, read_trained
from .readers import DataSet
from .training import Progress, lower_precision, pick_device, run_command

TEST_SEED = 2024
TEST_EPISODES = 1000


@torch.no_grad()
def count_episodes(
    model: PaperModel,
    data_set: DataSet,
    episodes: Sequence[Episode],
    size: int,
    *,
    device: torch.device,
    amp: bool = False,
    batch: int = 4,
    workers: int = 0,
) -> list[EpisodeCounts]:
    """Pixel counts of each episode. All must have the same number of supports. The model is left in eval mode."""
    model.eval()
    counts: list[EpisodeCounts] = []
    progress = Progress("evaluate", len(episodes))
    for found in load_batches(EpisodeSamples(data_set, episodes, size), batch, workers):
        with torch.autocast(device.type, lower_precision(device), enabled=amp):
            logits = model(found.query.to(device), found.supports.to(device), found.masks.to(device))
        for i, (episode, truth) in enumerate(zip(found.episodes, found.truths, strict=True)):
            height, width = truth.shape
            # Probability over 0.5 at the original size: back through the square as it was made, edges on edges.
            called = resize(logits[i : i + 1], (height, width))[0, 0] > 0
            counts.append(compare(called.cpu().numpy(), truth, episode.class_id, episode.query))
        progress.tell(len(counts))
    return counts


def test_episodes(row: Row, opened: Opened, count: int, seed: int = TEST_SEED) -> tuple[Episode, ...]:
    """The fixed episodes a row is scored on: a function of the data, the row's shots and the seed."""
    sampler = EpisodeSampler(
        opened.data_set,
        opened.classes,
        seed,
        (row.shots,),
        min_pixels=row.recipe.min_pixels,
        names=opened.names,
    )
    return draw_list(sampler, opened.data_set, count).present


def describe(row: Row, table: ScoreTable, part: Part | str, data_set: DataSet) -> str:
    """The figures in words, with what was published beside them."""
    m, p = table.mean, row.published
    figures = f"mIoU {m.value:.2f} [{m.low:.2f}, {m.high:.2f}] FB-IoU {table.fb_iou:.2f}"
    lines = [f"{row.name} on {data_set.name}, {part}: {figures} (all-foreground floor {table.floor:.2f})"]
    lines += [f"  {data_set.classes[c]}: {s.iou:.2f} ({s.episodes} episodes)" for c, s in table.per_class.items()]
    if part == "test":
        published = ", ".join(
            f"{what} {value:.1f}"
            for what, value in (("fold", p.fold), ("mean of folds", p.mean), ("mean FB-IoU", p.fb_iou))
            if value is not None
        )
        lines.append(f"  published: {published or 'nothing for this row'}")
    return "\n".join(lines)


def result_record(row: Row, table: ScoreTable, part: str, episodes: int, **more: object) -> dict[str, object]:
    """What `result.json` holds."""
    return {
        "row": row_to_dict(row),
        "part": part,
        "episodes": episodes,
        "miou": asdict(table.mean),
        "fbIou": table.fb_iou,
        "floor": table.floor,
        "perClass": {str(i): asdict(score) for i, score in table.per_class.items()},
        **more,
    }


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """What `train` and `evaluate` share."""
    parser.add_argument("--data", type=Path, required=True, help="folder in the VOC 2012, COCO 2014 or our own layout")
    parser.add_argument("--backbone-weights", type=Path, help="ImageNet weights of the row's ResNet")
    parser.add_argument("--random-backbone", type=int, metavar="SEED", help="no weights: only to try the commands out")
    parser.add_argument("--coco-ids", choices=["contiguous", "raw"], default="contiguous", help="ids of COCO PNG masks")
    parser.add_argument("--cache", type=Path, help="folder that keeps the pixel counts of the masks (default: OUT)")
    parser.add_argument("--device", help="cpu, cuda, cuda:1 (default: a GPU where there is one)")
    parser.add_argument("--amp", action="store_true", help="mixed precision")
    parser.add_argument("--workers", type=int, default=0, help="processes that read images (default: 0)")
    parser.add_argument("--test-episodes", type=int, default=TEST_EPISODES)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    add_common_arguments(parser)
    parser.add_argument("--part", choices=["test", "train"], default="test")
    parser.add_argument("--list", type=Path, help="a frozen episode list of the data set instead of drawn episodes")
    parser.add_argument("--write-list", type=Path, help="write the drawn episodes as a frozen list")
    parser.add_argument("--shots", type=int, help="supports an episode (default: the row's)")
    parser.add_argument("--seed", type=int, default=TEST_SEED, help="of drawn episodes and of the interval")
    parser.add_argument("--out", type=Path, help="write the figures here, as JSON")
    args = parser.parse_args(arguments)
    device = pick_device(args.device)
    trained = read_trained(args.checkpoint, args.backbone_weights, args.random_backbone, device)
    row = trained.row
    part: Part = args.part
    ids: CocoIds = args.coco_ids
    absent: tuple[Episode, ...] = ()
    if args.list is not None:
        data_set = open_reader(row, args.data, part, args.cache, ids)
        found = read_episodes(args.list, data_set)
        shots = args.shots or row.shots
        episodes, absent = (tuple(e.first(shots) for e in each) for each in (found.present, found.absent))
        source = found.source
    else:
        if args.shots is not None and args.shots != row.shots:
            raise ValueError("--shots other than the row's needs a --list")
        opened = open_data(row, args.data, part, args.cache, ids)
        data_set = opened.data_set
        episodes = test_episodes(row, opened, args.test_episodes, args.seed)
        source = f"drawn, seed {args.seed}"
        if args.write_list is not None:
            classes = {c: data_set.classes[c] for c in sorted({e.class_id for e in episodes})}
            write_episodes(args.write_list, EpisodeList(data_set.name, classes, episodes, ()))

    def count(some: Sequence[Episode]) -> list[EpisodeCounts]:
        return count_episodes(
            trained.model, data_set, some, row.recipe.size, device=device, amp=args.amp, workers=args.workers
        )

    table = score_table(count(episodes), args.seed)
    what = str(part) if args.list is None else args.list.name
    print(describe(row, table, what, data_set))
    more: dict[str, object] = {"source": source, "seed": trained.seed, "trainedEpisodes": trained.episodes}
    if absent:
        more["emptyWhenAbsent"] = empty_share(count(absent))
        print(f"  empty when absent: {more['emptyWhenAbsent']:.1f}% of {len(absent)}")
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(result_record(row, table, what, len(episodes), **more), indent=2) + "\n")


if __name__ == "__main__":
    run_command(main)
