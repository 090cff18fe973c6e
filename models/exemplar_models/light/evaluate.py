"""Evaluates the light MSDNet on a frozen list as the studio does: `python -m exemplar_models.light.evaluate`.

Same inputs (`training_free.input_size`), same views of a support (whole and zoomed) and tokens (bounded, 8 bits), same
refined edges and thresholds, at the original resolution; `exemplar evaluate` must print the same mIoU within 0.3.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ..backbone import FEATURES
from ..episodes import Episode, EpisodeList, read_episodes
from ..metrics import EpisodeCounts, compare, presence_auc, score_table
from ..readers import FolderSet
from ..training import Progress, run_command
from ..training_free import TARGET_AREA, coverage, guided_filter, input_size, resize
from .head import LightMSDNet
from .pool import backbone_session, network_input
from .support import TOKENS_PER_SUPPORT, Features, Support, encode_support, join, stored
from .train import load_weights
from .zoom import Region, bounds, zoom_region

EMPTY_SHARE = 0.005
COARSE_SIDE = 512
GUIDE_EPSILON = 1e-3
RADIUS_IN_CELLS = 0.5
SMALLEST_COVERAGE = 0.02
"""An outline that covers less of every cell leaves nothing to learn from (src/main/engine/support-mask.ts)."""


def is_outlined(cells: np.ndarray) -> bool:
    """Whether coverages in single precision leave anything; compared in double precision, as the studio does."""
    return float(cells.max()) >= SMALLEST_COVERAGE


@dataclass(frozen=True)
class Decision:
    """Pixels above `threshold` are foreground, unless the class is less likely there than `presence`."""

    threshold: float = 0.5
    presence: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What the model says of one episode: probabilities [h,w] on its grid, and that the class is there (0..1)."""

    episode: Episode
    probability: np.ndarray
    presence: float


Answers = tuple[list[Answer], list[Answer]]
"""To present and to absent queries."""


class Evaluator:
    """Answers episodes on one data set; features and encoded supports are computed once."""

    def __init__(
        self,
        net: LightMSDNet,
        data_set: FolderSet,
        threads: int = 2,
        area: int = TARGET_AREA,
        cap: int = TOKENS_PER_SUPPORT,
        flips: bool = False,
        zoom: bool = True,
    ) -> None:
        self.net, self.data_set, self.area, self.cap = net.eval(), data_set, area, cap
        self.flips, self.zoom = flips, zoom
        self._session = backbone_session(threads)
        self._features: dict[tuple[str, bool], Features] = {}
        self._supports: dict[tuple[str, int], Support] = {}

    def features(self, name: str, mirrored: bool = False) -> Features:
        key = (name, mirrored)
        if key not in self._features:
            self._features[key] = self._backbone(self._photo(name), mirrored)
        return self._features[key]

    def support(self, name: str, class_id: int) -> Support:
        """The views of one example side by side (K = 1 or 2), which share its tokens evenly."""
        if (name, class_id) not in self._supports:
            mask = self.data_set.mask(name) == class_id
            views = [(self.features(name), mask)]
            region = self._region(mask) if self.zoom else None
            if region is not None:
                views.append((self._backbone(self._photo(name).crop(region.corners)), region.cut(mask)))
            states = []
            for features, seen in views:
                cells = coverage(seen.astype(np.float64), features.s8.shape[2], features.s8.shape[3])
                if states and not is_outlined(cells):
                    continue
                foreground = torch.from_numpy(cells)[None, None]
                states.append(encode_support(features, foreground, torch.zeros_like(foreground)))
            self._supports[(name, class_id)] = join([stored(state, self.cap // len(states)) for state in states])
        return self._supports[(name, class_id)]

    def _photo(self, name: str) -> Image.Image:
        return Image.open(self.data_set.items[name].image).convert("RGB")

    def _backbone(self, photo: Image.Image, mirrored: bool = False) -> Features:
        """Of the photo, or the piece of one, at its input size."""
        size = input_size(photo.width, photo.height, self.area)
        image = photo.resize(size, Image.Resampling.BICUBIC, reducing_gap=None)
        rgb = np.asarray(image)[:, ::-1] if mirrored else np.asarray(image)
        maps = self._session.run([s.name for s in FEATURES], {"image": network_input(rgb[None])})
        return Features(*(torch.from_numpy(m.astype(np.float16)).float() for m in maps))

    @staticmethod
    def _region(mask: np.ndarray) -> Region | None:
        outline = bounds(mask)
        return None if outline is None else zoom_region(outline, mask.shape[1], mask.shape[0])

    @torch.no_grad()
    def answer(self, episode: Episode) -> Answer:
        support = join([self.support(name, episode.class_id) for name in episode.supports])
        out = self.net(self.features(episode.query), support)
        logits, presence = out.logits[0, 0], out.presence[0]
        if self.flips:
            other = self.net(self.features(episode.query, True), support)
            logits, presence = (logits + other.logits[0, 0].flip(-1)) / 2, (presence + other.presence[0]) / 2
        return Answer(episode, torch.sigmoid(logits).numpy(), float(torch.sigmoid(presence)))


def refine(probability: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    """Probabilities [h,w] at the photo's size [H,W], edges drawn to the photo's (src/main/engine/segment.ts)."""
    height, width = rgb.shape[:2]
    step = max(1, -(-max(height, width) // COARSE_SIDE))
    grey = (rgb.astype(np.float64) @ np.asarray([0.299, 0.587, 0.114])) / 255
    small = -(-height // step), -(-width // step)
    rows, columns = (np.arange(n + 1) * step for n in small)
    coarse = np.add.reduceat(np.add.reduceat(grey, rows[:-1], 0), columns[:-1], 1)
    counts = np.outer(np.diff(np.minimum(rows, height)), np.diff(np.minimum(columns, width)))
    cell = max(width / probability.shape[1], height / probability.shape[0]) / step
    radius = max(1, round(cell * RADIUS_IN_CELLS))
    a, b = guided_filter(coarse / counts, resize(probability, *small), radius, GUIDE_EPSILON)
    return resize(a, height, width) * grey + resize(b, height, width)


def at_full_size(answer: Answer, data_set: FolderSet, edges: bool = True) -> np.ndarray:
    """The answer's probabilities at the photo's size, with its edges or without."""
    item = data_set.items[answer.episode.query]
    if not edges:
        return resize(answer.probability, item.height, item.width)
    return refine(answer.probability, np.asarray(Image.open(item.image).convert("RGB")))


def decide(
    answer: Answer, data_set: FolderSet, decision: Decision, edges: bool = True, full: np.ndarray | None = None
) -> EpisodeCounts:
    """Counts of one answer at the original resolution; `full` saves computing `at_full_size` again."""
    episode = answer.episode
    mask = data_set.mask(episode.query)
    if answer.presence < decision.presence:
        called = np.zeros(mask.shape, bool)
    else:
        called = (at_full_size(answer, data_set, edges) if full is None else full) > decision.threshold
    return compare(called, mask, episode.class_id, episode.query, answer.presence)


def answers(evaluator: Evaluator, episodes: EpisodeList, shots: int) -> Answers:
    """Answers to the list's present and absent episodes."""
    found: Answers = ([], [])
    progress = Progress(f"{shots}-shot", len(episodes.present) + len(episodes.absent), every=20)
    for kind, group in enumerate((episodes.present, episodes.absent)):
        for episode in group:
            found[kind].append(evaluator.answer(episode.first(shots)))
            progress.tell(len(found[0]) + len(found[1]))
    return found


def report(found: Answers, data_set: FolderSet, decision: Decision, edges: bool = True) -> dict[str, object]:
    present = [decide(a, data_set, decision, edges) for a in found[0]]
    absent = [decide(a, data_set, decision, edges) for a in found[1]]
    table = score_table(present, 1)
    empty = [c.predicted < EMPTY_SHARE * c.valid for c in absent]
    filled = [c.predicted >= EMPTY_SHARE * c.valid for c in present]
    return {
        "miou": asdict(table.mean),
        "floor": table.floor,
        "emptyWhenAbsent": float(np.mean(empty)) if empty else None,
        "nonEmptyWhenPresent": float(np.mean(filled)),
        "presenceAuc": presence_auc([a.presence for a in found[0]], [a.presence for a in found[1]]),
        "classes": {data_set.classes[c]: round(s.iou, 1) for c, s in table.per_class.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="data set folder")
    parser.add_argument("--episodes", type=Path, required=True)
    parser.add_argument("--shots", default="1,5")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--presence", default="0", help="threshold of the presence output, or one for each of --shots")
    parser.add_argument("--side", type=int, default=448, help="square side whose area the input has")
    parser.add_argument("--tokens", type=int, default=TOKENS_PER_SUPPORT, help="a support's tokens; 0: dense maps")
    parser.add_argument("--flips", action="store_true", help="average with the mirrored query")
    parser.add_argument("--no-zoom", action="store_true", help="a support is its whole photo only")
    parser.add_argument("--no-edges", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    data_set = FolderSet(args.data)
    episodes = read_episodes(args.episodes, data_set)
    evaluator = Evaluator(
        load_weights(args.weights),
        data_set,
        args.threads,
        args.side**2,
        args.tokens or 10**9,
        args.flips,
        not args.no_zoom,
    )
    shot_counts = [int(s) for s in args.shots.split(",")]
    limits = [float(p) for p in args.presence.split(",")]
    if len(limits) not in (1, len(shot_counts)):
        raise ValueError("give --presence one threshold, or one for each of --shots")
    for shots, presence in zip(shot_counts, limits * (len(shot_counts) // len(limits)), strict=True):
        found = answers(evaluator, episodes, shots)
        result = report(found, data_set, Decision(args.threshold, presence), not args.no_edges)
        print(json.dumps({"shots": shots, **result}), flush=True)


if __name__ == "__main__":
    run_command(main)
