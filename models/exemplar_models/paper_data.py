"""Data of the paper configuration: opening the layouts, and episodes as squares of the network's input size."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from .configs import Row
from .episodes import Episode, class_ids, classes_without, strict_names
from .losses import IGNORE
from .readers import CocoSet, DataSet, FolderSet, PascalSet
from .training import Progress

Part = Literal["train", "test"]
CocoIds = Literal["contiguous", "raw"]


@dataclass(frozen=True)
class Opened:
    """A data set, the classes to draw from it, and the images allowed (None: all)."""

    data_set: DataSet
    classes: tuple[int, ...]
    names: Collection[str] | None


def open_reader(
    row: Row, folder: Path, part: Part, cache: Path | None = None, coco_ids: CocoIds = "contiguous"
) -> DataSet:
    """The data set below `folder`: one of ours where there is a `manifest.json`, else the layout of the row's."""
    if (folder / "manifest.json").exists():
        return FolderSet(folder)
    which: Literal["train", "val"] = "train" if part == "train" else "val"
    index = None if cache is None else cache / f"index-{row.data_set}-{which}.json"
    progress = Progress("index masks", 0)

    def tell(count: int) -> None:
        progress.total = max(progress.total, count + 1)
        progress.tell(count)

    if row.data_set == "pascal":
        found = PascalSet(folder, which, index, tell)
        if found.without_sbd:
            print("SegmentationClassAug (SBD) is missing: training on VOC's own images, a seventh of the published set")
        return found
    return CocoSet(folder, which, index, tell, coco_ids)


def open_data(
    row: Row, folder: Path, part: Part, cache: Path | None = None, coco_ids: CocoIds = "contiguous"
) -> Opened:
    """Training or test part of a row's data below `folder`, in its layout or as one of our data set folders.

    A data set folder has no parts: it is split by the row's held-out class names, images showing any of them going to
    the test part. Raises what the readers raise, and ValueError where the folder has none of the held-out classes.
    """
    data_set = open_reader(row, folder, part, cache, coco_ids)
    is_folder = isinstance(data_set, FolderSet)
    if part == "train":
        strict = row.recipe.strict or is_folder
        names = strict_names(data_set, row.held_out) if strict else None
        return Opened(data_set, classes_without(data_set, row.held_out), names)
    found = class_ids(data_set, row.held_out, known_only=is_folder)
    if not found:
        raise ValueError(f"{data_set.name} has none of the held-out classes {', '.join(row.held_out)}")
    return Opened(data_set, found, None)


def square(image: np.ndarray, size: int) -> Tensor:
    """RGB [H,W,3] -> [3,size,size] uint8, aspect not kept, bilinear."""
    resized = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(resized)).permute(2, 0, 1)


def square_mask(mask: np.ndarray, class_id: int, size: int) -> Tensor:
    """Class ids [H,W] -> [1,size,size] uint8: 1 the class, 0 anything else, 255 ignored. Nearest: 255 stays apart."""
    binary = np.where(mask == IGNORE, IGNORE, mask == class_id).astype(np.uint8)
    resized = Image.fromarray(binary).resize((size, size), Image.Resampling.NEAREST)
    return torch.from_numpy(np.array(resized))[None]


class Sample(NamedTuple):
    """query [3,S,S], target [1,S,S], supports [K,3,S,S], masks [K,1,S,S], all uint8; `truth` [H,W] as it is."""

    episode: Episode
    query: Tensor
    target: Tensor
    supports: Tensor
    masks: Tensor
    truth: np.ndarray


class Batch(NamedTuple):
    """Samples stacked: query [B,3,S,S], target [B,1,S,S], supports [B,K,3,S,S], masks [B,K,1,S,S]."""

    episodes: tuple[Episode, ...]
    query: Tensor
    target: Tensor
    supports: Tensor
    masks: Tensor
    truths: tuple[np.ndarray, ...]


def collate(samples: Sequence[Sample]) -> Batch:
    return Batch(
        tuple(s.episode for s in samples),
        torch.stack([s.query for s in samples]),
        torch.stack([s.target for s in samples]),
        torch.stack([s.supports for s in samples]),
        torch.stack([s.masks for s in samples]),
        tuple(s.truth for s in samples),
    )


class EpisodeSamples(Dataset[Sample]):
    """Samples of a list of episodes, read when asked for."""

    def __init__(self, data_set: DataSet, episodes: Sequence[Episode], size: int) -> None:
        self.data_set, self.episodes, self.size = data_set, episodes, size

    def __len__(self) -> int:
        return len(self.episodes)

    def __getitem__(self, index: int) -> Sample:
        e, data, size = self.episodes[index], self.data_set, self.size
        truth = data.mask(e.query)
        return Sample(
            e,
            square(data.image(e.query), size),
            square_mask(truth, e.class_id, size),
            torch.stack([square(data.image(name), size) for name in e.supports]),
            torch.stack([square_mask(data.mask(name), e.class_id, size) for name in e.supports]),
            truth,
        )


def load_batches(samples: EpisodeSamples, batch: int, workers: int) -> DataLoader[Batch]:
    """Batches in order. Loading draws from a generator of its own: it must not disturb the one dropout uses."""
    return DataLoader(
        samples,
        batch_size=batch,
        num_workers=workers,
        collate_fn=collate,
        generator=torch.Generator(),
        persistent_workers=False,
    )
